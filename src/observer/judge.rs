//! The judge of one service: which findings are on, and what follows from them.
//!
//! Six findings run side by side, each by its own rule; the table in `Judge::conclude` says
//! which of them speaks. Silence is special: after the first reply that follows it, all older
//! evidence is dropped and only calls made later are judged, so that calls of the outage which
//! still run into their patience do not count again.

use super::desertion::Desertion;
use super::evidence::{Evidence, Few, Mark, Settled, Silence, Tally, Which};
use super::finding::Finding;
use super::good::Good;
use super::last::LAST;
use super::pace::Pace;
use super::settings::VerdictPolicy;
use super::silence::{Length, Witnesses};
use super::time::{Instant, Span};
use super::verdict::{Reason, ReplicaState, Verdict};
use super::window::Window;

/// What the judge looks at beside its own evidence.
#[derive(Debug)]
pub struct Scene<'a> {
    /// This moment.
    pub now: Instant,
    /// The numbers.
    pub policy: &'a VerdictPolicy,
    /// The service's figures, rolled to now.
    pub window: &'a Window,
    /// Its usual pace.
    pub pace: &'a Pace,
    /// Its replicas, if the platform told.
    pub replicas: Option<&'a ReplicaState>,
    /// Whether a call waits since the last reply.
    pub waits: bool,
    /// When a reply was last heard.
    pub heard: Option<Instant>,
    /// The calls that witness its silence since then.
    pub witnesses: &'a Witnesses,
    /// When it was last called.
    pub called: Instant,
}

/// The findings on one service.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    pub(super) evidence: Evidence,
    /// Calls made up to this moment are not judged.
    pub(super) from: Option<Instant>,
    /// Nothing could be heard before this moment.
    blind_until: Option<Instant>,
    silent: Finding,
    /// Who listens to its topic, if the broker told.
    pub(super) desertion: Desertion,
    deserted: Finding,
    failing: Finding,
    /// While failing: whether late replies keep arriving.
    lagging: bool,
    failures: Finding,
    pub(super) slow: Finding,
    /// Since when replies are near the bounds of slowness without a break, and whether they were
    /// beyond them, while that is not yet a finding.
    pub(super) slow_since: Option<(Instant, bool)>,
    /// The usual median when slowness began; kept while it lasts, so that it does not become
    /// its own measure.
    pub(super) usual: Option<Span>,
    /// When it was last looked for slowness, and how often in that second.
    pub(super) looked: (u32, u32),
    replicas: Finding,
    /// Whether any of these is on; kept, as it is asked for with each call.
    any_on: bool,
}

impl Judge {
    /// Adds a settled call, unless it was made before judgement began.
    pub fn record(&mut self, call: Settled) {
        if self.from.is_none_or(|from| call.made > from) {
            self.evidence.record(call);
        }
    }

    /// Adds good replies that can change nothing; see [`super::calm`].
    pub fn note(&mut self, calls: &Good) {
        self.evidence.record_good(calls);
    }

    /// A late reply was heard, `time` after its call.
    pub fn late(&mut self, now: Instant, time: Span) {
        if self.from.is_none_or(|from| now - time > from) {
            self.evidence.late(now);
        }
    }

    /// A reply was heard that ends a silence: what was before is not judged.
    pub fn hear(&mut self, now: Instant) {
        self.restart(now);
    }

    /// lookout could not hear until now: nothing before is judged, nor taken for silence.
    pub fn blind(&mut self, now: Instant) {
        self.blind_until = Some(now);
        self.desertion.forget();
        self.restart(now);
    }

    /// Nothing could be heard before this moment.
    pub const fn blind_until(&self) -> Option<Instant> {
        self.blind_until
    }

    /// An earlier run found what has this reason; it is on until it ends by its own rule.
    pub fn restore(&mut self, now: Instant, reason: &Reason) {
        let finding = match reason {
            Reason::PoorResponseRate => &mut self.failing,
            Reason::HighFailureRate | Reason::Flapping => &mut self.failures,
            Reason::SlowResponses => &mut self.slow,
            Reason::ReplicasNotReady => &mut self.replicas,
            Reason::NoSubscriber => &mut self.deserted,
            Reason::NotResponding
            | Reason::NoRunningPods
            | Reason::PodsNotReady
            | Reason::Cause(_) => &mut self.silent,
        };
        finding.begin(now);
        self.any_on = true;
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self, now: Instant) {
        self.evidence.roll(now);
        self.evidence.rest();
    }

    fn restart(&mut self, now: Instant) {
        self.evidence.clear();
        self.from = Some(now);
        self.slow_since = None;
    }

