//! The live page: its files, part of the program.

use super::ask::Ask;
use super::problem::Problem;
use super::routes::Answer;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const INDEX: &str = include_str!("page/index.html");

/// The files beside it: name, type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("style.css", STYLE, include_str!("page/style.css")),
    ("views.css", STYLE, include_str!("page/views.css")),
    ("app.js", SCRIPT, include_str!("page/app.js")),
    ("advice.js", SCRIPT, include_str!("page/advice.js")),
    ("alerts.js", SCRIPT, include_str!("page/alerts.js")),
    ("bars.js", SCRIPT, include_str!("page/bars.js")),
    ("clock.js", SCRIPT, include_str!("page/clock.js")),
    ("components.js", SCRIPT, include_str!("page/components.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("feed.js", SCRIPT, include_str!("page/feed.js")),
    ("figures.js", SCRIPT, include_str!("page/figures.js")),
    ("format.js", SCRIPT, include_str!("page/format.js")),
    ("graph.js", SCRIPT, include_str!("page/graph.js")),
    ("heat.js", SCRIPT, include_str!("page/heat.js")),
    ("incident.js", SCRIPT, include_str!("page/incident.js")),
    ("incidents.js", SCRIPT, include_str!("page/incidents.js")),
    ("keys.js", SCRIPT, include_str!("page/keys.js")),
    ("list.js", SCRIPT, include_str!("page/list.js")),
    ("load.js", SCRIPT, include_str!("page/load.js")),
    ("route.js", SCRIPT, include_str!("page/route.js")),
    ("row.js", SCRIPT, include_str!("page/row.js")),
    ("runbook.js", SCRIPT, include_str!("page/runbook.js")),
    ("service.js", SCRIPT, include_str!("page/service.js")),
    ("state.js", SCRIPT, include_str!("page/state.js")),
    ("store.js", SCRIPT, include_str!("page/store.js")),
    ("stream.js", SCRIPT, include_str!("page/stream.js")),
    ("tables.js", SCRIPT, include_str!("page/tables.js")),
    ("theme.js", SCRIPT, include_str!("page/theme.js")),
    ("trace.js", SCRIPT, include_str!("page/trace.js")),
    ("words.js", SCRIPT, include_str!("page/words.js")),
];

/// `/`.
pub(super) fn index(_: &Ask) -> Answer {
    Ok(file_of("text/html; charset=utf-8", INDEX))
}

/// `/page/{file}`.
pub(super) fn file(ask: &Ask) -> Answer {
    let found = FILES.iter().find(|(name, ..)| *name == ask.name);
    let (_, kind, text) = found.ok_or_else(|| Problem::unknown("there is no such file"))?;
    Ok(file_of(kind, text))
}

/// A new version of the program has new files under the same names, so they are asked for anew.
fn file_of(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
