//! What the API answers: from the view to JSON.

use super::accept;
use super::api::runbook::Wanted;
use super::api::{
    actions, advice, alerts, circuits, components, incidents, overview, runbook, service, services,
};
use super::ask::Ask;
use super::problem::Problem;
use super::routes::Answer;
use crate::advice::limits::FINDINGS;
use crate::telemetry::{self, Format};
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::Response;
use serde::Serialize;
use std::sync::{Arc, PoisonError};

/// The content types of a page of metrics.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Most characters of a name that is asked for.
pub(super) const NAME: usize = 65_535;

/// An answer of some type, which is only true now.
pub(super) fn with_type(content: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer in JSON.
pub(super) fn json(shape: &impl Serialize) -> Response {
    // Nothing in a shape can fail to be written: no maps, no numbers that are none.
    with_type("application/json", serde_json::to_vec(shape).unwrap_or_default())
}

/// `/metrics`: written once for each turn and format, however many ask.
pub(super) fn metrics(ask: &Ask) -> Answer {
    let shared = &ask.shared;
    let turn = shared.view().turn().clone();
    let format = accept::format(&ask.headers);
    let (content, written) = match format {
        Format::Text => (TEXT, &shared.metrics[0]),
        Format::OpenMetrics => (OPEN_METRICS, &shared.metrics[1]),
    };
    let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
    let page = match &*written {
        Some((of, page)) if Arc::ptr_eq(of, &turn) => page.clone(),
        _ => {
            let figures = telemetry::Figures { pages: shared.figures(), ..turn.figures };
            let pairs = &shared.plan.pairs;
            let page = Bytes::from(telemetry::page(&figures, &turn.snapshot, pairs, format));
            *written = Some((turn, page.clone()));
            page
        }
    };
    let mut response = with_type(content, page);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// `/api/v1/overview`.
pub(super) fn overview(ask: &Ask) -> Answer {
    let plan = &ask.shared.plan;
    Ok(json(&overview::overview(&ask.shared.view(), &plan.cluster, &plan.id)))
}

/// `/api/v1/services`.
pub(super) fn services(ask: &Ask) -> Answer {
    let verdicts = ["healthy", "degraded", "unavailable", "unknown"];
    let verdict = ask.query.choice("verdict", &verdicts)?;
    let history = ask.query.flag("history")?.unwrap_or(false);
    Ok(json(&services::services(&ask.shared.view(), verdict, history)))
}

/// `/api/v1/services/{name}`.
pub(super) fn service(ask: &Ask) -> Answer {
    let view = ask.shared.view();
    let figures = view.service(&ask.name).ok_or_else(unknown_service)?;
    Ok(json(&service::service(&view, figures, &ask.shared.plan.links)))
}

/// `/api/v1/circuits`.
pub(super) fn circuits(ask: &Ask) -> Answer {
    Ok(json(&circuits::circuits(&ask.shared.view())))
}

/// `/api/v1/components`.
pub(super) fn components(ask: &Ask) -> Answer {
    Ok(json(&components::components(&ask.shared.view())))
}

/// `/api/v1/incidents`.
pub(super) fn incidents(ask: &Ask) -> Answer {
    let open = ask.query.flag("open")?;
    Ok(json(&incidents::incidents(&ask.shared.view(), open, &ask.shared.plan.links)))
}

/// `/api/v1/incidents/{id}`.
pub(super) fn incident(ask: &Ask) -> Answer {
    let found = incidents::record(&ask.shared.view(), &ask.name, &ask.shared.plan.links);
    Ok(json(&found.ok_or_else(|| Problem::unknown("no such incident is known"))?))
}

/// `/api/v1/actions`.
pub(super) fn actions(ask: &Ask) -> Answer {
    let in_force = ask.query.flag("in_force")?;
    Ok(json(&actions::actions(&ask.shared.view(), in_force)))
}

/// `/api/v1/runbook`.
pub(super) fn runbook(ask: &Ask) -> Answer {
    let named = [
        ask.query.get("about").map(Wanted::About),
        ask.query.get("service").map(Wanted::Service),
        ask.query.get("component").map(Wanted::Component),
        ask.query.get("alert").map(Wanted::Alert),
    ];
    let mut named = named.into_iter().flatten();
    let (Some(wanted), None) = (named.next(), named.next()) else {
        return Err(Problem::bad("one of about, service, component and alert"));
    };
    let plan = &ask.shared.plan;
    let found = runbook::runbook(&ask.shared.view(), &plan.runbooks, &plan.cluster, wanted);
    let unknown = || {
        Problem::unknown(
            "nothing of this name is known, or nothing is wrong with it and no runbook is for it",
        )
    };
    Ok(json(&found.ok_or_else(unknown)?))
}

/// `/api/v1/alerts`.
pub(super) fn alerts(ask: &Ask) -> Answer {
    let most = ask.query.number("most", alerts::MOST)?.unwrap_or(alerts::MOST);
    Ok(json(&alerts::alerts(&ask.shared.view(), most, &ask.shared.plan.links)))
}

/// `/api/v1/advice`.
pub(super) fn advice(ask: &Ask) -> Answer {
    let most = ask.query.number("most", FINDINGS)?.unwrap_or(FINDINGS);
    let told = ask.shared.view().advice().clone();
    Ok(json(&advice::advice(&told, most)))
}

fn unknown_service() -> Problem {
    Problem::unknown("no such service is known")
}
