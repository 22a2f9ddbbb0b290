//! The read model: what pages, metrics and summaries share.
//!
//! A snapshot is taken, never kept up to date; whoever reads it decides nothing.

use super::attack;
use super::breaker::{Cause, Mode, State};
use super::call::{Malformed, PairId};
use super::component;
use super::counts::Counts;
use super::errors::{Counted, Failure};
use super::event::Health;
use super::exemplars::Exemplars;
use super::ground::Cause as Blamed;
use super::histogram::Histogram;
use super::incident::IncidentId;
use super::input::Direction;
use super::latency::Latency;
use super::measure::{self, Measure};
use super::remedy::Treated;
use super::service::{OTHER, Service, Totals};
use super::survey::Dependency;
use super::time::{Instant, Span};
use super::trace::TraceId;
use super::verdict::{Reason, ReplicaState, Verdict};
use std::sync::Arc;

/// Everything the observer knows, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Instant,
    /// Services in order of their names; `_other` only if something was counted there.
    pub services: Vec<ServiceFigures>,
    /// Malformed messages by pair, template and kind; only what is not zero.
    pub malformed: Vec<(PairId, Direction, Malformed, u64)>,
    /// Replies that belong to no call.
    pub unmatched: u64,
    /// Further replies to answered calls.
    pub duplicate: u64,
    /// First replies to calls that were unanswered or void.
    pub late: u64,
    /// Messages that say nothing.
    pub ignored: u64,
    /// Calls that lookout answered in place of their service.
    pub answered_directly: u64,
    /// Calls that it would have answered, had that not been too many in a second.
    pub unanswered_directly: u64,
    /// Activity by channel.
    pub activity: Vec<(Arc<str>, u64)>,
    /// Security events by kind.
    pub security: Vec<(Arc<str>, u64)>,
    /// Calls waited for.
    pub open_calls: u32,
    /// Open calls that had to give way to the bound.
    pub evicted: u64,
    /// The summary.
    pub health: Health,
    /// Components in order of their names.
    pub components: Vec<component::Standing>,
    /// How all of them are, from 0 to 1; `None` if none was reported on.
    pub score: Option<f64>,
    /// Who calls whom: configured, and learned if that is set.
    pub dependencies: Arc<Vec<Dependency>>,
    /// Pairs of which replies are awaited in vain.
    pub deaf: Vec<PairId>,
    /// Attacks under way. The observer itself finds none.
    pub attacks: Vec<Arc<attack::Incident>>,
    /// What is done about attacks and in force.
    pub measures: Vec<Arc<Measure>>,
    /// What was done about attacks, counted, if there is a security watch.
    pub responses: Option<measure::Counts>,
    /// What the security watch counted, if there is one.
    pub watch: Option<attack::Figures>,
}

/// The figures of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceFigures {
    /// Its name.
    pub name: Arc<str>,
    /// Its call topic, with levels that do not name it shown as `+`.
    pub topic: Arc<str>,
    /// When it was last called.
    pub called: Instant,
    /// When the first call was made that waits since its last reply, if one does; calls that
    /// ran out of patience are among them.
    pub waits_since: Option<Instant>,
    /// Its figures.
    pub figures: Figures,
    /// When the oldest of its open calls was made.
    pub oldest_open: Option<Instant>,
    /// Its methods in order of their names.
    pub methods: Arc<Vec<(Arc<str>, Figures)>>,
    /// Reply times over the run, by bin.
    pub replies: Arc<Histogram>,
    /// Its errors.
    pub errors: Arc<ErrorFigures>,
    /// Calls of it that are told in traces, by how long they took; `None` if there are none.
    pub exemplars: Option<Arc<Exemplars>>,
    /// How many callers it had in the last 5 to 10 min, estimated.
    pub callers: f64,
    /// How it reads; `None` for `_other`, which is not judged.
    pub verdict: Option<Verdict>,
    /// Why, if it reads badly.
    pub reason: Option<Reason>,
    /// Since when it reads so.
    pub since: Instant,
    /// The incident under way, and since when.
    pub incident: Option<(IncidentId, Instant)>,
    /// A trace in which the incident is told, as last said.
    pub trace: Option<TraceId>,
    /// Its replicas, if the platform told.
    pub replicas: Option<ReplicaState>,
    /// The component that explains its trouble, with the incident of that.
    pub blamed: Option<Blamed>,
    /// How far it was treated, if it was.
    pub treated: Option<Treated>,
    /// What its circuit tells callers; `None` for `_other`.
    pub circuit: Option<State>,
    /// How its circuit stands.
    pub breaker: CircuitFigures,
}

/// Figures of a service or a method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Counts over the run.
    pub totals: Totals,
    /// Reply times over the run.
    pub lifetime: Latency,
    /// Counts over the last 5 min.
    pub recent: Counts,
    /// Reply times over the last 5 min.
    pub latency: Latency,
}

impl Figures {
    /// Calls per second over the last 5 min.
    pub fn request_rate(&self) -> f64 {
        self.recent.calls as f64 / Span::from_secs(300).as_secs_f64()
    }

    /// Calls that wait beyond those that are usually in progress at once, which are as many as are
    /// made in the time of a reply (Little's law); over the last 5 min.
    pub fn queue_depth(&self) -> f64 {
        let mean = self.latency.mean.map_or(0.0, Span::as_secs_f64);
        let usual = (self.request_rate() * mean).ceil();
        (self.totals.open as f64 - usual).max(0.0)
    }
}

/// The errors of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorFigures {
    /// How many of each kind, over the run.
    pub counted: Vec<Counted>,
    /// The last ones, oldest first, each with its method.
    pub last: Vec<(Arc<str>, Failure)>,
}

impl ErrorFigures {
    pub(super) fn new(service: &Service) -> Self {
        let Some(errors) = &service.errors else { return Self::default() };
        let named = |failure: &Failure| {
            let method = service.methods.get(usize::from(failure.method));
            (method.map_or_else(|| OTHER.into(), |method| method.name.clone()), *failure)
        };
        Self { counted: errors.counted().to_vec(), last: errors.last().map(named).collect() }
    }
}

/// How a circuit stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CircuitFigures {
    /// How it behaves.
    pub mode: Mode,
    /// What it tells callers.
    pub state: State,
    /// Why it last moved, if it ever did.
    pub cause: Option<Cause>,
    /// When it last moved.
    pub since: Option<Instant>,
    /// When an open one will be half-open, if that is known.
    pub retry_after: Option<Instant>,
    /// Openings in a row without a closing between.
    pub open_count: u32,
    /// How often it moved to each of [`State::ALL`].
    pub transitions: [u32; 6],
}
