//! A run of things that happened within a window, as exact as its threshold needs.

use crate::observer::{Instant, Span};
use smallvec::SmallVec;

/// The last times at which something happened, the oldest first; no more than a threshold needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Run(SmallVec<[Instant; 5]>);

impl Run {
    /// It happened again. How often it did within the window, up to `most`.
    pub(super) fn add(&mut self, now: Instant, window: Span, most: u32) -> u32 {
        self.forget(now, window);
        if self.0.len() >= most as usize {
            self.0.remove(0);
        }
        self.0.push(now);
        self.len()
    }

    /// How often it happened within the window that ends now.
    pub(super) fn count(&mut self, now: Instant, window: Span) -> u32 {
        self.forget(now, window);
        self.len()
    }

    /// Nothing happened.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn forget(&mut self, now: Instant, window: Span) {
        let old = self.0.iter().take_while(|at| now.since(**at) >= window).count();
        self.0.drain(..old);
    }

    fn len(&self) -> u32 {
        // A threshold is no more than 64, twice that at an office.
        self.0.len() as u32
    }
}

/// Different things seen within a window, by half of their digests: exact up to a threshold.
#[derive(Clone, Debug, Default)]
pub(super) struct Different(SmallVec<[(u64, Instant); 2]>);

impl Different {
    /// One was seen. How many different ones were within the window, up to `most`.
    pub(super) fn add(&mut self, now: Instant, window: Span, most: u32, one: u64) -> u32 {
        self.0.retain(|(known, at)| *known != one && now.since(*at) < window);
        if self.0.len() >= most as usize {
            self.0.remove(0);
        }
        self.0.push((one, now));
        self.0.len() as u32
    }

    /// How many different ones were seen within the window.
    pub(super) fn count(&mut self, now: Instant, window: Span) -> u32 {
        self.0.retain(|(_, at)| now.since(*at) < window);
        self.0.len() as u32
    }

    /// Whether one was seen within the window.
    pub(super) fn has(&self, now: Instant, window: Span, one: u64) -> bool {
        self.0.iter().any(|(known, at)| *known == one && now.since(*at) < window)
    }

    /// None was seen.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
