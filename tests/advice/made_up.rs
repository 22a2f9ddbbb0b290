//! Made-up services: what they do in a minute, and what a snapshot says of them.

use lookout::observer::breaker::State;
use lookout::observer::call::Outcome;
use lookout::observer::counts::Counts;
use lookout::observer::errors::{Code, Counted, Failure};
use lookout::observer::histogram::Histogram;
use lookout::observer::incident::IncidentId;
use lookout::observer::latency::{Latency, bin};
use lookout::observer::service::Totals;
use lookout::observer::snapshot::{CircuitFigures, ErrorFigures, Figures, ServiceFigures};
use lookout::observer::verdict::{ReplicaState, Verdict};
use lookout::observer::{Instant, Snapshot, Span};
use std::sync::Arc;

/// A whole hour, and with it a whole five minutes.
pub(crate) const START: Instant = Instant::from_micros(1_732_270_200_000_000 / HOUR * HOUR);
const HOUR: u64 = 3_600_000_000;

/// A method: its name, its calls a minute, and the usual and the slow time of its replies in
/// milliseconds, of which one in ten is slow.
pub(crate) type Method = (&'static str, u64, u64, u64);

/// What a service does, a minute.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) methods: Vec<Method>,
    /// Of all calls; the rest are answered with a result.
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
    pub(crate) unanswered: u64,
    pub(crate) late: u64,
    /// Of the rejected ones, those refused by a rate limit.
    pub(crate) limited: u64,
    pub(crate) callers: f64,
    pub(crate) ready: Option<u32>,
    /// How long unanswered calls are waited for, in milliseconds.
    pub(crate) waits: u64,
    /// Its circuit closes every so many minutes; 0 is never.
    pub(crate) closes_every: u64,
    /// Minutes with an incident, of each hour.
    pub(crate) troubled: u64,
    /// Whether a component explains it.
    pub(crate) explained: bool,
}

impl Default for Load {
    /// Sixty calls a minute that nobody can complain about.
    fn default() -> Self {
        Self {
            methods: vec![("get", 20, 20, 60), ("list", 20, 20, 60), ("set", 20, 20, 60)],
            rejected: 0,
            failed: 0,
            unanswered: 0,
            late: 0,
            limited: 0,
            callers: 100.0,
            ready: None,
            waits: 2_000,
            closes_every: 0,
            troubled: 0,
            explained: false,
        }
    }
}

impl Load {
    fn calls(&self) -> u64 {
        self.methods.iter().map(|(_, calls, ..)| calls).sum()
    }

    /// The figures after so many minutes.
    pub(crate) fn after(&self, minutes: u64, name: &str) -> ServiceFigures {
        let window = minutes.min(5);
        let share = |part: u64, minutes: u64| part * minutes;
        let calls = self.calls();
        let answered = calls - self.rejected - self.failed - self.unanswered;
        let totals = Totals {
            calls: share(calls, minutes),
            ok: share(answered, minutes),
            rejected: share(self.rejected, minutes),
            failed: share(self.failed, minutes),
            unanswered: share(self.unanswered, minutes),
            late: share(self.late, minutes),
            ..Totals::default()
        };
        let counts = |calls: u64, of: u64| Counts {
            calls: calls * window,
            // Errors fall on methods by their share of the calls.
            failed: self.failed * calls * window / of.max(1),
            unanswered: self.unanswered * calls * window / of.max(1),
            ..Counts::default()
        };
        let figures = |calls: u64, times: &Histogram| Figures {
            totals,
            lifetime: Latency::default(),
            recent: counts(calls, self.calls()),
            latency: Latency::from(times),
        };
        let times = |methods: &[Method], minutes: u64| -> Histogram {
            let bins = methods.iter().flat_map(|(_, calls, usual, slow)| {
                let all = calls * minutes;
                let bins = [(*usual, all - all / 10), (*slow, all / 10)];
                bins.map(|(millis, count)| (bin(Span::from_millis(millis)), count as u32))
            });
            bins.collect()
        };
        let mut methods: Vec<(Arc<str>, Figures)> = self
            .methods
            .iter()
            .map(|method| (method.0.into(), figures(method.1, &times(&[*method], window))))
            .collect();
        methods.sort_unstable_by(|one, two| one.0.cmp(&two.0));
        let now = START + Span::from_secs(minutes * 60);
        let troubled = minutes % 60 < self.troubled;
        let mut transitions = [0; 6];
        transitions[State::Closed as usize] =
            minutes.checked_div(self.closes_every).unwrap_or(0) as u32;
        ServiceFigures {
            name: name.into(),
            topic: format!("service/{name}").into(),
            called: now,
            waits_since: None,
            figures: figures(calls, &times(&self.methods, window)),
            oldest_open: None,
            methods: Arc::new(methods),
            replies: Arc::new(times(&self.methods, minutes)),
            errors: Arc::new(self.errors(minutes, now)),
            exemplars: None,
            callers: self.callers,
            verdict: Some(if troubled { Verdict::Degraded } else { Verdict::Healthy }),
            reason: None,
            since: START,
            incident: troubled.then_some((IncidentId(1), now)),
            trace: None,
            replicas: self.ready.map(|ready| ReplicaState {
                running: ready,
                ready,
                total: ready,
                restarts: 0,
                cause: None,
            }),
            blamed: (troubled && self.explained).then(|| ("db".into(), IncidentId(2))),
            treated: None,
            circuit: Some(State::Closed),
            breaker: CircuitFigures { transitions, ..CircuitFigures::default() },
        }
    }

    fn errors(&self, minutes: u64, now: Instant) -> ErrorFigures {
        let counted = |outcome, code, count: u64| Counted { outcome, code, count: count * minutes };
        let lost = Failure {
            at: now,
            method: 0,
            outcome: Outcome::Unanswered,
            code: Code::None,
            time: Span::from_millis(self.waits),
            trace: None,
        };
        let known = (self.unanswered * minutes).min(20) as usize;
        ErrorFigures {
            counted: vec![
                counted(Outcome::Rejected, Code::Number(-32_006), self.limited),
                counted(Outcome::Unanswered, Code::None, self.unanswered),
            ],
            last: vec![("get".into(), lost); known],
        }
    }
}

/// A snapshot after so many minutes.
pub(crate) fn snapshot(minutes: u64, mut services: Vec<ServiceFigures>) -> Snapshot {
    services.sort_unstable_by(|one, two| one.name.cmp(&two.name));
    Snapshot { at: START + Span::from_secs(minutes * 60), services, ..Snapshot::default() }
}
