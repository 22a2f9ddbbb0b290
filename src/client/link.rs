//! One connection to a broker that mends itself.
//!
//! A task polls the connection and hands what it hears to a hook. After an error it waits, twice
//! as long each time, and tries again; on every ConnAck it subscribes anew, because a broker
//! forgets the subscriptions of a session that it did not resume.
//!
//! - The hook runs on the polling task: it must not block, or the keep-alive suffers.
//! - The polling task itself only uses `try_…` requests: a full request channel would otherwise
//!   wait for the very task that empties it.
//! - Packets of up to [`Endpoint::max_packet`] bytes are accepted, and the broker is told so;
//!   rumqttc's own limit of 10 KiB would cut the connection.

use super::error::CallError;
use bytes::Bytes;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, RetainForwardRule, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use siphasher::sip::SipHasher13;
use std::fmt;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Requests that may wait for the polling task.
const REQUESTS: usize = 128;
/// First wait after an error, and the longest one.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a clean goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Where a broker is and how to introduce oneself.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Client identifier; unique at the broker.
    pub client_id: String,
    /// Largest packet that is accepted, in bytes.
    pub max_packet: u32,
    /// Who logs in; nobody where the broker asks for no name.
    pub login: Option<Login>,
}

/// A user of the broker. The password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password; may be empty.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?}, ***)", self.user)
    }
}

impl Endpoint {
    /// An endpoint that accepts packets of up to 1 MiB, and where nobody logs in.
    pub fn new(host: impl Into<String>, port: u16, client_id: impl Into<String>) -> Self {
        let (host, client_id) = (host.into(), client_id.into());
        Self { host, port, client_id, max_packet: 1 << 20, login: None }
    }
}

/// What a link hears.
#[derive(Debug)]
pub enum Heard {
    /// A publication.
    Message {
        /// Its topic; empty if it is not UTF-8.
        topic: String,
        /// Its bytes.
        payload: Bytes,
        /// Whether it is an old, retained one.
        retain: bool,
    },
    /// The connection broke: whatever was on its way is lost.
    Lost,
}

/// How a link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not connected, or not subscribed yet.
    Down,
    /// Connected, every subscription granted.
    Up,
    /// The broker refused a subscription; the filter is named.
    Refused(String),
}

/// Publishes over a link; cheap to clone.
#[derive(Clone, Debug)]
pub struct Publisher(AsyncClient);

impl Publisher {
    /// Publishes with QoS 1. Waits for room when many requests wait already.
    pub async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<(), CallError> {
        self.send(topic, payload, false).await
    }

    /// The same, retained: the broker keeps it for those who subscribe later.
    pub async fn retain(&self, topic: &str, payload: Vec<u8>) -> Result<(), CallError> {
        self.send(topic, payload, true).await
    }

    async fn send(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), CallError> {
        let sent = self.0.publish(topic, QoS::AtLeastOnce, retain, payload).await;
        // The request channel closes only with the polling task.
        sent.map_err(|_| CallError::Disconnected)
    }
}

/// A connection to a broker that mends itself; closed when dropped.
#[derive(Debug)]
pub struct Link {
    publisher: Publisher,
    state: watch::Receiver<LinkState>,
    problem: watch::Receiver<Option<String>>,
    task: JoinHandle<()>,
}

impl Link {
    /// Starts to connect, and subscribes to `filters` whenever connected. What is heard goes to
    /// `hook`, which runs on the polling task and must not block.
    pub fn open<H>(endpoint: &Endpoint, filters: Vec<String>, hook: H) -> Self
    where
        H: FnMut(&Publisher, Heard) + Send + 'static,
    {
        let mut options = MqttOptions::new(&endpoint.client_id, &endpoint.host, endpoint.port);
        options.set_max_packet_size(Some(endpoint.max_packet));
        options.set_keep_alive(Duration::from_secs(15));
        options.set_clean_start(true);
        if let Some(Login { user, password }) = &endpoint.login {
            options.set_credentials(user, password);
        }
        let mut network = options.network_options();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);

