//! From the session to the observer: a queue that drops and counts, and never waits.
//!
//! The queue is bounded by a count of messages and by a sum of bytes, kept beside an unbounded
//! channel. A bounded channel would refuse changes of the link like any message; here they go
//! through the same queue, in order with the messages around them, and always find room. There
//! are few: the back-off limits how often a link can change.
//!
//! One side adds, one side takes away, so a bound that is checked before adding holds.

use super::protocol::Publication;
use super::{Canary, Counters, count};
use crate::clock::Clock;
use crate::observer::Instant;
use crate::observer::input::Link;
use crate::wire::{Message, Properties, UserProperty};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes of topics, payloads and properties that may wait, whatever the number of messages: ten thousand
/// messages of the largest size would otherwise hold gigabytes.
const MAX_BYTES: usize = 256 << 20;

/// One thing that came from the session.
#[derive(Debug)]
pub enum Arrival {
    /// A message.
    Message(Heard),
    /// The link came up or went down, and when.
    Link(Instant, Link),
    /// The canary was heard, when, and which of its songs.
    Canary(Instant, u64),
}

impl Arrival {
    /// When it arrived.
    pub fn at(&self) -> Instant {
        match self {
            Self::Message(heard) => heard.at,
            Self::Link(at, _) | Self::Canary(at, _) => *at,
        }
    }
}

/// A message as it was heard, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When it arrived.
    pub at: Instant,
    /// Its topic; a broker may let bytes pass that are not UTF-8.
    pub topic: Bytes,
    /// Its payload.
    pub payload: Bytes,
    /// Whether the broker sent it from its store.
    pub retain: bool,
    /// Its MQTT 5 properties, if it has any that matter here.
    pub properties: Option<Box<HeardProperties>>,
}

/// The MQTT 5 properties that matter for correlation, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeardProperties {
    /// Response Topic.
    pub response_topic: Option<String>,
    /// Correlation Data.
    pub correlation_data: Option<Bytes>,
    /// Message Expiry Interval, in seconds.
    pub message_expiry: Option<u32>,
    /// User properties, in their order.
    pub user: Vec<UserProperty<'static>>,
}

impl HeardProperties {
    fn bytes(&self) -> usize {
        let user = self.user.iter().map(|(name, value)| name.len() + value.len());
        self.response_topic.as_ref().map_or(0, String::len)
            + self.correlation_data.as_ref().map_or(0, Bytes::len)
            + user.sum::<usize>()
    }
}

impl Heard {
    /// The message as the wire room reads it; `None` if its topic is not UTF-8.
    pub fn as_message(&self) -> Option<Message<'_>> {
        let topic = std::str::from_utf8(&self.topic).ok()?;
        let properties =
            self.properties.as_deref().map_or(Properties::default(), |own| Properties {
                response_topic: own.response_topic.as_deref(),
                correlation_data: own.correlation_data.as_deref(),
                message_expiry: own.message_expiry,
                user: &own.user,
            });
        Some(Message { topic, payload: &self.payload, retain: self.retain, properties })
    }

    fn bytes(&self) -> usize {
        let properties = self.properties.as_deref().map_or(0, HeardProperties::bytes);
        self.topic.len() + self.payload.len() + properties
    }
}

/// What waits in the queue.
#[derive(Debug, Default)]
struct Level {
    messages: AtomicUsize,
    bytes: AtomicUsize,
}

/// The session's end of the queue.
#[derive(Clone, Debug)]
pub(super) struct Inlet {
    clock: Clock,
    limit: usize,
    canary: Option<Canary>,
    level: Arc<Level>,
    counters: Arc<Counters>,
    queue: UnboundedSender<Arrival>,
}

/// The observer's end of the queue.
#[derive(Debug)]
pub struct Inbox {
    level: Arc<Level>,
    queue: UnboundedReceiver<Arrival>,
}

/// A queue for `limit` messages.
pub(super) fn queue(
    clock: Clock,
    limit: usize,
    canary: Option<Canary>,
    counters: Arc<Counters>,
) -> (Inlet, Inbox) {
    let (sender, receiver) = unbounded_channel();
    let level = Arc::new(Level::default());
    let inlet = Inlet { clock, limit, canary, level: Arc::clone(&level), counters, queue: sender };
    (inlet, Inbox { level, queue: receiver })
}

impl Inlet {
    /// Stamps a message and queues it, or counts it as dropped.
    pub(super) fn hear(&self, publication: Publication) {
        let Publication { topic, payload, retain, properties } = publication;
        let canary = self.canary.as_ref();
        if let Some(number) = canary.and_then(|canary| canary.number(&topic, &payload)) {
            // It stands for the messages around it, and there are few: it always finds room.
            let _ = self.queue.send(Arrival::Canary(self.clock.now(), number));
            return;
        }
        let heard = Heard { at: self.clock.now(), topic, payload, retain, properties };
        count(&self.counters.received);
        let bytes = heard.bytes();
        // The taking side only ever lowers these, so the sum cannot be above what is seen here.
        let messages_wait = self.level.messages.load(Ordering::Relaxed);
        let bytes_wait = self.level.bytes.load(Ordering::Relaxed);
        if messages_wait >= self.limit || bytes_wait.saturating_add(bytes) > MAX_BYTES {
            count(&self.counters.inbox_dropped);
            return;
        }
        self.level.messages.fetch_add(1, Ordering::Relaxed);
        self.level.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Nobody takes any more: the program is ending, and so is this message.
        let _ = self.queue.send(Arrival::Message(heard));
    }

