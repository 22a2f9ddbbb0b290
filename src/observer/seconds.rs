//! What each second brings: windows roll, silence is noticed, lasting states are said again, and
//! the summary of everything is drawn.

use super::Observer;
use super::breaker::State;
use super::component::Condition;
use super::event::{Health, What};
use super::input::Severity;
use super::time::Instant;
use super::verdict::Verdict;

impl Observer {
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

    pub(super) fn tick_service(&mut self, now: Instant, index: u32) {
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
