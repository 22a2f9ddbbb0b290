//! What went wrong, tally by tally, in groups of calls that were made at about the same time.
//!
//! Failures that bunch within a few seconds are a restart, however many they are; so it matters
//! when failed calls were *made*. Those of a tally ended within one second and were made at about
//! the same time, or at a few different ones when some were waited for longer: a few groups tell a
//! straggler from the many.

use super::evidence::{Tally, Which};
use super::spread::{Made, is_spread};
use super::time::{Instant, Span};
use std::collections::VecDeque;

/// Calls that were made so near to each other are one group.
const NEAR: Span = Span::from_secs(1);
/// Groups of a kind in one tally; of more, the nearest takes a call in.
const GROUPS: u32 = 3;

/// How a call went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It failed.
    Failed,
    /// It went unanswered.
    Unanswered,
    /// It was answered slowly.
    Slow,
    /// Its reply came too late.
    Late,
}

/// A group of calls of one tally.
#[derive(Clone, Copy, Debug)]
struct Group {
    tally: u32,
    kind: Wrong,
    count: u32,
    made: Made,
}

impl Group {
    fn add_to(&self, sum: &mut Tally) {
        *match self.kind {
            Wrong::Failed => &mut sum.failed,
            Wrong::Unanswered => &mut sum.unanswered,
            Wrong::Slow => &mut sum.slow,
            Wrong::Late => &mut sum.late,
        } += self.count;
    }

    /// Whether a rule that asks for these failures counts it.
    fn is(&self, which: Which) -> bool {
        match self.kind {
            Wrong::Unanswered => true,
            Wrong::Failed => which == Which::All,
            Wrong::Slow | Wrong::Late => false,
        }
    }
}

/// Groups by tally, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Troubles(VecDeque<Group>);

impl Troubles {
    /// Counts one more call, made then, in a tally that is the last one.
    pub fn add(&mut self, tally: u32, kind: Wrong, made: Instant) {
        let made = Made::at(made);
        // When these were made decides nothing, so one group is enough.
        let most = if matches!(kind, Wrong::Slow | Wrong::Late) { 1 } else { GROUPS };
        let (mut groups, mut nearest) = (0, None);
        for group in self.0.iter_mut().rev().take_while(|group| group.tally == tally) {
            if group.kind == kind {
                groups += 1;
                let gap = group.made.gap(made);
                if nearest.as_ref().is_none_or(|(least, _)| gap <= *least) {
                    nearest = Some((gap, group));
                }
            }
        }
        if let Some((gap, group)) = nearest
            && (gap <= NEAR || groups >= most)
        {
            group.count += 1;
            group.made.add(made);
            return;
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(2 + self.0.len() / 4);
        }
        self.0.push_back(Group { tally, kind, count: 1, made });
    }

    /// Drops what belongs to the oldest tally, which is this one, and tells how much that was.
    pub fn drop_first(&mut self, tally: u32) -> Tally {
        let mut sum = Tally::default();
        while let Some(group) = self.0.pop_front_if(|group| group.tally == tally) {
            group.add_to(&mut sum);
        }
        sum
    }

    /// Adds all from this tally on to a sum.
    pub fn add_from(&self, tally: u32, sum: &mut Tally) {
        let from = self.0.iter().rev().take_while(|group| group.tally >= tally);
        from.for_each(|group| group.add_to(sum));
    }

    /// Whether the failures from this tally on were made over longer than `least`; see
    /// [`super::spread`]. Those of a group are in a stretch of it together or not at all.
    pub fn lasts_from(&self, tally: u32, which: Which, least: Span) -> bool {
        let from = self.0.partition_point(|group| group.tally < tally);
        let counted = || self.0.range(from..).filter(|group| group.is(which));
        is_spread(|| counted().map(|group| (group.count, group.made)), least)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives memory back that is not needed.
    pub fn rest(&mut self) {
        if self.0.capacity() > 4 + 2 * self.0.len() {
            self.0.shrink_to(self.0.len());
        }
    }
}
