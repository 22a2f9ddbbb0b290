//! `/api/v1/overview`: the platform in one object.

use super::{rate, share, time};
use crate::observer::counts::Counts;
use crate::view::View;
use crate::view::history::number;
use crate::wire::status;
use schemars::JsonSchema;
use serde::Serialize;

/// The platform, and lookout itself.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Overview {
    /// The platform that is observed.
    cluster: String,
    /// lookout's id.
    id: String,
    /// lookout's version.
    version: &'static str,
    /// When lookout started.
    started_at: String,
    /// Of when this is; older than a few seconds if lookout stands still.
    at: String,
    /// healthy, degraded or unhealthy.
    status: &'static str,
    /// Whether there is a link to the broker.
    linked: bool,
    /// Why not, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_problem: Option<String>,
    /// Whether lookout doubts its own ears, so that nobody is blamed.
    in_doubt: bool,
    /// How many services read how.
    services: Services,
    /// How many components are how.
    components: Components,
    /// How all components are, from 0 to 1; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    components_score: Option<f64>,
    /// Circuits that are open, half-open or forced open.
    open_circuits: u32,
    /// Incidents under way.
    open_incidents: u32,
    /// Calls that wait for a reply.
    open_calls: u32,
    /// Calls per second over the last 5 min.
    request_rate: f64,
    /// Answered / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_rate: Option<f64>,
    /// (Rejected + failed + unanswered) / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// The number of the ten seconds under way, by which rows count theirs.
    cell: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Services {
    healthy: u32,
    degraded: u32,
    unavailable: u32,
    unknown: u32,
}

#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Components {
    healthy: u32,
    degraded: u32,
    unhealthy: u32,
    starting: u32,
}

/// The platform as of the last turn.
pub(in super::super) fn overview(view: &View, cluster: &str, id: &str) -> Overview {
    let turn = view.turn();
    let (snapshot, health) = (&turn.snapshot, &turn.snapshot.health);
    let [healthy, degraded, unavailable, unknown] = health.services;
    let [well, impaired, unhealthy, starting] = health.components;
    let mut recent = Counts::default();
    snapshot.services.iter().for_each(|service| recent.add(&service.figures.recent));
    Overview {
        cluster: cluster.to_owned(),
        id: id.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        started_at: time(turn.figures.start),
        at: time(snapshot.at),
        status: status(health),
        linked: turn.figures.link.up,
        link_problem: turn.problem.clone(),
        in_doubt: health.in_doubt,
        services: Services { healthy, degraded, unavailable, unknown },
        components: Components { healthy: well, degraded: impaired, unhealthy, starting },
        components_score: snapshot.score.map(share),
        open_circuits: health.open_circuits,
        open_incidents: health.open_incidents,
        open_calls: snapshot.open_calls,
        request_rate: rate(recent.calls as f64 / 300.0),
        response_rate: recent.response_rate().map(share),
        error_rate: recent.error_rate().map(share),
        cell: number(snapshot.at),
    }
}
