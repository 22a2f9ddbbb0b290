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

/// Reply times over the whole run: quantiles, and exact mean and extremes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    histogram: Histogram,
    sum_micros: u64,
    min: Span,
    max: Span,
}

impl Lifetime {
    /// Adds one reply time.
    pub fn add(&mut self, time: Span) {
        self.add_in(bin(time), time);
    }

    /// Adds one reply time whose bin is known.
    #[inline]
    pub fn add_in(&mut self, bin: u16, time: Span) {
        self.min = if self.histogram.count() == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.sum_micros = self.sum_micros.saturating_add(time.micros());
        self.histogram.add_one(bin);
    }

    /// Adds everything another one holds.
    pub fn merge(&mut self, other: &Self) {
        if other.histogram.count() == 0 {
            return;
        }
        let empty = self.histogram.count() == 0;
        self.min = if empty { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.sum_micros = self.sum_micros.saturating_add(other.sum_micros);
        self.histogram.merge(&other.histogram);
    }

    /// All reply times, by bin.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// The figures; all absent if there was no reply.
    pub fn figures(&self) -> Latency {
        let count = self.histogram.count();
        let quantile = |q| self.histogram.quantile(q).map(|t| t.clamp(self.min, self.max));
        Latency {
            count,
            p50: quantile(0.50),
            p95: quantile(0.95),
            p99: quantile(0.99),
            mean: self.sum_micros.checked_div(count).map(Span::from_micros),
            max: (count > 0).then_some(self.max),
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
