//! One thing that may be wrong with a service, and how it begins and ends.
//!
//! A finding begins when its condition holds, and ends when the condition has been false for a
//! while without a break. From then on it judges only what came after its end, so that it does
//! not begin again on what its long span still holds.

use super::evidence::{Evidence, Mark};
use super::time::{Instant, Span};

/// A finding, on or off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finding {
    since: Option<Instant>,
    clear: Option<Instant>,
    mark: Mark,
    floor: Instant,
}

impl Finding {
    /// Since when it is on.
    pub const fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether it is on.
    pub const fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// The evidence it may see.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// It judges only what happened after this moment.
    pub const fn floor(&self) -> Instant {
        self.floor
    }

    /// It begins.
    pub const fn begin(&mut self, now: Instant) {
        self.since = Some(now);
        self.clear = None;
    }

    /// While on: its condition still holds, or no longer, or (`None`) there is nothing to go by.
    pub fn lasts(
        &mut self,
        now: Instant,
        holds: Option<bool>,
        after: Span,
        evidence: &mut Evidence,
    ) {
        match holds {
            Some(true) => self.clear = None,
            Some(false) => {
                let clear = *self.clear.get_or_insert(now);
                if now.since(clear) >= after {
                    self.since = None;
                    self.clear = None;
                    self.mark = evidence.mark();
                    self.floor = now;
                }
            }
            None => {}
        }
    }
}
