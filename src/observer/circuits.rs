//! Circuits in concert: transitions told, timed and tied to incidents, and cascades held off.

use super::breaker::{Mode, Setting, State, Transition};
use super::event::{CircuitNews, What};
use super::front::Front;
use super::incident::IncidentId;
use super::registry::OTHER_INDEX;
use super::time::Instant;
use super::verdict::Verdict;
use super::{Observer, cascade, digest};
use std::cmp::Reverse;

impl Observer {
    /// Says a transition, schedules its end, and keeps the incidents.
    pub(super) fn circuit_moved(&mut self, now: Instant, index: u32, transition: Transition) {
        if let Some(at) = self.registry.get(index).breaker.deadline() {
            self.circuits.push(Reverse((at, index)));
            self.due_at(at);
        }
        let incident = match self.registry.get(index).circuit_incident {
            Some(incident) => incident,
            None => self.incident(now, index),
        };
        let service = self.registry.get(index);
        service.circuit_incident = Some(incident);
        service.breaker.count(now, &transition);
        let news = CircuitNews {
            service: service.name.clone(),
            topic: service.topic.clone(),
            transition,
            trial_calls: self.settings.circuit.trial_calls,
            incident,
        };
        if !matches!(transition.to, State::Open | State::HalfOpen) {
            service.circuit_incident = None;
            self.waiting -= u32::from(service.waits_for.take().is_some());
        }
        self.say(now, What::Circuit(news));
        self.watch(index);
        self.close_incident(index);
        self.refresh(now, index);
        self.answer_all(now, index);
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

    pub(super) fn tick_circuit(&mut self, now: Instant, index: u32) {
        let gate = self.gate(index);
        let service = self.registry.get(index);
        let setting = Setting {
            policy: &self.settings.circuit,
            silence: service.silence(now, gate.blind_until),
            doubt: gate.doubt || !gate.heard,
        };
        if let Some(transition) = service.breaker.tick(now, &setting) {
            self.circuit_moved(now, index, transition);
        }
    }

    /// Opens the circuits of those that depend on a service that became unavailable.
    pub(super) fn open_dependents(&mut self, now: Instant, index: u32, incident: IncidentId) {
        let Some(origin) = self.registry.digest(index) else {
            return;
        };
        // Those that are configured come first, should there not be room for all.
        let mut dependents = self.dependencies.dependents(origin).to_vec();
        if self.settings.cascade.learn {
            dependents.extend(self.nesting.dependents(now, origin, &self.settings.cascade));
        }
        if dependents.is_empty() {
            return;
        }
        let policy = &self.settings.cascade;
        let in_use = |service: &&Front| now.since(service.called) <= policy.span;
        let used = |at: &u32| in_use(&&self.registry.all()[*at as usize]);
        let others = self.registry.indexes().filter(|at| *at != index).filter(used).count();
        let already = self.waiting as usize;
        let mut room = cascade::room(others, policy.share, already);
        let mut affected = Vec::new();
        for dependent in dependents {
            let Some(at) = self.registry.find(dependent) else { continue };
            // Whoever calls itself `_other` is nobody in particular.
            if room == 0 || at == index || at == OTHER_INDEX {
                continue;
            }
            let service = self.registry.get(at);
            if let Some(transition) = service.breaker.open_ahead(now) {
                room -= 1;
                service.waits_for = Some(origin);
                self.waiting += 1;
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
    pub(super) fn release_dependents(&mut self, now: Instant, origin: digest::Digest) {
        if self.waiting == 0 {
            return;
        }
        for index in self.registry.indexes() {
            let service = self.registry.get(index);
            if service.waits_for != Some(origin) {
                continue;
            }
            service.waits_for = None;
            self.waiting -= 1;
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

    /// What a change of verdict means for the circuits of those that depend on the service,
    /// whether or not the change was said aloud.
    pub(super) fn follow(&mut self, now: Instant, index: u32, verdict: Verdict) {
        if verdict == Verdict::Unavailable {
            let incident = self.incident(now, index);
            self.answer_all(now, index);
            self.open_dependents(now, index, incident);
        } else if verdict == Verdict::Healthy
            && let Some(digest) = self.registry.digest(index)
        {
            self.release_dependents(now, digest);
        }
    }
}
