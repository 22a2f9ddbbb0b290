//! Open calls: a request out, its answer back.
//!
//! Every open call is an entry in one shared map from id to a one-shot channel. The entry goes
//! when the answer comes, when the time limit passes, when the link breaks (the answer would be
//! published to a session that no longer exists) and when the caller stops waiting; so the map
//! holds open calls and nothing else. An answer without an entry is late, a duplicate or not ours:
//! counted and dropped.

use super::envelope::{self, Incoming};
use super::protocol::Message;
use dashmap::DashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Where ids begin: anywhere below this, so that an answer to an earlier run of the same session
/// is no answer to a call of this one, and every id is exact in a float.
const FIRST: u64 = 1 << 48;

/// Open calls.
#[derive(Debug)]
pub(super) struct Pending {
    calls: DashMap<u64, oneshot::Sender<Incoming>>,
    next: AtomicU64,
    strays: AtomicU64,
    most: usize,
}

/// A call that waits for its answer. Its entry goes however its caller's future ends.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pending: &'a Pending,
    pub(super) id: u64,
    /// The answer; an error if the link broke.
    pub(super) answer: oneshot::Receiver<Incoming>,
}

impl Pending {
    pub(super) fn new(random: u64, most: usize) -> Self {
        Self {
            calls: DashMap::new(),
            next: AtomicU64::new(random % FIRST),
            strays: AtomicU64::new(0),
            most,
        }
    }

    /// Opens a call; `None` if too many are open.
    pub(super) fn open(&self) -> Option<Entry<'_>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if self.calls.len() >= self.most {
            return None;
        }
        let (send, answer) = oneshot::channel();
        self.calls.insert(id, send);
        Some(Entry { pending: self, id, answer })
    }

    /// Takes a message on the topic of answers.
    pub(super) fn hear(&self, message: &Message) {
        // Nobody answers a call before it is made, so a retained message is no answer.
        if message.retain {
            return;
        }
        let answered = envelope::answer(&message.payload).and_then(|incoming| {
            let id = named(message.correlation.as_deref(), incoming.id)?;
            Some((self.calls.remove(&id)?.1, incoming))
        });
        match answered {
            // The caller may have stopped waiting just now; then nobody misses it.
            Some((waiting, incoming)) => drop(waiting.send(incoming)),
            None => drop(self.strays.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The link broke: every waiting caller is told.
    pub(super) fn lost(&self) {
        // Dropping the channels tells them.
        self.calls.clear();
    }

    /// How many calls wait for their answer.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Answers that belonged to no open call.
    pub(super) fn strays(&self) -> u64 {
        self.strays.load(Ordering::Relaxed)
    }
}

/// The call that an answer names by its id, by its Correlation Data, or by both; `None` if they
/// name different ones, or none.
fn named(correlation: Option<&[u8]>, id: Option<u64>) -> Option<u64> {
    let Some(data) = correlation else { return id };
    let correlated = std::str::from_utf8(data).ok()?.parse().ok()?;
    id.is_none_or(|id| id == correlated).then_some(correlated)
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.pending.calls.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytes::Bytes;

    fn message(id: u64, correlation: Option<&'static str>) -> Message {
        Message {
            payload: format!(r#"{{"id":{id},"result":1}}"#).into(),
            correlation: correlation.map(Bytes::from),
            ..Message::default()
        }
    }

    #[test]
    fn only_the_first_answer_with_the_right_id_and_correlation_counts() {
        let pending = Pending::new(u64::MAX, 2);
        let mut entry = pending.open().unwrap();
        let id = entry.id;
        assert_eq!(id, u64::MAX % FIRST);
        pending.hear(&Message { retain: true, ..message(id, None) });
        pending.hear(&message(id + 1, None));
        pending.hear(&message(id, Some("another's")));
        pending.hear(&Message::default());
        assert!(entry.answer.try_recv().is_err());
        let nameless = |correlation: Option<String>| Message {
            payload: r#"{"id":null,"error":{"code":-32700}}"#.into(),
            correlation: correlation.map(Bytes::from),
            ..Message::default()
        };
        pending.hear(&nameless(None));
        pending.hear(&nameless(Some((id + 1).to_string())));
        assert_eq!((pending.len(), pending.strays()), (1, 5));
        pending.hear(&message(id, None));
        assert_eq!(entry.answer.try_recv().unwrap().id, Some(id));
        pending.hear(&message(id, None));
        assert_eq!((pending.len(), pending.strays()), (0, 6));

        let mut entry = pending.open().unwrap();
        pending.hear(&nameless(Some(entry.id.to_string())));
        assert_eq!(entry.answer.try_recv().unwrap().id, None);
        assert_eq!((pending.len(), pending.strays()), (0, 6));
    }

    #[test]
    fn entries_go_with_their_callers_and_are_bounded() {
        let pending = Pending::new(0, 2);
        let (one, two) = (pending.open().unwrap(), pending.open().unwrap());
        assert!(pending.open().is_none());
        drop(one);
        let mut three = pending.open().unwrap();
        assert_ne!(three.id, two.id);
        pending.lost();
        assert!(matches!(three.answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        assert_eq!(pending.len(), 0);
    }
}
