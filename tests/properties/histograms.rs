//! Histograms against the sorted list: at every quantile within 2 % of the value of that rank,
//! also when they were merged of several.
//!
//! The reference counts ranks in whole numbers: the smallest value that at least `q` of all
//! values do not exceed.

use crate::lcg::Lcg;
use lookout::observer::Span;
use lookout::observer::histogram::Histogram;
use lookout::observer::latency::{Exact, bin};

/// From the shortest time that is told apart to the longest.
const LEAST: u64 = 10;
const MOST: u64 = 600_000_000;
const SIZES: [usize; 7] = [1, 2, 3, 19, 100, 1_000, 4_321];

/// The only place that knows how a histogram is called.
struct Kept(Histogram, Exact);

impl Kept {
    fn of(times: &[u64]) -> Self {
        let (mut bins, mut exact) = (Histogram::default(), Exact::default());
        for micros in times {
            bins.add_one(bin(Span::from_micros(*micros)));
            exact.add(u32::try_from(*micros).unwrap());
        }
        Self(bins, exact)
    }

    fn quantile(&self, quantile: f64) -> u64 {
        self.0.quantile(quantile).unwrap().micros()
    }
}

/// A share between 0 and 1, neither included.
fn share(random: &mut Lcg) -> f64 {
    (random.below(1 << 40) as f64 + 0.5) / (1_u64 << 40) as f64
}

/// Normal by Box and Muller.
fn normal(random: &mut Lcg) -> f64 {
    let angle = std::f64::consts::TAU * share(random);
    (-2.0 * share(random).ln()).sqrt() * angle.cos()
}

type Draw = fn(&mut Lcg) -> f64;

const SHAPES: &[(&str, Draw)] = &[
    ("uniform", |random| 10.0 + share(random) * 600e6),
    ("uniform, short", |random| 10.0 + share(random) * 200.0),
    ("lognormal", |random| (normal(random) * 1.5 + 10.0).exp()),
    ("heavy tail", |random| 500.0 / share(random).powf(1.2)),
    ("constant", |_| 12_345.0),
    ("two points", |random| if share(random) < 0.9 { 700.0 } else { 30e6 }),
    ("two rare points", |random| if share(random) < 0.995 { 20.0 } else { 599e6 }),
    ("every octave", |random| 10.0 * 2_f64.powf(share(random) * 25.8)),
];

fn drawn(random: &mut Lcg, draw: Draw, count: usize) -> Vec<u64> {
    (0..count).map(|_| (draw(random) as u64).clamp(LEAST, MOST)).collect()
}

/// All thousandths.
fn check(what: &str, kept: &Kept, mut times: Vec<u64>) {
    times.sort_unstable();
    let count = times.len() as u64;
    let mut before = 0;
    for thousandth in 0..=1_000_u64 {
        let rank = (thousandth * count).div_ceil(1_000).max(1);
        let exact = times[rank as usize - 1];
        let told = kept.quantile(thousandth as f64 / 1_000.0);
        let error = (told as f64 - exact as f64).abs() / exact as f64;
        assert!(error <= 0.02, "{what} of {count}, {thousandth}/1000: {told} for {exact}");
        assert!(told >= before, "{what}: quantiles do not fall");
        before = told;
    }
    let figures = kept.1.figures(&kept.0);
    assert_eq!(figures.count, count);
    assert_eq!(figures.max.map(Span::micros), times.last().copied(), "{what}");
    let sum: u64 = times.iter().sum();
    assert_eq!(figures.mean.map(Span::micros), sum.checked_div(count), "{what}");
}

#[test]
fn every_quantile_is_within_two_percent() {
    for (seed, (what, draw)) in (0..).zip(SHAPES) {
        let mut random = Lcg::new(seed);
        for count in SIZES {
            let times = drawn(&mut random, *draw, count);
            check(what, &Kept::of(&times), times);
        }
    }
}

#[test]
fn merged_histograms_are_as_good_as_one() {
    let mut random = Lcg::new(99);
    for round in 0..SHAPES.len() {
        // Of one shape and of several, in any order, empty ones among them.
        let (mut merged, mut all) = (Histogram::default(), Vec::new());
        for part in 0..6 {
            let shape = if round % 2 == 0 { round } else { (round + part) % SHAPES.len() };
            let count = random.below(400) as usize * (part % 3);
            let times = drawn(&mut random, SHAPES[shape].1, count);
            let mut other = Kept::of(&times).0;
            if part % 2 == 0 {
                std::mem::swap(&mut merged, &mut other);
            }
            merged.merge(&other);
            all.extend(times);
        }
        let Kept(bins, exact) = Kept::of(&all);
        assert_eq!(merged, bins);
        check("merged", &Kept(merged, exact), all);
    }
}

#[test]
fn every_time_is_told_within_two_percent() {
    let mut micros = LEAST;
    while micros < MOST {
        let told = Kept::of(&[micros]).quantile(0.5);
        let error = (told as f64 - micros as f64).abs() / micros as f64;
        assert!(error <= 0.02, "{micros} µs is told as {told}");
        micros += 1 + micros / 500;
    }
    assert_eq!(Histogram::default().quantile(0.5), None);
}
