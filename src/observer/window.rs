//! Exact counts and reply times over the last 10 s, 2 min and 5 min.
//!
//! One bucket per second in which something happened, by the time of settlement; a span of
//! `n` seconds is the current second and the `n − 1` before it. Seconds without traffic cost
//! nothing, and a gap longer than the window is a cold start: its buckets are simply gone.
//! Reply times are logged by bin; when a second is over, equal bins are merged, so the log
//! grows with the variety of latencies, not with the rate.

use super::call::Outcome;
use super::latency::{Histogram, Latency, bin};
use super::time::{Instant, Span};
use std::collections::VecDeque;

/// The longest span that figures are kept for, in seconds.
const LONGEST: u32 = 300;

/// Counts over a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls made.
    pub calls: u64,
    /// Settled with a result.
    pub ok: u64,
    /// Settled with an error of the caller's doing.
    pub rejected: u64,
    /// Settled with an error of the service's doing.
    pub failed: u64,
    /// Settled without a reply.
    pub unanswered: u64,
    /// Replies that came too late.
    pub late: u64,
}

impl Counts {
    /// Calls that count: all but void ones.
    pub const fn settled(&self) -> u64 {
        self.answered() + self.unanswered
    }

    /// Calls that got a reply in time.
    pub const fn answered(&self) -> u64 {
        self.ok + self.rejected + self.failed
    }

    /// Replied / settled; absent if nothing settled.
    pub fn response_rate(&self) -> Option<f64> {
        ratio(self.answered(), self.settled())
    }

    /// (Rejected + failed + unanswered) / settled; absent if nothing settled.
    pub fn error_rate(&self) -> Option<f64> {
        ratio(self.rejected + self.failed + self.unanswered, self.settled())
    }

    /// (Failed + unanswered) / settled; absent if nothing settled.
    pub fn failure_rate(&self) -> Option<f64> {
        ratio(self.failed + self.unanswered, self.settled())
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    second: u32,
    calls: u32,
    ok: u32,
    rejected: u32,
    failed: u32,
    unanswered: u32,
    late: u32,
    replies: u32,
    max_micros: u32,
    sum_micros: u64,
}

/// Reply times of one second that fell into one bin.
#[derive(Clone, Copy, Debug)]
struct Entry {
    second: u32,
    bin: u16,
    count: u16,
}

/// The last five minutes of one service or method.
#[derive(Clone, Debug, Default)]
pub struct Window {
    buckets: VecDeque<Bucket>,
    log: VecDeque<Entry>,
    /// Bins of `second`, not yet merged into the log.
    current: Vec<u16>,
    second: u32,
    /// All of the log and of `current`, kept up to date if asked for.
    running: Option<Histogram>,
}

impl Window {
    /// A window that also keeps its five-minute histogram ready at all times.
    pub fn with_running_histogram() -> Self {
        Self { running: Some(Histogram::default()), ..Self::default() }
    }

    /// Counts a call made now.
    pub fn call(&mut self, now: Instant) {
        self.bucket(now).calls += 1;
    }

    /// Counts a call that settled now. Void calls are not settled.
    pub fn settle(&mut self, now: Instant, outcome: Outcome) {
        let bucket = self.bucket(now);
        match outcome {
            Outcome::Ok => bucket.ok += 1,
            Outcome::Rejected => bucket.rejected += 1,
            Outcome::Failed => bucket.failed += 1,
            Outcome::Unanswered => bucket.unanswered += 1,
            Outcome::Void => {}
        }
    }

    /// Adds the time of a reply heard now; `late` ones count too.
    pub fn reply(&mut self, now: Instant, time: Span, late: bool) {
        let bucket = self.bucket(now);
        bucket.late += u32::from(late);
        bucket.replies += 1;
        bucket.sum_micros = bucket.sum_micros.saturating_add(time.micros());
        bucket.max_micros = bucket.max_micros.max(u32::try_from(time.micros()).unwrap_or(u32::MAX));
        let bin = bin(time);
        self.current.push(bin);
        if let Some(running) = &mut self.running {
            running.add(bin, 1);
        }
    }

    /// Forgets what is older than the longest span.
    pub fn roll(&mut self, now: Instant) {
        let second = now.second();
        if self.second != second {
            self.seal();
            self.second = second;
        }
        let oldest = oldest(second, LONGEST);
        while self.buckets.front().is_some_and(|bucket| bucket.second < oldest) {
            self.buckets.pop_front();
        }
        while let Some(entry) = self.log.front().filter(|entry| entry.second < oldest) {
            if let Some(running) = &mut self.running {
                running.remove(entry.bin, u32::from(entry.count));
            }
            self.log.pop_front();
        }
    }

    /// Whether nothing happened within the longest span.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Counts over the last `secs` seconds.
    pub fn counts(&self, now: Instant, secs: u32) -> Counts {
        let mut counts = Counts::default();
        for bucket in self.since(now, secs) {
            counts.calls += u64::from(bucket.calls);
            counts.ok += u64::from(bucket.ok);
            counts.rejected += u64::from(bucket.rejected);
            counts.failed += u64::from(bucket.failed);
            counts.unanswered += u64::from(bucket.unanswered);
            counts.late += u64::from(bucket.late);
        }
        counts
    }

    /// Reply times over the last `secs` seconds.
    pub fn latency(&self, now: Instant, secs: u32) -> Latency {
        let (mut count, mut sum, mut max) = (0_u64, 0_u64, 0_u32);
        for bucket in self.since(now, secs) {
            count += u64::from(bucket.replies);
            sum = sum.saturating_add(bucket.sum_micros);
            max = max.max(bucket.max_micros);
        }
        if count == 0 {
            return Latency::default();
        }
        let max = Span::from_micros(u64::from(max));
        let histogram = self.histogram(now, secs);
        let quantile = |q| histogram.quantile(q).map(|time| time.min(max));
        Latency {
            count,
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
            mean: sum.checked_div(count).map(Span::from_micros),
            max: Some(max),
        }
    }

