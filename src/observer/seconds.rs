//! What each second brings: silence is noticed, lasting states are said again, and the summary
//! of everything is drawn.
//!
//! Ten thousand healthy services must cost nothing each second. A service is watched while
//! something about it can change by time alone: evidence against it, a finding, a bad verdict.
//! That a service was not called for long is noticed by a queue; memory is freed in turns.

use super::Observer;
use super::breaker::State;
use super::component::Condition;
use super::event::{Health, What};
use super::incident::IncidentId;
use super::input::Severity;
use super::registry::OTHER_INDEX;
use super::time::{Instant, Span};
use super::verdict::Verdict;
use std::cmp::Reverse;

/// A service that was not called for so long is quiet.
const QUIET: Span = Span::from_secs(60);
/// One that is not gives memory back every so many minutes.
const BUSY_TURNS: u32 = 10;

impl Observer {
    /// What each second brings.
    pub(super) fn tick(&mut self, now: Instant) {
        self.ledger.forget(now);
        self.watch_the_idle(now);
        let mut watched = std::mem::take(&mut self.watched);
        watched.sort_unstable();
        for index in &watched {
            self.tick_service(now, *index);
        }
        watched.retain(|index| {
            let service = self.registry.noted(*index);
            service.watched = service.needs_watching(&self.bounds);
            service.watched
        });
        // Those that were watched for the first time meanwhile.
        watched.append(&mut self.watched);
        self.watched = watched;
        self.sweep(now);
        for said in self.components.repeats(now, self.settings.repeat) {
            self.say_component(now, said);
        }
        self.consider_remedies(now);
        self.say_health(now);
    }

    /// Has a service looked at each second until nothing about it can change by time alone.
    pub(super) fn watch(&mut self, index: u32) {
        let service = self.registry.noted(index);
        if index != OTHER_INDEX && !service.watched {
            service.watched = true;
            self.watched.push(index);
        }
    }

    /// A service is called now.
    pub(super) fn called(&mut self, now: Instant, index: u32) {
        let idle_after = self.settings.verdict.idle_after;
        let service = self.registry.noted(index);
        let was_idle = now.since(service.called) > idle_after;
        service.called = now;
        if index != OTHER_INDEX && !service.awaits_idle {
            service.awaits_idle = true;
            self.idle.push(Reverse((now + idle_after, index)));
        }
        if was_idle {
            self.watch(index);
        }
    }

    /// Services that were not called for too long read differently now.
    fn watch_the_idle(&mut self, now: Instant) {
        let idle_after = self.settings.verdict.idle_after;
        while let Some(Reverse((at, index))) = self.idle.peek().copied()
            && at < now
        {
            self.idle.pop();
            let service = self.registry.noted(index);
            let due = service.called + idle_after;
            if due < now {
                service.awaits_idle = false;
                self.watch(index);
            } else {
                self.idle.push(Reverse((due, index)));
            }
        }
    }

    /// Frees what a few services no longer need; each has its turn once a minute. One that is
    /// called forgets by itself what is old, so it is looked at now and then only.
    fn sweep(&mut self, now: Instant) {
        let count = self.registry.all().len() as u32;
        for _ in 0..count / 60 + 1 {
            self.sweep = if self.sweep + 1 < count { self.sweep + 1 } else { 0 };
            let minute = now.second() / 60;
            let turn = minute.wrapping_add(self.sweep).is_multiple_of(BUSY_TURNS);
            let service = self.registry.noted(self.sweep);
            if turn || now.since(service.called) >= QUIET {
                service.rest(now);
            }
        }
    }

    fn tick_service(&mut self, now: Instant, index: u32) {
        self.tick_circuit(now, index);
        self.review(now, index);
        let policy = &self.settings.verdict;
        let service = self.registry.get(index);
        if !self.doubt.is_on() {
            let every = self.settings.repeat;
            let called = service.called;
            if let Some(said) = service.standing.tick(now, called, every, policy) {
                self.say_standing(now, index, said);
            }
        }
        self.refresh(now, index);
    }

    fn say_health(&mut self, now: Instant) {
        let (last, at) = self.health.as_ref().map_or((None, now), |(last, at)| (Some(last), *at));
        let again = last.is_none() || now.since(at) >= self.settings.health_interval;
        // Drawn up anew only if something happened that it tells of.
        let news = std::mem::take(&mut self.unwell).then(|| self.health());
        let health = match news {
            Some(health) if again || last != Some(&health) => health,
            None if again => last.cloned().unwrap_or_else(|| self.health()),
            _ => return,
        };
        self.health = Some((health.clone(), now));
        self.say(now, What::Health(health));
    }

    /// The summary of everything.
    pub(super) fn health(&self) -> Health {
        let mut incidents: Vec<IncidentId> = Vec::new();
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
            incidents.extend(service.incident.map(|incident| incident.id));
        }
        for (condition, finding) in self.components.conditions() {
            let place = match condition {
                Condition::Healthy => 0,
                Condition::Degraded => 1,
                Condition::Unhealthy => 2,
                Condition::Starting => 3,
            };
            health.components[place] += 1;
            health.critical |= finding.is_some_and(|(severity, _)| severity == Severity::Critical);
            incidents.extend(finding.map(|(_, incident)| incident));
        }
        // A component and the services that it explains have one incident.
        incidents.sort_unstable();
        incidents.dedup();
        health.open_incidents = incidents.len() as u32;
        health
    }
}
