//! What is known now, drawn up for those who ask: snapshots and learned dependencies.
//!
//! Nothing is decided here. All that was noted is brought up to date first, so no figure lags.

use super::service::OTHER;
use super::time::Instant;
use super::{Observer, Snapshot, call, front, input, snapshot};
use std::sync::Arc;

impl Observer {
    /// What is known now.
    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        let now = now.max(self.now);
        self.registry.seal();
        let mut oldest: Vec<Option<Instant>> = vec![None; self.registry.all().len()];
        for call in self.ledger.all_open() {
            let index = self.registry.tenant(call.owner.service, call.owner.generation);
            if let Some(first) = oldest.get_mut(index as usize) {
                *first = Some(first.map_or(call.made, |first| first.min(call.made)));
            }
        }
        let used = |(service, _): &(&front::Front, Option<Instant>)| {
            let totals = service.totals;
            &*service.name != OTHER || totals.calls + totals.oneway > 0
        };
        let figures = |(service, oldest_open): (&front::Front, Option<Instant>)| {
            let judged = &*service.name != OTHER;
            snapshot::ServiceFigures {
                name: service.name.clone(),
                topic: service.topic.clone(),
                called: service.called,
                waits_since: service.watch.since(),
                figures: snapshot::Figures {
                    totals: service.totals,
                    lifetime: service.times.figures(&service.replies),
                    recent: service.window.counts(now, 300, None),
                },
                oldest_open,
                methods: snapshot::methods(service, now),
                replies: service.replies.clone(),
                verdict: judged.then_some(service.reading.0),
                circuit: judged.then_some(service.breaker.state()),
            }
        };
        let all = self.registry.all().iter().zip(oldest);
        let mut services: Vec<_> = all.filter(used).map(figures).collect();
        services.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Snapshot {
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
        }
    }

    /// Who calls whom, as far as that was learned: caller, called, and how often it was seen.
    pub fn dependencies(&self, now: Instant) -> Vec<(Arc<str>, Arc<str>, u32)> {
        let name = |digest| {
            let index = self.registry.find(digest)?;
            self.registry.all().get(index as usize).map(|service| service.name.clone())
        };
        let learned = self.nesting.learned(now, &self.settings.cascade);
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
