//! What a judge may go by: settled calls of the last minutes and the last twenty.
//!
//! Unlike the figures of `window`, evidence can be cut: from a cut on, a rule sees only what
//! came after it, to the call and not to the second. A cut starts a new tally within the same
//! second, and rules remember the number of the first tally they may see. A tally is four bytes
//! as long as nothing goes wrong; what does is kept beside it, along with when the failed calls
//! were made (see [`super::trouble`]).

use super::call::Outcome;
use super::good::Good;
use super::last::Last;
use super::spread::{Made, is_spread};
use super::time::{Instant, Span};
use super::trouble::{Troubles, Wrong};
use std::collections::VecDeque;

/// Older ones of the last twenty are in no rate; how long a run of them took does not matter.
pub const LAST_MAX_AGE: Span = Span::from_secs(3600);
/// A packed tally is this many bits of seconds, wrapped, above the count of settled calls.
const SECOND_BITS: u32 = 12;
const COUNT_BITS: u32 = 32 - SECOND_BITS;
const MAX_COUNT: u32 = (1 << COUNT_BITS) - 1;
/// The longest span that evidence can be kept for, in seconds: within the wrap.
const LONGEST: u32 = 3_600;

/// The number of a tally; rules see tallies from such a mark on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u32);

/// A settled call.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    /// When it was made.
    pub made: Instant,
    /// When it settled.
    pub at: Instant,
    /// How; never void.
    pub outcome: Outcome,
    /// Whether it was answered, but slower than the slow-call rule allows.
    pub slow: bool,
}

/// Counts of judged calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Settled calls.
    pub settled: u32,
    /// Failed ones.
    pub failed: u32,
    /// Unanswered ones.
    pub unanswered: u32,
    /// Answered ones that were slow.
    pub slow: u32,
    /// Late replies; these settle nothing.
    pub late: u32,
}

impl Tally {
    /// Failed and unanswered calls.
    pub const fn failures(&self) -> u32 {
        self.failed + self.unanswered
    }

    fn count(&mut self, call: &Settled) {
        self.settled += 1;
        self.slow += u32::from(call.slow);
        self.failed += u32::from(call.outcome == Outcome::Failed);
        self.unanswered += u32::from(call.outcome == Outcome::Unanswered);
    }

    fn take(&mut self, other: &Self) {
        self.failed -= other.failed;
        self.unanswered -= other.unanswered;
        self.slow -= other.slow;
        self.late -= other.late;
    }
}

/// With fewer failures in sight, and fewer unanswered calls among them, no rule can begin anything.
#[derive(Clone, Copy, Debug)]
pub struct Few {
    /// Failures, unanswered calls included.
    pub failures: u32,
    /// Unanswered calls.
    pub unanswered: u32,
}

impl Few {
    /// None at all.
    pub const NONE: Self = Self { failures: 1, unanswered: 1 };
}

/// Which failures a rule asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Calls without an answer.
    Unanswered,
    /// These and failed ones.
    All,
}

/// A stretch of evidence that a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// Its counts.
    pub tally: Tally,
    /// The number of its first tally.
    first: u32,
}

/// The settled calls that a judge may see.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// For how long tallies are kept, in seconds.
    keep: u32,
    /// Second and count of each tally, packed; oldest first.
    tallies: VecDeque<u32>,
    /// The second of the last tally, whole.
    newest: u32,
    /// No tally is too old before this second.
    due: u32,
    /// Number of the tally at the front.
    base: u32,
    /// The next call starts a tally of its own.
    cut: bool,
    troubles: Troubles,
    last: Last,
    /// All tallies in one.
    total: Tally,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            keep: seconds(Span::from_secs(300)),
            tallies: VecDeque::new(),
            newest: 0,
            due: 0,
            base: 0,
            cut: false,
            troubles: Troubles::default(),
            last: Last::default(),
            total: Tally::default(),
        }
    }
}

impl Evidence {
    /// Keeps tallies for so long from now on; at most an hour, and 5 min if this is never said.
    pub const fn keep_for(&mut self, span: Span) {
        let keep = seconds(span);
        if self.keep != keep {
            self.keep = keep;
            self.due = 0;
        }
    }

