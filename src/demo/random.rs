//! Chance from a seed, so that two demos show the same traffic.
//!
//! SplitMix64: eight lines, passes the usual tests, and needs no crate. Not for secrets.

use std::time::Duration;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another stream, independent of what this one gives afterwards.
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number above 0 and up to 1.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what a float holds exactly; 0 is left out because its logarithm is needed.
        ((self.number() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`; `None` if there are none.
    pub fn choose<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(choices.len()).ok().filter(|count| *count > 0)?;
        choices.get(usize::try_from(self.number() % count).ok()?)
    }

    /// The wait until the next of events that come independently, so often in a second.
    pub fn wait(&mut self, per_second: f64) -> Duration {
        let seconds = -self.unit().ln() / per_second.max(0.001);
        Duration::from_secs_f64(seconds.min(60.0))
    }

    /// A time that is mostly near `median` and sometimes much longer, as a service's replies
    /// are; never outside `bounds`.
    pub fn latency(&mut self, median: Duration, bounds: (Duration, Duration)) -> Duration {
        // Box and Muller's way from two uniform numbers to a normal one.
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        median.mul_f64((0.5 * normal).exp().min(100.0)).clamp(bounds.0, bounds.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        assert!((0..100).all(|_| a.number() == b.number()));
        assert_ne!(Random::new(7).number(), Random::new(8).number());
    }

    #[test]
    fn latencies_lie_around_their_median_and_within_bounds() {
        let mut random = Random::new(1);
        let bounds = (Duration::from_millis(5), Duration::from_millis(120));
        let median = Duration::from_millis(30);
        let all: Vec<_> = (0..2_000).map(|_| random.latency(median, bounds)).collect();
        assert!(all.iter().all(|one| *one >= bounds.0 && *one <= bounds.1));
        let below = all.iter().filter(|one| **one < median).count();
        assert!((900..1_100).contains(&below), "{below} of 2000 below the median");
    }

    #[test]
    fn waits_have_the_mean_that_the_rate_asks_for() {
        let mut random = Random::new(2);
        let total: Duration = (0..5_000).map(|_| random.wait(10.0)).sum();
        assert!((450.0..550.0).contains(&total.as_secs_f64()), "{total:?}");
    }

    #[test]
    fn nothing_is_chosen_from_nothing() {
        assert_eq!(Random::new(3).choose::<u8>(&[]), None);
    }
}
