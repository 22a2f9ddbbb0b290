//! The summary of a replay: the figures over the whole file.

use crate::observer::Span;
use crate::observer::latency::Latency;
use crate::observer::service::Totals;
use crate::observer::snapshot::{Figures, Snapshot};
use serde::Serialize;
use std::collections::BTreeMap;

/// The figures over the whole file.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    messages: u64,
    bad_lines: u64,
    malformed: BTreeMap<&'static str, u64>,
    unmatched: u64,
    duplicate: u64,
    late: u64,
    ignored: u64,
    services: BTreeMap<String, Service>,
    /// How long the replay took, in seconds; the one figure that differs from run to run.
    pub(super) wall_s: f64,
}

#[derive(Debug, Serialize)]
struct Service {
    #[serde(flatten)]
    row: Row,
    verdict: Option<&'static str>,
    circuit: Option<&'static str>,
    methods: BTreeMap<String, Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    calls: u64,
    oneway: u64,
    ok: u64,
    rejected: u64,
    failed: u64,
    unanswered: u64,
    void: u64,
    open: u64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    mean_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl Row {
    fn new(figures: &Figures) -> Self {
        let Totals { calls, oneway, ok, rejected, failed, unanswered, void, open, late: _ } =
            figures.totals;
        let Latency { p50, p95, p99, mean, max, count: _ } = figures.lifetime;
        let ms = |span: Option<Span>| span.map(Span::as_millis_f64);
        Self {
            calls,
            oneway,
            ok,
            rejected,
            failed,
            unanswered,
            void,
            open,
            p50_ms: ms(p50),
            p95_ms: ms(p95),
            p99_ms: ms(p99),
            mean_ms: ms(mean),
            max_ms: ms(max),
        }
    }
}

impl Summary {
    pub(super) fn new(snapshot: &Snapshot, messages: u64, bad_lines: u64) -> Self {
        let mut malformed = BTreeMap::new();
        for (_, _, kind, count) in &snapshot.malformed {
            *malformed.entry(kind.name()).or_default() += count;
        }
        let services = snapshot.services.iter().map(|service| {
            let methods = service.methods.iter();
            let row = Service {
                row: Row::new(&service.figures),
                verdict: service.verdict.map(crate::observer::verdict::Verdict::name),
                circuit: service.circuit.map(crate::observer::breaker::State::name),
                methods: methods
                    .map(|(name, figures)| (name.to_string(), Row::new(figures)))
                    .collect(),
            };
            (service.name.to_string(), row)
        });
        Self {
            messages,
            bad_lines,
            malformed,
            unmatched: snapshot.unmatched,
            duplicate: snapshot.duplicate,
            late: snapshot.late,
            ignored: snapshot.ignored,
            services: services.collect(),
            wall_s: 0.0,
        }
    }
}
