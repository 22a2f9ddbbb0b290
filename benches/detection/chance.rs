//! Chance from a seed: the same run gives the same figures everywhere.
//!
//! SplitMix64 (Steele, Lea and Flood, 2014). Times are microseconds.

pub(crate) const SECOND: u64 = 1_000_000;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream that belongs to a path of numbers, such as (seed, experiment, trial).
    pub(crate) fn of(path: &[u64]) -> Self {
        let mut random = Self(0x6c6f_6f6b_6f75_7421);
        for step in path {
            random.0 ^= step.wrapping_mul(0xff51_afd7_ed55_8ccd);
            random.0 = random.number();
        }
        random
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0 and up to 1, because its logarithm is needed.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.number() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// True this often.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() <= share
    }

    /// Evenly between two times.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + ((to - from) as f64 * self.unit()) as u64
    }

    /// The wait until the next of independent events, `rate` of them a second.
    pub(crate) fn wait(&mut self, rate: f64) -> u64 {
        (-self.unit().ln() / rate * SECOND as f64) as u64 + 1
    }

    /// Lognormal around a median; `sigma` 0.5 puts the 99th percentile at 3.2 medians.
    pub(crate) fn lognormal(&mut self, median: f64, sigma: f64) -> u64 {
        // Box and Muller's way from two uniform numbers to a normal one.
        let radius = (-2.0 * self.unit().ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        (median * (sigma * normal).exp()) as u64 + 1
    }

    /// Pareto: the tail of waits behind locks, collections and retries.
    pub(crate) fn pareto(&mut self, least: f64, alpha: f64, most: f64) -> u64 {
        (least * self.unit().powf(-1.0 / alpha)).min(most) as u64
    }
}
