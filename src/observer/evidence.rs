//! What a judge may go by: settled calls of the last five minutes and the last twenty.
//!
//! Unlike the figures of `window`, evidence can be cut: from a cut on, a rule sees only what
//! came after it, to the call and not to the second. A cut starts a new tally within the same
//! second, and rules remember the number of the first tally they may see. Along with the
//! counts it keeps when the failed calls were *made*: failures bunched within a few seconds
//! are a restart, however many they are.

use super::call::Outcome;
use super::time::{Instant, Span};
use std::collections::VecDeque;

/// How many of the last settled calls are kept one by one.
pub const LAST: usize = 20;
/// Older ones of these say nothing any more.
pub const LAST_MAX_AGE: Span = Span::from_secs(3600);
/// Tallies older than this are dropped, in seconds.
const LONGEST: u32 = 300;

/// The number of a tally; rules see tallies from such a mark on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

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

/// First and last moment at which the calls in question were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    first: Instant,
    last: Instant,
}

impl Made {
    const NEVER: Self =
        Self { first: Instant::from_micros(u64::MAX), last: Instant::from_micros(0) };

    fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// How long the calls were made over.
    pub fn over(&self) -> Span {
        self.last.since(self.first)
    }
}

/// Counts of judged calls.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Settled calls.
    pub settled: u32,
    /// Failed ones.
    pub failed: u32,
    /// Unanswered ones.
    pub unanswered: u32,
    /// Answered ones that were slow.
    pub slow: u32,
    /// Replies heard, late ones included, and the sum of their times in microseconds.
    pub replies: (u32, u64),
    /// When the failed ones were made.
    pub failed_made: Made,
    /// When the unanswered ones were made.
    pub unanswered_made: Made,
}

impl Tally {
    const EMPTY: Self = Self {
        settled: 0,
        failed: 0,
        unanswered: 0,
        slow: 0,
        replies: (0, 0),
        failed_made: Made::NEVER,
        unanswered_made: Made::NEVER,
    };

