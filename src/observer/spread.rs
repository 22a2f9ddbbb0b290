//! Whether failures are spread over time, or bunched as by a restart.
//!
//! A restart drops all its calls within seconds; a call that was lost by chance a little earlier
//! does not make it an outage. So failures are spread over longer than some length if two of them,
//! and a tenth of all, lie outside any stretch of that length, the end of which is not in it.

use super::time::{Instant, Span};
use smallvec::SmallVec;

/// First and last moment at which some calls were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    first: Instant,
    last: Instant,
}

impl Made {
    /// No calls.
    pub const NEVER: Self =
        Self { first: Instant::from_micros(u64::MAX), last: Instant::from_micros(0) };

    /// One call.
    pub const fn at(made: Instant) -> Self {
        Self { first: made, last: made }
    }

    /// Takes in other calls.
    pub fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// How far apart these and others were made; zero if they overlap.
    pub fn gap(self, other: Self) -> Span {
        self.first.since(other.last).max(other.first.since(self.last))
    }

    fn over(self) -> Span {
        self.last.since(self.first)
    }
}

/// Whether failures are spread over longer than `least`. They come in parts: how many, and when
/// they were made; a part is in a stretch as a whole or not at all. No length is always exceeded.
pub fn is_spread<I: Iterator<Item = (u32, Made)>>(parts: impl Fn() -> I, least: Span) -> bool {
    let parts = || parts().filter(|(count, _)| *count > 0);
    let (mut total, mut all) = (0, Made::NEVER);
    for (count, made) in parts() {
        total += count;
        all.add(made);
    }
    if total == 0 || least == Span::ZERO || all.over() < least {
        return total > 0 && least == Span::ZERO;
    }
    total - densest(parts, least) >= (total / 10).max(2)
}

/// The most failures in a stretch of `least`, which opens with the earliest call of a part. Parts
/// need not come in the order in which their calls were made.
fn densest<I: Iterator<Item = (u32, Made)>>(parts: impl Fn() -> I, least: Span) -> u32 {
    type Ends = SmallVec<[(Instant, u32); 20]>;
    let narrow = || parts().filter(|(_, made)| made.over() < least);
    let mut opens: Ends = narrow().map(|(count, made)| (made.first, count)).collect();
    let mut ends: Ends = narrow().map(|(count, made)| (made.last, count)).collect();
    opens.sort_unstable();
    ends.sort_unstable();
    let (mut densest, mut inside, mut ends) = (0, 0_u32, ends.into_iter().peekable());
    for at_once in opens.chunk_by(|a, b| a.0 == b.0) {
        while let Some((_, more)) = ends.next_if(|(last, _)| *last < at_once[0].0 + least) {
            inside += more;
        }
        densest = densest.max(inside);
        // Each of them was inside its own stretch.
        inside = inside.saturating_sub(at_once.iter().map(|(_, count)| count).sum());
    }
    densest
}