    /// Adds a settled call.
    pub fn record(&mut self, call: Settled) {
        let number = self.tally(call.at.second());
        if let Some(packed) = self.tallies.back_mut() {
            *packed += 1;
        }
        self.total.count(&call);
        if call.slow {
            self.troubles.add(number, Wrong::Slow, call.made);
        }
        match call.outcome {
            Outcome::Failed => self.troubles.add(number, Wrong::Failed, call.made),
            Outcome::Unanswered => self.troubles.add(number, Wrong::Unanswered, call.made),
            Outcome::Ok | Outcome::Rejected | Outcome::Void => {}
        }
        self.last.push(call, Mark(number));
    }

    /// Adds answered calls of which none is slow or failed.
    pub fn record_good(&mut self, calls: &Good) {
        // Of many, only the last are kept one by one, and none of those before.
        let mut skipped = calls.count() - calls.last.len() as u32;
        if skipped > 0 {
            self.last.clear();
        }
        let mut last = calls.last.iter();
        for (second, count) in calls.seconds.iter().copied() {
            let mut left = count;
            while left > 0 {
                let number = self.tally(second);
                let Some(packed) = self.tallies.back_mut() else { return };
                let now = left.min(MAX_COUNT - (*packed & MAX_COUNT)).max(1);
                *packed += now;
                self.total.settled += now;
                let before = skipped.min(now);
                for call in last.by_ref().take((now - before) as usize) {
                    self.last.push(*call, Mark(number));
                }
                skipped -= before;
                left -= now;
            }
        }
    }

    /// Adds a late reply heard at `at`.
    pub fn late(&mut self, at: Instant) {
        let number = self.tally(at.second());
        self.total.late += 1;
        self.troubles.add(number, Wrong::Late, at);
    }

    /// The number of the tally of this second, which is the last one.
    fn tally(&mut self, second: u32) -> u32 {
        let full = |packed: &u32| packed & MAX_COUNT == MAX_COUNT;
        if self.cut || self.newest != second || self.tallies.back().is_none_or(full) {
            self.cut = false;
            self.roll_to(second);
            self.newest = second;
            if self.tallies.is_empty() {
                self.due = second.saturating_add(self.keep);
            }
            if self.tallies.len() == self.tallies.capacity() {
                // Growing by an eighth wastes less than by doubling, and is rare.
                self.tallies.reserve_exact(8 + self.tallies.len() / 8);
            }
            self.tallies.push_back(second << COUNT_BITS);
        }
        self.base.wrapping_add(self.tallies.len() as u32 - 1)
    }

    /// How many seconds before `now` a packed tally lies.
    const fn age(packed: u32, now: u32) -> u32 {
        now.wrapping_sub(packed >> COUNT_BITS) & ((1 << SECOND_BITS) - 1)
    }

    /// Forgets what is too old.
    pub fn roll(&mut self, now: Instant) {
        self.roll_to(now.second());
    }

    fn roll_to(&mut self, now: u32) {
        if now < self.due {
            return;
        }
        // Beyond the wrap, ages are not to be told from each other.
        let all = now.saturating_sub(self.newest) >= self.keep;
        while let Some(packed) = self.tallies.front().copied() {
            // What is kept lies within `keep` of the newest, so its age is below the wrap.
            let age = Self::age(packed, self.newest) + (now - self.newest);
            if !all && age < self.keep {
                self.due = now.saturating_add(self.keep - age);
                break;
            }
            self.tallies.pop_front();
            self.total.settled -= packed & MAX_COUNT;
            self.total.take(&self.troubles.drop_first(self.base));
            self.base = self.base.wrapping_add(1);
        }
    }

    /// The mark from which only later calls are seen.
    pub fn mark(&mut self) -> Mark {
        self.cut = true;
        Mark(self.base.wrapping_add(self.tallies.len() as u32))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.base = self.base.wrapping_add(self.tallies.len() as u32);
        self.tallies.clear();
        self.troubles.clear();
        self.last.clear();
        self.total = Tally::default();
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self) {
        if self.tallies.capacity() > 16 + 2 * self.tallies.len() {
            self.tallies.shrink_to(self.tallies.len());
        }
        self.troubles.rest();
    }

    /// Whether no failure is in sight, be it among the tallies or the last twenty.
    pub const fn is_clean(&self) -> bool {
        self.total.failures() == 0 && self.last.failures() == 0
    }

    /// Whether the tallies hold a slow call.
    pub const fn is_slow(&self) -> bool {
        self.total.slow > 0
    }

