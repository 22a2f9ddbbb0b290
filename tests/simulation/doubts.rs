//! When lookout has to doubt itself, computed from the manual and beside the real thing.
//!
//! Reasons are the link (bit 0) and those that are told; the link and a pause linger for 5 s.
//! A doubt is the open interval between its first reason and its end: what is said at either
//! end may belong to either side.

use crate::plan::S;

#[derive(Clone, Debug, Default)]
pub(crate) struct Doubts {
    reasons: u8,
    until: u64,
    start: Option<u64>,
    past: Vec<(u64, u64)>,
}

impl Doubts {
    pub(crate) fn link(&mut self, now: u64, up: bool) {
        if up && self.reasons & 1 != 0 {
            self.until = self.until.max(now + 5 * S);
        }
        self.reason(now, 0, !up);
    }

    pub(crate) fn paused(&mut self, since: u64, now: u64) {
        self.close(since);
        self.start.get_or_insert(since);
        self.until = self.until.max(now + 5 * S);
    }

    pub(crate) fn reason(&mut self, now: u64, bit: u8, on: bool) {
        self.close(now);
        if on {
            self.start.get_or_insert(now);
            self.reasons |= 1 << bit;
        } else if self.reasons & (1 << bit) != 0 {
            self.reasons &= !(1 << bit);
            // It lasted until now, or as long as something lingers.
            self.until = self.until.max(now);
            self.close(now);
        }
    }

    /// Whether lookout is in doubt now.
    pub(crate) fn is_on(&mut self, now: u64) -> bool {
        self.close(now);
        // What was due before it began is read after it was set.
        self.start.is_some_and(|start| start <= now)
    }

    fn close(&mut self, now: u64) {
        if let Some(start) = self.start
            && self.reasons == 0
            && self.until <= now
        {
            self.past.push((start, self.until));
            self.start = None;
        }
    }

    /// Whether any doubt lies between two moments.
    pub(crate) fn overlap(&self, from: u64, to: u64) -> bool {
        let end = if self.reasons == 0 { self.until } else { u64::MAX };
        let open = self.start.map(|start| (start, end));
        open.into_iter().chain(self.past.iter().rev().copied()).any(|(a, b)| a < to && from < b)
    }

    /// Whether lookout was in doubt just then.
    pub(crate) fn at(&self, moment: u64) -> bool {
        self.overlap(moment, moment)
    }
}
