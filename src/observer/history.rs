//! The last hundred checks of a component: how many passed, how long they took, and its score.
//!
//! The score is half what is and half what was: 1 while it is well and always was, 0.5 at best as
//! soon as it does not work, and less the more of its last checks failed. So a component that comes
//! back at once does not look like one that never was away.

use super::component::Condition;
use super::time::{Instant, Span};
use std::collections::VecDeque;

/// Checks that are kept.
const KEPT: usize = 100;

/// The last checks.
#[derive(Clone, Debug, Default)]
pub struct History {
    checks: VecDeque<(bool, Option<Span>)>,
    passed: u32,
    last: Option<Instant>,
}

impl History {
    /// A check ended.
    pub fn add(&mut self, now: Instant, passed: bool, took: Option<Span>) {
        if self.checks.len() == KEPT
            && let Some((true, _)) = self.checks.pop_front()
        {
            self.passed -= 1;
        }
        self.checks.push_back((passed, took));
        self.passed += u32::from(passed);
        self.last = Some(now);
    }

    /// When the last one ended.
    pub fn last(&self) -> Option<Instant> {
        self.last
    }

    /// How many are kept.
    pub fn count(&self) -> u32 {
        self.checks.len() as u32
    }

    /// Share of them that passed.
    pub fn success_rate(&self) -> Option<f64> {
        let all = self.count();
        (all > 0).then(|| f64::from(self.passed) / f64::from(all))
    }

    /// From 0 to 1; see the module.
    pub fn score(&self, condition: Condition) -> Option<f64> {
        let now = match condition {
            Condition::Healthy => 1.0,
            Condition::Degraded => 0.5,
            Condition::Unhealthy => 0.0,
            Condition::Starting => return None,
        };
        self.success_rate().map(|rate| (now + rate) / 2.0)
    }

    /// How long the last one took, if that is known.
    pub fn took(&self) -> Option<Span> {
        self.checks.back().and_then(|(_, took)| *took)
    }

    /// 95th percentile (nearest rank) of how long they took.
    pub fn took_p95(&self) -> Option<Span> {
        let mut all: Vec<_> = self.checks.iter().filter_map(|(_, took)| *took).collect();
        all.sort_unstable();
        let rank = (all.len() * 95).div_ceil(100);
        all.get(rank.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_checks_are_remembered() {
        let mut history = History::default();
        assert_eq!((history.success_rate(), history.score(Condition::Healthy)), (None, None));
        for count in 0..150_u64 {
            let took = Some(Span::from_millis(count));
            history.add(Instant::from_micros(count), count >= 75, took);
        }
        assert_eq!((history.count(), history.success_rate()), (100, Some(0.75)));
        assert_eq!(history.score(Condition::Healthy), Some(0.875));
        assert_eq!(history.score(Condition::Unhealthy), Some(0.375));
        assert_eq!(history.score(Condition::Starting), None);
        assert_eq!(history.took(), Some(Span::from_millis(149)));
        assert_eq!(history.took_p95(), Some(Span::from_millis(144)));
        assert_eq!(history.last(), Some(Instant::from_micros(149)));
    }
}
