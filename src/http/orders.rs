//! What operators want changed: checked, handed to the corridor, and logged with who wanted it, done or refused.

use super::answers::json;
use super::api::{actions, circuits};
use super::ask::Ask;
use super::guard;
use super::problem::Problem;
use super::routes::Answer;
use super::shared::Order;
use crate::observer::measure::Stage;
use crate::wire::read_action_id;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long an order may take; the corridor turns at least once a second.
const ORDER: Duration = Duration::from_secs(5);

/// Who wants something, and what.
fn wish<'a, T: DeserializeOwned>(
    ask: &'a Ask,
    what: &str,
    shape: &'static str,
) -> Result<(&'a str, T), Problem> {
    let peer = ask.connection.peer;
    let who = guard::check_token(&ask.shared.plan.tokens, &ask.headers).inspect_err(|_| {
        tracing::warn!(target: "lookout::audit", %peer, "refused to {what}: no known token");
    })?;
    let kind =
        ask.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        let detail = "the body is `application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    Ok((who, serde_json::from_slice(&ask.body).map_err(|_| Problem::bad(shape))?))
}

/// Hands an order on, and what came of it back.
async fn ordered<T>(
    ask: &Ask,
    order: impl FnOnce(oneshot::Sender<T>) -> Order,
) -> Result<T, Problem> {
    let late = || Problem::unavailable("the main loop does not take it now: ask again");
    timeout(ORDER, ask.shared.order(order)).await.ok().flatten().ok_or_else(late)
}

/// `POST /api/v1/circuits/{service}`.
pub(super) async fn set_circuit(ask: Ask) -> Answer {
    let shape = "the body is {\"state\": …}: automatic, forced_open, disabled or observe_only";
    let (who, wish): (_, circuits::Wish) = wish(&ask, "set a circuit", shape)?;
    let (mode, service) = (wish.state.into(), &ask.name);
    let name = service.clone();
    let done = ordered(&ask, |done| Order::Circuit { service: name, mode, done }).await?;
    let figures = done.ok_or_else(|| Problem::unknown("no such service is known"))?;
    let (peer, state) = (ask.connection.peer, circuits::mode(mode));
    tracing::info!(target: "lookout::audit", %peer, who, ?service, state, "a circuit was set");
    Ok(json(&circuits::circuit(service, &figures)))
}

/// `POST /api/v1/actions/{id}`.
pub(super) async fn undo(ask: Ask) -> Answer {
    let shape = "the body is {\"state\": \"undone\"}";
    let (who, wish): (_, actions::Wish) = wish(&ask, "undo an action", shape)?;
    let actions::Wanted::Undone = wish.state;
    let unknown = || Problem::unknown("no such action is in force");
    let id = read_action_id(&ask.name).ok_or_else(unknown)?;
    let stands = ordered(&ask, |done| Order::Undo { id, done }).await?.ok_or_else(unknown)?;
    let (peer, action) = (ask.connection.peer, &ask.name);
    let soon = if stands.stage == Stage::Started { " as soon as it is done" } else { "" };
    tracing::info!(target: "lookout::audit", %peer, who, ?action, "an action is undone{soon}");
    Ok(json(&actions::action(&stands)))
}
