//! A request with alerts, and whether it was taken.

use crate::post::{self, Way};
use reqwest::StatusCode;

/// Bytes of an answer that are read.
const READ: usize = 512;

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It may be taken another time.
    Later(String),
    /// It never will be, as it is.
    Never(String),
}

impl Refusal {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Later(text) | Self::Never(text) => text,
        }
    }
}

/// Sends it; `path` is added to the address.
pub(super) async fn post(
    way: &Way,
    path: &str,
    headers: &[(&'static str, String)],
    body: String,
) -> Result<(), Refusal> {
    let answer =
        way.send(path, post::headers(headers), body.into(), READ).await.map_err(Refusal::Later)?;
    let status = answer.status;
    if status.is_success() {
        return Ok(());
    }
    let said = way.hide(&answer.text());
    // What is wrong with the request stays wrong; who may send it, where, and how often may change.
    let changes = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_client_error() && !changes.contains(&status) {
        return Err(Refusal::Never(said));
    }
    Err(Refusal::Later(said))
}
