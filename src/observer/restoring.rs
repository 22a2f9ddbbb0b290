//! What an earlier run left standing, taken up again before anything is judged.
//!
//! A restart must not say that all is well, nor forget that callers were told to hold back: how a
//! service and its circuit stood is read back from what the broker kept. It is what was said, not
//! evidence: it says nothing anew and opens no other circuit. The finding behind a bad verdict is
//! on again, and ends by its own rule. Only a service that this run has not judged takes it.

use super::Observer;
use super::component::cut;
use super::incident::Incident;
use super::input::Standing;
use super::registry::OTHER_INDEX;
use super::time::Instant;
use super::verdict::{Reason, Verdict};
use std::cmp::Reverse;

impl Observer {
    /// How a service or its circuit stood when an earlier run last said so.
    pub(super) fn restore(&mut self, now: Instant, standing: &Standing<'_>) {
        let name = standing.service;
        let index = match self.registry.find(name.digest) {
            Some(index) => index,
            None => {
                let (pair, topic) = (standing.pair, standing.topic);
                let (index, admission) = self.registry.admit(name, pair, topic, now);
                self.admitted(now, index, name, admission);
                index
            }
        };
        if index == OTHER_INDEX {
            return;
        }
        // Its replies were heard by that run, so its pair is not deaf.
        if let Some(pair) = self.pairs.get_mut(standing.pair.index()) {
            pair.matched();
        }
        let service = self.registry.get(index);
        if let Some((verdict, reason, since)) = standing.verdict
            && service.standing.verdict() == Verdict::Unknown
        {
            let reason = reason.map(|name| Reason::read(cut(name, super::judging::MAX_CAUSE)));
            let since = since.min(now);
            service.standing.restore(now, verdict, reason.clone(), since);
            if let Some(reason) = &reason {
                service.judge.restore(now, reason);
            }
            service.reading = (verdict, reason, service.reading.2);
            service.reading_since = since;
            if let Some(id) = standing.incident.filter(|_| verdict.is_bad()) {
                service.incident.get_or_insert(Incident::new(id, since, 0));
            }
        }
        if let Some(circuit) = &standing.circuit
            && service.breaker.restore(now, circuit, &self.settings.circuit)
        {
            service.reading.2 = service.breaker.state();
            service.circuit_incident = standing.incident;
            if let Some(id) = standing.incident {
                service.incident.get_or_insert(Incident::new(id, circuit.since.min(now), 0));
            }
            if let Some(at) = service.breaker.deadline() {
                self.circuits.push(Reverse((at, index)));
                self.due_at(at);
            }
        }
        self.unwell = true;
        // Until the doubt ends with which a run begins, what the broker keeps stands as it is.
        if !self.doubt.is_on() {
            self.watch(index);
        }
    }
}
