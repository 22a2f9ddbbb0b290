//! A connection of the test's own, over MQTT 5 or 3.1.1, that mends itself.
//!
//! Services, callers and the watcher sit on such lines. What a line could not send when it broke
//! is forgotten: a call that reaches a broker after its restart was not made before it.

use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5 as five;
use rumqttc::{Packet, QoS, v5};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a condition may take to come about. It only turns a test that would hang into one
/// that fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The wait between attempts to connect.
const RETRY: Duration = Duration::from_millis(100);

/// Requests that may wait for the connection.
const REQUESTS: usize = 1_000;

/// Largest packet, in bytes.
const LARGEST: u32 = 1 << 20;

/// Waits for something, but not forever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("no {what} in {PATIENCE:?}"))
}

/// The MQTT version of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V5,
    V311,
}

/// What is heard, and what is sent. All from the Response Topic on exists on MQTT 5 only.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub topic: String,
    pub payload: Bytes,
    pub retain: bool,
    pub response_topic: Option<String>,
    pub correlation: Option<Bytes>,
    /// User properties, in order.
    pub properties: Vec<(String, String)>,
    pub content_type: Option<String>,
    /// Message Expiry, in seconds.
    #[allow(dead_code)] // Not everybody who shares this file asks.
    pub expiry: Option<u32>,
}

/// Sends over a line.
#[derive(Clone)]
pub enum Post {
    V5(v5::AsyncClient),
    V311(rumqttc::AsyncClient),
}

impl Post {
    /// Sends a message, without waiting; says whether the line took it.
    pub fn send(&self, message: Message) -> bool {
        let Message { topic, payload, retain, response_topic, correlation, .. } = message;
        match self {
            Self::V5(client) => {
                let properties = five::PublishProperties {
                    response_topic,
                    correlation_data: correlation,
                    ..five::PublishProperties::default()
                };
                let qos = v5::mqttbytes::QoS::AtLeastOnce;
                client.try_publish_with_properties(topic, qos, retain, payload, properties).is_ok()
            }
            Self::V311(client) => {
                client.try_publish(topic, QoS::AtLeastOnce, retain, payload).is_ok()
            }
        }
    }

    fn subscribe(&self, filter: &str) {
        // A full channel leaves the line as it is: not ready.
        match self {
            Self::V5(client) => {
                let _ = client.try_subscribe(filter, v5::mqttbytes::QoS::AtLeastOnce);
            }
            Self::V311(client) => {
                let _ = client.try_subscribe(filter, QoS::AtLeastOnce);
            }
        }
    }
}

/// How many lines of a platform are not up.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<AtomicUsize>);

impl Trouble {
    /// Whether every line is up.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

/// One line's share of the trouble; gone with the line.
struct Share {
    trouble: Trouble,
    ready: watch::Sender<bool>,
    down: bool,
}

impl Share {
    fn set(&mut self, down: bool) {
        match (self.down, down) {
            (false, true) => self.trouble.0.fetch_add(1, Ordering::SeqCst),
            (true, false) => self.trouble.0.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
        self.down = down;
        self.ready.send_replace(!down);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A connection that mends itself; dropped, it ends without a goodbye, as a crash does.
pub struct Line {
    post: Post,
    ready: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Line {
    /// Connects as `id` and subscribes to `filter` whenever connected; what is heard goes to
    /// `hook`.
    pub fn open(
        (version, port): (Version, u16),
        id: &str,
        filter: &str,
        trouble: &Trouble,
        hook: impl FnMut(&Post, Message) + Send + 'static,
    ) -> Self {
        let (post, polled) = connect(version, port, id);
        let (tell, ready) = watch::channel(false);
        let mut share = Share { trouble: trouble.clone(), ready: tell, down: false };
        share.set(true);
        let task = tokio::spawn(keep(polled, post.clone(), filter.to_owned(), share, hook));
        Self { post, ready, task }
    }

    /// Where to send.
    pub fn post(&self) -> &Post {
        &self.post
    }

    /// Waits until it is subscribed.
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        soon("subscription", ready.wait_for(|ready| *ready)).await.expect("a line that is open");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the library's loops tell, in one form.
enum Happened {
    Connected,
    Subscribed,
    Heard(Message),
    Other,
}

enum Polled {
    V5(Box<v5::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

fn connect(version: Version, port: u16, id: &str) -> (Post, Polled) {
    match version {
        Version::V5 => {
            let mut options = v5::MqttOptions::new(id, "127.0.0.1", port);
            options.set_clean_start(true).set_max_packet_size(Some(LARGEST));
            let (client, polled) = v5::AsyncClient::new(options, REQUESTS);
            (Post::V5(client), Polled::V5(Box::new(polled)))
        }
        Version::V311 => {
            let mut options = rumqttc::MqttOptions::new(id, "127.0.0.1", port);
            let largest = LARGEST as usize;
            options.set_clean_session(true).set_max_packet_size(largest, largest);
            let (client, polled) = rumqttc::AsyncClient::new(options, REQUESTS);
            (Post::V311(client), Polled::V311(Box::new(polled)))
        }
    }
}

async fn keep(
    mut polled: Polled,
    post: Post,
    filter: String,
    mut share: Share,
    mut hook: impl FnMut(&Post, Message),
) {
    let mut retry = tokio::time::interval(RETRY);
    loop {
        match polled.poll().await {
            Some(Happened::Connected) => post.subscribe(&filter),
            Some(Happened::Subscribed) => share.set(false),
            Some(Happened::Heard(message)) => hook(&post, message),
            Some(Happened::Other) => {}
            None => {
                share.set(true);
                polled.forget();
                retry.reset();
                retry.tick().await;
            }
        }
    }
}

impl Polled {
    /// What happens next; `None` if the connection broke or did not come up.
    async fn poll(&mut self) -> Option<Happened> {
        match self {
            Self::V5(polled) => Some(match polled.poll().await.ok()? {
                v5::Event::Incoming(five::Packet::ConnAck(_)) => Happened::Connected,
                v5::Event::Incoming(five::Packet::SubAck(_)) => Happened::Subscribed,
                v5::Event::Incoming(five::Packet::Publish(it)) => {
                    let properties = it.properties.unwrap_or_default();
                    Happened::Heard(Message {
                        topic: String::from_utf8_lossy(&it.topic).into_owned(),
                        payload: it.payload,
                        retain: it.retain,
                        response_topic: properties.response_topic,
                        correlation: properties.correlation_data,
                        properties: properties.user_properties,
                        content_type: properties.content_type,
                        expiry: properties.message_expiry_interval,
                    })
                }
                _ => Happened::Other,
            }),
            Self::V311(polled) => Some(match polled.poll().await.ok()? {
                rumqttc::Event::Incoming(Packet::ConnAck(_)) => Happened::Connected,
                rumqttc::Event::Incoming(Packet::SubAck(_)) => Happened::Subscribed,
                rumqttc::Event::Incoming(Packet::Publish(it)) => Happened::Heard(Message {
                    topic: it.topic,
                    payload: it.payload,
                    retain: it.retain,
                    ..Message::default()
                }),
                _ => Happened::Other,
            }),
        }
    }

    /// Forgets what was not sent before the connection broke.
    fn forget(&mut self) {
        match self {
            Self::V5(polled) => polled.pending.clear(),
            Self::V311(polled) => polled.pending.clear(),
        }
    }
}
