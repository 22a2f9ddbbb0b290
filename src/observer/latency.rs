//! Reply times: their bins, and their figures over a whole run.
//!
//! Bins are log-linear, as in HdrHistogram: below 32 µs one bin per microsecond, above it 32
//! bins per octave, so a bin's middle is within 1/64 (1.6 %) of every value in it. Times above
//! ten minutes share the last bin. Integer arithmetic throughout: equal inputs give equal
//! figures on every machine.

use super::histogram::Histogram;
use super::time::Span;

/// Sub-bins per octave, as a power of two.
const SUB_BITS: u32 = 5;
const SUB: u64 = 1 << SUB_BITS;
/// The longest time that is told apart: 10 min, the longest deadline of a call.
const MAX_MICROS: u64 = 600_000_000;
/// Bits that a bin needs.
pub const BIN_BITS: u32 = 10;

/// The last bin there may be.
pub const LAST_BIN: u16 = (1 << BIN_BITS) - 1;

/// The bin that a reply time falls into.
#[inline]
pub fn bin(time: Span) -> u16 {
    let micros = time.micros().min(MAX_MICROS);
    if micros < SUB {
        return micros as u16;
    }
    let shift = micros.ilog2() - SUB_BITS;
    (SUB * u64::from(shift) + (micros >> shift)) as u16
}

/// The time in the middle of a bin.
pub fn middle(bin: u16) -> Span {
    let bin = u64::from(bin);
    if bin < 2 * SUB {
        return Span::from_micros(bin);
    }
    let shift = bin / SUB - 1;
    let low = (bin % SUB + SUB) << shift;
    Span::from_micros(low + (1 << shift) / 2)
}

/// What is exact of reply times: their sum and extremes, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    sum: u64,
    /// Up to 71 min, far beyond the longest time that is told apart.
    min: u32,
    max: u32,
}

impl Default for Exact {
    fn default() -> Self {
        Self { sum: 0, min: u32::MAX, max: 0 }
    }
}

impl Exact {
    /// Adds one reply time in microseconds.
    pub fn add(&mut self, micros: u32) {
        self.min = self.min.min(micros);
        self.max = self.max.max(micros);
        self.sum = self.sum.saturating_add(u64::from(micros));
    }

    /// The figures of all that was added, whose bins are these; all absent if there is none.
    pub fn figures(&self, replies: &Histogram) -> Latency {
        let count = replies.count();
        let span = |micros: u32| Span::from_micros(u64::from(micros));
        let (min, max) = (span(self.min), span(self.max));
        let quantile = |q| replies.quantile(q).map(|time| time.max(min).min(max));
        Latency {
            count,
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
            mean: self.sum.checked_div(count).map(Span::from_micros),
            max: (count > 0).then_some(max),
        }
    }
}

/// Figures of reply times; absent where there was no reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many replies.
    pub count: u64,
    /// Median.
    pub p50: Option<Span>,
    /// 95th percentile.
    pub p95: Option<Span>,
    /// 99th percentile.
    pub p99: Option<Span>,
    /// Mean, exact.
    pub mean: Option<Span>,
    /// Longest, exact.
    pub max: Option<Span>,
}

impl From<&Histogram> for Latency {
    /// The figures of times that are known by their bins, so each is within 1.6 %.
    fn from(replies: &Histogram) -> Self {
        let count = replies.count();
        let times = replies.bins().map(|(bin, count)| middle(bin).micros() * u64::from(count));
        Self {
            count,
            p50: replies.quantile(0.50),
            p95: replies.quantile(0.95),
            p99: replies.quantile(0.99),
            mean: times.sum::<u64>().checked_div(count).map(Span::from_micros),
            max: replies.quantile(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_is_within_two_percent_of_every_time_in_it() {
        let mut micros = 1_u64;
        let mut last = 0;
        while micros < MAX_MICROS {
            let index = bin(Span::from_micros(micros));
            assert!(index >= last, "bins are in order at {micros}");
            last = index;
            let error = middle(index).micros() as f64 / micros as f64 - 1.0;
            assert!(error.abs() <= 0.016, "{micros} µs is told as {:?}", middle(index));
            micros += 1 + micros / 97;
        }
        assert_eq!(bin(Span::from_secs(10_000)), bin(Span::from_secs(600)));
        assert!(bin(Span::from_secs(10_000)) < 1 << BIN_BITS);
    }
}
