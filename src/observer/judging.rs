//! Conclusions about a service: its verdict, its incident, how it reads; and what else may be
//! told of it.

use super::Observer;
use super::breaker::{Breaker, Setting};
use super::digest::{DigestKey, Kind};
use super::doubt::Change;
use super::event::{BadNews, Reading, Recovery, What};
use super::evidence::Settled;
use super::incident::{Incident, IncidentId};
use super::input::{Name, Subscribers};
use super::judge::Scene;
use super::registry::{Admission, Gone, OTHER_INDEX};
use super::slot::Owner;
use super::standing::Said;
use super::time::Instant;
use super::verdict::{Reason, Verdict};
use std::cmp::Reverse;

/// Bytes kept of what a platform says of a replica's failure.
pub(super) const MAX_CAUSE: usize = 256;

impl Observer {
    /// A service got a place in the table.
    pub(super) fn admitted(&mut self, now: Instant, index: u32, name: Name<'_>, how: Admission) {
        match how {
            Admission::Other => return,
            Admission::New => self.unwell = true,
            Admission::Displaced(gone) => self.gone(now, gone),
        }
        let configured = self.settings.services.iter().find(|(known, _)| known == name.text);
        let settings = configured.map(|(_, settings)| *settings).unwrap_or_default();
        // Not the name's own digest, whose key is random where strangers can publish.
        let spread = DigestKey::new(0, 0).digest(Kind::Service, name.text.as_bytes());
        let seed = self.settings.seed ^ spread.half();
        let service = self.registry.get(index);
        service.settings = settings;
        let (breaker, transition) = Breaker::new(seed, settings.circuit);
        service.breaker = breaker;
        if let Some(transition) = transition {
            self.circuit_moved(now, index, transition);
        }
        self.refresh(now, index);
    }

    pub(super) fn gone(&mut self, now: Instant, gone: Gone) {
        self.waiting -= u32::from(gone.waited);
        self.release_dependents(now, gone.digest);
        self.say(now, What::Gone(gone.name));
    }

    /// A call went unanswered; its pair may be deaf.
    pub(super) fn count_unanswered(&mut self, now: Instant, owner: &Owner) {
        let deaf_calls = self.settings.verdict.deaf_calls;
        let pair = owner.pair;
        let topics = self.pairs.get_mut(pair.index()).and_then(|pair| pair.unanswered(deaf_calls));
        if let Some(topics) = topics {
            let incident = self.ids.next(now);
            self.say(now, What::PairDeaf { pair, calls: deaf_calls, topics, incident });
        }
    }

    /// A call of a judged service settled, and not as void.
    pub(super) fn judge_call(&mut self, now: Instant, index: u32, call: Settled) {
        let gate = self.gate(index);
        let service = self.registry.get(index);
        service.judge.record(call);
        let setting = Setting {
            policy: &self.settings.circuit,
            silence: service.silence(now, gate.blind_until),
            doubt: gate.doubt || !gate.heard,
        };
        if let Some(transition) = service.breaker.record(call, &setting) {
            self.circuit_moved(now, index, transition);
        }
        let service = self.registry.get(index);
        let slow = call.at.since(call.made) > self.settings.verdict.slow_median;
        let well = service.standing.verdict() == Verdict::Healthy && !service.is_short();
        // With few failures in sight an answer begins something only after a silence, or if it is
        // slow.
        let calm = !call.outcome.against() && service.judge.is_calm(&self.bounds.few_for_verdict);
        if slow || !well || !calm {
            self.review(now, index);
            if self.registry.get(index).needs_watching(&self.bounds) {
                self.watch(index);
            }
        }
        self.registry.get(index).calm_down(&call, &self.bounds);
    }

    /// A silence may be witnessed now.
    pub(super) fn witness_due(&mut self, now: Instant) {
        if let Some(Reverse((_, index))) = self.witnesses.pop() {
            self.tick_circuit(now, index);
            self.review(now, index);
        }
    }

