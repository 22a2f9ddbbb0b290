//! Mergeable histograms: counts by bin, as wide as they need to be.
//!
//! A histogram keeps only the stretch of bins it has seen, in one byte a bin until a count no
//! longer fits, then in two, then in four: a service with steady latencies costs some hundred
//! bytes, and there are a dozen histograms a service and one a method. What the bins mean is
//! `latency`'s.

use super::latency::middle;
use super::time::Span;

/// Bins that a histogram grows by.
const STEP: u16 = 16;

/// Counts by bin, in the narrowest type that holds them.
#[derive(Clone, Debug)]
enum Counts {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
}

/// Does the same to the counts whatever their width.
macro_rules! each_width {
    ($counts:expr, $list:ident => $do:expr) => {
        match $counts {
            Counts::Bytes($list) => $do,
            Counts::Shorts($list) => $do,
            Counts::Words($list) => $do,
        }
    };
}

impl Counts {
    fn len(&self) -> usize {
        each_width!(self, list => list.len())
    }

    fn get(&self, at: usize) -> u32 {
        match self {
            Self::Bytes(list) => list.get(at).copied().map_or(0, u32::from),
            Self::Shorts(list) => list.get(at).copied().map_or(0, u32::from),
            Self::Words(list) => list.get(at).copied().unwrap_or(0),
        }
    }

    /// Makes room for so many bins before and after.
    fn grow(&mut self, front: usize, back: usize) {
        each_width!(self, list => {
            // Exactly: there are many histograms, and they grow a few times in their lives.
            let mut wider = Vec::with_capacity(front + list.len() + back);
            wider.resize(front, 0);
            wider.extend_from_slice(list);
            wider.resize(front + list.len() + back, 0);
            *list = wider;
        });
    }

    /// Adds to a count that is there and stays within its width; false if it is not or does not.
    fn bump(&mut self, at: usize, count: u32) -> bool {
        match self {
            Self::Bytes(list) => {
                let slot = list.get_mut(at);
                let more = slot.as_deref().zip(u8::try_from(count).ok());
                let sum = more.and_then(|(slot, count)| slot.checked_add(count));
                slot.zip(sum).map(|(slot, sum)| *slot = sum).is_some()
            }
            Self::Shorts(list) => {
                let slot = list.get_mut(at);
                let more = slot.as_deref().zip(u16::try_from(count).ok());
                let sum = more.and_then(|(slot, count)| slot.checked_add(count));
                slot.zip(sum).map(|(slot, sum)| *slot = sum).is_some()
            }
            Self::Words(list) => {
                let slot = list.get_mut(at);
                let sum = slot.as_deref().and_then(|slot| slot.checked_add(count));
                slot.zip(sum).map(|(slot, sum)| *slot = sum).is_some()
            }
        }
    }

    /// Sets a count, widening all of them if it does not fit.
    fn set(&mut self, at: usize, count: u32) {
        let fits = match self {
            Self::Bytes(_) => count <= u32::from(u8::MAX),
            Self::Shorts(_) => count <= u32::from(u16::MAX),
            Self::Words(_) => true,
        };
        if !fits {
            *self = match self {
                Self::Bytes(list) if count <= u32::from(u16::MAX) => {
                    Self::Shorts(list.iter().map(|count| u16::from(*count)).collect())
                }
                _ => Self::Words((0..self.len()).map(|at| self.get(at)).collect()),
            };
        }
        match self {
            Self::Bytes(list) => put(list, at, count as u8),
            Self::Shorts(list) => put(list, at, count as u16),
            Self::Words(list) => put(list, at, count),
        }
    }
}

/// Takes as much of `count` from a count as it holds, and says how much that was.
fn lower<T: Copy + Into<u32> + TryFrom<u32>>(list: &mut [T], at: usize, count: u32) -> u32 {
    let Some(slot) = list.get_mut(at) else { return 0 };
    let before: u32 = (*slot).into();
    let taken = count.min(before);
    // Not more than it was, so it fits.
    *slot = T::try_from(before - taken).unwrap_or(*slot);
    taken
}

fn put<T>(list: &mut [T], at: usize, count: T) {
    if let Some(slot) = list.get_mut(at) {
        *slot = count;
    }
}

/// Counts of reply times by bin.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The bin of the first count.
    first: u16,
    counts: Counts,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { first: 0, counts: Counts::Bytes(Vec::new()), total: 0 }
    }
}

impl PartialEq for Histogram {
    /// Equal counts are equal, however wide they are kept.
    fn eq(&self, other: &Self) -> bool {
        self.bins().eq(other.bins())
    }
}

impl Eq for Histogram {}

