//! What the loop can tell of its own ears: whether it stood still, and whether it lags.
//!
//! A process that stood still, or that works on what arrived a while ago, could not have heard
//! what it missed, or has not yet; it must not blame anybody for that. Numbers in, findings out;
//! the corridor passes them on.

use crate::observer::{Instant, Span};

/// A lag of the inbox beyond this is a reason for doubt; and as long must the inbox have been
/// in order for the doubt to end. A drop concerns messages newer than all that wait; when what
/// is handled is that much newer again, it is over.
const LAG: Span = Span::from_secs(1);

/// The state of the ears.
#[derive(Debug)]
pub(super) struct Ears {
    pause: Span,
    last_turn: Instant,
    dropped: u64,
    /// The last moment at which the inbox was found late or full, while in doubt.
    trouble: Option<Instant>,
}

impl Ears {
    /// Ears that are fine at `now`; a standstill longer than `pause` is one.
    pub(super) fn new(now: Instant, pause: Span) -> Self {
        Self { pause, last_turn: now, dropped: 0, trouble: None }
    }

    /// The loop turns at `now`. If the process stood still since its last turn: since when.
    pub(super) fn turn(&mut self, now: Instant) -> Option<Instant> {
        let since = std::mem::replace(&mut self.last_turn, now);
        (now.since(since) > self.pause).then_some(since)
    }

    /// At `now`, the message that waits longest arrived `lag` ago, and the inbox has dropped so
    /// many messages in all. If a doubt begins (true) or ends (false) with that, says so.
    pub(super) fn inbox(&mut self, now: Instant, lag: Span, dropped: u64) -> Option<bool> {
        let bad = lag > LAG || dropped > self.dropped;
        self.dropped = dropped;
        if bad {
            return self.trouble.replace(now).is_none().then_some(true);
        }
        let since = self.trouble?;
        if now.since(since) <= LAG {
            return None;
        }
        self.trouble = None;
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::default() + Span::from_millis(millis)
    }

    #[test]
    fn only_a_long_standstill_is_a_pause() {
        let mut ears = Ears::new(at(0), Span::from_secs(5));
        assert_eq!(ears.turn(at(1_000)), None);
        assert_eq!(ears.turn(at(6_000)), None, "exactly as long is none");
        assert_eq!(ears.turn(at(11_001)), Some(at(6_000)));
        assert_eq!(ears.turn(at(11_002)), None);
    }

    #[test]
    fn a_lag_is_told_once_and_its_end_once() {
        let mut ears = Ears::new(at(0), Span::from_secs(5));
        let lag = Span::from_millis;
        for (now, behind, told) in [
            (0, 1_000, None),
            (10, 1_001, Some(true)),
            (20, 4_000, None),
            (500, 0, None),
            (900, 1_500, None),
            (1_900, 0, None),
            (1_901, 900, Some(false)),
            (9_000, 0, None),
        ] {
            assert_eq!(ears.inbox(at(now), lag(behind), 0), told, "at {now} ms");
        }
    }

    #[test]
    fn drops_are_doubts_even_without_a_lag() {
        let mut ears = Ears::new(at(0), Span::from_secs(5));
        assert_eq!(ears.inbox(at(0), Span::ZERO, 0), None);
        assert_eq!(ears.inbox(at(100), Span::ZERO, 7), Some(true));
        assert_eq!(ears.inbox(at(1_000), Span::ZERO, 8), None);
        assert_eq!(ears.inbox(at(2_000), Span::ZERO, 8), None);
        assert_eq!(ears.inbox(at(2_001), Span::ZERO, 8), Some(false));
    }
}
