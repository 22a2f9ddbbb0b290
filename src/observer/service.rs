//! What is known of one service and its methods.

use super::breaker::{Breaker, State};
use super::call::{Outcome, PairId};
use super::callers::Callers;
use super::calm::Bounds;
use super::counts::Counts;
use super::digest::Digest;
use super::errors::Errors;
use super::exemplars::Exemplars;
use super::histogram::Histogram;
use super::incident::{Incident, IncidentId, Outages};
use super::judge::Judge;
use super::latency::Exact;
use super::note::Fact;
use super::pace::Pace;
use super::settings::ServiceSettings;
use super::spans::Spans;
use super::standing::Standing;
use super::time::{Instant, Span};
use super::trace::TraceId;
use super::verdict::{Reason, ReplicaState, Verdict};
use super::window::Window;
use std::sync::Arc;

/// The name under which is counted what has no place of its own.
pub const OTHER: &str = "_other";
/// Registers by which the callers of one service are counted.
pub const SERVICE_CALLERS: usize = 128;
/// A method counts as in use when it was called within this span.
const IN_USE: Span = Span::from_secs(24 * 3600);
/// A failure older than this shows nothing of what is wrong now: the longest window of a judge.
const FAILED_LATELY: Span = Span::from_secs(300);

/// Counts over the whole run. `calls` is the sum of the outcomes and `open`, at every instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Two-way calls.
    pub calls: u64,
    /// One-way calls, counted apart.
    pub oneway: u64,
    /// Answered with a result.
    pub ok: u64,
    /// Answered with an error of the caller's doing.
    pub rejected: u64,
    /// Answered with an error of the service's doing.
    pub failed: u64,
    /// Not answered in time.
    pub unanswered: u64,
    /// Out of lookout's hearing.
    pub void: u64,
    /// Not settled yet.
    pub open: u64,
    /// Late replies; these settle nothing.
    pub late: u64,
}

impl Totals {
    /// Settled calls: all but void and open ones.
    pub const fn settled(&self) -> u64 {
        self.ok + self.rejected + self.failed + self.unanswered
    }

    /// Whether a reply was ever heard.
    pub const fn ever_answered(&self) -> bool {
        self.ok + self.rejected + self.failed + self.late > 0
    }

    /// Adds what was counted in the log; `open` is not known before [`Totals::close`].
    pub(super) const fn add_counts(&mut self, counts: &Counts) {
        self.calls += counts.calls;
        self.ok += counts.ok;
        self.rejected += counts.rejected;
        self.failed += counts.failed;
        self.unanswered += counts.unanswered;
        self.late += counts.late;
    }

    /// Counts what is not in the log; `open` is not known before [`Totals::close`].
    pub(super) const fn count_apart(&mut self, fact: Fact) {
        match fact {
            Fact::OneWay => self.oneway += 1,
            Fact::Settled(Outcome::Void) => self.void += 1,
            Fact::Called | Fact::Settled(_) | Fact::Late => {}
        }
    }

    /// What was counted is all there is: the other calls are open.
    pub(super) const fn close(&mut self) {
        self.open = self.calls.saturating_sub(self.settled() + self.void);
    }

    /// Counts facts by [`Fact::index`].
    pub(super) fn count_all(&mut self, counts: &[u64; Fact::COUNT]) {
        let [ok, rejected, failed, unanswered, void, calls, oneway, late] = *counts;
        self.ok += ok;
        self.rejected += rejected;
        self.failed += failed;
        self.unanswered += unanswered;
        self.void += void;
        self.calls += calls;
        self.oneway += oneway;
        self.late += late;
        self.close();
    }

    /// Adds another's counts.
    pub const fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.oneway += other.oneway;
        self.ok += other.ok;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.void += other.void;
        self.open += other.open;
        self.late += other.late;
    }
}

/// One method of a service, as of the last [`Service::fold`].
#[derive(Clone, Debug)]
pub struct Method {
    /// Its name.
    pub name: Arc<str>,
    /// Counts over the run.
    pub totals: Totals,
    /// Reply times over the run, by bin.
    pub replies: Histogram,
}

impl Method {
    /// A method first met now.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), totals: Totals::default(), replies: Histogram::default() }
    }
}

/// What the log does not tell exactly of a method. It is brought up to date more often than the
/// [`Method`], so it is apart: those of ten methods are a few cache lines.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// When it was last called.
    pub called: Instant,
    /// Its reply times over the run.
    pub times: Exact,
}