    /// No stretch of tallies or of last calls holds more failures than this.
    pub fn most_failures(&self) -> u32 {
        self.total.failures().max(self.last.failures())
    }

    /// Whether fewer calls failed or went unanswered, be it among the tallies or the last twenty,
    /// than could matter.
    pub fn is_calm(&self, few: &Few) -> bool {
        self.most_failures() < few.failures
            && self.total.unanswered.max(self.last.unanswered()) < few.unanswered
    }

    /// The stretch of the last `span`, from `mark` on; as of the last call or roll.
    pub fn over(&self, now: Instant, span: Span, mark: Mark) -> Stretch {
        let secs = seconds(span);
        if secs >= self.keep && mark.0 <= self.base {
            return Stretch { tally: self.total, first: self.base };
        }
        let since_newest = now.second().saturating_sub(self.newest);
        let mut tally = Tally::default();
        let mut first = self.base.wrapping_add(self.tallies.len() as u32);
        for packed in self.tallies.iter().rev() {
            let age = Self::age(*packed, self.newest).saturating_add(since_newest);
            if first <= mark.0 || age >= secs {
                break;
            }
            first -= 1;
            tally.settled += packed & MAX_COUNT;
        }
        self.troubles.add_from(first, &mut tally);
        Stretch { tally, first }
    }

    /// Whether the failures of a stretch were made over longer than `least`.
    pub fn lasts(&self, stretch: &Stretch, which: Which, least: Span) -> bool {
        self.troubles.lasts_from(stretch.first, which, least)
    }

    /// The failures of a stretch, where unanswered calls count only if they were made over
    /// `min_silence`: an error is an answer and speaks at once, silence speaks only when it
    /// lasts.
    pub fn lasting_failures(&self, stretch: &Stretch, min_silence: Span) -> u32 {
        let Tally { failed, unanswered, .. } = stretch.tally;
        if unanswered > 0 && !self.lasts(stretch, Which::Unanswered, min_silence) {
            failed
        } else {
            failed + unanswered
        }
    }

    /// The last settled calls, newest first, from `mark` on.
    pub fn last(&self, mark: Mark) -> impl Iterator<Item = Settled> {
        self.last.since(mark)
    }

    /// The counts of the last `count` settled calls, in which unanswered ones count as
    /// failures only if they were made over `min_silence`; `None` if there are fewer that are
    /// not older than an hour.
    pub fn of_last(
        &self,
        now: Instant,
        count: u32,
        mark: Mark,
        min_silence: Span,
    ) -> Option<(Tally, u32)> {
        let young = |call: &Settled| now.since(call.at) <= LAST_MAX_AGE;
        let calls = || self.last(mark).take_while(young).take(count as usize);
        let mut sum = Tally::default();
        calls().for_each(|call| sum.count(&call));
        let unanswered = || calls().filter(|call| call.outcome == Outcome::Unanswered);
        let lasts = is_spread(|| unanswered().map(|call| (1, Made::at(call.made))), min_silence);
        let brief = sum.unanswered > 0 && !lasts;
        let failures = if brief { sum.failed } else { sum.failures() };
        (sum.settled == count).then_some((sum, failures))
    }

    /// How many of the last calls in a row were unanswered, up to twenty.
    pub fn unanswered_in_a_row(&self, mark: Mark) -> u32 {
        let run = self.last(mark).take_while(|call| call.outcome == Outcome::Unanswered);
        run.count() as u32
    }

    /// Whether the last `count` calls are unanswered, nothing was heard since the first of them
    /// was made, and that was witnessed for long enough.
    pub fn silent(&self, count: u32, mark: Mark, silence: &Silence) -> bool {
        if !silence.witnessed
            || self.last.failures() < count
            || self.unanswered_in_a_row(mark) < count
        {
            return false;
        }
        let first = self.last(mark).take(count as usize).map(|call| call.made).min();
        silence.heard.is_none_or(|heard| first.is_some_and(|first| heard < first))
    }
}

/// How a service has been silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// When a reply of it was last heard, or could not be.
    pub heard: Option<Instant>,
    /// Whether calls witness that it lasts; see [`super::silence`].
    pub witnessed: bool,
}

/// Whole seconds of a span, at least one.
const fn seconds(span: Span) -> u32 {
    let seconds = span.micros() / 1_000_000;
    if seconds < 1 {
        1
    } else if seconds > LONGEST as u64 {
        LONGEST
    } else {
        seconds as u32
    }
}
