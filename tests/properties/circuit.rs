//! The circuit against the model, over thousands of random lives with random settings.
//!
//! A life is a walk through moods (well, mixed, failing, silent, slow), so that circuits open,
//! are tried and close, rather than see noise. Every transition must be told by both at the same
//! moment in the same words; the states agree after every step.

use crate::lcg::Lcg;
use crate::model::{Model, Told};
use lookout::observer::breaker::{Breaker, Cause, Mode, Setting, State, Transition};
use lookout::observer::call::Outcome;
use lookout::observer::evidence::{Settled, Silence};
use lookout::observer::settings::{CircuitPolicy, SlowCall};
use lookout::observer::{Instant, Span};

const LIVES: u64 = 3_000;
const STEPS: u64 = 150;

#[test]
fn every_transition_is_the_models() {
    let mut seen = Seen::default();
    for seed in 0..LIVES {
        let policy = policy(&mut Lcg::new(seed ^ 0xc1));
        live(seed, policy, &mut seen);
    }
    seen.all_kinds();
}

/// The same with windows of any length.
#[test]
fn every_transition_is_the_models_with_any_windows() {
    let mut seen = Seen::default();
    for seed in 0..LIVES / 4 {
        let mut random = Lcg::new(seed ^ 0xc2);
        let mut policy = policy(&mut random);
        let longest = if random.below(2) == 0 { 30 } else { 3_600 };
        let window = 1 + random.below(longest);
        policy.window = Span::from_secs(window);
        policy.burst_window = Span::from_secs(1 + random.below(window.min(60)));
        live(seed, policy, &mut seen);
    }
}

/// Settings within what the configuration allows.
fn policy(random: &mut Lcg) -> CircuitPolicy {
    let millis = |random: &mut Lcg, below: u64| Span::from_millis(random.below(below));
    let trial_calls = 1 + random.below(5) as u32;
    let open_timeout = Span::from_millis(1 + random.below(60_000));
    let off = random.below(6) == 0;
    CircuitPolicy {
        failure_rate: if off { 0.0 } else { (1 + random.below(20)) as f64 / 20.0 },
        min_calls: 1 + random.below(20) as u32,
        consecutive: random.below(21) as u32,
        min_silence: if random.below(3) == 0 { Span::ZERO } else { millis(random, 12_000) },
        open_timeout,
        max_open_timeout: open_timeout.times(1 + random.below(12)),
        jitter: random.below(10) as f64 / 10.0,
        trial_calls,
        trial_failures: 1 + random.below(u64::from(trial_calls)) as u32,
        slow_call: (random.below(3) == 0).then(|| SlowCall {
            duration: Span::from_secs(1),
            rate: (1 + random.below(10)) as f64 / 10.0,
        }),
        ..CircuitPolicy::default()
    }
}

/// What the lives had in them: a comparison of nothing proves nothing.
#[derive(Default)]
struct Seen(std::collections::BTreeMap<String, u32>);

impl Seen {
    fn all_kinds(&self) {
        let kinds = [
            "closed>open consecutive_unanswered",
            "closed>open failure_rate",
            "closed>open slow_call_rate",
            "closed>open dependency_unavailable",
            "open>half_open dependency_recovered",
            "open>half_open open_timeout",
            "half_open>closed trial_succeeded",
            "half_open>open trial_failed",
            "closed>observe_only failure_rate",
            "closed>observe_only consecutive_unanswered",
            "observe_only>closed manual",
            "open>disabled manual",
            "half_open>forced_open manual",
        ];
        for kind in kinds {
            let count = self.0.get(kind).copied().unwrap_or_default();
            assert!(count >= 10, "{kind}: {count} of {:?}", self.0);
        }
        // What must never be: there is no way from closed to a trial, nor to the same state.
        for told in self.0.keys() {
            let (from, rest) = told.split_once('>').unwrap();
            let to = rest.split(' ').next().unwrap();
            assert!(from != to && (from, to) != ("closed", "half_open"), "{told}");
        }
    }
}

struct Life {
    seed: u64,
    random: Lcg,
    breaker: Breaker,
    model: Model,
    now: Instant,
    heard: Option<Instant>,
    doubt: bool,
    /// The clock's step. A coarse one makes moments meet that otherwise never do: a call made
    /// at the very transition, a reply heard as the next call is made.
    step: u64,
    story: Vec<String>,
}

fn live(seed: u64, policy: CircuitPolicy, seen: &mut Seen) {
    let mut life = Life {
        seed,
        random: Lcg::new(seed),
        breaker: Breaker::new(seed, Mode::Automatic).0,
        model: Model::new(policy),
        now: Instant::from_micros(1_700_000_000_000_000 + seed * 1_000_000),
        heard: None,
        doubt: false,
        step: if seed.is_multiple_of(4) { 500_000 } else { 1 },
        story: Vec::new(),
    };
    let mut mood = 0;
    for _ in 0..STEPS {
        if life.random.below(20) == 0 {
            mood = life.random.below(6);
        }
        life.pass();
        match life.random.below(100) {
            0..93 => life.settle(mood, seen),
            step => life.other(step, seen),
        }
    }
}

