//! One link to a broker that mends itself.
//!
//! A task polls the connection and hands what it hears to a hook. After an error it waits, twice
//! as long each time, and opens a new connection; on every one it subscribes anew, because a
//! broker forgets the subscriptions of a session that it did not resume.
//!
//! - The link is up when the broker has granted what is needed. Before that nothing is sent: its
//!   answer could not be heard.
//! - What was not sent when a connection broke goes with it: whoever sent it is told of the loss.
//! - The hook runs on the polling task: it must not block, or the keep-alive suffers.

use super::error::CallError;
use super::options::{Delivery, Endpoint};
use super::protocol::{self, Client, Connection, Event, Extras, Gone, Message, Outgoing};
use super::random::Random;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// First wait after an error, and the longest one.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a clean goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a link hears.
#[derive(Debug)]
pub enum Heard {
    /// The link is up. Filters that could be done without and were refused are named.
    Up(Vec<String>),
    /// A publication.
    Message(Message),
    /// The connection broke: whatever was on its way is lost.
    Lost,
}

/// How a link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not connected, or not subscribed yet.
    Down,
    /// Connected, every subscription that is needed granted.
    Up,
    /// The broker refused a subscription that is needed; the filter is named.
    Refused(String),
}

/// What is subscribed to.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Filters without which the link is of no use; heard as [`Endpoint::delivery`] says.
    pub needed: Vec<String>,
    /// Filters that a broker may refuse. They are subscribed to first, so that a broker that
    /// works in order, as Mosquitto does, has sent what it keeps before the link is up.
    pub wanted: Vec<(String, Delivery)>,
}

impl Filters {
    /// Filters that are all needed.
    pub fn needed(filters: impl IntoIterator<Item = String>) -> Self {
        Self { needed: filters.into_iter().collect(), wanted: Vec::new() }
    }
}

/// What the polling task and the publishers share.
#[derive(Debug)]
struct Shared {
    /// The connection that is up.
    client: RwLock<Option<Client>>,
    state: watch::Sender<LinkState>,
    problem: watch::Sender<Option<String>>,
    delivery: Delivery,
}