/// What is known of one service, behind its [`super::front::Front`].
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: Arc<str>,
    /// The pair it was first called through.
    pub pair: PairId,
    /// Its call topic, with levels that do not name it shown as `+`.
    pub topic: Arc<str>,
    /// Counts over the run, as of the last [`super::front::Front::reckon`].
    pub totals: Totals,
    /// What is exact of its reply times over the run, as of the last [`Service::pack`].
    pub times: Exact,
    /// Its reply times over the run by bin, as of the last [`Service::fold`].
    pub replies: Histogram,
    /// The last five minutes of it and its methods.
    pub window: Window,
    /// Its methods.
    pub methods: Vec<Method>,
    /// The methods again, as of the last [`Service::pack`].
    pub traces: Vec<Trace>,
    /// Its unanswered calls when it last answered one.
    pub unanswered_before: u64,
    /// How fast it usually answers.
    pub pace: Pace,
    /// The findings on it.
    pub judge: Judge,
    /// How it stands.
    pub standing: Standing,
    /// Its circuit.
    pub breaker: Breaker,
    /// What is set for it.
    pub settings: ServiceSettings,
    /// The incident under way.
    pub incident: Option<Incident>,
    /// The incident that opened its circuit, its own or another service's.
    pub circuit_incident: Option<IncidentId>,
    /// The unavailable service for whose sake its circuit is open.
    pub waits_for: Option<Digest>,
    /// Its past outages.
    pub outages: Outages,
    /// Its errors, if it had some.
    pub errors: Option<Box<Errors>>,
    /// Calls of it that are told in traces, if there were some.
    pub exemplars: Option<Box<Exemplars>>,
    /// Its replicas, if the platform told.
    pub replicas: Option<ReplicaState>,
    /// When a reply of it was last heard, late ones included; the beginning of time if never.
    pub(super) last_heard: Instant,
    /// When a result was last heard.
    pub last_result: Option<Instant>,
    /// Its reading as last said, and since when.
    pub reading: (Verdict, Option<Reason>, State),
    /// The component that explains it, as last said.
    pub cause: Option<super::ground::Cause>,
    /// Since when it reads so.
    pub reading_since: Instant,
    /// Its callers of the last minutes.
    pub callers: Callers<SERVICE_CALLERS>,
}

impl Service {
    /// A service first met now.
    pub fn new(name: &str, pair: PairId, topic: &str, now: Instant) -> Self {
        Self {
            name: name.into(),
            pair,
            topic: topic.into(),
            totals: Totals::default(),
            times: Exact::default(),
            replies: Histogram::default(),
            window: Window::default(),
            methods: Vec::new(),
            traces: Vec::new(),
            unanswered_before: 0,
            pace: Pace::default(),
            judge: Judge::default(),
            standing: Standing::default(),
            breaker: Breaker::default(),
            settings: ServiceSettings::default(),
            incident: None,
            circuit_incident: None,
            waits_for: None,
            outages: Outages::default(),
            errors: None,
            exemplars: None,
            replicas: None,
            last_heard: Instant::default(),
            last_result: None,
            reading: (Verdict::Unknown, None, State::Closed),
            cause: None,
            reading_since: now,
            callers: Callers::default(),
        }
    }

    /// A method was called for the first time.
    pub(super) fn add_method(&mut self, method: Method, now: Instant) {
        if self.methods.len() == self.methods.capacity() {
            let more = 2 + self.methods.len() / 4;
            self.methods.reserve_exact(more);
            self.traces.reserve_exact(more);
        }
        self.methods.push(method);
        self.traces.push(Trace { called: now, times: Exact::default() });
    }

    /// When a reply of it was last heard, late ones included.
    pub fn heard(&self) -> Option<Instant> {
        (self.last_heard > Instant::default()).then_some(self.last_heard)
    }

    /// Whether something about it can change by time alone.
    pub fn needs_watching(&self, bounds: &Bounds) -> bool {
        let (told, _) = self.standing.told();
        !self.judge.is_calm(&bounds.few_for_verdict)
            || !self.breaker.is_calm(&bounds.few_for_circuit)
            || told.is_bad()
            || self.standing.verdict().is_bad()
            || self.is_short()
    }

    /// Whether fewer than half of its replicas are ready.
    pub fn is_short(&self) -> bool {
        self.replicas.as_ref().is_some_and(ReplicaState::is_short)
    }

    /// Whether its incident, if any, is over: healthy, and the circuit closed.
    pub fn is_over(&self) -> bool {
        let open = matches!(self.breaker.state(), State::Open | State::HalfOpen);
        !open && !self.standing.told().0.is_bad()
    }

    /// A trace that shows what is wrong now: that of its last failure, else the one shown before in
    /// its incident, else that of a call that waits, since while nobody answers there may be nothing
    /// else yet. The incident keeps it.
    pub(super) fn traced(&mut self, now: Instant, spans: &mut Spans) -> Option<TraceId> {
        let failed = self.errors.as_ref().and_then(|errors| errors.trace(now - FAILED_LATELY));
        let known = failed.or(self.incident.as_ref().and_then(|incident| incident.trace));
        let trace = known.or_else(|| spans.show_waiting(&self.name));
        if let Some(incident) = &mut self.incident {
            incident.trace = trace;
        }
        trace
    }

    /// Methods called within the last day, in order of their names.
    pub fn operations(&self, now: Instant) -> Vec<Arc<str>> {
        let all = self.methods.iter().zip(&self.traces);
        let in_use = all.filter(|(_, trace)| now.since(trace.called) <= IN_USE);
        let mut names: Vec<_> =
            in_use.map(|(method, _)| method.name.clone()).filter(|name| &**name != OTHER).collect();
        names.sort_unstable();
        names
    }
}
