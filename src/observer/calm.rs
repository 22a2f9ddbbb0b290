//! Calm services: those about which the next good reply can change nothing.
//!
//! Nearly every message is a call to a healthy service, or its quick answer with a result. Such
//! an answer can only lower each rate of failures; it can begin nothing unless it ends a silence,
//! is slow, or completes the number of calls that a rate needs. So when a service is looked at it
//! is also asked whether the next good reply must be: if not, it is only noted, and reckoned
//! later (see `reckoning`). To look when it was not needed is never wrong.
//!
//! Calm is undone by whoever takes the service from the registry, and is found anew with its next
//! settled call. What time alone can change is not a matter of calm: see `needs_watching`.

use super::evidence::{Few, Settled};
use super::front::Front;
use super::last::LAST;
use super::settings::Settings;
use super::time::{Instant, Span};
use super::verdict::Verdict;

/// Numbers that follow from the settings.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// With fewer failures in sight than these, no finding can begin.
    pub few_for_verdict: Few,
    /// With fewer failures in sight than these, no rule of failures can open a circuit.
    pub few_for_circuit: Few,
    /// A reply that takes longer is looked at.
    quick: Span,
    /// See [`super::pace::brisk`].
    pub brisk: Span,
}

impl Bounds {
    /// The bounds of these settings.
    pub fn new(settings: &Settings) -> Self {
        let (verdict, circuit) = (&settings.verdict, &settings.circuit);
        // The fewest of the least number of calls that are more than the rate allows.
        let least = |calls: u32, enough: &dyn Fn(f64, f64) -> bool| {
            let calls = calls.max(1);
            (1..=calls).find(|few| enough(f64::from(*few), f64::from(calls))).unwrap_or(calls)
        };
        let missing =
            least(verdict.min_calls, &|few, calls| calls - few < verdict.min_response_rate * calls);
        let rate = least(circuit.min_calls, &|few, calls| few >= circuit.failure_rate * calls);
        let rate = if circuit.failure_rate > 0.0 { rate } else { u32::MAX };
        let run = if circuit.consecutive > 0 { circuit.consecutive } else { u32::MAX };
        let slow = circuit.slow_call.map(|rule| rule.duration);
        Self {
            few_for_verdict: Few {
                failures: verdict.min_failures.max(1),
                unanswered: missing.min(verdict.silent_calls).max(1),
            },
            few_for_circuit: Few { failures: rate.max(1), unanswered: run.max(1) },
            quick: slow.map_or(verdict.slow_median, |slow| slow.min(verdict.slow_median)),
            brisk: super::pace::brisk(&settings.patience),
        }
    }
}

/// When the next good reply of a service needs no look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum When {
    /// It always needs one.
    #[default]
    Never,
    /// When as many good ones came before it in the same second as any rate needs.
    InARun,
    /// There are too few failures in sight for anything.
    Always,
}

/// How calm a service is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm {
    /// Calls made up to this moment are judged apart.
    floor: Instant,
    when: When,
}

/// Good replies in a row within one second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    second: u32,
    replies: u32,
}

impl Run {
    /// One more.
    const fn count(&mut self, now: Instant) {
        let second = now.second();
        let before = if self.second == second { self.replies } else { 0 };
        *self = Self { second, replies: before.saturating_add(1) };
    }
}

impl Calm {
    /// The next reply is looked at.
    pub const fn disturb(&mut self) {
        self.when = When::Never;
    }
}

impl Front {
    /// Whether a good reply heard now, `time` after its call was made, changes nothing.
    pub fn takes_calmly(&self, now: Instant, made: Instant, time: Span, bounds: &Bounds) -> bool {
        let calm = match self.calm.when {
            When::Never => false,
            When::InARun => self.run.second == now.second() && self.run.replies >= LAST as u32,
            When::Always => true,
        };
        calm && made > self.calm.floor && time <= bounds.quick
    }

    /// A good reply was taken calmly.
    #[inline]
    pub const fn take_calmly(&mut self, now: Instant) {
        // How many there were in a row does not matter to one that takes any.
        if matches!(self.calm.when, When::InARun) {
            self.run.count(now);
        }
    }

    /// Finds out, after a settled call was judged, whether the next good reply must be.
    pub fn calm_down(&mut self, call: &Settled, bounds: &Bounds) {
        let well = self.service.standing.verdict() == Verdict::Healthy && !self.service.is_short();
        if !well || !self.service.judge.is_undisturbed() || !self.service.breaker.is_closed() {
            self.calm.when = When::Never;
            return;
        }
        self.calm.floor = self.service.judge.floor().max(self.service.breaker.floor());
        if call.outcome.against() || call.made <= self.calm.floor {
            self.run = Run::default();
        } else {
            self.run.count(call.at);
        }
        let calm = self.service.judge.is_calm(&bounds.few_for_verdict)
            && self.service.breaker.is_calm(&bounds.few_for_circuit);
        self.calm.when = if calm { When::Always } else { When::InARun };
    }
}
