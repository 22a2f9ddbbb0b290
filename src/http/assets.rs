//! The live page: its files, part of the program.

use super::ask::Ask;
use super::problem::Problem;
use super::routes::Answer;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;

const SCRIPT: &str = "text/javascript; charset=utf-8";

const INDEX: &str = include_str!("page/index.html");

/// The files beside it: name, type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("app.js", SCRIPT, include_str!("page/app.js")),
    ("charts.js", SCRIPT, include_str!("page/charts.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("format.js", SCRIPT, include_str!("page/format.js")),
    ("incident.js", SCRIPT, include_str!("page/incident.js")),
    ("overview.js", SCRIPT, include_str!("page/overview.js")),
    ("service.js", SCRIPT, include_str!("page/service.js")),
    ("store.js", SCRIPT, include_str!("page/store.js")),
    ("verdict.js", SCRIPT, include_str!("page/verdict.js")),
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
