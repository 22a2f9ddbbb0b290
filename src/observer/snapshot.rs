//! The read model: what pages, metrics and summaries share.
//!
//! A snapshot is taken, never kept up to date; whoever reads it decides nothing.

use super::breaker::State;
use super::call::{Malformed, PairId};
use super::counts::Counts;
use super::event::Health;
use super::histogram::Histogram;
use super::input::Direction;
use super::latency::Latency;
use super::service::{Service, Totals};
use super::time::{Instant, Span};
use super::verdict::Verdict;
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
    pub methods: Vec<(Arc<str>, Figures)>,
    /// Reply times over the run, by bin.
    pub replies: Histogram,
    /// How it reads; `None` for `_other`, which is not judged.
    pub verdict: Option<Verdict>,
    /// Its circuit; `None` for `_other`.
    pub circuit: Option<State>,
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
}

impl Figures {
    /// Calls per second over the last 5 min.
    pub fn request_rate(&self) -> f64 {
        self.recent.calls as f64 / Span::from_secs(300).as_secs_f64()
    }
}

/// The figures of a service's methods, in order of their names.
pub fn methods(service: &Service, now: Instant) -> Vec<(Arc<str>, Figures)> {
    let recent = service.window.counts_by_method(now, 300, service.methods.len());
    let of_methods = service.methods.iter().zip(&service.traces).zip(recent);
    let mut all: Vec<_> = of_methods
        .map(|((method, trace), recent)| {
            let lifetime = trace.times.figures(&method.replies);
            (method.name.clone(), Figures { totals: method.totals, lifetime, recent })
        })
        .collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    all
}
