//! What the API answers: from the view to JSON, and one order the other way.

use super::api::runbook::Wanted;
use super::api::{
    advice, alerts, circuits, components, incidents, overview, runbook, service, services,
};
use super::ask::Ask;
use super::problem::Problem;
use super::routes::Answer;
use super::{accept, guard};
use crate::advice::limits::FINDINGS;
use crate::telemetry::{self, Format};
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// The content types of a page of metrics.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Most characters of a name that is asked for.
pub(super) const NAME: usize = 65_535;
/// How long an order may take; the corridor turns at least once a second.
const ORDER: Duration = Duration::from_secs(5);

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

/// `POST /api/v1/circuits/{service}`. Who did it is logged, done or refused.
pub(super) async fn set_circuit(ask: Ask) -> Answer {
    let (shared, peer) = (&ask.shared, ask.connection.peer);
    let known = guard::check_token(&shared.plan.tokens, &ask.headers);
    let who = known.inspect_err(|_| {
        tracing::warn!(target: "lookout::audit", %peer, "refused to set a circuit: no known token");
    })?;
    let kind =
        ask.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind
        .split(';')
        .next()
        .is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/json"))
    {
        let detail = "the body is `application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let wish: circuits::Wish = serde_json::from_slice(&ask.body).map_err(|_| {
        Problem::bad("the body is {\"state\": …}: automatic, forced_open, disabled or observe_only")
    })?;
    let mode = wish.state.into();
    let order = shared.order(ask.name.clone(), mode);
    let late = || Problem::unavailable("the main loop does not take it now: ask again");
    let done = tokio::time::timeout(ORDER, order).await.ok().flatten().ok_or_else(late)?;
    let (service, state) = (&ask.name, circuits::mode(mode));
    let Some(figures) = done else {
        return Err(unknown_service());
    };
    tracing::info!(target: "lookout::audit", %peer, who, ?service, state, "a circuit was set");
    Ok(json(&circuits::circuit(&ask.name, &figures)))
}

fn unknown_service() -> Problem {
    Problem::unknown("no such service is known")
}