impl Life {
    /// Time goes by: mostly little, now and then more than a window, an open time or an hour.
    fn pass(&mut self) {
        let micros = match self.random.below(200) {
            0 => self.random.below(4_000_000_000),
            1 => self.random.below(400_000_000),
            2..8 => self.random.below(60_000_000),
            8..100 => self.random.below(2_000_000),
            100..120 => 0,
            _ => self.random.below(200_000),
        };
        self.now = self.now + Span::from_micros(micros / self.step * self.step);
    }

    /// Silence is witnessed when it has lasted.
    fn setting(&self) -> (CircuitPolicy, Silence, bool) {
        let lasted = |heard| self.now.since(heard) >= self.model.policy.min_silence;
        let silence = Silence { heard: self.heard, witnessed: self.heard.is_none_or(lasted) };
        (self.model.policy, silence, self.doubt)
    }

    fn tick(&mut self, seen: &mut Seen) {
        let (policy, silence, doubt) = self.setting();
        let setting = Setting { policy: &policy, silence, doubt };
        let ours = self.breaker.tick(self.now, &setting);
        let told = self.model.tick(self.now, self.heard, doubt);
        self.story.push(format!("{} tick", self.now.micros()));
        self.compare(ours, told, seen);
    }

    fn settle(&mut self, mood: u64, seen: &mut Seen) {
        self.tick(seen);
        let chance = self.random.below(100);
        // Well, mixed, failing, silent, slow, and a silence with a cough.
        let outcome = match (mood, chance) {
            (0, 0..5) | (1, 0..40) | (2, 0..85) | (4, 0..10) => Outcome::Failed,
            (0, 5..7) | (1, 40..60) | (3, _) | (5, 0..92) => Outcome::Unanswered,
            (_, 80..) => Outcome::Rejected,
            _ => Outcome::Ok,
        };
        let slow = mood == 4 && outcome.answered() && self.random.below(100) < 70;
        let took = match self.random.below(10) {
            0 => self.random.below(40_000_000),
            1..4 => self.random.below(8_000_000),
            _ => 1 + self.random.below(100_000),
        };
        let made = self.now - Span::from_micros(took / self.step * self.step);
        if outcome.answered() {
            self.heard = self.heard.max(Some(self.now));
        }
        let call = Settled { made, at: self.now, outcome, slow };
        let (policy, silence, doubt) = self.setting();
        let setting = Setting { policy: &policy, silence, doubt };
        let ours = self.breaker.record(call, &setting);
        let told = self.model.record(call, self.heard, doubt);
        self.story.push(format!("{} {outcome:?} took {took} slow {slow}", self.now.micros()));
        self.compare(ours, told, seen);
    }

    fn other(&mut self, step: u64, seen: &mut Seen) {
        let now = self.now;
        let (ours, told) = match step {
            93 => {
                self.heard = Some(now);
                (None, None)
            }
            94 => {
                self.doubt = self.random.below(3) == 0;
                (None, None)
            }
            95 if self.random.below(3) == 0 => {
                self.breaker.forget(now);
                self.model.forget(now);
                (None, None)
            }
            96 => (self.breaker.open_ahead(now), self.model.open_ahead(now)),
            97 | 98 => {
                (self.breaker.dependency_recovered(now), self.model.dependency_recovered(now))
            }
            99 => {
                let modes = [Mode::Automatic, Mode::ObserveOnly, Mode::ForcedOpen, Mode::Disabled];
                // Mostly back to the rules, so that there is something to see.
                let pick = if self.random.below(2) == 0 { 0 } else { self.random.below(4) };
                let mode = modes[pick as usize];
                (self.breaker.set_mode(mode, now), self.model.set_mode(mode, now))
            }
            _ => (None, None),
        };
        self.story.push(format!("{} other {step}", now.micros()));
        self.compare(ours, told, seen);
    }

    fn compare(&mut self, ours: Option<Transition>, told: Option<Told>, seen: &mut Seen) {
        let said = ours.map(|t| {
            let open_for = t.open_for.filter(|_| t.cause != Cause::Manual);
            let (requests, failures) = (t.requests as usize, t.failures as usize);
            (t.from, t.to, t.cause, requests, failures, t.open_count, open_for)
        });
        if said != told || self.breaker.state() != self.model.state() {
            let last = self.story.len().saturating_sub(40);
            let (seed, story) = (self.seed, self.story[last..].join("\n"));
            let policy = self.model.policy;
            panic!("seed {seed}: {said:?}, but the model {told:?}\n{policy:?}\n{story}");
        }
        let Some(moved) = ours else { return };
        let (from, to) = (moved.from.name(), moved.to.name());
        *seen.0.entry(format!("{from}>{to} {}", moved.cause.name())).or_default() += 1;
        self.story.push(format!("   {from}>{to} {}", moved.cause.name()));
        // An open circuit says until when; the model takes its word if it is within bounds.
        assert_eq!(moved.retry_after, self.breaker.deadline());
        let waits = moved.to == State::Open && moved.cause != Cause::DependencyUnavailable;
        assert_eq!(moved.retry_after.is_some(), waits, "seed {}: {moved:?}", self.seed);
        if let Some(until) = moved.retry_after {
            let (wait, base) = (until.since(self.now).micros() as f64, self.model.open_time());
            let range = base * self.model.policy.jitter + 2.0;
            assert!((wait - base).abs() <= range, "seed {}: {wait} for {base}", self.seed);
            assert!(until.since(self.now) <= self.model.policy.max_open_timeout);
            self.model.until = Some(until);
        }
    }
}
