//! Mergeable histograms of reply times.
//!
//! Bins are log-linear, as in HdrHistogram: below 32 µs one bin per microsecond, above it 32
//! bins per octave, so a bin's middle is within 1/64 (1.6 %) of every value in it. Times above
//! ten minutes share the last bin. A histogram keeps only the stretch of bins it has seen, so
//! a service with steady latencies costs some hundred bytes. Integer arithmetic throughout:
//! equal inputs give equal figures on every machine.

use super::time::Span;

/// Sub-bins per octave, as a power of two.
const SUB_BITS: u32 = 5;
const SUB: u64 = 1 << SUB_BITS;
/// The longest time that is told apart: 10 min, the longest deadline of a call.
const MAX_MICROS: u64 = 600_000_000;

/// The bin that a reply time falls into.
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

/// Counts of reply times by bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The bin of `counts[0]`.
    first: u16,
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    /// Adds `count` times that fell into `bin`.
    pub fn add(&mut self, bin: u16, count: u32) {
        if self.counts.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let missing = usize::from(self.first - bin);
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = bin;
        }
        let at = usize::from(bin - self.first);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(slot) = self.counts.get_mut(at) {
            *slot = slot.saturating_add(count);
            self.total += u64::from(count);
        }
    }

    /// Takes back `count` times that were added to `bin` before.
    pub fn remove(&mut self, bin: u16, count: u32) {
        let at = usize::from(bin.wrapping_sub(self.first));
        if let Some(slot) = self.counts.get_mut(at) {
            let taken = count.min(*slot);
            *slot -= taken;
            self.total -= u64::from(taken);
        }
    }

    /// Adds everything another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in other.bins() {
            self.add(bin, count);
        }
    }

    /// How many times fell into `bin`.
    pub fn count_of(&self, bin: u16) -> u32 {
        self.counts.get(usize::from(bin.wrapping_sub(self.first))).copied().unwrap_or(0)
    }

    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The bins that hold something, lowest first.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (u16, u32)> + '_ {
        let first = self.first;
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(move |(at, count)| (first + at as u16, *count))
    }

    /// The `quantile` (0 to 1) by nearest rank, within 1.6 %; `None` if it holds nothing.
    pub fn quantile(&self, quantile: f64) -> Option<Span> {
        if self.total == 0 {
            return None;
        }
        let rank = ((quantile * self.total as f64).ceil() as u64).clamp(1, self.total);
        // Counted from the top, as the quantiles in demand are the high ones.
        let mut above = self.total - rank;
        for (bin, count) in self.bins().rev() {
            if above < u64::from(count) {
                return Some(middle(bin));
            }
            above -= u64::from(count);
        }
        None
    }
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
        self.min = if self.histogram.count() == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.sum_micros = self.sum_micros.saturating_add(time.micros());
        self.histogram.add(bin(time), 1);
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
    }

    #[test]
    fn quantiles_are_by_nearest_rank_also_after_merge_and_removal() {
        let mut all = Histogram::default();
        let mut half = Histogram::default();
        for micros in (0..200_u64).rev() {
            let bin = bin(Span::from_micros(micros * 1_000));
            if micros % 2 == 0 { all.add(bin, 1) } else { half.add(bin, 1) }
        }
        all.merge(&half);
        assert_eq!(all.count(), 200);
        for (quantile, rank) in [(0.0, 1_u64), (0.5, 100), (0.95, 190), (0.99, 198), (1.0, 200)] {
            let exact = (rank - 1) as f64;
            let told = all.quantile(quantile).map_or(f64::NAN, Span::as_millis_f64);
            assert!((told - exact).abs() <= exact * 0.016, "{quantile}: {told} for {exact}");
        }
        let top = bin(Span::from_micros(199_000));
        all.remove(top, u32::MAX);
        assert!(all.quantile(1.0) < Some(middle(top)));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