    /// Whether it is silent or deserted, and no reply was heard since it was found so.
    pub fn is_silent(&self, heard: Option<Instant>) -> bool {
        let lasts = |since| heard.is_none_or(|heard| heard < since);
        self.silent.since().or(self.deserted.since()).is_some_and(lasts)
    }

    /// Whether nothing is on, and nothing may be about to begin.
    pub const fn is_undisturbed(&self) -> bool {
        !self.any_on && self.slow_since.is_none()
    }

    /// Whether nothing is on, and nothing can begin by time alone: fewer than `few` failures are
    /// in sight.
    pub fn is_calm(&self, few: &Few) -> bool {
        self.is_undisturbed() && self.evidence.is_calm(few)
    }

    /// Calls made up to this moment are not judged.
    pub fn floor(&self) -> Instant {
        self.from.unwrap_or_default()
    }

    /// Whether the last `count` judged calls were answered.
    pub fn answered(&self, count: u32) -> bool {
        let mut last = self.evidence.last(Mark::default()).take(count as usize);
        let mut seen = 0;
        last.all(|call| {
            seen += 1;
            call.outcome.answered()
        }) && seen == count
    }

    /// Looks at everything and says what follows; `None` if no finding is on.
    pub fn assess(&mut self, scene: &Scene<'_>) -> Option<(Verdict, Reason)> {
        self.evidence.keep_for(scene.policy.long_span);
        self.evidence.roll(scene.now);
        self.look_for_silence(scene);
        self.look_for_subscribers(scene);
        self.look_for_missing_replies(scene);
        self.look_for_failures(scene);
        self.look_for_slowness(scene);
        self.look_at_replicas(scene);
        let Self { silent, deserted, failing, failures, slow, replicas, .. } = &*self;
        let all = [silent, deserted, failing, failures, slow, replicas];
        self.any_on = all.iter().any(|finding| finding.is_on());
        self.conclude(scene)
    }

    /// The table of the manual, in its order.
    fn conclude(&self, scene: &Scene<'_>) -> Option<(Verdict, Reason)> {
        let gone = self.silent.is_on() || self.deserted.is_on();
        if gone || self.failing.is_on() {
            // A service scaled to nothing on purpose is a finding only when it is missed.
            let down = scene.replicas.filter(|state| state.total > 0 || gone);
            if let Some(state) = down
                && (state.running == 0 || state.ready == 0)
            {
                let plain =
                    if state.running == 0 { Reason::NoRunningPods } else { Reason::PodsNotReady };
                return Some((
                    Verdict::Unavailable,
                    state.cause.clone().map_or(plain, Reason::Cause),
                ));
            }
            if self.deserted.is_on() {
                return Some((Verdict::Unavailable, Reason::NoSubscriber));
            }
            return Some(match (self.silent.is_on(), self.lagging) {
                (true, _) => (Verdict::Unavailable, Reason::NotResponding),
                (false, true) => (Verdict::Degraded, Reason::SlowResponses),
                (false, false) => (Verdict::Degraded, Reason::PoorResponseRate),
            });
        }
        let reason = if self.replicas.is_on() {
            Reason::ReplicasNotReady
        } else if self.failures.is_on() {
            Reason::HighFailureRate
        } else if self.slow.is_on() {
            Reason::SlowResponses
        } else {
            return None;
        };
        Some((Verdict::Degraded, reason))
    }

    fn look_for_silence(&mut self, scene: &Scene<'_>) {
        let policy = scene.policy;
        // Of one that is known to answer some calls, a few in a row say little.
        let heard = |since| scene.heard.is_some_and(|heard| heard >= since);
        let failing = self.failing.since().is_some_and(heard);
        let length = if failing { Length::Failing } else { Length::Verdict };
        let calls = if failing { policy.silent_calls * 2 } else { policy.silent_calls };
        let silence = Silence {
            heard: scene.heard.max(self.blind_until),
            witnessed: scene.witnesses.are_believed(scene.now, length),
        };
        let silent = self.evidence.silent(calls.min(LAST as u32), self.silent.mark(), &silence);
        match self.silent.since() {
            None if silent => self.silent.begin(scene.now),
            None => {}
            Some(since) => {
                // What could not be heard is no sign of life, so only real replies end it.
                let quiet = scene.heard.is_none_or(|heard| heard < since);
                let after = policy.clear_after;
                self.silent.lasts(scene.now, Some(quiet || silent), after, &mut self.evidence);
            }
        }
    }

    fn look_for_subscribers(&mut self, scene: &Scene<'_>) {
        let policy = scene.policy;
        match self.deserted.since() {
            Some(found) => {
                let holds = self.desertion.lasts(scene.heard, found);
                self.deserted.lasts(scene.now, holds, policy.clear_after, &mut self.evidence);
            }
            // A service that nobody calls may come and go.
            None if scene.waits && self.desertion.is_certain(scene.heard, policy.min_silence) => {
                self.deserted.begin(scene.now);
            }
            None => {}
        }
    }

