//! Conclusions: verdicts, circuits, cascades, incidents, and what each second brings.

use super::breaker::{Breaker, Mode, Setting, State, Transition};
use super::cascade;
use super::component::{Condition, Said as ComponentSaid};
use super::doubt::Change;
use super::event::{BadNews, CircuitNews, Health, Reading, Recovery, What};
use super::evidence::Settled;
use super::incident::{Incident, IncidentId};
use super::input::{Name, Replicas, Report, Severity};
use super::ledger::Owner;
use super::registry::{Admission, Gone, OTHER_INDEX};
use super::service::Service;
use super::standing::Said;
use super::time::Instant;
use super::verdict::{ReplicaState, Scene, Verdict};
use super::{Observer, digest};
use std::cmp::Reverse;

impl Observer {
    /// A service got a place in the table.
    pub(super) fn admitted(&mut self, now: Instant, index: u32, name: Name<'_>, how: Admission) {
        match how {
            Admission::Known => return,
            Admission::New => {}
            Admission::Displaced(gone) => self.gone(now, gone),
        }
        let configured = self.settings.services.iter().find(|(known, _)| known == name.text);
        let settings = configured.map(|(_, settings)| *settings).unwrap_or_default();
        let seed = self.settings.seed ^ name.digest.half();
        let service = self.registry.get(index);
        service.settings = settings;
        let (breaker, transition) = Breaker::new(seed, settings.circuit);
        service.breaker = breaker;
        if let Some(transition) = transition {
            self.circuit_moved(now, index, transition);
        }
        self.refresh(now, index);
    }

