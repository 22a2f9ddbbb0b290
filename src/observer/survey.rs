//! Snapshots drawn up in turns, for those who ask every second.
//!
//! To know the rates and percentiles of ten thousand services, minutes of packed facts must be read,
//! and while that is done no message is heard. What was heard since (totals, verdicts, open calls) is
//! cheap and always new; the rest is read for a part of the services each time, so that each has
//! its turn within [`TURNS`] snapshots, and is what it was at its last turn meanwhile.

use super::counts::Counts;
use super::exemplars::Exemplars;
use super::front::Front;
use super::histogram::Histogram;
use super::latency::Latency;
use super::service::Service;
use super::snapshot::{ErrorFigures, Figures};
use super::time::Instant;
use std::sync::Arc;

/// Within so many snapshots each service has its turn.
pub const TURNS: usize = 5;
/// Services that have their turn each time, if there are so many: with fewer, nothing is ever old.
const AT_ONCE: usize = 64;
/// Snapshots from one look at who calls whom to the next.
const DEPENDENCIES: u32 = 10;

/// Who calls whom, and how often that was seen; `None` is configured.
pub type Dependency = (Arc<str>, Arc<str>, Option<u32>);

/// What is costly to know of a service.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) generation: u32,
    pub(super) figures: Figures,
    pub(super) methods: Arc<Vec<(Arc<str>, Figures)>>,
    pub(super) replies: Arc<Histogram>,
    pub(super) errors: Arc<ErrorFigures>,
    pub(super) exemplars: Option<Arc<Exemplars>>,
    pub(super) callers: f64,
}

/// What is kept between snapshots.
#[derive(Debug)]
pub struct Survey {
    pub(super) details: Vec<Option<Detail>>,
    pub(super) dependencies: Arc<Vec<Dependency>>,
    /// The service whose turn is next.
    next: usize,
    at_once: usize,
    age: u32,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            details: Vec::new(),
            dependencies: Arc::default(),
            next: 0,
            at_once: AT_ONCE,
            age: DEPENDENCIES,
        }
    }
}

impl Survey {
    /// One for a single snapshot, in which everything is new.
    pub(super) fn whole() -> Self {
        Self { at_once: usize::MAX, ..Self::default() }
    }

    /// Brings the services up to date whose turn it is, of so many that there are.
    pub(super) fn turn(&mut self, now: Instant, services: &mut [Front]) {
        let count = services.len();
        self.details.resize_with(count, || None);
        let turns = count.div_ceil(TURNS).max(self.at_once).min(count);
        let first = if self.next < count { self.next } else { 0 };
        self.next = (first + turns) % count.max(1);
        let is_due = |index: usize| (index + count - first) % count.max(1) < turns;
        for (index, (service, detail)) in services.iter_mut().zip(&mut self.details).enumerate() {
            let known = detail.as_ref().is_some_and(|it| it.generation == service.generation);
            if known && !is_due(index) {
                service.reckon();
                continue;
            }
            service.seal();
            let callers = service.callers.estimate(now);
            *detail = Some(Detail::new(service, service.generation, callers, now));
        }
    }

    /// Whether it is time to look who calls whom.
    pub(super) const fn wants_dependencies(&mut self) -> bool {
        self.age += 1;
        if self.age > DEPENDENCIES {
            self.age = 0;
        }
        self.age == 0
    }
}

impl Detail {
    fn new(service: &Service, generation: u32, callers: f64, now: Instant) -> Self {
        let recent = service.window.by_method(now, 300, service.methods.len());
        let (mut counts, mut replies) = (Counts::default(), Histogram::default());
        let of_methods = service.methods.iter().zip(&service.traces).zip(&recent);
        let mut methods = Vec::with_capacity(service.methods.len());
        for ((method, trace), (recent, times)) in of_methods {
            counts.add(recent);
            replies.merge(times);
            let figures = Figures {
                totals: method.totals,
                lifetime: trace.times.figures(&method.replies),
                recent: *recent,
                latency: Latency::from(times),
            };
            methods.push((method.name.clone(), figures));
        }
        methods.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let figures = Figures {
            totals: service.totals,
            lifetime: service.times.figures(&service.replies),
            recent: counts,
            latency: Latency::from(&replies),
        };
        Self {
            generation,
            figures,
            methods: Arc::new(methods),
            replies: Arc::new(service.replies.clone()),
            errors: Arc::new(ErrorFigures::new(service)),
            exemplars: service.exemplars.as_deref().map(|known| Arc::new(known.clone())),
            callers,
        }
    }
}
