//! From the observer to the session: a bounded outbox that outlives connections.
//!
//! Documents leave in the order in which they came. A document stays here until the broker has
//! acknowledged it: the client library forgets what was in flight when a clean session starts,
//! so what was sent and not acknowledged when a link is lost goes back to its place in line.
//!
//! - Events are bounded. When they are too many, the oldest that is not critical goes; the
//!   oldest critical one only if all are critical. Both are counted.
//! - Retained documents say how something stands, so of each topic only the latest waits. They
//!   have a bound of their own and displace no events.
//! - What cannot be published at all (no valid topic, too large for the broker) is counted and
//!   dropped: sending it would cost the connection, again and again.

use super::{Counters, count};
use crate::wire::Document;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Retained topics that may wait at once: two for each of ten thousand services, with room.
const MAX_RETAINED: usize = 100_000;

/// The longest topic that MQTT can carry, in bytes.
const MAX_TOPIC: usize = 65_535;

/// What a publication adds to its topic, payload and user properties, in bytes, at most: its
/// header, and the properties that say that it is JSON.
const OVERHEAD: usize = 64;
/// What a user property adds to its name and value.
const PROPERTY: usize = 5;

/// The outbox, shared by those who publish and the session.
#[derive(Debug)]
pub(super) struct Outlet {
    limit: usize,
    counters: Arc<Counters>,
    line: Mutex<Line>,
    /// A copy of the line's length, so that nobody locks just to look.
    waiting: AtomicUsize,
    /// One more than the number that the canary is to sing; 0 if none.
    song: AtomicU64,
    /// Whether what an earlier run left standing was read.
    restored: AtomicBool,
    changed: Notify,
}

/// The documents in order, and those that are on their way.
#[derive(Debug, Default)]
struct Line {
    next: u64,
    queue: BTreeMap<u64, Document>,
    ordinary: BTreeSet<u64>,
    critical: BTreeSet<u64>,
    retained: BTreeSet<u64>,
    /// The place in line of each retained topic.
    latest: HashMap<String, u64>,
    /// Handed to the client library and not acknowledged, in order.
    sent: VecDeque<Sent>,
}

/// A publication on its way.
#[derive(Debug)]
struct Sent {
    /// Its packet identifier, once the library has chosen one.
    packet: Option<u16>,
    /// The document and its place; `None` for presence, which no later connection repeats.
    document: Option<(u64, Document)>,
}

