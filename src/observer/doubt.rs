//! Self-doubt: when lookout could not have heard a reply, it blames nobody.
//!
//! Several reasons can hold at once; doubt lasts while any does. The link and a pause keep
//! their hold for some seconds after they end, for replies may still be on their way.

use super::input::{Doubt, Link};
use super::settings::DoubtPolicy;
use super::time::Instant;

/// The bit of each reason; [`Doubt`] gives the other ones.
const LINK: u8 = 0;
const AFTERMATH: u8 = 1;

/// What changed with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The first reason began, or a pause: calls open now are void.
    Began,
    /// The last reason ended: calls open now are void, and judgement starts afresh.
    Ended,
}

/// The reasons that hold now.
#[derive(Clone, Debug, Default)]
pub struct SelfDoubt {
    reasons: u8,
    /// When the aftermath of a link loss or a pause ends.
    until: Option<Instant>,
}

impl SelfDoubt {
    /// Whether any reason holds.
    pub const fn is_on(&self) -> bool {
        self.reasons != 0
    }

    /// When [`SelfDoubt::tick`] has something to do.
    pub const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// The link changed.
    pub fn link(&mut self, now: Instant, link: Link, policy: &DoubtPolicy) -> Option<Change> {
        match link {
            Link::Down => self.set(LINK, true),
            Link::Up if self.has(LINK) => {
                self.linger(now, policy);
                self.set(LINK, false)
            }
            Link::Up => None,
        }
    }

    /// The process stood still since `since`.
    pub fn paused(&mut self, now: Instant, since: Instant, policy: &DoubtPolicy) -> Option<Change> {
        if now.since(since) <= policy.pause {
            return None;
        }
        self.linger(now, policy);
        Some(Change::Began)
    }

    /// Another reason began or ended.
    pub fn reason(
        &mut self,
        now: Instant,
        doubt: Doubt,
        on: bool,
        policy: &DoubtPolicy,
    ) -> Option<Change> {
        let bit = doubt as u8;
        if doubt == Doubt::Pause && !on && self.has(bit) {
            self.linger(now, policy);
        }
        self.set(bit, on)
    }

    /// Takes the time.
    pub fn tick(&mut self, now: Instant) -> Option<Change> {
        self.until.filter(|until| *until <= now)?;
        self.until = None;
        self.set(AFTERMATH, false)
    }

    fn linger(&mut self, now: Instant, policy: &DoubtPolicy) {
        self.reasons |= 1 << AFTERMATH;
        self.until = self.until.max(Some(now + policy.after));
    }

    const fn has(&self, bit: u8) -> bool {
        self.reasons & (1 << bit) != 0
    }

    fn set(&mut self, bit: u8, on: bool) -> Option<Change> {
        let had = self.has(bit);
        if on {
            // What is still open at the end of all doubt becomes void then.
            let first = self.reasons == 0;
            self.reasons |= 1 << bit;
            return first.then_some(Change::Began);
        }
        self.reasons &= !(1 << bit);
        (had && self.reasons == 0).then_some(Change::Ended)
    }
}
