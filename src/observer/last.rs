//! The last twenty settled calls of a service, one by one.
//!
//! They stand in where the last minutes hold too few calls for a rate, and tell how many in a row
//! went unanswered. A ring in one piece: a call that comes takes the place of the oldest.

use super::call::Outcome;
use super::evidence::{Mark, Settled};
use super::time::Instant;

/// How many are kept.
pub const LAST: usize = 20;

#[derive(Clone, Copy, Debug)]
struct Kept {
    made: Instant,
    at: Instant,
    mark: Mark,
    outcome: Outcome,
    slow: bool,
}

/// The last settled calls, each with the tally it is counted in.
#[derive(Clone, Debug, Default)]
pub struct Last {
    ring: Vec<Kept>,
    /// Where the next one goes once the ring is full: the oldest is there.
    next: usize,
    failures: u32,
    unanswered: u32,
}

impl Last {
    /// Adds a call that settled now.
    pub fn push(&mut self, call: Settled, mark: Mark) {
        let Settled { made, at, outcome, slow } = call;
        let kept = Kept { made, at, mark, outcome, slow };
        self.failures += u32::from(outcome.against());
        self.unanswered += u32::from(outcome == Outcome::Unanswered);
        if self.ring.len() == LAST
            && let Some(oldest) = self.ring.get_mut(self.next)
        {
            self.failures -= u32::from(oldest.outcome.against());
            self.unanswered -= u32::from(oldest.outcome == Outcome::Unanswered);
            *oldest = kept;
            self.next = if self.next + 1 == LAST { 0 } else { self.next + 1 };
            return;
        }
        if self.ring.capacity() == 0 {
            self.ring.reserve_exact(LAST);
        }
        self.ring.push(kept);
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.ring.clear();
        self.next = 0;
        self.failures = 0;
        self.unanswered = 0;
    }

    /// Failures among them.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Unanswered calls among them.
    pub const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Newest first, from `mark` on.
    pub fn since(&self, mark: Mark) -> impl Iterator<Item = Settled> {
        let (newer, older) = self.ring.split_at(self.next);
        let all = newer.iter().rev().chain(older.iter().rev());
        all.take_while(move |kept| kept.mark >= mark).map(|kept| {
            let Kept { made, at, outcome, slow, .. } = *kept;
            Settled { made, at, outcome, slow }
        })
    }
}