    /// Whether and how a service may be judged.
    pub(super) fn gate(&mut self, index: u32) -> Gate {
        let doubt = self.doubt.is_on();
        let service = self.registry.get(index);
        let pair = service.pair.index();
        let answered = service.totals.ever_answered();
        let blind_until = service.judge.blind_until();
        let heard = answered || self.pairs.get(pair).is_some_and(super::pair::Pair::has_matched);
        Gate { doubt, heard, blind_until }
    }

    /// Looks at a service and says what is new.
    pub(super) fn review(&mut self, now: Instant, index: u32) {
        let gate = self.gate(index);
        if gate.doubt || !gate.heard || index == OTHER_INDEX {
            return;
        }
        let policy = &self.settings.verdict;
        let front = self.registry.get(index);
        front.roll(now);
        let service = &mut *front.service;
        let heard = service.heard();
        let scene = Scene {
            now,
            policy,
            window: &service.window,
            pace: &service.pace,
            replicas: service.replicas.as_ref(),
            waits: front.watch.since().is_some(),
            heard,
            witnesses: &front.witnesses,
            called: front.called,
        };
        let found = service.judge.assess(&scene);
        // That nobody is there needs no calls to show it.
        let known = matches!(found, Some((_, Reason::NoSubscriber)));
        if !known && service.totals.settled() < u64::from(policy.min_calls) {
            return;
        }
        let (verdict, reason) = match found {
            Some((verdict, reason)) => (verdict, Some(reason)),
            None if service.judge.answered(policy.healthy_calls) => (Verdict::Healthy, None),
            None => return,
        };
        let before = service.standing.verdict();
        if let Some(said) = service.standing.move_to(now, verdict, reason, policy) {
            self.say_standing(now, index, said);
        }
        if before != verdict {
            self.follow(now, index, verdict);
        }
        self.refresh(now, index);
    }

    pub(super) fn say_standing(&mut self, now: Instant, index: u32, said: Said) {
        match said {
            Said::Bad(verdict, reason, repeat) => {
                let incident = self.incident(now, index);
                let cause = self.cause(index);
                let (calls, callers) = (self.rate.total(now), self.callers.estimate(now));
                let service = self.registry.get(index);
                service.seal();
                let recent = service.window.counts(now, 120, None);
                let own = service.window.counts(now, 300, None).calls;
                let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
                let calls_share = share(own as f64, calls as f64);
                // Both are estimates, and a part is not more than the whole.
                let callers_share = share(service.callers.estimate(now), callers).min(1.0);
                let large = self.settings.verdict.large_share;
                let trace = service.traced(now, &mut self.spans);
                let news = BadNews {
                    service: service.name.clone(),
                    verdict,
                    reason,
                    replicas: service.replicas.clone(),
                    last_result: service.last_result,
                    recent_calls: recent.settled(),
                    recent_responses: recent.answered(),
                    error_rate: recent.error_rate(),
                    response_rate: recent.response_rate(),
                    estimate: service.outages.estimate(),
                    operations: service.operations(now),
                    calls_share,
                    callers_share,
                    large: calls_share >= large || callers_share >= large,
                    repeat,
                    incident,
                    cause,
                    trace,
                };
                self.say(now, What::Bad(Box::new(news)));
            }
            Said::Recovered(previous, outage) => {
                let incident = self.incident(now, index);
                let service = self.registry.get(index);
                let before = service.incident.map_or(0, |incident| incident.unanswered_before);
                service.outages.add(outage);
                let recovery = Recovery {
                    service: service.name.clone(),
                    previous,
                    outage,
                    unanswered: service.totals.unanswered.saturating_sub(before),
                    incident,
                };
                self.say(now, What::Recovered(recovery));
                self.close_incident(index);
            }
        }
    }

