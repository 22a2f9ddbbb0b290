//! Calls of all services together over the last five minutes: what a share is a share of.

use super::time::Instant;
use std::collections::VecDeque;

/// The span, in seconds.
const LONGEST: u32 = 300;

/// Calls by second.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    seconds: VecDeque<(u32, u32)>,
    total: u64,
}

impl Rate {
    /// Counts a call made now.
    pub fn count(&mut self, now: Instant) {
        self.total += 1;
        match self.seconds.back_mut() {
            Some((second, count)) if *second == now.second() => *count = count.saturating_add(1),
            _ => {
                self.roll(now);
                self.seconds.push_back((now.second(), 1));
            }
        }
    }

    /// Calls of the last five minutes.
    pub fn total(&mut self, now: Instant) -> u64 {
        self.roll(now);
        self.total
    }

    fn roll(&mut self, now: Instant) {
        let oldest = now.second().saturating_add(1).saturating_sub(LONGEST);
        while let Some((_, count)) = self.seconds.pop_front_if(|(second, _)| *second < oldest) {
            self.total = self.total.saturating_sub(u64::from(count));
        }
    }
}
