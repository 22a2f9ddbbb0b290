//! What is known now, drawn up for those who ask: snapshots and learned dependencies.
//!
//! Nothing is decided here. All that was noted is brought up to date first, so no figure lags.

use super::digest::Kind;
use super::front::Front;
use super::registry::OTHER_INDEX;
use super::service::OTHER;
use super::snapshot::{CircuitFigures, Figures, ServiceFigures};
use super::survey::{Dependency, Detail, Survey};
use super::time::Instant;
use super::{Observer, Snapshot, call, input};
use call::PairId;
use std::sync::Arc;

impl Observer {
    /// What is known now, all of it.
    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        self.survey(now, &mut Survey::whole())
    }

    /// What is known now; what is costly to know in turns, see [`super::survey`].
    pub fn survey(&mut self, now: Instant, survey: &mut Survey) -> Snapshot {
        let now = now.max(self.now);
        survey.turn(now, self.registry.all_mut());
        if survey.wants_dependencies() {
            survey.dependencies = Arc::new(self.all_dependencies(now));
        }
        let mut oldest: Vec<Option<Instant>> = vec![None; self.registry.all().len()];
        for call in self.ledger.all_open() {
            let index = self.registry.tenant(call.owner.service, call.owner.generation);
            if let Some(first) = oldest.get_mut(index as usize) {
                *first = Some(first.map_or(call.made, |first| first.min(call.made)));
            }
        }
        let all = self.registry.all().iter().zip(&survey.details).zip(oldest);
        let mut services: Vec<_> = all
            .filter_map(|((service, detail), oldest)| figures(service, detail.as_ref()?, oldest))
            .collect();
        if !self.remedies.is_idle() {
            for service in &mut services {
                service.treated = self.remedies.treated(&service.name);
            }
        }
        services.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Snapshot {
            attacks: Vec::new(),
            measures: Vec::new(),
            responses: None,
            watch: None,
            at: now,
            services,
            malformed: self.malformed(),
            unmatched: self.counters.unmatched,
            duplicate: self.counters.duplicate,
            late: self.counters.late,
            ignored: self.counters.ignored,
            answered_directly: self.counters.answered_directly,
            unanswered_directly: self.counters.unanswered_directly,
            activity: self.activity.list(),
            security: self.security.list(),
            open_calls: self.ledger.open_calls(),
            evicted: self.ledger.evicted(),
            health: self.health(),
            components: self.components.all(),
            score: self.components.score(),
            dependencies: survey.dependencies.clone(),
            deaf: self.deaf_pairs(),
        }
    }

    /// The pairs of which replies are awaited in vain.
    fn deaf_pairs(&self) -> Vec<PairId> {
        let deaf = self.pairs.iter().enumerate().filter(|(_, pair)| pair.is_deaf());
        deaf.filter_map(|(at, _)| u16::try_from(at).ok().map(PairId)).collect()
    }

    /// How the circuit of a service stands, if the service is known and has one.
    pub fn circuit(&self, service: &str) -> Option<CircuitFigures> {
        let index = self.registry.find(self.key.digest(Kind::Service, service.as_bytes()))?;
        let service = self.registry.all().get(index as usize);
        service.filter(|_| index != OTHER_INDEX).map(|service| service.breaker.figures())
    }

    /// Who calls whom: what is configured, then what was learned beside it.
    fn all_dependencies(&self, now: Instant) -> Vec<Dependency> {
        let mut all: Vec<Dependency> = Vec::new();
        for (caller, called) in &self.settings.dependencies {
            all.extend(
                called.iter().map(|name| (caller.as_str().into(), name.as_str().into(), None)),
            );
        }
        if self.settings.cascade.learn {
            for (caller, called, seen) in self.dependencies(now) {
                if !all.iter().any(|it| it.0 == caller && it.1 == called) {
                    all.push((caller, called, Some(seen)));
                }
            }
        }
        all
    }

    /// Who calls whom, as far as that was learned: caller, called, and how often it was seen.
    pub fn dependencies(&self, now: Instant) -> Vec<(Arc<str>, Arc<str>, u32)> {
        let name = |digest| {
            let index = self.registry.find(digest)?;
            self.registry.all().get(index as usize).map(|service| service.name.clone())
        };
        let learned = self.nesting.learned(now, &self.settings.cascade);
        let learned = learned.filter(|_| self.settings.cascade.learn);
        let named = learned
            .filter_map(|((caller, called), seen)| Some((name(caller)?, name(called)?, seen)));
        let mut all: Vec<_> = named.collect();
        all.sort_unstable();
        all
    }

    fn malformed(&self) -> Vec<(call::PairId, input::Direction, call::Malformed, u64)> {
        let mut counts = Vec::new();
        for (index, pair) in (0_u16..).zip(&self.pairs) {
            let directions = [input::Direction::Call, input::Direction::Reply];
            for (direction, kinds) in directions.into_iter().zip(&pair.malformed) {
                for (kind, count) in call::Malformed::ALL.into_iter().zip(kinds) {
                    if *count > 0 {
                        counts.push((call::PairId(index), direction, kind, *count));
                    }
                }
            }
        }
        counts
    }
}

/// The figures of a service; `None` of `_other` if nothing was counted there.
fn figures(
    service: &Front,
    detail: &Detail,
    oldest_open: Option<Instant>,
) -> Option<ServiceFigures> {
    let judged = &*service.name != OTHER;
    let totals = service.totals;
    if !judged && totals.calls + totals.oneway == 0 {
        return None;
    }
    let (verdict, reason, _) = &service.reading;
    Some(ServiceFigures {
        name: service.name.clone(),
        topic: service.topic.clone(),
        called: service.called,
        waits_since: service.watch.since(),
        figures: Figures { totals, ..detail.figures },
        oldest_open,
        methods: detail.methods.clone(),
        replies: detail.replies.clone(),
        errors: detail.errors.clone(),
        exemplars: detail.exemplars.clone(),
        callers: detail.callers,
        verdict: judged.then_some(*verdict),
        reason: reason.clone(),
        since: service.reading_since,
        incident: service.incident.map(|incident| (incident.id, incident.since)),
        trace: service.incident.and_then(|incident| incident.trace),
        blamed: service.cause.clone(),
        treated: None,
        replicas: service.replicas.clone(),
        circuit: judged.then_some(service.breaker.state()),
        breaker: service.breaker.figures(),
    })
}
