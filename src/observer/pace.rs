//! How fast a service usually answers: what its patience and its slowness are measured by.
//!
//! The last twenty replies stand in where the recent windows hold too few, so that a service
//! called twice an hour is judged like a busy one. The hour before is kept in slices of five
//! minutes with full resolution; it is merged only when someone asks, which is when replies
//! are slow.

use super::evidence::{LAST, LAST_MAX_AGE};
use super::latency::{Histogram, bin};
use super::settings::Patience;
use super::time::{Instant, Span};
use super::window::Window;
use std::collections::VecDeque;

/// Length of a slice of the hour, in seconds, and how many are kept beside the current one.
const SLICE: u32 = 300;
const SLICES: u32 = 12;
/// How long after its floor the last seconds are taken for what they are.
const SETTLED_AFTER: Span = Span::from_secs(20);

/// Reply times of one service beyond its windows.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    last: VecDeque<(Instant, Span)>,
    hour: VecDeque<(u32, Histogram)>,
    patience: Cached,
}

/// The patience computed last, and what it was computed from.
#[derive(Clone, Copy, Debug, Default)]
struct Cached {
    second: u32,
    replies: u64,
    value: Option<Span>,
}

impl Pace {
    /// Adds the time of a reply heard now, late ones included.
    pub fn reply(&mut self, now: Instant, time: Span) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back((now, time));
        let slice = now.second() / SLICE;
        if self.hour.back().is_none_or(|(last, _)| *last != slice) {
            self.hour.push_back((slice, Histogram::default()));
            while self.hour.front().is_some_and(|(first, _)| first + SLICES < slice) {
                self.hour.pop_front();
            }
        }
        if let Some((_, histogram)) = self.hour.back_mut() {
            histogram.add(bin(time), 1);
        }
    }

    /// How long to wait for the reply to a call made now. `window` is rolled to now.
    pub fn patience(&mut self, now: Instant, window: &Window, policy: &Patience) -> Span {
        let replies = window.running().map_or(0, Histogram::count);
        // The quantile hardly moves within a second or by a twentieth more replies, and a call
        // should not pay for it; the first replies, which decide much, always count.
        let fresh = self.patience.second == now.second()
            && replies.abs_diff(self.patience.replies).saturating_mul(20) < replies;
        if let (true, Some(value)) = (fresh, self.patience.value) {
            return value;
        }
        let value = self.learned(now, window, policy).unwrap_or(policy.initial);
        self.patience = Cached { second: now.second(), replies, value: Some(value) };
        value
    }

    fn learned(&self, now: Instant, window: &Window, policy: &Patience) -> Option<Span> {
        let recent = window.running().filter(|all| all.count() >= u64::from(policy.samples));
        let usual = match recent {
            Some(histogram) => histogram.quantile(policy.quantile)?,
            None => {
                let mut times = self.last_times(now, Instant::default());
                if times.len() < policy.samples as usize {
                    return None;
                }
                nearest_rank(&mut times, policy.quantile)?
            }
        };
        Some(usual.scaled(policy.factor).clamp(policy.min, policy.max))
    }

    /// The median of the replies of the last 10 s or of the last twenty to calls made after
    /// `floor`, whichever are more, and the median of the hour before them if it holds at least
    /// `baseline` replies.
    pub fn medians(
        &self,
        now: Instant,
        window: &Window,
        floor: Instant,
        baseline: u32,
    ) -> (Option<Span>, Option<Span>) {
        // Shortly after the floor the last seconds also hold late replies to older calls.
        let settled = now.since(floor) > SETTLED_AFTER;
        let seconds = if settled { window.histogram(now, 10) } else { Histogram::default() };
        let mut last = self.last_times(now, floor);
        let few = last.len() as u64 > seconds.count();
        let set = if few { last.iter().map(|time| (bin(*time), 1)).collect() } else { seconds };
        let median = if few { nearest_rank(&mut last, 0.5) } else { set.quantile(0.5) };
        let mut before = Histogram::default();
        for (_, slice) in self.slices(now) {
            before.merge(slice);
        }
        for (bin, count) in set.bins() {
            before.remove(bin, count);
        }
        let enough = before.count() >= u64::from(baseline);
        (median, before.quantile(0.5).filter(|_| enough))
    }

    /// The longest of the last twenty replies; a cheap first look for slowness.
    pub fn longest_of_last(&self) -> Span {
        self.last.iter().map(|(_, time)| *time).max().unwrap_or_default()
    }

    fn last_times(&self, now: Instant, floor: Instant) -> Vec<Span> {
        let recent = |at: Instant, time| at - time > floor && now.since(at) <= LAST_MAX_AGE;
        let times = self.last.iter().filter(|(at, time)| recent(*at, *time));
        times.map(|(_, time)| *time).collect()
    }

    fn slices(&self, now: Instant) -> impl Iterator<Item = &(u32, Histogram)> {
        let slice = now.second() / SLICE;
        self.hour.iter().filter(move |(at, _)| at + SLICES >= slice)
    }
}

impl FromIterator<(u16, u32)> for Histogram {
    fn from_iter<I: IntoIterator<Item = (u16, u32)>>(bins: I) -> Self {
        let mut histogram = Self::default();
        for (bin, count) in bins {
            histogram.add(bin, count);
        }
        histogram
    }
}

fn nearest_rank(times: &mut [Span], quantile: f64) -> Option<Span> {
    times.sort_unstable();
    let rank = ((quantile * times.len() as f64).ceil() as usize).max(1);
    times.get(rank - 1).copied()
}
