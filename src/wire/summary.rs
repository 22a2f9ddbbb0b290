//! The summary of a replay: the figures over the whole file.
//!
//! Latencies are over all replies to calls that are known, late ones included; null where there is
//! none.

use crate::observer::Span;
use crate::observer::latency::Latency;
use crate::observer::service::Totals;
use crate::observer::snapshot::{Figures, Snapshot};
use crate::observer::state::State;
use crate::observer::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

/// The figures over the whole file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Lines with a topic.
    messages: u64,
    /// Lines that are no JSON or have no `ts`.
    bad_lines: u64,
    /// Messages that could not be read, by kind.
    malformed: BTreeMap<&'static str, u64>,
    /// Replies that belong to no call.
    unmatched: u64,
    /// Replies to calls that were answered already.
    duplicate: u64,
    /// Replies to calls that were given up already.
    late: u64,
    /// Messages that are not for correlation.
    ignored: u64,
    /// Figures by service.
    services: BTreeMap<String, Service>,
    /// How long the replay took, in seconds; the one figure that differs from run to run.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub wall_s: f64,
}

/// The figures of a service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "service"))]
struct Service {
    /// Its figures.
    #[serde(flatten)]
    row: Row,
    /// The verdict as the clock of the run ends.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("enum" = or_null(Verdict::ALL.map(Verdict::name)))))]
    verdict: Option<&'static str>,
    /// Its circuit as the clock of the run ends.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("enum" = or_null(State::ALL.map(State::name)))))]
    circuit: Option<&'static str>,
    /// The same figures by method.
    methods: BTreeMap<String, Row>,
}

/// The figures of a service or a method.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "figures"))]
struct Row {
    /// Two-way calls: ok + rejected + failed + unanswered + void + open.
    calls: u64,
    /// Calls that await no reply.
    oneway: u64,
    /// Calls with a result.
    ok: u64,
    /// Calls with an error that is the caller's doing.
    rejected: u64,
    /// Calls with an error that is the service's doing.
    failed: u64,
    /// Calls without a reply in time.
    unanswered: u64,
    /// Calls whose reply could not have been seen.
    void: u64,
    /// Calls that still wait.
    open: u64,
    /// Median of the reply times, in milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    p50_ms: Option<f64>,
    /// Their 95th percentile, in milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    p95_ms: Option<f64>,
    /// Their 99th percentile, in milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    p99_ms: Option<f64>,
    /// Their mean, in milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    mean_ms: Option<f64>,
    /// The longest of them, in milliseconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    max_ms: Option<f64>,
}

/// Words, or null where nothing is known.
#[cfg(feature = "schema")]
fn or_null<const N: usize>(words: [&'static str; N]) -> Vec<Option<&'static str>> {
    words.into_iter().map(Some).chain([None]).collect()
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
    /// What is known at the end; `wall_s` is for whoever has a clock.
    pub fn new(snapshot: &Snapshot, messages: u64, bad_lines: u64) -> Self {
        let mut malformed = BTreeMap::new();
        for (_, _, kind, count) in &snapshot.malformed {
            *malformed.entry(kind.name()).or_default() += count;
        }
        let services = snapshot.services.iter().map(|service| {
            let methods = service.methods.iter();
            let row = Service {
                row: Row::new(&service.figures),
                verdict: service.verdict.map(Verdict::name),
                circuit: service.circuit.map(State::name),
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
