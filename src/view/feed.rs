//! What lookout said lately, so that a reader who was away for a moment misses nothing.
//!
//! Entries are numbered from one on. A number means something only together with the time at which
//! lookout started: an id carries both, so that a reader of an earlier run is not told that it missed
//! nothing.

use crate::observer::Instant;
use crate::wire::Document;
use std::collections::VecDeque;
use std::sync::Arc;

/// Entries that are kept.
const KEPT: usize = 1_000;
/// What is kept in all, in bytes.
const BYTES: usize = 4 << 20;

/// The topics below `system/{cluster}/` that tell what happens; the others tell how things stand.
const TOPICS: [&str; 5] = ["errors", "emergency", "circuit-breaker", "actions", "alerts"];

/// One document that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// When it happened.
    pub at: Instant,
    /// Its topic.
    pub topic: String,
    /// Its JSON.
    pub payload: String,
}

/// The last entries.
#[derive(Debug)]
pub struct Feed {
    start: Instant,
    next: u64,
    bytes: usize,
    entries: VecDeque<Arc<Entry>>,
}

impl Feed {
    /// An empty feed of a run that starts now.
    pub const fn new(start: Instant) -> Self {
        Self { start, next: 1, bytes: 0, entries: VecDeque::new() }
    }

    /// Adds a document, if it tells of something that happened.
    pub fn add(&mut self, document: &Document) -> Option<Arc<Entry>> {
        let below = document.topic.strip_prefix("system/")?.split_once('/')?.1;
        let payload = document.payload.as_ref().filter(|_| TOPICS.contains(&below))?;
        let entry = Arc::new(Entry {
            number: self.next,
            at: document.at,
            topic: document.topic.clone(),
            payload: payload.clone(),
        });
        self.next += 1;
        self.bytes += size(&entry);
        self.entries.push_back(entry.clone());
        while self.entries.len() > KEPT || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
        Some(entry)
    }

    /// The id of a number.
    pub fn id(&self, number: u64) -> String {
        format!("{:x}-{number}", self.start.micros())
    }

    /// The entries after an id; all of them if it is of another run, or none.
    pub fn after(&self, id: Option<&str>) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        let run = format!("{:x}", self.start.micros());
        let number = id.and_then(|id| id.split_once('-')).filter(|(of, _)| *of == run);
        let number = number.and_then(|(_, number)| number.parse().ok()).unwrap_or(0_u64);
        let from = self.entries.partition_point(|entry| entry.number <= number);
        self.entries.range(from..)
    }
}

fn size(entry: &Entry) -> usize {
    size_of::<Entry>() + entry.topic.len() + entry.payload.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(topic: &str, payload: Option<&str>) -> Document {
        Document {
            at: Instant::default(),
            topic: topic.to_owned(),
            retain: false,
            critical: false,
            payload: payload.map(str::to_owned),
            correlation: None,
            event: None,
        }
    }

    #[test]
    fn only_what_happens_is_told_and_a_reader_goes_on_where_it_was() {
        let mut feed = Feed::new(Instant::from_micros(255));
        for topic in [
            "system/c/errors",
            "system/c/services/A",
            "system/c/circuit-breaker",
            "system/c/health",
        ] {
            feed.add(&document(topic, Some("{}")));
        }
        assert_eq!(feed.add(&document("system/c/errors", None)), None);
        let numbers = |id| feed.after(id).map(|entry| entry.number).collect::<Vec<_>>();
        assert_eq!(feed.id(1), "ff-1");
        assert_eq!(numbers(None), [1, 2]);
        assert_eq!(numbers(Some("ff-1")), [2]);
        assert_eq!(numbers(Some("ff-2")), [0; 0]);
        for other in ["fe-1", "ff-", "ff-x", "", "ff", "ff-18446744073709551616"] {
            assert_eq!(numbers(Some(other)), [1, 2], "{other}");
        }
    }

    #[test]
    fn it_is_bounded_in_number_and_size() {
        let mut feed = Feed::new(Instant::default());
        for _ in 0..KEPT + 5 {
            feed.add(&document("system/c/errors", Some("{}")));
        }
        assert_eq!(
            (feed.after(None).count(), feed.entries.front().map(|it| it.number)),
            (KEPT, Some(6))
        );
        let large = "x".repeat(BYTES / 3);
        for _ in 0..5 {
            feed.add(&document("system/c/errors", Some(&large)));
        }
        assert_eq!(feed.after(None).count(), 2);
    }
}