impl Outlet {
    /// An outbox for `limit` events.
    pub(super) fn new(limit: usize, counters: Arc<Counters>) -> Self {
        Self {
            limit,
            counters,
            line: Mutex::default(),
            waiting: AtomicUsize::new(0),
            song: AtomicU64::new(0),
            restored: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// Adds a document to the end of the line.
    pub(super) fn push(&self, document: Document) {
        if !valid_topic(&document.topic) {
            count(&self.counters.unsendable);
            return;
        }
        let mut line = self.lock();
        let place = line.next;
        line.next += 1;
        line.insert(place, document);
        self.settle(line);
        self.changed.notify_one();
    }

    /// Has the canary sing this number; if it has not sung the one before, it never will.
    pub(super) fn sing(&self, number: u64) {
        self.song.store(number + 1, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// What an earlier run left standing was read.
    pub(super) fn set_restored(&self) {
        self.restored.store(true, Ordering::Relaxed);
    }

    /// Whether that was so.
    pub(super) fn is_restored(&self) -> bool {
        self.restored.load(Ordering::Relaxed)
    }

    /// The number to sing, if one was asked for.
    pub(super) fn song(&self) -> Option<u64> {
        self.song.swap(0, Ordering::Relaxed).checked_sub(1)
    }

    /// Waits until documents were added. Only the session waits.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The next document to publish, counted as on its way; `None` if there is none, or if
    /// `window` publications are on their way already. Documents that do not fit into a packet
    /// of `max_packet` bytes are dropped.
    pub(super) fn next(&self, window: usize, max_packet: Option<u32>) -> Option<Document> {
        if self.waiting() == 0 {
            return None;
        }
        let mut line = self.lock();
        let mut found = None;
        while line.sent.len() < window {
            let Some((place, document)) = line.take_first() else {
                break;
            };
            if !fits(&document, max_packet) {
                count(&self.counters.unsendable);
                continue;
            }
            found = Some(document.clone());
            line.sent.push_back(Sent { packet: None, document: Some((place, document)) });
            break;
        }
        self.settle(line);
        found
    }

    /// The library did not take the document that [`Self::next`] gave last: back into line.
    pub(super) fn not_taken(&self) {
        let mut line = self.lock();
        if let Some(Sent { document: Some((place, document)), .. }) = line.sent.pop_back() {
            line.insert(place, document);
        }
        self.settle(line);
    }

    /// The library took a publication that is not in the line: presence.
    pub(super) fn presence_taken(&self) {
        let mut line = self.lock();
        line.sent.push_back(Sent { packet: None, document: None });
        self.settle(line);
    }

    /// The library gave a packet identifier to the oldest publication that had none.
    pub(super) fn identified(&self, packet: u16) {
        let mut line = self.lock();
        if let Some(sent) = line.sent.iter_mut().find(|sent| sent.packet.is_none()) {
            sent.packet = Some(packet);
        }
    }

    /// The broker answered for a publication; `refused` is its reason if it did not take it.
    /// A refused document is not sent again: the answer would be the same.
    pub(super) fn acknowledged(&self, packet: u16, refused: Option<&'static str>) {
        let mut line = self.lock();
        let Some(at) = line.sent.iter().position(|sent| sent.packet == Some(packet)) else {
            return;
        };
        let Some(sent) = line.sent.remove(at) else {
            return;
        };
        self.settle(line);
        match refused {
            None => count(&self.counters.published),
            Some(reason) => {
                count(&self.counters.refused);
                let topic = sent.document.as_ref().map_or("presence", |(_, it)| &it.topic);
                tracing::error!(
                    topic,
                    reason,
                    "the broker refused a publication: check the broker's access rules (ACL)"
                );
            }
        }
    }

    /// The link is lost: what was on its way goes back to its place in line.
    pub(super) fn link_lost(&self) {
        let mut line = self.lock();
        for sent in std::mem::take(&mut line.sent) {
            if let Some((place, document)) = sent.document {
                line.insert(place, document);
            }
        }
        self.settle(line);
    }

    /// Whether nothing waits and nothing is on its way, presence included.
    pub(super) fn is_done(&self) -> bool {
        let line = self.lock();
        line.queue.is_empty() && line.sent.is_empty()
    }

    /// Documents that wait to be sent or acknowledged.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Nothing panics under this lock, and the line is sound after each step anyway.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the line back into its bounds and lets it go.
    fn settle(&self, mut line: MutexGuard<'_, Line>) {
        while line.ordinary.len() + line.critical.len() > self.limit {
            let Some(oldest) = line.ordinary.first().or(line.critical.first()) else {
                break;
            };
            let oldest = *oldest;
            line.remove(oldest);
            count(&self.counters.outbox_dropped);
        }
        while line.retained.len() > MAX_RETAINED {
            let Some(&oldest) = line.retained.first() else {
                break;
            };
            line.remove(oldest);
            count(&self.counters.outbox_dropped);
        }
        let on_their_way = line.sent.iter().filter(|sent| sent.document.is_some()).count();
        self.waiting.store(line.queue.len() + on_their_way, Ordering::Relaxed);
    }
}

impl Line {
    /// Puts a document at its place, unless a later one says how its topic stands now.
    fn insert(&mut self, place: u64, document: Document) {
        if document.retain {
            match self.latest.get(&document.topic) {
                Some(&other) if other > place => return,
                Some(&other) => {
                    self.remove(other);
                }
                None => {}
            }
            self.latest.insert(document.topic.clone(), place);
            self.retained.insert(place);
        } else if document.critical {
            self.critical.insert(place);
        } else {
            self.ordinary.insert(place);
        }
        self.queue.insert(place, document);
    }

    fn remove(&mut self, place: u64) -> Option<Document> {
        let document = self.queue.remove(&place)?;
        self.ordinary.remove(&place);
        self.critical.remove(&place);
        if self.retained.remove(&place) {
            self.latest.remove(&document.topic);
        }
        Some(document)
    }

    fn take_first(&mut self) -> Option<(u64, Document)> {
        let (&place, _) = self.queue.first_key_value()?;
        Some((place, self.remove(place)?))
    }
}

/// Whether MQTT can publish on a topic.
fn valid_topic(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= MAX_TOPIC && !topic.contains(['+', '#', '\0'])
}

fn fits(document: &Document, max_packet: Option<u32>) -> bool {
    let payload = document.payload.as_ref().map_or(0, String::len);
    max_packet.is_none_or(|max| {
        let attributes = document.event.as_ref().map_or_else(Vec::new, |it| it.attributes());
        let one = |(name, value): &(String, String)| name.len() + value.len() + PROPERTY;
        let properties: usize = attributes.iter().map(one).sum();
        let correlation = document.correlation.as_ref().map_or(0, |data| data.len());
        let bytes = document.topic.len() + payload + properties + correlation + OVERHEAD;
        bytes as u64 <= u64::from(max)
    })
}

#[cfg(test)]
mod tests;