    /// The incident of a service, opened if there is none.
    pub(super) fn incident(&mut self, now: Instant, index: u32) -> IncidentId {
        let service = self.registry.get(index);
        if let Some(incident) = service.incident {
            return incident.id;
        }
        // The calls that gave it away belong to it, back to the last one that was answered.
        let unanswered_before = service.unanswered_before;
        // A component that is down makes one incident of all that follows from it.
        let id = self.cause(index).map_or_else(|| self.ids.next(now), |(_, id)| id);
        self.registry.get(index).incident = Some(Incident::new(id, now, unanswered_before));
        id
    }

    pub(super) fn close_incident(&mut self, index: u32) {
        let service = self.registry.get(index);
        if service.is_over() {
            service.incident = None;
        }
    }

    /// The process stood still from `since` to `now`.
    pub(super) fn pause(&mut self, since: Instant, now: Instant) {
        let change = self.doubt.paused(now, since, &self.settings.doubt);
        self.doubt_changed(since, change);
    }

    pub(super) fn doubt_changed(&mut self, now: Instant, change: Option<Change>) {
        let Some(change) = change else { return };
        self.unwell = true;
        let doubts = self.doubt.is_on();
        self.deeds.doubt(doubts);
        while let Some(closed) = self.ledger.void_oldest(now) {
            let void = (super::call::Outcome::Void, super::errors::Code::None);
            self.settle(now, &closed, void, now);
        }
        for index in self.registry.indexes() {
            let service = self.registry.get(index);
            if change == Change::Ended {
                service.judge.blind(now);
                service.wait_no_more();
                service.breaker.forget(now);
                if service.needs_watching(&self.bounds) {
                    self.watch(index);
                }
            }
            self.refresh(now, index);
        }
    }

    pub(super) fn note_subscribers(&mut self, now: Instant, look: &Subscribers<'_>) {
        let Some(index) = self.registry.find(look.service.digest) else { return };
        let service = self.registry.get(index);
        let asked = look.asked.min(now);
        // What was asked before the end of a doubt, of a broker that came back, may be old.
        if service.judge.blind_until().is_some_and(|until| asked <= until) {
            return;
        }
        service.judge.desertion.look(asked, look.any);
        self.watch(index);
        self.review(now, index);
    }

    /// How a service reads now.
    pub(super) fn read(&mut self, now: Instant, index: u32) -> (Verdict, Option<Reason>) {
        let gate = self.gate(index);
        let service = self.registry.get(index);
        let idle = now.since(service.called) > self.settings.verdict.idle_after;
        if gate.doubt || !gate.heard || idle {
            return (Verdict::Unknown, None);
        }
        service.standing.told()
    }

    /// Says how a service reads, if that is new.
    pub(super) fn refresh(&mut self, now: Instant, index: u32) {
        let (verdict, reason) = self.read(now, index);
        let bad = matches!(verdict, Verdict::Degraded | Verdict::Unavailable);
        let cause = if bad { self.cause(index) } else { None };
        let service = self.registry.get(index);
        let circuit = service.breaker.state();
        let (old_verdict, old_reason, old_circuit) = &service.reading;
        let same = *old_verdict == verdict && *old_reason == reason;
        if same && *old_circuit == circuit && service.cause == cause {
            return;
        }
        service.cause.clone_from(&cause);
        if !same {
            service.reading_since = now;
        }
        service.reading = (verdict, reason.clone(), circuit);
        let counts = service.window.counts(now, 300, None);
        let reading = Reading {
            service: service.name.clone(),
            verdict,
            reason,
            since: service.reading_since,
            circuit,
            response_rate: counts.response_rate(),
            failure_rate: counts.failure_rate(),
            p95: service.window.latency(now, 300, None).p95,
            incident: service.incident.map(|incident| incident.id),
            cause,
        };
        self.say(now, What::Reading(reading));
    }
}

/// Whether and how a service may be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    /// lookout doubts itself.
    pub(super) doubt: bool,
    /// Replies of its pair are heard at all.
    pub(super) heard: bool,
    /// Nothing could be heard before this moment.
    pub(super) blind_until: Option<Instant>,
}
