//! How a service stands, as it is shown to whoever asks.
//!
//! By lookout while one is there, by the caller's own count while none is: never by both, or a
//! circuit that nobody keeps any more would be shown for good.

use super::standing::{Standing, duration};
use crate::observer::Instant;
use crate::observer::breaker::State as CircuitState;
use crate::observer::verdict::Verdict;
use std::time::Duration;

/// How a service stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ServiceState {
    /// Its name.
    pub name: String,
    /// lookout's verdict; unknown if there is none.
    pub verdict: Verdict,
    /// Why, in lookout's word, if the verdict is bad.
    pub reason: Option<String>,
    /// lookout's circuit, or without lookout this client's own.
    pub circuit: CircuitState,
    /// When the circuit lets calls through again, from now, if that is known.
    pub retry_after: Option<Duration>,
    /// What lookout said about the time until it is back, such as `2-5 minutes`.
    pub estimate: Option<String>,
    /// The `correlationId` of the incident.
    pub incident: Option<String>,
    /// The component that explains it.
    pub caused_by: Option<String>,
}

/// What is shown of a service; `present` is whether a lookout is there.
pub(super) fn of(name: &str, standing: &Standing, present: bool, now: Instant) -> ServiceState {
    let mut state = ServiceState { name: name.to_owned(), ..ServiceState::default() };
    if !present {
        if standing.own.is_open() {
            state.circuit = CircuitState::Open;
            state.retry_after = standing.own.left(now).map(duration);
        }
        return state;
    }
    if let Some(judged) = &standing.verdict {
        state.verdict = judged.verdict;
        state.reason = Some(judged.reason.clone()).filter(|it| !it.is_empty());
        state.incident = judged.incident.clone();
        state.caused_by = judged.caused_by.clone();
    }
    if let Some(circuit) = &standing.circuit {
        state.circuit = circuit.state;
        state.retry_after = circuit.until.map(|until| duration(until.since(now)));
    }
    state.estimate = standing.estimate.clone();
    state
}
