//! How long to wait before the next attempt to connect.
//!
//! The waits double from the shortest to the longest, and each is drawn from the upper half of
//! its step ("equal jitter"): many observers that lost one broker do not come back in one
//! moment, and none comes back at once. A link has to last before the waits start over, so that
//! two clients that share an id and throw each other out do not do so in a tight loop.

use crate::observer::Span;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The waits between attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    min: Span,
    max: Span,
    step: Span,
}

impl Backoff {
    /// Waits from `min` to `max`; a `max` below `min` counts as `min`.
    pub(super) fn new(min: Span, max: Span) -> Self {
        Self { min, max: max.max(min), step: min }
    }

    /// The next wait, drawn by `random`.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let step = self.step.micros();
        let half = step / 2;
        let drawn = half + random % (step - half).saturating_add(1);
        self.step = self.step.times(2).min(self.max);
        Duration::from_micros(drawn)
    }

    /// Tells how long a link lasted; a lasting one lets the waits start over. Whether it did.
    pub(super) fn link_lasted(&mut self, span: Span) -> bool {
        let lasted = span >= self.max;
        if lasted {
            self.step = self.min;
        }
        lasted
    }
}

/// A number nobody can foresee. The standard library keys its hash maps from the system's
/// random source, which is all that jitter needs.
#[allow(clippy::disallowed_methods)] // A random seed is what is asked for here.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_in_their_upper_half() {
        for random in [0, 1, 499_999, 500_000, u64::MAX] {
            let mut backoff = Backoff::new(Span::from_secs(1), Span::from_secs(5));
            for step in [1_000, 2_000, 4_000, 5_000, 5_000] {
                let wait = backoff.next(random).as_millis();
                assert!((step / 2..=step).contains(&wait), "{wait} ms for a step of {step} ms");
            }
        }
    }

    #[test]
    fn only_a_lasting_link_starts_over() {
        let mut backoff = Backoff::new(Span::from_secs(1), Span::from_secs(4));
        for _ in 0..4 {
            backoff.next(0);
        }
        assert!(!backoff.link_lasted(Span::from_secs(3)));
        assert_eq!(backoff.next(0), Duration::from_secs(2), "still the longest step");
        assert!(backoff.link_lasted(Span::from_secs(4)));
        assert_eq!(backoff.next(0), Duration::from_millis(500), "the first step again");
    }

    #[test]
    fn odd_bounds_bend() {
        let mut none = Backoff::new(Span::ZERO, Span::ZERO);
        assert_eq!(none.next(u64::MAX), Duration::ZERO);
        let mut crossed = Backoff::new(Span::from_secs(2), Span::from_secs(1));
        crossed.next(0);
        assert_eq!(crossed.next(0), Duration::from_secs(1), "half of the shortest step");
        let mut endless = Backoff::new(Span::from_micros(u64::MAX), Span::from_micros(u64::MAX));
        assert!(endless.next(u64::MAX) >= Duration::from_micros(u64::MAX / 2));
    }
}
