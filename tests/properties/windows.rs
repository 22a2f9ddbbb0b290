//! Windows against a plain list: counts, rates and reply times over each span.

use crate::lcg::Lcg;
use lookout::observer::call::Outcome;
use lookout::observer::window::Window;
use lookout::observer::{Instant, Span};

/// Something that a window counted.
#[derive(Clone, Copy)]
enum Counted {
    Call,
    Settled(Outcome),
    Reply(Span, bool),
}

/// The only place that knows how a window is called.
struct Kept(Window);

impl Kept {
    fn count(&mut self, now: Instant, counted: Counted) {
        match counted {
            Counted::Call => self.0.call(now),
            Counted::Settled(outcome) => self.0.settle(now, outcome),
            Counted::Reply(time, late) => self.0.reply(now, time, late),
        }
    }
}

#[test]
fn windows_agree_with_a_plain_list() {
    for seed in 0..12 {
        let running = seed % 2 == 0;
        let window = if running { Window::with_running_histogram() } else { Window::default() };
        run(seed, Kept(window));
    }
}

fn run(seed: u64, mut kept: Kept) {
    let mut random = Lcg::new(seed);
    let mut all: Vec<(u32, Counted)> = Vec::new();
    let mut now = Instant::from_micros(1_700_000_000_000_000);
    let outcomes = [Outcome::Ok, Outcome::Rejected, Outcome::Failed, Outcome::Unanswered];
    for _ in 0..250 {
        // Bursts within a second, dense seconds, gaps beyond each span.
        let gap = match random.below(40) {
            0 => 301_000_000 + random.below(400_000_000),
            1 => random.below(301_000_000),
            2..5 => random.below(20_000_000),
            5..15 => 0,
            _ => random.below(1_500_000),
        };
        now = now + Span::from_micros(gap);
        let many = if random.below(10) == 0 { random.below(120) } else { random.below(4) };
        for _ in 0..many {
            let time = match random.below(4) {
                0 => Span::from_micros(random.below(200)),
                1 => Span::from_micros(random.below(600_000_000)),
                _ => Span::from_micros(random.below(50_000)),
            };
            let counted = match random.below(8) {
                0..3 => Counted::Call,
                3..6 => Counted::Settled(outcomes[random.below(4) as usize]),
                _ => Counted::Reply(time, random.below(5) == 0),
            };
            kept.count(now, counted);
            all.push((now.second(), counted));
        }
        // Looked at also later than anything happened.
        let later = now + Span::from_micros(random.below(12_000_000) * random.below(2));
        if random.below(3) == 0 {
            kept.0.roll(later);
            now = later;
        }
        for secs in [10, 120, 300] {
            compare(seed, &kept.0, &all, later, secs);
        }
    }
}

fn compare(seed: u64, window: &Window, all: &[(u32, Counted)], now: Instant, secs: u32) {
    let within = || all.iter().filter(|(at, _)| at + secs > now.second()).map(|(_, what)| *what);
    let settled = |wanted| {
        within().filter(|what| matches!(what, Counted::Settled(is) if *is == wanted)).count() as u64
    };
    let counts = window.counts(now, secs);
    let (ok, rejected) = (settled(Outcome::Ok), settled(Outcome::Rejected));
    let (failed, unanswered) = (settled(Outcome::Failed), settled(Outcome::Unanswered));
    let got = (counts.ok, counts.rejected, counts.failed, counts.unanswered);
    assert_eq!(got, (ok, rejected, failed, unanswered), "seed {seed}, {secs} s");
    let calls = within().filter(|what| matches!(what, Counted::Call)).count() as u64;
    let late = within().filter(|what| matches!(what, Counted::Reply(_, true))).count() as u64;
    assert_eq!((counts.calls, counts.late), (calls, late), "seed {seed}, {secs} s");

    let all_settled = ok + rejected + failed + unanswered;
    let rate = |part: u64| (all_settled > 0).then(|| part as f64 / all_settled as f64);
    assert_eq!(counts.response_rate(), rate(ok + rejected + failed));
    assert_eq!(counts.error_rate(), rate(rejected + failed + unanswered));
    assert_eq!(counts.failure_rate(), rate(failed + unanswered));

    let mut times: Vec<u64> = within()
        .filter_map(|what| match what {
            Counted::Reply(time, _) => Some(time.micros()),
            _ => None,
        })
        .collect();
    times.sort_unstable();
    let figures = window.latency(now, secs);
    let count = times.len() as u64;
    assert_eq!(figures.count, count, "seed {seed}, {secs} s");
    assert_eq!(figures.max.map(Span::micros), times.last().copied());
    let sum: u64 = times.iter().sum();
    assert_eq!(figures.mean.map(Span::micros), sum.checked_div(count));
    for (quantile, told) in [(50, figures.p50), (95, figures.p95), (99, figures.p99)] {
        let exact = (count > 0).then(|| times[(count * quantile).div_ceil(100) as usize - 1]);
        assert_eq!(told.is_some(), exact.is_some());
        if let (Some(told), Some(exact)) = (told, exact) {
            let error = (told.micros() as f64 - exact as f64).abs();
            assert!(error <= exact as f64 * 0.02, "seed {seed}: p{quantile} {told} for {exact} µs");
        }
    }
}