    fn gone(&mut self, now: Instant, gone: Gone) {
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
            heard: service.heard.max(gate.blind_until),
            doubt: gate.doubt || !gate.heard,
        };
        if let Some(transition) = service.breaker.record(call, &setting) {
            self.circuit_moved(now, index, transition);
        }
        let service = self.registry.get(index);
        let calm = service.judge.is_calm() && service.standing.verdict() == Verdict::Healthy;
        let slow = call.at.since(call.made) > self.settings.verdict.slow_median;
        if !calm || slow || call.outcome.against() {
            self.review(now, index);
        }
    }

    /// Whether and how a service may be judged.
    fn gate(&mut self, index: u32) -> Gate {
        let doubt = self.doubt.is_on();
        let service = self.registry.get(index);
        let pair = service.pair.index();
        let answered = service.record.totals.ever_answered();
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
        let service = self.registry.get(index);
        let scene = Scene {
            now,
            policy,
            window: &service.record.window,
            pace: &service.pace,
            replicas: service.replicas.as_ref(),
            heard: service.heard,
            called: service.called,
        };
        let found = service.judge.assess(&scene);
        if service.record.totals.settled() < u64::from(policy.min_calls) {
            return;
        }
        let (verdict, reason) = match found {
            Some((verdict, reason)) => (verdict, Some(reason)),
            None if service.judge.answered(now, policy.healthy_calls) => (Verdict::Healthy, None),
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

    /// What a change of verdict means for the circuits of those that depend on the service,
    /// whether or not the change was said aloud.
    fn follow(&mut self, now: Instant, index: u32, verdict: Verdict) {
        if verdict == Verdict::Unavailable {
            let incident = self.incident(now, index);
            self.open_dependents(now, index, incident);
        } else if verdict == Verdict::Healthy
            && let Some(digest) = self.registry.digest(index)
        {
            self.release_dependents(now, digest);
        }
    }

    fn say_standing(&mut self, now: Instant, index: u32, said: Said) {
        match said {
            Said::Bad(verdict, reason, repeat) => {
                let incident = self.incident(now, index);
                let calls = self.traffic.counts(now, 300).calls;
                let service = self.registry.get(index);
                let recent = service.record.window.counts(now, 120);
                let own = service.record.window.counts(now, 300).calls;
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
                    share: if calls > 0 { own as f64 / calls as f64 } else { 0.0 },
                    repeat,
                    incident,
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
                    unanswered: service.record.totals.unanswered.saturating_sub(before),
                    incident,
                };
                self.say(now, What::Recovered(recovery));
                self.close_incident(index);
            }
        }
    }

    /// The incident of a service, opened if there is none.
    fn incident(&mut self, now: Instant, index: u32) -> IncidentId {
        let service = self.registry.get(index);
        if let Some(incident) = service.incident {
            return incident.id;
        }
        // The calls that gave it away belong to it.
        let run = service.judge.unanswered_in_a_row(now);
        let unanswered_before = service.record.totals.unanswered.saturating_sub(u64::from(run));
        let id = self.ids.next(now);
        self.registry.get(index).incident = Some(Incident { id, unanswered_before });
        id
    }

    fn close_incident(&mut self, index: u32) {
        let service = self.registry.get(index);
        if service.is_over() {
            service.incident = None;
        }
    }

    /// Says a transition, schedules its end, and keeps the incidents.
    fn circuit_moved(&mut self, now: Instant, index: u32, transition: Transition) {
        let service = self.registry.get(index);
        if let Some(at) = service.breaker.deadline() {
            self.circuits.push(Reverse((at, index)));
        }
        let incident = match service.circuit_incident {
            Some(incident) => incident,
            None => self.incident(now, index),
        };
        let service = self.registry.get(index);
        service.circuit_incident = Some(incident);
        service.live = true;
        let news = CircuitNews {
            service: service.name.clone(),
            topic: service.topic.clone(),
            transition,
            trial_calls: self.settings.circuit.trial_calls,
            incident,
        };
        if !matches!(transition.to, State::Open | State::HalfOpen) {
            service.circuit_incident = None;
            service.waits_for = None;
        }
        self.say(now, What::Circuit(news));
        self.close_incident(index);
        self.refresh(now, index);
    }

    /// A circuit's open time may be over.
    pub(super) fn circuit_due(&mut self, now: Instant) {
        let Some(Reverse((at, index))) = self.circuits.pop() else {
            return;
        };
        let service = self.registry.get(index);
        // It may have moved since, or the service may be another.
        if service.breaker.deadline() == Some(at) {
            self.tick_circuit(now, index);
        }
    }

    fn tick_circuit(&mut self, now: Instant, index: u32) {
        let gate = self.gate(index);
        let service = self.registry.get(index);
        let setting = Setting {
            policy: &self.settings.circuit,
            heard: service.heard.max(gate.blind_until),
            doubt: gate.doubt || !gate.heard,
        };
        if let Some(transition) = service.breaker.tick(now, &setting) {
            self.circuit_moved(now, index, transition);
        }
    }

    /// Opens the circuits of those that depend on a service that became unavailable.
    fn open_dependents(&mut self, now: Instant, index: u32, incident: IncidentId) {
        let Some(origin) = self.registry.digest(index) else {
            return;
        };
        let dependents = self.dependencies.dependents(origin).to_vec();
        if dependents.is_empty() {
            return;
        }
        let policy = &self.settings.circuit;
        let in_use = |service: &&Service| now.since(service.called) <= policy.cascade_span;
        let used = self.registry.all().iter().skip(1).filter(in_use).count();
        let already = self.registry.all().iter().filter(|s| s.waits_for.is_some()).count();
        let others = used.saturating_sub(1);
        let mut room = cascade::room(others, policy.cascade_share, already);
        let mut affected = Vec::new();
        for dependent in dependents {
            let Some(at) = self.registry.find(dependent).filter(|at| room > 0 && *at != index)
            else {
                continue;
            };
            let service = self.registry.get(at);
            if let Some(transition) = service.breaker.open_ahead(now) {
                room -= 1;
                service.waits_for = Some(origin);
                service.circuit_incident = Some(incident);
                affected.push(service.name.clone());
                self.circuit_moved(now, at, transition);
            }
        }
        if !affected.is_empty() {
            let origin = self.registry.get(index).name.clone();
            self.say(now, What::CascadePrevented { origin, affected, incident });
        }
    }

    /// The service is back: circuits that waited for it are tried.
    fn release_dependents(&mut self, now: Instant, origin: digest::Digest) {
        for index in self.registry.indexes() {
            let service = self.registry.get(index);
            if service.waits_for != Some(origin) {
                continue;
            }
            service.waits_for = None;
            if let Some(transition) = service.breaker.dependency_recovered(now) {
                self.circuit_moved(now, index, transition);
            }
        }
    }

    pub(super) fn set_circuit(&mut self, now: Instant, service: &str, mode: Mode) {
        let digest = self.key.digest(digest::Kind::Service, service.as_bytes());
        let Some(index) = self.registry.find(digest).filter(|index| *index != OTHER_INDEX) else {
            return;
        };
        let service = self.registry.get(index);
        service.settings.circuit = mode;
        if let Some(transition) = service.breaker.set_mode(mode, now) {
            self.circuit_moved(now, index, transition);
        }
    }

    /// The process stood still from `since` to `now`.
    pub(super) fn pause(&mut self, since: Instant, now: Instant) {
        let change = self.doubt.paused(now, since, &self.settings.doubt);
        self.doubt_changed(since, change);
    }

    pub(super) fn doubt_changed(&mut self, now: Instant, change: Option<Change>) {
        let Some(change) = change else { return };
        while let Some(closed) = self.ledger.void_oldest(now) {
            self.settle(now, &closed, super::call::Outcome::Void, now);
        }
        for index in self.registry.indexes() {
            let service = self.registry.get(index);
            if change == Change::Ended {
                service.judge.blind(now);
                service.breaker.forget(now);
            }
            self.refresh(now, index);
        }
    }

    pub(super) fn note_replicas(&mut self, now: Instant, replicas: &Replicas<'_>) {
        // Replicas of a service that is never called say nothing about calls.
        let Some(index) = self.registry.find(replicas.service.digest) else {
            return;
        };
        let service = self.registry.get(index);
        service.replicas = Some(ReplicaState {
            running: replicas.running,
            ready: replicas.ready,
            total: replicas.total,
            cause: replicas.cause.map(Into::into),
        });
        service.live = true;
        self.review(now, index);
    }

    pub(super) fn note_component(&mut self, now: Instant, report: &Report<'_>) {
        let policy = &self.settings.component;
        let max = self.settings.limits.components;
        if let Some(said) = self.components.report(now, report, policy, max, &mut self.ids) {
            self.say_component(now, said);
        }
    }

    fn say_component(&mut self, now: Instant, said: ComponentSaid) {
        let what = match said {
            ComponentSaid::Error(finding) => What::ComponentError(finding),
            ComponentSaid::Recovered(component, incident, outage) => {
                What::ComponentRecovered { component, outage, incident }
            }
        };
        self.say(now, what);
    }

    /// What each second brings.
    pub(super) fn tick(&mut self, now: Instant) {
        self.ledger.forget(now);
        self.traffic.roll(now);
        for index in self.registry.indexes() {
            if self.registry.get(index).live {
                self.tick_service(now, index);
            }
        }
        for said in self.components.repeats(now, self.settings.repeat) {
            self.say_component(now, said);
        }
        let health = self.health();
        let due = self.health.as_ref().is_none_or(|(last, at)| {
            *last != health || now.since(*at) >= self.settings.health_interval
        });
        if due {
            self.health = Some((health.clone(), now));
            self.say(now, What::Health(health));
        }
    }

    fn tick_service(&mut self, now: Instant, index: u32) {
        self.registry.get(index).record.window.roll(now);
        self.tick_circuit(now, index);
        self.review(now, index);
        let policy = &self.settings.verdict;
        let doubt = self.doubt.is_on();
        let service = self.registry.get(index);
        if !doubt {
            let every = self.settings.repeat;
            if let Some(said) = service.standing.tick(now, service.called, every, policy) {
                self.say_standing(now, index, said);
            }
        }
        self.refresh(now, index);
        let service = self.registry.get(index);
        let idle = now.since(service.called) > self.settings.verdict.idle_after;
        service.live = !(idle
            && service.record.window.is_empty()
            && service.record.totals.open == 0
            && service.judge.is_idle()
            && service.breaker.is_idle()
            && !service.standing.is_flapping());
    }

    /// How a service reads now.
    fn read(&mut self, now: Instant, index: u32) -> (Verdict, Option<super::verdict::Reason>) {
        let gate = self.gate(index);
        let service = self.registry.get(index);
        let idle = now.since(service.called) > self.settings.verdict.idle_after;
        if gate.doubt || !gate.heard || idle {
            return (Verdict::Unknown, None);
        }
        service.standing.told()
    }

    /// Says how a service reads, if that is new.
    fn refresh(&mut self, now: Instant, index: u32) {
        let (verdict, reason) = self.read(now, index);
        let service = self.registry.get(index);
        let circuit = service.breaker.state();
        let (old_verdict, old_reason, old_circuit) = &service.reading;
        let same = *old_verdict == verdict && *old_reason == reason;
        if same && *old_circuit == circuit {
            return;
        }
        if !same {
            service.reading_since = now;
        }
        service.reading = (verdict, reason.clone(), circuit);
        let counts = service.record.window.counts(now, 300);
        let reading = Reading {
            service: service.name.clone(),
            verdict,
            reason,
            since: service.reading_since,
            circuit,
            response_rate: counts.response_rate(),
            failure_rate: counts.failure_rate(),
            p95: service.record.window.latency(now, 300).p95,
            incident: service.incident.map(|incident| incident.id),
        };
        self.say(now, What::Reading(reading));
    }

    /// The summary of everything.
    pub(super) fn health(&self) -> Health {
        let mut health = Health { in_doubt: self.doubt.is_on(), ..Health::default() };
        for service in self.registry.all().iter().skip(1) {
            let place = match service.reading.0 {
                Verdict::Healthy => 0,
                Verdict::Degraded => 1,
                Verdict::Unavailable => 2,
                Verdict::Unknown => 3,
            };
            health.services[place] += 1;
            let open = matches!(
                service.breaker.state(),
                State::Open | State::HalfOpen | State::ForcedOpen
            );
            health.open_circuits += u32::from(open);
            health.open_incidents += u32::from(service.incident.is_some());
        }
        for (_, condition, severity) in self.components.conditions() {
            let place = match condition {
                Condition::Healthy => 0,
                Condition::Degraded => 1,
                Condition::Unhealthy => 2,
            };
            health.components[place] += 1;
            health.critical |= severity == Some(Severity::Critical);
            health.open_incidents += u32::from(severity.is_some());
        }
        health
    }
}

/// Whether and how a service may be judged.
#[derive(Clone, Copy, Debug)]
struct Gate {
    /// lookout doubts itself.
    doubt: bool,
    /// Replies of its pair are heard at all.
    heard: bool,
    /// Nothing could be heard before this moment.
    blind_until: Option<Instant>,
}
