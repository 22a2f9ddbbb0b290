//! `/health` and what is below it: how lookout itself is, as JSON.

use super::answers::json;
use super::api::time;
use super::ask::Ask;
use super::routes::Answer;
use crate::view::health::{Check as Known, Status};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

/// How lookout is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Health {
    /// healthy, degraded, unhealthy, starting or stopping.
    status: &'static str,
    /// Whether its main loop turns.
    live: bool,
    /// Whether it is subscribed and can judge.
    ready: bool,
    /// What that rests on.
    checks: Vec<Check>,
    /// Seconds since it started.
    uptime_seconds: f64,
    /// Its version.
    version: &'static str,
    /// Its id.
    node: String,
    /// The platform that it observes.
    cluster: String,
    /// When it was asked.
    at: String,
}

/// Yes or no.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Brief {
    /// As of `/health`.
    status: &'static str,
    /// Whether it is what was asked for.
    ok: bool,
}

/// Checks.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Checks {
    checks: Vec<Check>,
}

/// One check.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// What is checked.
    name: String,
    /// healthy, degraded, unhealthy or starting.
    status: &'static str,
    /// Whether lookout cannot judge without it.
    required: bool,
    /// What was found.
    message: String,
}

impl From<Known> for Check {
    fn from(known: Known) -> Self {
        let Known { name, status, required, message } = known;
        Self { name, status: status.name(), required, message }
    }
}

/// `/health`.
pub(super) fn whole(ask: &Ask) -> Answer {
    let shared = &ask.shared;
    let now = shared.clock.now();
    let view = shared.view();
    let health = view.health(now, &[]);
    let uptime = now.since(view.turn().figures.start).as_secs_f64();
    let shape = Health {
        status: health.status.name(),
        live: health.live,
        ready: health.ready,
        checks: health.checks.into_iter().map(Check::from).collect(),
        uptime_seconds: (uptime * 10.0).round() / 10.0,
        version: env!("CARGO_PKG_VERSION"),
        node: shared.plan.id.clone(),
        cluster: shared.plan.cluster.clone(),
        at: time(now),
    };
    Ok(by(health.status <= Status::Degraded, json(&shape)))
}

/// `/health/ready`.
pub(super) fn ready(ask: &Ask) -> Answer {
    let health = ask.shared.view().health(ask.shared.clock.now(), &[]);
    Ok(by(health.ready, json(&Brief { status: health.status.name(), ok: health.ready })))
}

/// `/health/live`.
pub(super) fn live(ask: &Ask) -> Answer {
    let health = ask.shared.view().health(ask.shared.clock.now(), &[]);
    Ok(by(health.live, json(&Brief { status: health.status.name(), ok: health.live })))
}

/// `/health/checks`.
pub(super) fn checks(ask: &Ask) -> Answer {
    let health = ask.shared.view().health(ask.shared.clock.now(), &[]);
    Ok(json(&Checks { checks: health.checks.into_iter().map(Check::from).collect() }))
}

/// 200 if all is well, else 503.
pub(super) fn by(well: bool, mut response: Response) -> Response {
    if !well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
