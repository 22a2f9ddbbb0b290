//! Good replies of a calm service, many at a time: what evidence keeps of them.
//!
//! They are told together and late (see `reckoning`), so of most only the second is known in which
//! they settled; a rule may ask when each of the last twenty did.

use super::call::Outcome;
use super::evidence::Settled;
use super::last::LAST;
use super::time::Instant;
use smallvec::SmallVec;

/// Answered calls of which none is slow or failed, in the order in which they settled.
#[derive(Clone, Debug, Default)]
pub struct Good {
    /// How many settled in each second; no second twice.
    pub(super) seconds: SmallVec<[(u32, u32); 128]>,
    count: u32,
    /// The last ones, all there are or twenty.
    pub(super) last: SmallVec<[Settled; LAST]>,
}

impl Good {
    /// So many more settled in a second, which is not before the last one.
    pub fn add(&mut self, second: u32, count: u32) {
        self.count = self.count.saturating_add(count);
        match self.seconds.last_mut() {
            Some((last, sum)) if *last == second => *sum = sum.saturating_add(count),
            _ => self.seconds.push((second, count)),
        }
    }

    /// How many there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Tells of the last ones, when all were added: when each was made, and when it settled.
    pub fn tell(&mut self, last: impl Iterator<Item = (Instant, Instant)>) {
        let outcome = Outcome::Ok;
        self.last = last.map(|(made, at)| Settled { made, at, outcome, slow: false }).collect();
    }
}
