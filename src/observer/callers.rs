//! How many callers there are, roughly: who is hurt when a service fails.
//!
//! HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007) with linear counting for small
//! numbers: `N` bytes tell millions of callers apart to within 1.04 / √N. Two slices of five
//! minutes take turns, so the figure covers the last five to ten minutes.

use super::digest::Digest;
use super::time::{Instant, Span};

/// Length of a slice, in seconds.
const SLICE: u32 = 300;

/// Distinct callers of the last minutes; `N` is a power of two, at least 128.
#[derive(Clone, Debug)]
pub struct Callers<const N: usize> {
    slice: u32,
    /// When the slice ends.
    end: Instant,
    now: [u8; N],
    before: [u8; N],
}

impl<const N: usize> Default for Callers<N> {
    fn default() -> Self {
        Self { slice: 0, end: Instant::default(), now: [0; N], before: [0; N] }
    }
}

/// All that is kept of a caller: a register, and how rare its digest is. Good for as many
/// registers as it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    register: u16,
    /// The position of the first 1 among the bits that did not choose the register, from 1.
    rank: u8,
}

impl Sighting {
    /// As a number, 0 if there is none.
    pub fn pack(sighting: Option<Self>) -> u32 {
        sighting.map_or(0, |it| u32::from(it.register) << 8 | u32::from(it.rank))
    }

    /// From [`Sighting::pack`].
    pub fn unpack(packed: u32) -> Option<Self> {
        let [rank, low, high, _] = packed.to_le_bytes();
        (rank > 0).then_some(Self { register: u16::from_le_bytes([low, high]), rank })
    }
}

impl<const N: usize> Callers<N> {
    /// What is kept of a caller.
    pub fn sighting(caller: Digest) -> Sighting {
        const { assert!(N.is_power_of_two() && N >= 128 && N <= 1 << 16) };
        let bits = caller.half();
        let rank = ((bits >> N.ilog2()) | 1 << 62).trailing_zeros() as u8 + 1;
        // Below N, which fits.
        Sighting { register: (bits & (N as u64 - 1)) as u16, rank }
    }

    /// Notes that this caller called.
    pub fn note(&mut self, now: Instant, caller: Sighting) {
        self.turn(now);
        if let Some(highest) = self.now.get_mut(usize::from(caller.register))
            && *highest < caller.rank
        {
            *highest = caller.rank;
        }
    }

    /// How many there were.
    pub fn estimate(&mut self, now: Instant) -> f64 {
        self.turn(now);
        let (mut sum, mut empty) = (0.0, 0_u32);
        for (now, before) in self.now.iter().zip(&self.before) {
            let highest = *now.max(before);
            sum += 1.0 / (1_u64 << highest.min(63)) as f64;
            empty += u32::from(highest == 0);
        }
        let registers = N as f64;
        // The constant for 128 registers and more.
        let alpha = 0.7213 / (1.0 + 1.079 / registers);
        let estimate = alpha * registers * registers / sum;
        if estimate <= 2.5 * registers && empty > 0 {
            return registers * (registers / f64::from(empty)).ln();
        }
        estimate
    }

    fn turn(&mut self, now: Instant) {
        if now < self.end {
            return;
        }
        let slice = now.second() / SLICE;
        self.end = Instant::default() + Span::from_secs(u64::from(slice + 1) * u64::from(SLICE));
        if slice == self.slice {
            return;
        }
        let next = slice == self.slice + 1;
        self.before = if next { self.now } else { [0; N] };
        self.now = [0; N];
        self.slice = slice;
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::{DigestKey, Kind};
    use super::*;

    #[test]
    fn the_estimate_is_near_from_one_to_a_million_and_forgets() {
        let key = DigestKey::new(1, 2);
        let begin = Instant::from_micros(600_000_000_000);
        for count in [0_u32, 1, 10, 100, 300, 3_000, 1_000_000] {
            let mut callers = Callers::<1024>::default();
            for caller in 0..count {
                let digest = key.digest(Kind::Caller, &caller.to_le_bytes());
                let sighting = Callers::<1024>::sighting(digest);
                assert_eq!(Sighting::unpack(Sighting::pack(Some(sighting))), Some(sighting));
                callers.note(begin, sighting);
                callers.note(begin, sighting);
            }
            let told = callers.estimate(begin);
            let exact = f64::from(count);
            assert!((told - exact).abs() <= exact * 0.1 + 0.5, "{told} for {count}");
            let later = begin + Span::from_secs(300);
            assert!((callers.estimate(later) - told).abs() < 1e-9, "the slice before counts");
            let gone = callers.estimate(later + Span::from_secs(300));
            assert!(gone < 1e-9, "older ones do not");
        }
    }
}