impl Histogram {
    /// Adds one time that fell into `bin`.
    #[inline]
    pub fn add_one(&mut self, bin: u16) {
        let at = usize::from(bin.wrapping_sub(self.first));
        let added = each_width!(&mut self.counts, list => match list.get_mut(at) {
            Some(slot) if slot.wrapping_add(1) != 0 => {
                *slot += 1;
                true
            }
            _ => false,
        });
        if added {
            self.total += 1;
        } else {
            self.add_beyond(bin, 1);
        }
    }

    /// Adds `count` times that fell into `bin`.
    pub fn add(&mut self, bin: u16, count: u32) {
        let at = usize::from(bin.wrapping_sub(self.first));
        if self.counts.bump(at, count) {
            self.total += u64::from(count);
        } else {
            self.add_beyond(bin, count);
        }
    }

    /// Adds where there is no room yet, or a count outgrows its width.
    #[cold]
    fn add_beyond(&mut self, bin: u16, count: u32) {
        // Room comes in steps, as the first replies of a service widen its stretch one by one.
        let (low, high) = (bin / STEP * STEP, bin / STEP * STEP + STEP);
        let len = self.counts.len();
        if len == 0 {
            self.first = low;
        }
        if low < self.first {
            self.counts.grow(usize::from(self.first - low), 0);
            self.first = low;
        }
        let needed = usize::from(high - self.first);
        if needed > self.counts.len() {
            self.counts.grow(0, needed - self.counts.len());
        }
        let at = usize::from(bin - self.first);
        let before = self.counts.get(at);
        let after = before.saturating_add(count);
        self.counts.set(at, after);
        self.total += u64::from(after - before);
    }

    /// Takes back `count` times that were added to `bin` before.
    pub fn remove(&mut self, bin: u16, count: u32) {
        let at = usize::from(bin.wrapping_sub(self.first));
        let taken = each_width!(&mut self.counts, list => lower(list, at, count));
        self.total -= u64::from(taken);
    }

    /// Adds everything another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in other.bins() {
            self.add(bin, count);
        }
    }

    /// How many times fell into `bin`.
    pub fn count_of(&self, bin: u16) -> u32 {
        self.counts.get(usize::from(bin.wrapping_sub(self.first)))
    }

    /// How many times fell into `bin` or a higher one.
    pub fn count_from(&self, bin: u16) -> u64 {
        let above = self.bins().rev().take_while(|(at, _)| *at >= bin);
        above.map(|(_, count)| u64::from(count)).sum()
    }

    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The bins that hold something, lowest first.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (u16, u32)> + '_ {
        let count = |at: usize| (self.first + at as u16, self.counts.get(at));
        (0..self.counts.len()).map(count).filter(|(_, count)| *count > 0)
    }

    /// The `quantile` (0 to 1) by nearest rank, within 1.6 %; `None` if it holds nothing.
    pub fn quantile(&self, quantile: f64) -> Option<Span> {
        if self.total == 0 {
            return None;
        }
        // Counted from the top, as the quantiles in demand are the high ones.
        let mut above = self.total - rank(quantile, self.total);
        let at = each_width!(&self.counts, list => list.iter().rposition(|count| {
            let here = u64::from(*count);
            let found = above < here;
            above -= if found { 0 } else { here };
            found
        }));
        at.map(|at| middle(self.first + at as u16))
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

/// The nearest rank, from 1, of a quantile among `total`.
pub fn rank(quantile: f64, total: u64) -> u64 {
    // A product that is whole on paper may come out a little above.
    let rank = quantile * total as f64 * (1.0 - 1e-12);
    (rank.ceil() as u64).clamp(1, total.max(1))
}

#[cfg(test)]
mod tests {
    use super::super::latency::bin;
    use super::*;

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

    #[test]
    fn counts_are_exact_at_every_width() {
        let mut histogram = Histogram::default();
        for (bin, count) in [(7, 255), (3, 1), (7, 1), (900, 65_279), (900, 1), (7, 70_000)] {
            histogram.add(bin, count);
        }
        let bins: Vec<_> = histogram.bins().collect();
        assert_eq!(bins, [(3, 1), (7, 70_256), (900, 65_280)]);
        assert_eq!(histogram.count(), 135_537);
        let narrow: Histogram = [(3, 1)].into_iter().collect();
        histogram.remove(7, u32::MAX);
        histogram.remove(900, 65_280);
        assert_eq!(histogram, narrow, "equal counts are equal at any width");
        histogram.add(3, u32::MAX);
        assert_eq!(histogram.count_of(3), u32::MAX, "a full bin stays full");
        assert_eq!(histogram.count(), u64::from(u32::MAX));
    }
}
