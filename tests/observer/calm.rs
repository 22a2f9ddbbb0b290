//! Calm changes nothing: an observer that looks at every reply tells the same story, in the same
//! figures, as one that only notes what cannot matter.
//!
//! Every reply that takes longer than `slow_median` is looked at, so at zero all of them are; with
//! slowness itself out of reach the two observers have the same rules.

use crate::kit::{Ears, FAILED, OK, REJECTED, at, conserved, s};
use crate::lcg::Lcg;
use lookout::observer::call::Answer;
use lookout::observer::input::{Doubt, Link};
use lookout::observer::settings::SlowCall;
use lookout::observer::verdict::Verdict;
use lookout::observer::{Input, Settings, Span};

const SEEDS: u64 = 6;
const SECONDS: u64 = 250;

fn observers(random: &mut Lcg) -> [Ears; 2] {
    let slow_calls = random.below(4) == 0;
    let few = 1 + random.below(8) as u32;
    [Span::ZERO, Span::from_secs(1)].map(|slow_median| {
        Ears::with(|settings: &mut Settings| {
            let verdict = &mut settings.verdict;
            verdict.slow_median = slow_median;
            verdict.slow_baseline = u32::MAX;
            verdict.slow_mean = Span::from_secs(100_000);
            verdict.min_failures = few;
            settings.circuit.min_calls = 2 * few;
            settings.circuit.slow_call =
                slow_calls.then_some(SlowCall { duration: Span::from_millis(300), rate: 0.5 });
        })
    })
}

/// What becomes of the calls of a service for a while.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    SomeErrors,
    Failing,
    Lossy,
    Silent,
    Slow,
}

/// A call that is not answered yet: when it will be, by what.
type Due = (u64, String, Answer);

struct World {
    random: Lcg,
    both: [Ears; 2],
    due: Vec<Due>,
    number: u64,
}

impl World {
    fn each(&mut self, act: impl Fn(&mut Ears)) {
        self.both.iter_mut().for_each(act);
        let [looking, calm] = &mut self.both;
        let told = |ears: &mut Ears| {
            ears.events.drain(..).map(|event| format!("{event:?}")).collect::<Vec<_>>()
        };
        assert_eq!(told(looking), told(calm));
    }

    fn call(&mut self, now: u64, service: usize, mood: Mood) {
        self.number += 1;
        let key = self.number.to_string();
        let name = format!("S{service}.m{}", self.random.below(20));
        self.each(|ears| ears.call(now, &name, &key));
        let luck = self.random.below(100);
        let answer = match (mood, luck) {
            (Mood::Silent, _) | (Mood::Lossy, 0..60) | (Mood::SomeErrors, 0..2) => return,
            (Mood::Failing, 0..70) | (Mood::SomeErrors, 2..6) => FAILED,
            (_, 90..) => REJECTED,
            _ => OK,
        };
        let took = match mood {
            Mood::Slow => 200_000 + self.random.below(3_000_000),
            _ if luck == 50 => self.random.below(9_000_000),
            _ => 5_000 + self.random.below(60_000),
        };
        self.due.push((now + took, key, answer));
    }

    /// All replies that are due by now, each at its time.
    fn answer(&mut self, now: u64) {
        self.due.sort_by_key(|(at, ..)| *at);
        let later = self.due.split_off(self.due.partition_point(|(at, ..)| *at <= now));
        for (at, key, answer) in std::mem::replace(&mut self.due, later) {
            self.each(|ears| ears.reply(at, &key, answer));
        }
    }

    /// What else may happen.
    fn odd(&mut self, now: u64) {
        match self.random.below(8) {
            0 => self.each(|ears| ears.input(now, Input::Link(Link::Down))),
            1..4 => self.each(|ears| ears.input(now, Input::Link(Link::Up))),
            4 => {
                let on = self.random.below(3) == 0;
                self.each(|ears| ears.input(now, Input::Doubt(Doubt::Inbox, on)));
            }
            5 => {
                let since = now - self.random.below(9_000_000).min(now);
                self.each(|ears| ears.input(now, Input::Paused(at(since))));
            }
            6 => self.due.clear(),
            _ => {
                let [looking, calm] = &mut self.both;
                let (a, b) = (looking.observer.snapshot(at(now)), calm.observer.snapshot(at(now)));
                assert_eq!(a, b);
                conserved(&a);
            }
        }
    }
}

#[test]
fn an_observer_that_looks_at_everything_tells_the_same() {
    let mut said = 0;
    for seed in 0..SEEDS {
        let mut random = Lcg::new(seed ^ 0xca1);
        let both = observers(&mut random);
        let mut world = World { random, both, due: Vec::new(), number: 0 };
        // Calls a second of each service: some busy, some quiet.
        let rates = [25, 6, 3, 2, 1, 1, 0];
        let mut moods = [Mood::Well; 7];
        for second in 0..SECONDS {
            let mut calls = Vec::new();
            for (service, rate) in rates.iter().enumerate() {
                if world.random.below(if moods[service] == Mood::Well { 20 } else { 4 }) == 0 {
                    let all = [Mood::Well, Mood::SomeErrors, Mood::Failing, Mood::Lossy];
                    let more = [Mood::Silent, Mood::Slow, Mood::Well, Mood::Well];
                    moods[service] = [all, more].concat()[world.random.below(8) as usize];
                }
                let rare = u64::from(*rate == 0 && world.random.below(20) == 0);
                let step = 1_000_000 / (*rate).max(1);
                calls.extend((0..*rate + rare).map(|nth| (s(second) + nth * step, service)));
            }
            calls.sort_unstable();
            for (now, service) in calls {
                world.answer(now);
                world.call(now, service, moods[service]);
            }
            if world.random.below(30) == 0 {
                world.odd(s(second) + 999_999);
            }
        }
        let end = s(SECONDS + 700);
        world.answer(end);
        world.each(|ears| ears.until(end));
        world.odd(end);
        let [looking, calm] = &mut world.both;
        let last = (looking.observer.snapshot(at(end)), calm.observer.snapshot(at(end)));
        assert_eq!(last.0, last.1, "seed {seed}");
        said += last.0.services.iter().map(|it| it.figures.totals.failed).sum::<u64>();
    }
    assert!(said > 500, "something went wrong in those lives");
}

/// Some good calls, some bad ones, and good ones again: it may be a good one that makes enough
/// calls for a rate, and at that very one both must say so.
#[test]
fn a_good_reply_that_completes_a_rate_is_looked_at() {
    let (mut said, mut by_good_ones) = (0, 0);
    for (good, bad) in (3..18).flat_map(|good| (1..12).map(move |bad| (good, bad))) {
        for step in [20_000, 90_000, 700_000] {
            let both = observers(&mut Lcg::new(good * 100 + bad));
            let mut world = World { random: Lcg::new(0), both, due: Vec::new(), number: 0 };
            for nth in 0..good + bad + 30 {
                let failed = (good..good + bad).contains(&nth);
                let (now, key) = (s(1) + nth * step, nth.to_string());
                world.each(|ears| ears.call(now, "A", &key));
                let answer = if failed { FAILED } else { OK };
                world.each(|ears| ears.reply(now + step / 2, &key, answer));
            }
            let [looking, _] = &mut world.both;
            let snapshot = looking.observer.snapshot(at(s(1) + (good + bad + 30) * step));
            let bad_now = snapshot.services[0].verdict == Some(Verdict::Degraded);
            said += u64::from(bad_now);
            by_good_ones += u64::from(bad_now && good + bad < 20);
        }
    }
    assert!(said > 20 && by_good_ones > 10, "{said}, {by_good_ones}");
}
