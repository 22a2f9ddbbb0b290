//! `/api/v1/services/{name}`: all that is known of one service.

use super::services::{Row, row};
use super::{millis, rate, share, time};
use crate::config::Links;
use crate::observer::errors::{Code, Counted, Failure};
use crate::observer::service::Totals;
use crate::observer::snapshot::{Figures, ServiceFigures};
use crate::view::View;
use crate::view::history::{BOUNDS, CELL};
use schemars::JsonSchema;
use serde::Serialize;

/// One service.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Service {
    /// Of when this is.
    at: String,
    /// Its row in the list of all.
    service: Row,
    /// Its call topic, with levels that do not name it shown as `+`.
    topic: String,
    /// When it was last called.
    called: String,
    /// How long the oldest of the calls that wait has waited, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_open_ms: Option<f64>,
    /// Counts over the run.
    totals: Counts,
    /// Its methods in order of their names.
    methods: Vec<Method>,
    /// Errors over the run, by kind.
    errors: Vec<Errors>,
    /// The last errors, the latest first.
    recent_errors: Vec<Error>,
    /// The services that it calls.
    calls: Vec<Dependency>,
    /// The services that call it.
    called_by: Vec<Dependency>,
    /// The last ten minutes.
    history: History,
}

/// Counts over the run; `calls` is the sum of the outcomes and `open`.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Counts {
    calls: u64,
    oneway: u64,
    ok: u64,
    rejected: u64,
    failed: u64,
    unanswered: u64,
    void: u64,
    open: u64,
    late: u64,
}

impl From<&Totals> for Counts {
    fn from(totals: &Totals) -> Self {
        let Totals { calls, oneway, ok, rejected, failed, unanswered, void, open, late } = *totals;
        Self { calls, oneway, ok, rejected, failed, unanswered, void, open, late }
    }
}

/// A method.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Method {
    /// Its name.
    name: String,
    /// Calls per second over the last 5 min.
    request_rate: f64,
    /// Answered / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_rate: Option<f64>,
    /// (Rejected + failed + unanswered) / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// Percentiles of reply times over the last 5 min, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    /// See `p50Ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    /// See `p50Ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    /// Calls that wait beyond those that usually do.
    queue_depth: f64,
    /// Counts over the run.
    totals: Counts,
}

/// Errors of a kind.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Errors {
    /// rejected, failed or unanswered.
    outcome: &'static str,
    /// 1, of the function itself; 2, the service is unavailable.
    tier: u8,
    /// The error code; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    /// Whether it stands for all codes beyond 32.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    other: bool,
    /// How many.
    count: u64,
}

/// One error.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Error {
    /// When the call settled.
    at: String,
    /// What was called.
    method: String,
    /// rejected, failed or unanswered.
    outcome: &'static str,
    /// The error code; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    /// How long its caller waited, in milliseconds.
    waited_ms: f64,
    /// The trace in which it is told, if it is: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Where that can be looked at, if `trace.link` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_url: Option<String>,
}

/// A service that calls another.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dependency {
    /// The other service.
    name: String,
    /// How the other reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// How often that was seen; absent if it is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<u32>,
}

/// The last ten minutes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct History {
    /// Length of a cell in seconds.
    cell_seconds: u64,
    /// The upper bounds of the classes of reply times in milliseconds; the last class has none.
    bounds_ms: Vec<u32>,
    /// The cells in which it was called, oldest first.
    cells: Vec<Cell>,
}

/// Ten seconds.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Cell {
    /// Seconds since the epoch, divided by `cellSeconds`.
    number: u64,
    calls: u32,
    rejected: u32,
    failed: u32,
    unanswered: u32,
    /// Replies by class of their time.
    times: Vec<u16>,
}

/// A service as of the last turn.
pub(in super::super) fn service(view: &View, service: &ServiceFigures, links: &Links) -> Service {
    let snapshot = &view.turn().snapshot;
    let name = &*service.name;
    let other = |name: &str, seen| Dependency {
        name: name.to_owned(),
        verdict: view.service(name).and_then(|it| it.verdict).map(|verdict| verdict.name()),
        seen,
    };
    let edges = snapshot.dependencies.iter();
    let calls = edges.clone().filter(|(caller, ..)| &**caller == name);
    let called_by = edges.filter(|(_, called, _)| &**called == name);
    let cells = view.history(name).into_iter().flat_map(crate::view::history::History::cells);
    let last = service.errors.last.iter().rev();
    Service {
        at: time(snapshot.at),
        service: row(view, service),
        topic: service.topic.to_string(),
        called: time(service.called),
        oldest_open_ms: service.oldest_open.map(|made| millis(snapshot.at.since(made))),
        totals: Counts::from(&service.figures.totals),
        methods: service.methods.iter().map(|(name, figures)| method(name, figures)).collect(),
        errors: service.errors.counted.iter().map(errors).collect(),
        recent_errors: last.map(|(name, it)| error(name, it, links)).collect(),
        calls: calls.map(|(_, called, seen)| other(called, *seen)).collect(),
        called_by: called_by.map(|(caller, _, seen)| other(caller, *seen)).collect(),
        history: History {
            cell_seconds: CELL,
            bounds_ms: BOUNDS.to_vec(),
            cells: cells.map(cell).collect(),
        },
    }
}

fn cell(cell: &crate::view::history::Cell) -> Cell {
    Cell {
        number: cell.number,
        calls: cell.calls,
        rejected: cell.rejected,
        failed: cell.failed,
        unanswered: cell.unanswered,
        times: cell.times.to_vec(),
    }
}

fn method(name: &str, figures: &Figures) -> Method {
    let (recent, latency) = (&figures.recent, &figures.latency);
    Method {
        name: name.to_owned(),
        request_rate: rate(figures.request_rate()),
        response_rate: recent.response_rate().map(share),
        error_rate: recent.error_rate().map(share),
        p50_ms: latency.p50.map(millis),
        p95_ms: latency.p95.map(millis),
        p99_ms: latency.p99.map(millis),
        queue_depth: figures.queue_depth(),
        totals: Counts::from(&figures.totals),
    }
}

fn number(code: Code) -> Option<i64> {
    if let Code::Number(code) = code { Some(code) } else { None }
}

fn errors(counted: &Counted) -> Errors {
    let code = number(counted.code);
    let other = counted.code == Code::Other;
    Errors {
        outcome: counted.outcome.name(),
        tier: counted.tier(),
        code,
        other,
        count: counted.count,
    }
}

fn error(method: &str, failure: &Failure, links: &Links) -> Error {
    Error {
        at: time(failure.at),
        method: method.to_owned(),
        outcome: failure.outcome.name(),
        code: number(failure.code),
        waited_ms: millis(failure.time),
        trace_id: failure.trace.map(|trace| trace.to_string()),
        trace_url: failure.trace.and_then(|trace| links.trace(trace)),
    }
}
