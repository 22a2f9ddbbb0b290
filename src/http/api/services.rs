//! `/api/v1/services`: one row for each service.

use super::{millis, part, rate, share, time};
use crate::observer::breaker::State;
use crate::observer::remedy::Treated;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::verdict::ReplicaState;
use crate::view::View;
use crate::wire::correlation_id;
use schemars::JsonSchema;
use serde::Serialize;

/// All services.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Services {
    /// Of when this is.
    at: String,
    /// In order of their names.
    services: Vec<Row>,
}

/// A service.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Row {
    /// Its name; `_other` stands for all that have none of their own, and is not judged.
    pub(super) name: String,
    /// healthy, degraded, unavailable or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// Why, if it is bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Since when it reads so.
    since: String,
    /// closed, open, half_open, forced_open, disabled or observe_only.
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit: Option<&'static str>,
    /// When an open circuit will be half-open.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    /// The incident under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    /// Calls per second over the last 5 min.
    request_rate: f64,
    /// Answered / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_rate: Option<f64>,
    /// (Rejected + failed + unanswered) / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// Share of calls over the last 5 min that ended in an error of the function itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier1_rate: Option<f64>,
    /// Share of calls over the last 5 min that found the service unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier2_rate: Option<f64>,
    /// (Failed + unanswered) / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_rate: Option<f64>,
    /// Percentiles of reply times over the last 5 min, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    /// See `p50Ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    /// See `p50Ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    /// Calls that wait for a reply.
    open_calls: u64,
    /// Callers of the last 5 to 10 min, estimated.
    callers: u32,
    /// Its replicas, where the platform tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<Replicas>,
    /// The component that explains its trouble.
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<CausedBy>,
    /// What was done about it, while it is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<Remedy>,
    /// The last ten seconds that are over and in which it was called: their number, calls, and calls
    /// that failed or went unanswered.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<[u64; 3]>,
    /// The same for the last ten minutes, oldest first; only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cells: Option<Vec<[u64; 3]>>,
}

/// The component that explains the trouble of a service.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CausedBy {
    /// Its name.
    component: String,
    /// Its incident.
    incident: String,
}

/// What was done about a service that is unavailable.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remedy {
    /// Restarts so far; what a dry run would have done counts.
    attempts: u32,
    /// Whether they did not help, and it is left alone.
    failed: bool,
}

/// Replicas of a service.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Replicas {
    /// Those that run.
    running: u32,
    /// Those that are ready.
    ready: u32,
    /// Those that should be there.
    total: u32,
    /// How often those that are there were started anew.
    restarts: u32,
    /// Why the last one failed, in the platform's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

impl From<&ReplicaState> for Replicas {
    fn from(state: &ReplicaState) -> Self {
        let ReplicaState { running, ready, total, restarts, cause } = state;
        let (running, ready, total, restarts) = (*running, *ready, *total, *restarts);
        Self { running, ready, total, restarts, cause: cause.as_ref().map(ToString::to_string) }
    }
}

/// All services that read so, or all; `history` is whether their last ten minutes are wanted.
pub(in super::super) fn services(view: &View, verdict: Option<&str>, history: bool) -> Services {
    let snapshot = &view.turn().snapshot;
    let wanted = |service: &&ServiceFigures| {
        verdict.is_none_or(|wanted| service.verdict.is_some_and(|it| it.name() == wanted))
    };
    let mut rows: Vec<_> =
        snapshot.services.iter().filter(wanted).map(|it| row(view, it)).collect();
    if history {
        for row in &mut rows {
            let cells = view.history(&row.name).map(|it| it.cells().map(brief).collect());
            row.cells = Some(cells.unwrap_or_default());
        }
    }
    Services { at: time(snapshot.at), services: rows }
}

/// A service as a row.
pub(in super::super) fn row(view: &View, service: &ServiceFigures) -> Row {
    let snapshot = &view.turn().snapshot;
    let history = view.history(&service.name);
    let (recent, latency) = (&service.figures.recent, &service.figures.latency);
    let settled = recent.settled();
    let unavailable = history.map_or(0, |it| it.unavailable(snapshot.at)).min(recent.failed);
    let open = service.circuit.filter(|state| *state == State::Open);
    let retry = open.and(service.breaker.retry_after);
    Row {
        name: service.name.to_string(),
        verdict: service.verdict.map(|verdict| verdict.name()),
        reason: service.reason.as_ref().map(|reason| reason.name().to_owned()),
        since: time(service.since),
        circuit: service.circuit.map(State::name),
        retry_after: retry.map(time),
        incident: service.incident.map(|(id, _)| correlation_id(id)),
        request_rate: rate(service.figures.request_rate()),
        response_rate: recent.response_rate().map(share),
        error_rate: recent.error_rate().map(share),
        tier1_rate: part(recent.rejected + recent.failed - unavailable, settled),
        tier2_rate: part(recent.unanswered + unavailable, settled),
        failure_rate: recent.failure_rate().map(share),
        p50_ms: latency.p50.map(millis),
        p95_ms: latency.p95.map(millis),
        p99_ms: latency.p99.map(millis),
        open_calls: service.figures.totals.open,
        callers: service.callers.round() as u32,
        replicas: service.replicas.as_ref().map(Replicas::from),
        caused_by: service.blamed.as_ref().map(|(name, incident)| CausedBy {
            component: name.to_string(),
            incident: correlation_id(*incident),
        }),
        remedy: service.treated.map(|Treated { attempts, failed }| Remedy { attempts, failed }),
        cell: history.and_then(|it| it.cells().next_back()).map(brief),
        cells: None,
    }
}

fn brief(cell: &crate::view::history::Cell) -> [u64; 3] {
    [cell.number, cell.calls.into(), cell.bad().into()]
}
