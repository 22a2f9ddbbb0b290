//! Calls that wait in line under a key that another open call has.
//!
//! Where a dialect has no ids, or does not say who sends, several open calls can have one key, and
//! a reply under it belongs to the oldest of them. That one stands in the ledger's index; the
//! others wait here, in order of arrival, until it is closed. A call that is closed while it waits
//! leaves its ticket behind, which is skipped by its stamp and swept when half of a line is stale:
//! so a line never costs more than twice the open calls in it.

use super::digest::{Digest, DigestMap};
use super::slot::Ticket;
use std::collections::VecDeque;

/// The calls behind the first one of a key.
#[derive(Debug, Default)]
struct Line {
    tickets: VecDeque<Ticket>,
    /// How many of them are open.
    open: usize,
}

/// Lines by key.
#[derive(Debug, Default)]
pub(super) struct Lines(DigestMap<Line>);

impl Lines {
    /// Whether nobody waits in line.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A call takes its place at the end.
    pub(super) fn push(&mut self, key: Digest, ticket: Ticket) {
        let line = self.0.entry(key).or_default();
        line.tickets.push_back(ticket);
        line.open += 1;
    }

    /// The first in line leaves it, as its turn has come.
    pub(super) fn next(&mut self, key: Digest, is_open: impl Fn(Ticket) -> bool) -> Option<u32> {
        let line = self.0.get_mut(&key)?;
        let first = std::iter::from_fn(|| line.tickets.pop_front()).find(|it| is_open(*it));
        line.open = line.open.saturating_sub(1);
        if line.open == 0 {
            self.0.remove(&key);
        }
        first.map(|ticket| ticket.id)
    }

    /// A call was closed while it waited.
    pub(super) fn leave(&mut self, key: Digest, is_open: impl Fn(Ticket) -> bool) {
        let Some(line) = self.0.get_mut(&key) else { return };
        line.open = line.open.saturating_sub(1);
        if line.open == 0 {
            self.0.remove(&key);
        } else if line.tickets.len() > 2 * line.open {
            line.tickets.retain(|ticket| is_open(*ticket));
        }
    }
}