    /// Queues a change of the link; it is never dropped.
    pub(super) fn link(&self, link: Link) {
        let _ = self.queue.send(Arrival::Link(self.clock.now(), link));
    }
}

impl Inbox {
    /// Waits for arrivals and appends up to `limit` of them; 0 if the session is gone for good.
    /// Nothing is lost if the future is dropped before it is ready.
    pub async fn recv_many(&mut self, into: &mut Vec<Arrival>, limit: usize) -> usize {
        let before = into.len();
        let taken = self.queue.recv_many(into, limit).await;
        let (mut messages, mut bytes) = (0, 0);
        for arrival in into.iter().skip(before) {
            if let Arrival::Message(heard) = arrival {
                messages += 1;
                bytes += heard.bytes();
            }
        }
        self.level.messages.fetch_sub(messages, Ordering::Relaxed);
        self.level.bytes.fetch_sub(bytes, Ordering::Relaxed);
        taken
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.level.messages.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn publication(payload: usize) -> Publication {
        Publication {
            topic: Bytes::from_static(b"service/A"),
            payload: Bytes::from(vec![b'x'; payload]),
            retain: false,
            properties: None,
        }
    }

    fn canary() -> Option<Canary> {
        Some(Canary::new("c", "i"))
    }

    async fn take(inbox: &mut Inbox, limit: usize) -> Vec<Arrival> {
        let mut taken = Vec::new();
        inbox.recv_many(&mut taken, limit).await;
        taken
    }

    #[tokio::test]
    async fn a_full_queue_drops_counts_and_lets_link_changes_pass() {
        let counters = Arc::new(Counters::default());
        let (inlet, mut inbox) = queue(Clock::start(), 2, canary(), Arc::clone(&counters));
        for _ in 0..5 {
            inlet.hear(publication(1));
        }
        inlet.link(Link::Down);
        assert_eq!(counters.received.load(Ordering::Relaxed), 5);
        assert_eq!(counters.inbox_dropped.load(Ordering::Relaxed), 3);
        let taken = take(&mut inbox, 10).await;
        assert_eq!(taken.len(), 3);
        assert!(matches!(taken.last(), Some(Arrival::Link(_, Link::Down))));
        assert!(taken.is_sorted_by_key(Arrival::at));
        assert_eq!((inbox.len(), inbox.is_empty()), (0, true));
        inlet.hear(publication(1));
        assert_eq!(take(&mut inbox, 10).await.len(), 1, "room again");
    }

    #[tokio::test]
    async fn bytes_are_bounded_too() {
        let counters = Arc::new(Counters::default());
        let (inlet, mut inbox) = queue(Clock::start(), 1_000, canary(), Arc::clone(&counters));
        let payload = Bytes::from(vec![0; MAX_BYTES / 2]);
        for _ in 0..3 {
            inlet.hear(Publication { payload: payload.clone(), ..publication(0) });
        }
        assert_eq!(counters.inbox_dropped.load(Ordering::Relaxed), 2);
        assert_eq!(take(&mut inbox, 10).await.len(), 1);
        inlet.hear(publication(1));
        assert_eq!(counters.inbox_dropped.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_message_lends_what_it_owns() {
        let properties = HeardProperties {
            response_topic: Some("answers/1".into()),
            correlation_data: Some(Bytes::from_static(&[0xff, 0])),
            message_expiry: Some(7),
            user: vec![("a".into(), "b".into())],
        };
        let mut heard = Heard {
            at: Instant::from_micros(1),
            topic: Bytes::from_static("service/Größe".as_bytes()),
            payload: Bytes::from_static(&[0xfe]),
            retain: true,
            properties: Some(Box::new(properties)),
        };
        let message = heard.as_message().unwrap();
        assert_eq!(message.topic, "service/Größe");
        assert_eq!((message.payload, message.retain), (&[0xfe][..], true));
        assert_eq!(message.properties.response_topic, Some("answers/1"));
        assert_eq!(message.properties.correlation_data, Some(&[0xff, 0][..]));
        assert_eq!(message.properties.message_expiry, Some(7));
        assert_eq!((message.properties.user("a"), message.properties.user("b")), (Some("b"), None));
        let bytes = "service/Größe".len() + 1 + "answers/1".len() + 2 + 2;
        assert_eq!(heard.bytes(), bytes, "all that was sent by others counts");
        heard.topic = Bytes::from_static(&[b'a', 0xff]);
        assert!(heard.as_message().is_none());
    }
}