impl Shared {
    fn client(&self) -> Option<Client> {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_client(&self, client: Option<Client>) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

/// Publishes over a link; cheap to clone.
#[derive(Clone, Debug)]
pub struct Publisher(Arc<Shared>);

impl Publisher {
    /// Publishes as [`Endpoint::delivery`] says. Waits for room when many publications wait
    /// already.
    ///
    /// # Errors
    ///
    /// [`CallError::LinkDown`], if the link is not up.
    pub async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<(), CallError> {
        self.send(topic.to_owned(), payload, Extras::default()).await
    }

    /// Publishes with QoS 1, retained: the broker keeps it for those who subscribe later.
    ///
    /// # Errors
    ///
    /// As [`Publisher::publish`].
    pub async fn retain(&self, topic: &str, payload: Vec<u8>) -> Result<(), CallError> {
        let (topic, delivery) = (topic.to_owned(), Delivery::AtLeastOnce);
        let extras = Extras::default();
        self.put(Outgoing { topic, payload, delivery, retain: true, extras }).await
    }

    pub(super) async fn send(
        &self,
        topic: String,
        payload: Vec<u8>,
        extras: Extras,
    ) -> Result<(), CallError> {
        let delivery = self.0.delivery;
        self.put(Outgoing { topic, payload, delivery, retain: false, extras }).await
    }

    async fn put(&self, out: Outgoing) -> Result<(), CallError> {
        let down = CallError::LinkDown { sent: false };
        let Some(client) = self.0.client() else { return Err(down) };
        client.publish(out).await.map_err(|Gone| down)
    }

    /// Whether the link is up.
    pub fn is_up(&self) -> bool {
        *self.0.state.borrow() == LinkState::Up
    }

    /// Waits until the link is up.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`], if the broker refuses a subscription that is needed.
    pub async fn ready(&self) -> Result<(), CallError> {
        let mut state = self.0.state.subscribe();
        let settled = state.wait_for(|state| *state != LinkState::Down).await;
        match settled.as_deref() {
            Ok(LinkState::Refused(filter)) => Err(CallError::Refused(filter.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(CallError::LinkDown { sent: false }),
        }
    }
}

/// A link to a broker that mends itself; closed when dropped.
#[derive(Debug)]
pub struct Link {
    publisher: Publisher,
    task: JoinHandle<()>,
    leave: watch::Sender<bool>,
}

impl Link {
    /// Starts to connect, and subscribes to the filters whenever connected. What is heard goes to
    /// `hook`, which runs on the polling task and must not block.
    pub fn open<H>(endpoint: &Endpoint, filters: Filters, hook: H) -> Self
    where
        H: FnMut(&Publisher, Heard) + Send + 'static,
    {
        let shared = Arc::new(Shared {
            client: RwLock::new(None),
            state: watch::Sender::new(LinkState::Down),
            problem: watch::Sender::new(None),
            delivery: endpoint.delivery,
        });
        let publisher = Publisher(shared);
        let (leave, leaving) = watch::channel(false);
        let needed = filters.needed.into_iter().map(|it| (it, endpoint.delivery));
        let poll = Poll {
            endpoint: endpoint.clone(),
            needed: needed.collect(),
            wanted: filters.wanted,
            publisher: publisher.clone(),
            hook,
            random: Random::new(),
        };
        Self { publisher, task: tokio::spawn(poll.run(leaving)), leave }
    }

    /// A handle to publish with.
    pub const fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// How the link stands now.
    pub fn state(&self) -> LinkState {
        self.publisher.0.state.borrow().clone()
    }

    /// What went wrong last, for whoever waits for the link; `None` while it is connected. Not
    /// free of what a broker says.
    pub fn problem(&self) -> Option<String> {
        self.publisher.0.problem.borrow().clone()
    }

    /// Waits until the link is up.
    ///
    /// # Errors
    ///
    /// As [`Publisher::ready`].
    pub async fn ready(&self) -> Result<(), CallError> {
        self.publisher.ready().await
    }

    /// Says goodbye to the broker, so that it does not take the end for an accident.
    pub async fn close(mut self) {
        self.leave.send_replace(true);
        let _ = tokio::time::timeout(GOODBYE, &mut self.task).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
        self.publisher.0.set_client(None);
        self.publisher.0.state.send_replace(LinkState::Down);
    }
}

/// Subscriptions that the broker did not answer yet: for each whether it is needed.
#[derive(Default)]
struct Subscriptions {
    awaited: VecDeque<bool>,
    /// Filters that could be done without and were refused.
    refused: Vec<String>,
}

/// The polling task.
struct Poll<H> {
    endpoint: Endpoint,
    wanted: Vec<(String, Delivery)>,
    needed: Vec<(String, Delivery)>,
    publisher: Publisher,
    hook: H,
    random: Random,
}

impl<H: FnMut(&Publisher, Heard)> Poll<H> {
    async fn run(mut self, mut leaving: watch::Receiver<bool>) {
        let mut attempt = 0;
        while !*leaving.borrow() {
            let (client, mut connection) = protocol::open(&self.endpoint);
            let mut connected = false;
            let end = self.live(&client, &mut connection, &mut connected, &mut leaving).await;
            let shared = &self.publisher.0;
            shared.set_client(None);
            let before = shared.state.send_replace(LinkState::Down);
            // The hook hears of the loss once, not of every failed attempt.
            if before == LinkState::Up {
                (self.hook)(&self.publisher, Heard::Lost);
            }
            let Err(problem) = end else { return };
            self.publisher.0.problem.send_replace(Some(problem));
            attempt = if connected { 0 } else { attempt + 1 };
            tokio::select! {
                () = tokio::time::sleep(backoff(attempt, self.random.unit())) => {}
                () = left(&mut leaving) => {}
            }
        }
    }

    /// One connection, until it fails or is closed as asked.
    async fn live(
        &mut self,
        client: &Client,
        connection: &mut Connection,
        connected: &mut bool,
        leaving: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        let (mut asked, mut open) = (false, Subscriptions::default());
        loop {
            // A poll that is left may be in the middle of a packet, so it is left only to say
            // goodbye, and taken up again.
            let poll = std::pin::pin!(connection.poll());
            let event = if asked {
                poll.await?
            } else {
                let mut poll = poll;
                tokio::select! {
                    event = &mut poll => event?,
                    () = left(leaving) => {
                        asked = true;
                        if !client.disconnect() {
                            return Ok(());
                        }
                        poll.await?
                    }
                }
            };
            match event {
                Event::Connected => {
                    *connected = true;
                    self.publisher.0.problem.send_replace(None);
                    let all = [(false, &self.wanted), (true, &self.needed)];
                    for (needed, filters) in all.into_iter().filter(|(_, it)| !it.is_empty()) {
                        if !client.subscribe(filters) {
                            return Err("no room for the subscription".to_owned());
                        }
                        open.awaited.push_back(needed);
                    }
                    if open.awaited.is_empty() {
                        self.up(client, Vec::new());
                    }
                }
                Event::Subscribed(granted) => self.subscribed(client, &granted, &mut open),
                Event::Heard(message) => (self.hook)(&self.publisher, Heard::Message(message)),
                Event::Disconnected => return Ok(()),
                Event::Other => {}
            }
        }
    }

    fn subscribed(&mut self, client: &Client, granted: &[bool], open: &mut Subscriptions) {
        // Brokers answer subscriptions in order.
        let Some(needed) = open.awaited.pop_front() else { return };
        let filters = if needed { &self.needed } else { &self.wanted };
        let is_granted = |at: usize| granted.get(at).copied().unwrap_or(false);
        let refused = filters.iter().enumerate().filter(|(at, _)| !is_granted(*at));
        let mut refused = refused.map(|(_, (filter, _))| filter.clone());
        if needed && let Some(first) = refused.next() {
            self.publisher.0.state.send_replace(LinkState::Refused(first));
            return;
        }
        open.refused.extend(refused);
        if open.awaited.is_empty() {
            self.up(client, std::mem::take(&mut open.refused));
        }
    }

    fn up(&mut self, client: &Client, refused: Vec<String>) {
        self.publisher.0.set_client(Some(client.clone()));
        (self.hook)(&self.publisher, Heard::Up(refused));
        self.publisher.0.state.send_replace(LinkState::Up);
    }
}

/// Returns when the link is to end.
async fn left(leaving: &mut watch::Receiver<bool>) {
    let _ = leaving.wait_for(|leave| *leave).await;
}

/// The wait before the next attempt: doubling, within bounds, at least half of it certain and
/// the rest spread, so that clients that lost the same broker do not return all at once.
fn backoff(attempt: u32, spread: f64) -> Duration {
    let (first, longest) = BACKOFF;
    let whole = first.saturating_mul(1 << attempt.min(16)).min(longest);
    whole / 2 + (whole / 2).mul_f64(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_its_bounds_and_is_spread() {
        for attempt in 0..40 {
            let whole = BACKOFF.0.saturating_mul(1 << attempt.min(16)).min(BACKOFF.1);
            let waits = [0.0, 0.5, 0.999].map(|spread| backoff(attempt, spread));
            assert!(waits.is_sorted() && waits[0] < waits[2], "attempt {attempt}: {waits:?}");
            assert!(waits[0] >= whole / 2 && waits[2] <= whole, "attempt {attempt}: {waits:?}");
        }
    }
}