    fn count(&mut self, call: &Settled) {
        let made = Made { first: call.made, last: call.made };
        self.settled += 1;
        self.slow += u32::from(call.slow);
        match call.outcome {
            Outcome::Failed => {
                self.failed += 1;
                self.failed_made.add(made);
            }
            Outcome::Unanswered => {
                self.unanswered += 1;
                self.unanswered_made.add(made);
            }
            Outcome::Ok | Outcome::Rejected | Outcome::Void => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.settled += other.settled;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.slow += other.slow;
        self.replies.0 += other.replies.0;
        self.replies.1 = self.replies.1.saturating_add(other.replies.1);
        self.failed_made.add(other.failed_made);
        self.unanswered_made.add(other.unanswered_made);
    }

    /// Failed and unanswered calls.
    pub const fn failures(&self) -> u32 {
        self.failed + self.unanswered
    }

    /// When the failed and unanswered ones were made.
    pub fn failures_made(&self) -> Made {
        let mut made = self.failed_made;
        made.add(self.unanswered_made);
        made
    }

    /// The mean reply time, if there are at least `least` replies.
    pub fn mean(&self, least: u32) -> Option<Span> {
        let (count, sum) = self.replies;
        let mean = sum.checked_div(u64::from(count)).map(Span::from_micros);
        mean.filter(|_| count >= least)
    }

    /// Failures, where unanswered calls count only if they were made over `min_silence`: an
    /// error is an answer and speaks at once, silence speaks only when it lasts.
    pub fn lasting_failures(&self, min_silence: Span) -> u32 {
        if self.unanswered > 0 && self.unanswered_made.over() < min_silence {
            self.failed
        } else {
            self.failures()
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Second {
    second: u32,
    tally: Tally,
}

/// The settled calls that a judge may see.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    seconds: VecDeque<Second>,
    /// Number of the tally at the front.
    base: u64,
    /// The next call starts a tally of its own.
    cut: bool,
    last: VecDeque<(Settled, Mark)>,
    /// Failures in all tallies: without any, no rule needs to look.
    failures: u32,
    /// Failures among the last calls.
    last_failures: u32,
}

impl Evidence {
    /// Adds a settled call.
    pub fn record(&mut self, call: Settled) {
        self.tally(call.at).count(&call);
        self.failures += u32::from(call.outcome.against());
        if self.last.len() == LAST
            && let Some((oldest, _)) = self.last.pop_front()
        {
            self.last_failures -= u32::from(oldest.outcome.against());
        }
        self.last_failures += u32::from(call.outcome.against());
        self.last.push_back((call, Mark(self.base + self.seconds.len() as u64 - 1)));
    }

    /// Adds the time of a reply heard at `at`, late ones included.
    pub fn reply(&mut self, at: Instant, time: Span) {
        let (count, sum) = &mut self.tally(at).replies;
        *count += 1;
        *sum = sum.saturating_add(time.micros());
    }

    fn tally(&mut self, at: Instant) -> &mut Tally {
        let second = at.second();
        if self.cut || self.seconds.back().is_none_or(|last| last.second != second) {
            self.cut = false;
            self.roll(at);
            self.seconds.push_back(Second { second, tally: Tally::EMPTY });
        }
        let last = self.seconds.len() - 1;
        &mut self.seconds[last].tally
    }

    /// Forgets what is older than five minutes.
    pub fn roll(&mut self, now: Instant) {
        let oldest = now.second().saturating_add(1).saturating_sub(LONGEST);
        while let Some(front) = self.seconds.front().filter(|front| front.second < oldest) {
            self.failures -= front.tally.failures();
            self.seconds.pop_front();
            self.base += 1;
        }
    }

    /// The mark from which only later calls are seen.
    pub fn mark(&mut self) -> Mark {
        self.cut = true;
        Mark(self.base + self.seconds.len() as u64)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.base += self.seconds.len() as u64;
        self.seconds.clear();
        self.last.clear();
        self.failures = 0;
        self.last_failures = 0;
    }

    /// Whether no failure is in sight, be it among the tallies or the last twenty.
    pub fn is_clean(&self) -> bool {
        self.failures == 0 && self.last_failures == 0
    }

    /// Whether the tallies hold nothing.
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// The sum over the last `secs` seconds, from `mark` on.
    pub fn sum(&self, now: Instant, secs: u32, mark: Mark) -> Tally {
        let oldest = now.second().saturating_add(1).saturating_sub(secs);
        let first = mark.0.saturating_sub(self.base) as usize;
        let mut sum = Tally::EMPTY;
        for second in self.seconds.iter().skip(first).rev() {
            if second.second < oldest {
                break;
            }
            sum.add(&second.tally);
        }
        sum
    }

    /// The last settled calls, newest first, from `mark` on and none older than an hour.
    pub fn last(&self, now: Instant, mark: Mark) -> impl Iterator<Item = &Settled> {
        self.last
            .iter()
            .rev()
            .take_while(move |(call, at)| *at >= mark && now.since(call.at) <= LAST_MAX_AGE)
            .map(|(call, _)| call)
    }

    /// The sum of the last `count` settled calls; `None` if there are fewer.
    pub fn sum_of_last(&self, now: Instant, count: u32, mark: Mark) -> Option<Tally> {
        let mut sum = Tally::EMPTY;
        for call in self.last(now, mark).take(count as usize) {
            sum.count(call);
        }
        (sum.settled == count).then_some(sum)
    }

    /// How many of the last calls in a row were unanswered, up to twenty.
    pub fn unanswered_in_a_row(&self, now: Instant, mark: Mark) -> u32 {
        let run = self.last(now, mark).take_while(|call| call.outcome == Outcome::Unanswered);
        run.count() as u32
    }

    /// Whether the last `count` calls are unanswered and nothing was heard since the first of
    /// them was made, nor for `min_silence`.
    pub fn silent(
        &self,
        now: Instant,
        count: u32,
        mark: Mark,
        heard: Option<Instant>,
        min_silence: Span,
    ) -> bool {
        if self.unanswered_in_a_row(now, mark) < count {
            return false;
        }
        let first = self.last_made(now, count, mark);
        heard.is_none_or(|heard| heard < first && now.since(heard) >= min_silence)
    }

    /// When the earliest of the last `count` calls was made.
    fn last_made(&self, now: Instant, count: u32, mark: Mark) -> Instant {
        let made = self.last(now, mark).take(count as usize).map(|call| call.made);
        made.min().unwrap_or(now)
    }
}
