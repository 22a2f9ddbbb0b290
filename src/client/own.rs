//! A caller's own circuit, for when no lookout is there: after some time-outs in a row a service
//! is left alone for a while, then one call tries again.
//!
//! It is cruder than lookout's, which hears all callers: a few time-outs of one caller say little
//! of a service. So it counts all the time, and is asked only when nobody knows better.
//!
//! - Any answer is a sign of life, also an error, and closes it.
//! - Calls that were under way when it opened say nothing new when they time out.

use crate::observer::{Instant, Span};

/// How long a service is left alone at first, and at most: lookout's own `circuit.open_timeout`
/// and `circuit.open_max`.
const FIRST: Span = Span::from_secs(30);
const MOST: Span = Span::from_secs(300);

/// How one caller finds a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// Time-outs in a row.
    timeouts: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    until: Instant,
    /// How often it opened in a row.
    times: u32,
    /// Whether the trial call is under way.
    trying: bool,
}

/// Whether to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Call.
    Go,
    /// Call, and say how it went: nobody else may before.
    Try,
    /// Leave it alone for so long; the time of a trial under way is not known.
    Wait(Option<Span>),
}

impl Own {
    /// Whether nothing is held against the service.
    pub(super) fn is_clear(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the circuit is not closed.
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// How long until the next trial call.
    pub(super) fn left(&self, now: Instant) -> Option<Span> {
        self.open.filter(|open| !open.trying).map(|open| open.until.since(now))
    }

    /// Whether to call now.
    pub(super) fn ask(&mut self, now: Instant) -> Ask {
        match &mut self.open {
            None => Ask::Go,
            Some(open) if open.trying => Ask::Wait(None),
            Some(open) if now < open.until => Ask::Wait(Some(open.until.since(now))),
            Some(open) => {
                open.trying = true;
                Ask::Try
            }
        }
    }

    /// An answer came; whether that closed the circuit.
    pub(super) fn answered(&mut self) -> bool {
        std::mem::take(self).is_open()
    }

    /// A call, the trial call or not, timed out; whether that opened the circuit. `spread` from 0
    /// to 1 keeps callers apart.
    pub(super) fn timed_out(&mut self, now: Instant, most: u32, trial: bool, spread: f64) -> bool {
        self.timeouts = self.timeouts.saturating_add(1);
        let times = match self.open {
            Some(open) if trial => open.times + 1,
            Some(_) => return false,
            None if self.timeouts >= most => 1,
            None => return false,
        };
        let whole = FIRST.times(1 << (times - 1).min(8)).min(MOST);
        let until = now + whole.scaled(0.9 + 0.2 * spread);
        self.open = Some(Open { until, times, trying: false });
        true
    }

    /// The trial call ended without saying anything, as when its caller stopped to wait.
    pub(super) fn abandoned(&mut self) {
        if let Some(open) = &mut self.open {
            open.trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    /// A caller without spread who gives up after three.
    fn late(own: &mut Own, now: u64, trial: bool) -> bool {
        own.timed_out(at(now), 3, trial, 0.5)
    }

    #[test]
    fn three_time_outs_in_a_row_open_it_and_an_answer_between_starts_over() {
        let mut own = Own::default();
        assert!(!late(&mut own, 0, false) && !late(&mut own, 1, false));
        assert!(!own.answered());
        assert!(!late(&mut own, 2, false) && !late(&mut own, 3, false));
        assert_eq!(own.ask(at(3)), Ask::Go);
        assert!(late(&mut own, 4, false));
        assert_eq!(own.ask(at(5)), Ask::Wait(Some(Span::from_secs(29))));
        assert!(!late(&mut own, 6, false), "a straggler");
        assert_eq!(own.left(at(6)), Some(Span::from_secs(28)));
    }

    #[test]
    fn one_call_tries_and_decides() {
        let mut own = Own::default();
        for now in 0..3 {
            let _ = late(&mut own, now, false);
        }
        assert_eq!(own.ask(at(32)), Ask::Try);
        assert_eq!(own.ask(at(33)), Ask::Wait(None), "one at a time");
        own.abandoned();
        assert_eq!(own.ask(at(34)), Ask::Try, "the next one takes its place");
        assert!(own.answered());
        assert!(own.is_clear());
    }

    #[test]
    fn it_waits_twice_as_long_each_time_within_bounds() {
        let mut own = Own::default();
        let mut now = 0;
        for _ in 0..3 {
            let _ = late(&mut own, now, false);
        }
        for wait in [30, 60, 120, 240, 300, 300] {
            assert_eq!(own.left(at(now)), Some(Span::from_secs(wait)));
            now += wait;
            assert_eq!(own.ask(at(now)), Ask::Try);
            assert!(late(&mut own, now, true));
        }
        for spread in [0.0, 1.0] {
            let mut own = Own::default();
            for _ in 0..3 {
                let _ = own.timed_out(at(0), 3, false, spread);
            }
            let left = own.left(at(0)).unwrap_or_default();
            assert!(left >= Span::from_secs(27) && left <= Span::from_secs(33), "{left:?}");
        }
    }
}