    /// The longest reply time over the last `secs` seconds.
    pub fn longest(&self, now: Instant, secs: u32) -> Span {
        let micros = self.since(now, secs).map(|bucket| bucket.max_micros).max().unwrap_or(0);
        Span::from_micros(u64::from(micros))
    }

    /// The histogram of reply times over the last `secs` seconds.
    pub fn histogram(&self, now: Instant, secs: u32) -> Histogram {
        let oldest = oldest(now.second(), secs);
        let mut histogram = Histogram::default();
        for entry in self.log.iter().rev().take_while(|entry| entry.second >= oldest) {
            histogram.add(entry.bin, u32::from(entry.count));
        }
        if self.second >= oldest {
            for bin in &self.current {
                histogram.add(*bin, 1);
            }
        }
        histogram
    }

    /// The five-minute histogram, if this window keeps it ready. Call [`Window::roll`] before.
    pub fn running(&self) -> Option<&Histogram> {
        self.running.as_ref()
    }

    fn since(&self, now: Instant, secs: u32) -> impl Iterator<Item = &Bucket> {
        let oldest = oldest(now.second(), secs);
        self.buckets.iter().rev().take_while(move |bucket| bucket.second >= oldest)
    }

    fn bucket(&mut self, now: Instant) -> &mut Bucket {
        let second = now.second();
        if self.buckets.back().is_none_or(|last| last.second != second) {
            self.roll(now);
            self.buckets.push_back(Bucket { second, ..Bucket::default() });
        }
        let last = self.buckets.len() - 1;
        &mut self.buckets[last]
    }

    /// Merges the bins of the second that is over into the log.
    fn seal(&mut self) {
        self.current.sort_unstable();
        for run in self.current.chunk_by(|a, b| a == b) {
            for part in run.chunks(usize::from(u16::MAX)) {
                let entry = Entry { second: self.second, bin: part[0], count: part.len() as u16 };
                self.log.push_back(entry);
            }
        }
        self.current.clear();
        // A burst's buffer is not kept for a service that went quiet.
        self.current.shrink_to(256);
    }
}

/// The first second of a span that ends with `second`.
const fn oldest(second: u32, secs: u32) -> u32 {
    second.saturating_add(1).saturating_sub(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every event that a window counted, to compare with a plain sum.
    struct Naive(Vec<(u32, Outcome, Span)>);

    #[test]
    fn counts_and_times_agree_with_a_plain_list_over_every_span() {
        let mut window = Window::with_running_histogram();
        let mut naive = Naive(Vec::new());
        let mut state = 7_u64;
        let mut now = Instant::from_micros(1_000_000_000_000);
        for step in 0..4_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Mostly dense, with a quiet stretch and one gap beyond the window.
            let micros = if step == 2_000 { 400_000_000 } else { (state >> 40) % 400_000 };
            now = now + Span::from_micros(micros);
            let outcome = [Outcome::Ok, Outcome::Rejected, Outcome::Failed, Outcome::Unanswered]
                [(state >> 33) as usize % 4];
            window.settle(now, outcome);
            let time = Span::from_micros((state >> 20) % 3_000_000);
            if outcome.answered() {
                window.reply(now, time, false);
            }
            naive.0.push((now.second(), outcome, time));
            if step % 37 == 0 {
                compare(&window, &naive, now);
            }
        }
        now = now + Span::from_secs(301);
        window.roll(now);
        assert!(window.is_empty());
        assert_eq!(window.running().map(Histogram::count), Some(0));
    }

    fn compare(window: &Window, naive: &Naive, now: Instant) {
        for secs in [10, 120, LONGEST] {
            let within = || naive.0.iter().filter(|(at, ..)| at + secs > now.second());
            let counts = window.counts(now, secs);
            let count = |wanted| within().filter(|(_, outcome, _)| *outcome == wanted).count();
            assert_eq!(counts.ok, count(Outcome::Ok) as u64);
            assert_eq!(counts.rejected, count(Outcome::Rejected) as u64);
            assert_eq!(counts.failed, count(Outcome::Failed) as u64);
            assert_eq!(counts.unanswered, count(Outcome::Unanswered) as u64);
            let mut times: Vec<_> =
                within().filter(|(_, o, _)| o.answered()).map(|(.., time)| *time).collect();
            times.sort_unstable();
            let latency = window.latency(now, secs);
            assert_eq!(latency.count, times.len() as u64);
            assert_eq!(latency.max, times.last().copied());
            let sum: u64 = times.iter().map(|time| time.micros()).sum();
            assert_eq!(latency.mean.map(Span::micros), sum.checked_div(times.len() as u64));
            if let (Some(told), false) = (latency.p95, times.is_empty()) {
                let exact = times[(times.len() * 95).div_ceil(100) - 1].micros() as f64;
                assert!((told.micros() as f64 - exact).abs() <= exact * 0.02 + 1.0);
            }
        }
        let running = window.running().map(Histogram::count);
        assert_eq!(running, Some(window.histogram(now, LONGEST).count()));
    }

    #[test]
    fn a_span_without_settled_calls_has_no_rate() {
        let counts = Window::default().counts(Instant::from_micros(5), 10);
        assert_eq!(counts.response_rate(), None);
        assert_eq!(counts.failure_rate(), None);
    }
}
