//! How fast a service usually answers: what its patience and its slowness are measured by.
//!
//! The last twenty replies stand in where the recent windows hold too few, so that a service
//! called twice an hour is judged like a busy one. The hour before is kept in slices of ten
//! minutes with full resolution; it is merged only when someone asks, which is when replies
//! are slow.

use super::evidence::LAST_MAX_AGE;
use super::histogram::{Histogram, rank};
use super::last::LAST;
use super::latency::{LAST_BIN, bin, middle};
use super::settings::{Patience, VerdictPolicy};
use super::time::{Instant, Span};
use super::window::{MINUTES, Window};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Length of a slice of the hour, in seconds, and how many are kept beside the current one.
const SLICE: u32 = 600;
const SLICES: u32 = 6;
/// How long after its floor the last seconds are taken for what they are.
const SETTLED_AFTER: Span = Span::from_secs(20);

/// A patience, and how long it is known to be the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Learned {
    /// How long a call is waited for.
    pub span: Span,
    /// It is so before this second,
    pub before: u32,
    /// unless a reply takes longer than so many microseconds.
    pub unless: u32,
}

impl Learned {
    /// A patience that does not change.
    pub const fn fixed(span: Span) -> Self {
        Self { span, before: u32::MAX, unless: u32::MAX }
    }

    /// A reply took so many microseconds.
    pub const fn heard(&mut self, micros: u32) {
        if micros > self.unless {
            self.before = 0;
        }
    }
}

/// Replies that take no longer leave patience at its least, whatever share of them is looked at.
pub fn brisk(policy: &Patience) -> Span {
    let least = |time: &Span| time.scaled(policy.factor) <= policy.min;
    (0..=LAST_BIN).rev().map(middle).find(least).unwrap_or_default()
}

/// Reply times of one service beyond its windows.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    last: VecDeque<(Instant, Span)>,
    hour: VecDeque<(u32, Histogram)>,
}

impl Pace {
    /// Notes the time of a reply heard now, late ones included, for the last twenty.
    pub fn reply(&mut self, now: Instant, time: Span) {
        if self.last.len() == LAST {
            self.last.pop_front();
        } else if self.last.capacity() == 0 {
            self.last.reserve_exact(LAST);
        }
        self.last.push_back((now, time));
    }

    /// Adds reply times of one bin, heard in `second`, to the hour.
    pub fn remember(&mut self, second: u32, bin: u16, count: u32) {
        let slice = second / SLICE;
        if self.hour.back().is_none_or(|(last, _)| *last != slice) {
            while self.hour.front().is_some_and(|(first, _)| first + SLICES < slice) {
                self.hour.pop_front();
            }
            if self.hour.capacity() == 0 {
                self.hour.reserve_exact(SLICES as usize + 1);
            }
            self.hour.push_back((slice, Histogram::default()));
        }
        if let Some((_, histogram)) = self.hour.back_mut() {
            histogram.add(bin, count);
        }
    }

    /// How long to wait for the reply to a call made now. `window` is rolled to now; `brisk` is
    /// [`brisk`] of the policy.
    pub fn patience(
        &self,
        now: Instant,
        window: &Window,
        policy: &Patience,
        brisk: Span,
    ) -> Learned {
        let replies = window.replies();
        let enough = replies.count() >= u64::from(policy.samples);
        let usual = if enough {
            replies.quantile(policy.quantile)
        } else {
            let mut times = self.last_times(now, Instant::default());
            let enough = times.len() >= policy.samples as usize;
            if enough { nearest_rank(&mut times, policy.quantile) } else { None }
        };
        let learned = |usual: Span| usual.scaled(policy.factor).clamp(policy.min, policy.max);
        let span = usual.map_or(policy.initial, learned);
        // What takes longer than is brisk may be a share of the replies as large as the quantile
        // leaves. It does not grow unseen, and enough replies stay for some minutes.
        let long = replies.count_from(bin(brisk) + 1);
        let lasts = |minutes: u32| {
            let lasting = window.lasting_replies(now, minutes);
            lasting >= u64::from(policy.samples) && long + rank(policy.quantile, lasting) <= lasting
        };
        let minutes = (1..=MINUTES).rev().find(|minutes| lasts(*minutes));
        let before = minutes.map_or(0, |minutes| now.second().saturating_add(60 * minutes));
        let unless = u32::try_from(brisk.micros()).unwrap_or(u32::MAX);
        Learned { span, before, unless }
    }

    /// The median of the replies of the short span or of the last twenty to calls made after
    /// `floor`, whichever are more, and the median of the hour before them if it holds enough.
    pub fn medians(
        &self,
        now: Instant,
        window: &Window,
        floor: Instant,
        policy: &VerdictPolicy,
    ) -> (Option<Span>, Option<Span>) {
        // Shortly after the floor the last seconds also hold late replies to older calls.
        let settled = now.since(floor) > SETTLED_AFTER;
        let secs = policy.short_span.whole_secs();
        let seconds =
            if settled { window.histogram(now, secs, None) } else { Histogram::default() };
        let mut last = self.last_times(now, floor);
        let few = last.len() as u64 > seconds.count();
        let set = if few { last.iter().map(|time| (bin(*time), 1)).collect() } else { seconds };
        let median = if few { nearest_rank(&mut last, 0.5) } else { set.quantile(0.5) };
        let mut before = Histogram::default();
        for (_, slice) in self.slices(now) {
            before.merge(slice);
        }
        window.visit_unfolded(|entry| {
            if entry.kind.has_time() {
                before.add(entry.bin, entry.count);
            }
        });
        for (bin, count) in set.bins() {
            before.remove(bin, count);
        }
        let enough = before.count() >= u64::from(policy.slow_baseline);
        (median, before.quantile(0.5).filter(|_| enough))
    }

    /// The median of the last `count` replies to calls made after `floor`, at most twenty;
    /// `None` if there are fewer.
    pub fn median_of_last(&self, now: Instant, count: usize, floor: Instant) -> Option<Span> {
        let times = self.last_times(now, floor);
        let mut last: SmallVec<[Span; LAST]> = times.iter().rev().take(count).copied().collect();
        if last.len() == count { nearest_rank(&mut last, 0.5) } else { None }
    }

    /// The longest of the last twenty replies; a cheap first look for slowness.
    pub fn longest_of_last(&self) -> Span {
        self.last.iter().map(|(_, time)| *time).max().unwrap_or_default()
    }

    /// When the last reply was heard; the beginning of time if there was none.
    pub fn last_heard(&self) -> Instant {
        self.last.back().map_or(Instant::default(), |(at, _)| *at)
    }

    /// When each of the last so many replies was made and heard, oldest first; at most twenty.
    pub fn last(&self, count: u32) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let first = self.last.len().saturating_sub(count as usize);
        self.last.iter().skip(first).map(|(at, time)| (*at - *time, *at))
    }

    fn last_times(&self, now: Instant, floor: Instant) -> SmallVec<[Span; LAST]> {
        let recent = |at: Instant, time| at - time > floor && now.since(at) <= LAST_MAX_AGE;
        let times = self.last.iter().filter(|(at, time)| recent(*at, *time));
        times.map(|(_, time)| *time).collect()
    }

    fn slices(&self, now: Instant) -> impl Iterator<Item = &(u32, Histogram)> {
        let slice = now.second() / SLICE;
        self.hour.iter().filter(move |(at, _)| at + SLICES >= slice)
    }
}

fn nearest_rank(times: &mut [Span], quantile: f64) -> Option<Span> {
    times.sort_unstable();
    times.get(rank(quantile, times.len() as u64) as usize - 1).copied()
}
