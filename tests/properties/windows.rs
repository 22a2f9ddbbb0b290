//! Windows against a plain list: counts, rates and reply times over each span.

use crate::lcg::Lcg;
use lookout::observer::call::Outcome;
use lookout::observer::chunk::Entry;
use lookout::observer::note::{Fact, Note};
use lookout::observer::window::Window;
use lookout::observer::{Instant, Span};

const METHODS: u64 = 3;

/// Something that a window counted: to which method, what, and the reply time if there is one.
#[derive(Clone, Copy)]
struct Counted(u16, Fact, Span);

/// The only place that knows how a window is called. How much it folded is counted.
#[derive(Default)]
struct Kept(Window, u64);

impl Kept {
    fn count(&mut self, now: Instant, Counted(method, fact, time): Counted) {
        let note = Note::end(now, method, fact, time);
        if !self.0.note(&note) {
            self.0.seal();
            assert!(self.0.note(&note));
        }
    }

    fn roll(&mut self, now: Instant) {
        if self.0.roll(now) {
            self.0.seal();
            self.fold();
            self.0.weigh();
            assert!(!self.0.roll(now));
        }
    }

    fn fold(&mut self) {
        let Self(window, folded) = self;
        window.fold(|_, entry| *folded += facts(&entry));
    }

    /// What was folded and what is not: everything, once.
    fn everything(&self) -> u64 {
        let mut sum = self.1;
        self.0.visit_unfolded(|entry| sum += facts(&entry));
        sum
    }
}

#[test]
fn windows_agree_with_a_plain_list() {
    for seed in 0..12 {
        run(seed, Kept::default());
    }
}

fn run(seed: u64, mut kept: Kept) {
    let mut random = Lcg::new(seed);
    let mut all: Vec<(Instant, Counted)> = Vec::new();
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
            let fact = match random.below(8) {
                0..3 => Fact::Called,
                3..7 => Fact::Settled(outcomes[random.below(4) as usize]),
                _ => Fact::Late,
            };
            let counted = Counted(random.below(METHODS) as u16 * 200, fact, time);
            kept.count(now, counted);
            all.push((now, counted));
        }
        // Looked at also later than anything happened.
        let later = now + Span::from_micros(random.below(12_000_000) * random.below(2));
        if random.below(3) == 0 {
            kept.roll(later);
        }
        for secs in [10, 120, 300] {
            for method in [None, Some(0), Some(200), Some(400)] {
                compare(seed, &kept.0, &all, later, secs, method);
            }
            let each = kept.0.counts_by_method(later, secs, 401);
            let one = |method: u16| kept.0.counts(later, secs, Some(method));
            assert_eq!([each[0], each[200], each[400]], [0, 200, 400].map(one));
        }
        if random.below(4) == 0 {
            kept.fold();
        }
        assert_eq!(kept.everything(), all.len() as u64, "seed {seed}");
        kept.roll(later);
        let five = kept.0.latency(later, 300, None);
        let followed = kept.0.replies();
        assert_eq!(followed.count(), five.count, "seed {seed}");
        assert_eq!(followed.quantile(0.99), five.p99, "seed {seed}");
        now = later;
    }
}

/// How many facts an entry tells of.
fn facts(entry: &Entry) -> u64 {
    u64::from(entry.count) * (1 + u64::from(entry.called))
}

fn is_reply(fact: Fact) -> bool {
    matches!(fact, Fact::Late) || matches!(fact, Fact::Settled(outcome) if outcome.answered())
}

fn compare(
    seed: u64,
    window: &Window,
    all: &[(Instant, Counted)],
    now: Instant,
    secs: u32,
    method: Option<u16>,
) {
    let within = || {
        let recent = all.iter().filter(|(at, _)| at.second() + secs > now.second());
        recent.filter(|(_, what)| method.is_none_or(|method| method == what.0))
    };
    let count = |wanted| within().filter(|(_, what)| what.1 == wanted).count() as u64;
    let counts = window.counts(now, secs, method);
    let settled = |outcome| count(Fact::Settled(outcome));
    let (ok, rejected) = (settled(Outcome::Ok), settled(Outcome::Rejected));
    let (failed, unanswered) = (settled(Outcome::Failed), settled(Outcome::Unanswered));
    let got = (counts.ok, counts.rejected, counts.failed, counts.unanswered);
    assert_eq!(got, (ok, rejected, failed, unanswered), "seed {seed}, {secs} s");
    let (calls, late) = (count(Fact::Called), count(Fact::Late));
    assert_eq!((counts.calls, counts.late), (calls, late), "seed {seed}, {secs} s");

    let all_settled = ok + rejected + failed + unanswered;
    let rate = |part: u64| (all_settled > 0).then(|| part as f64 / all_settled as f64);
    assert_eq!(counts.response_rate(), rate(ok + rejected + failed));
    assert_eq!(counts.error_rate(), rate(rejected + failed + unanswered));
    assert_eq!(counts.failure_rate(), rate(failed + unanswered));

    let answers = || within().filter(|(_, what)| is_reply(what.1));
    let mut times: Vec<u64> = answers().map(|(_, what)| what.2.micros()).collect();
    times.sort_unstable();
    let figures = window.latency(now, secs, method);
    let count = times.len() as u64;
    assert_eq!(figures.count, count, "seed {seed}, {secs} s");
    let near = |told: Option<Span>, exact: Option<u64>, what: &str| {
        assert_eq!(told.is_some(), exact.is_some());
        let (Some(told), Some(exact)) = (told, exact) else { return };
        let error = (told.micros() as f64 - exact as f64).abs();
        assert!(error <= exact as f64 * 0.02 + 1.0, "seed {seed}: {what} {told} for {exact} µs");
    };
    near(figures.max, times.last().copied(), "max");
    let sum: u64 = times.iter().sum();
    near(figures.mean, sum.checked_div(count), "mean");
    for (quantile, told) in [(50, figures.p50), (95, figures.p95), (99, figures.p99)] {
        let exact = (count > 0).then(|| times[(count * quantile).div_ceil(100) as usize - 1]);
        near(told, exact, &format!("p{quantile}"));
    }
    if method.is_none() {
        let limit = Span::from_micros(25_000);
        let replies = window.replies_since(now, secs, Instant::default(), limit);
        assert_eq!(replies.sum.micros(), sum, "seed {seed}: the exact sum");
        assert_eq!(replies.count, count);
        let beyond = |limit: u64| times.iter().filter(|time| **time > limit).count() as u64;
        let (least, most) = (beyond(25_000 + 25_000 / 50), beyond(25_000 - 25_000 / 50));
        assert!((least..=most).contains(&replies.long), "seed {seed}: {} long", replies.long);
        // A floor within the span: what lies near it is known to the second and its bin.
        let floor = now - Span::from_secs(u64::from(secs) / 2);
        let made = |at: Instant, micros: u64| at.micros().saturating_sub(micros);
        let slack = |micros: u64| 1_000_000 + micros / 50;
        let sure = answers().filter(|(at, what)| {
            let micros = what.2.micros();
            made(*at, micros) > floor.micros() + slack(micros)
        });
        let perhaps = answers().filter(|(at, what)| {
            let micros = what.2.micros();
            made(*at, micros) + slack(micros) > floor.micros()
        });
        let count = window.replies_since(now, secs, floor, limit).count;
        let (least, most) = (sure.count() as u64, perhaps.count() as u64);
        assert!((least..=most).contains(&count), "seed {seed}: {count} of {least} to {most}");
    }
}