        let (mqtt, polled) = AsyncClient::new(options, REQUESTS);
        let publisher = Publisher(mqtt);
        let (tell, state) = watch::channel(LinkState::Down);
        let (fail, problem) = watch::channel(None);
        let poll = Poll {
            publisher: publisher.clone(),
            filters,
            tell,
            fail,
            hook,
            seed: SipHasher13::new().hash(endpoint.client_id.as_bytes()),
        };
        Self { publisher, state, problem, task: tokio::spawn(poll.run(polled)) }
    }

    /// A handle to publish with.
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// How the link stands now.
    pub fn state(&self) -> LinkState {
        self.state.borrow().clone()
    }

    /// What went wrong last, for whoever waits for the link; `None` while it is connected. Not
    /// free of what a broker says.
    pub fn problem(&self) -> Option<String> {
        self.problem.borrow().clone()
    }

    /// Waits until the link is up; fails if the broker refuses a subscription.
    pub async fn ready(&self) -> Result<(), CallError> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| *state != LinkState::Down).await;
        match settled.as_deref() {
            Ok(LinkState::Refused(filter)) => Err(CallError::Refused(filter.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(CallError::Disconnected),
        }
    }

    /// Says goodbye to the broker, so that it does not take the end for an accident.
    pub async fn close(mut self) {
        if self.publisher.0.try_disconnect().is_ok() {
            let _ = tokio::time::timeout(GOODBYE, &mut self.task).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The polling task.
struct Poll<H> {
    publisher: Publisher,
    filters: Vec<String>,
    tell: watch::Sender<LinkState>,
    fail: watch::Sender<Option<String>>,
    hook: H,
    seed: u64,
}

impl<H: FnMut(&Publisher, Heard)> Poll<H> {
    async fn run(mut self, mut polled: EventLoop) {
        let mut attempt = 0;
        loop {
            match polled.poll().await {
                Ok(Event::Incoming(packet)) => {
                    if matches!(packet, Packet::ConnAck(_)) {
                        attempt = 0;
                        self.fail.send_replace(None);
                    }
                    self.take(packet);
                }
                Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => return,
                Ok(Event::Outgoing(_)) => {}
                Err(error) => {
                    self.fail.send_replace(Some(error.to_string()));
                    // The hook hears of the loss once, not of every failed attempt.
                    if attempt == 0 {
                        self.tell.send_replace(LinkState::Down);
                        (self.hook)(&self.publisher, Heard::Lost);
                    }
                    tokio::time::sleep(backoff(attempt, self.seed)).await;
                    attempt = attempt.saturating_add(1);
                }
            }
        }
    }

    fn take(&mut self, packet: Packet) {
        match packet {
            Packet::ConnAck(_) => self.subscribe(),
            Packet::SubAck(granted) => {
                let refused = granted
                    .return_codes
                    .iter()
                    .zip(&self.filters)
                    .find(|(code, _)| !matches!(code, SubscribeReasonCode::Success(_)));
                let state =
                    refused.map_or(LinkState::Up, |(_, filter)| LinkState::Refused(filter.clone()));
                self.tell.send_replace(state);
            }
            Packet::Publish(publish) => {
                let topic = String::from_utf8(publish.topic.to_vec()).unwrap_or_default();
                let heard =
                    Heard::Message { topic, payload: publish.payload, retain: publish.retain };
                (self.hook)(&self.publisher, heard);
            }
            _ => {}
        }
    }

    fn subscribe(&mut self) {
        if self.filters.is_empty() {
            self.tell.send_replace(LinkState::Up);
            return;
        }
        let filters = self.filters.iter().map(|path| Filter {
            path: path.clone(),
            qos: QoS::AtLeastOnce,
            nolocal: false,
            // So that only a message from before the subscription is marked as retained.
            preserve_retain: false,
            retain_forward_rule: RetainForwardRule::OnEverySubscribe,
        });
        // A full request channel means that the subscription waits for the next connection;
        // until then the link stays down and nothing new is sent into the channel.
        let _ = self.publisher.0.try_subscribe_many(filters);
    }
}

/// The wait before the next attempt: doubling, within bounds, at least half of it certain and
/// the rest spread, so that clients that lost the same broker do not return all at once.
fn backoff(attempt: u32, seed: u64) -> Duration {
    let (first, longest) = BACKOFF;
    let whole = first.saturating_mul(1 << attempt.min(16)).min(longest);
    let spread = SipHasher13::new_with_keys(seed, u64::from(attempt)).hash(&[]) % 1_000;
    whole / 2 + (whole / 2).mul_f64(spread as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_its_bounds_and_differs_between_clients() {
        for attempt in 0..40 {
            let whole = BACKOFF.0.saturating_mul(1 << attempt.min(16)).min(BACKOFF.1);
            let wait = backoff(attempt, 7);
            assert!(wait >= whole / 2 && wait <= whole, "attempt {attempt}: {wait:?}");
        }
        assert_ne!(backoff(3, 1), backoff(3, 2));
    }
}