    fn look_for_missing_replies(&mut self, scene: &Scene<'_>) {
        let (now, policy, mark) = (scene.now, scene.policy, self.failing.mark());
        let poor = |answered: u32, settled: u32| {
            f64::from(answered) < policy.min_response_rate * f64::from(settled)
        };
        let missing = |evidence: &Evidence| {
            [policy.short_span, policy.middle_span].iter().any(|span| {
                let stretch = evidence.over(now, *span, mark);
                let sum = stretch.tally;
                sum.settled >= policy.min_calls
                    && poor(sum.settled - sum.unanswered, sum.settled)
                    && evidence.lasts(&stretch, Which::Unanswered, policy.min_silence)
            })
        };
        if self.failing.is_on() {
            let recent = self.evidence.over(now, policy.short_span, mark).tally;
            let holds = if recent.settled >= policy.clear_calls {
                Some(poor(recent.settled - recent.unanswered, recent.settled))
            } else if self.evidence.over(now, policy.middle_span, mark).tally.settled == 0 {
                None // No traffic is not a recovery either.
            } else {
                Some(missing(&self.evidence))
            };
            self.failing.lasts(now, holds, policy.clear_after, &mut self.evidence);
        } else if !self.evidence.is_clean()
            && self.alive_or_few(scene, mark)
            && missing(&self.evidence)
        {
            self.failing.begin(now);
            self.lagging = false;
        }
        if self.failing.is_on() {
            let counts = self.evidence.over(now, policy.middle_span, Mark::default()).tally;
            // Once said, late replies may thin out to half before the reason changes.
            let share = if self.lagging { 4 } else { 2 };
            self.lagging = counts.late > 0 && counts.late * share >= counts.unanswered;
        }
    }

    /// A reply was heard lately, or few calls in a row are unanswered: the service is not about
    /// to be found silent, which one event says better than two.
    fn alive_or_few(&self, scene: &Scene<'_>, mark: Mark) -> bool {
        let policy = scene.policy;
        let lately = |heard| scene.now.since(heard) < policy.min_silence;
        scene.heard.is_some_and(lately)
            || self.evidence.unanswered_in_a_row(mark) < policy.silent_calls
    }

    fn look_for_failures(&mut self, scene: &Scene<'_>) {
        let (now, policy, mark) = (scene.now, scene.policy, self.failures.mark());
        let above = |failures: u32, settled: u32| {
            f64::from(failures) > policy.max_failure_rate * f64::from(settled)
        };
        let failing = |evidence: &Evidence| {
            let long = evidence.over(now, policy.long_span, mark);
            let enough = |failures: u32, tally: &Tally| {
                failures >= policy.min_failures && above(failures, tally.settled)
            };
            let steadily = if long.tally.settled < policy.failure_calls {
                let last = evidence.of_last(now, policy.failure_calls, mark, policy.min_silence);
                last.is_some_and(|(tally, failures)| enough(failures, &tally))
            } else {
                enough(long.tally.failures(), &long.tally)
                    && enough(evidence.lasting_failures(&long, policy.min_silence), &long.tally)
            };
            let burst = evidence.over(now, policy.short_span, mark);
            let failures = burst.tally.failures();
            steadily
                || (failures >= policy.min_failures
                    && f64::from(failures)
                        >= policy.burst_failure_rate * f64::from(burst.tally.settled)
                    && evidence.lasts(&burst, Which::All, policy.min_silence))
        };
        if self.failures.is_on() {
            let recent = self.evidence.over(now, policy.short_span, mark).tally;
            let holds = if recent.settled >= policy.clear_calls {
                Some(above(recent.failures(), recent.settled))
            } else if recent.settled == 0 {
                None // No traffic is not a recovery.
            } else {
                Some(failing(&self.evidence))
            };
            self.failures.lasts(now, holds, policy.clear_after, &mut self.evidence);
        } else if !self.evidence.is_clean()
            && self.alive_or_few(scene, mark)
            && failing(&self.evidence)
        {
            self.failures.begin(now);
        }
    }

    fn look_at_replicas(&mut self, scene: &Scene<'_>) {
        let (now, policy) = (scene.now, scene.policy);
        let missing = scene.replicas.is_some_and(ReplicaState::is_short);
        let called = now.since(scene.called) <= policy.idle_after;
        if self.replicas.is_on() {
            self.replicas.lasts(now, Some(missing), policy.clear_after, &mut self.evidence);
        } else if missing && called {
            self.replicas.begin(now);
        }
    }
}
