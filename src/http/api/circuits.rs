//! `/api/v1/circuits`: how circuits stand, and how an operator sets one.

use super::time;
use crate::observer::breaker::{Cause, Mode};
use crate::observer::snapshot::CircuitFigures;
use crate::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All circuits.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Circuits {
    /// Of when this is.
    at: String,
    /// In order of their services' names.
    circuits: Vec<Circuit>,
}

/// One circuit.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Circuit {
    /// Whose.
    service: String,
    /// How it behaves: automatic, forced_open, disabled or observe_only.
    mode: &'static str,
    /// What it tells callers: closed, open, half_open, forced_open, disabled or observe_only.
    state: &'static str,
    /// Why it last moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// When it last moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// When an open one will be half-open.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    /// Openings in a row without a closing between.
    open_count: u32,
}

/// How a circuit is to behave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Wish {
    /// automatic, forced_open, disabled or observe_only.
    pub(in super::super) state: Wanted,
}

/// See [`Mode`].
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Wanted {
    /// By the rules.
    Automatic,
    /// Open until told otherwise.
    ForcedOpen,
    /// Closed until told otherwise; nothing is counted.
    Disabled,
    /// Closed; a trip is reported once, not enforced.
    ObserveOnly,
}

impl From<Wanted> for Mode {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Automatic => Self::Automatic,
            Wanted::ForcedOpen => Self::ForcedOpen,
            Wanted::Disabled => Self::Disabled,
            Wanted::ObserveOnly => Self::ObserveOnly,
        }
    }
}

/// The name of a mode.
pub(in super::super) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::ForcedOpen => "forced_open",
        Mode::Disabled => "disabled",
        Mode::ObserveOnly => "observe_only",
    }
}

/// All circuits as of the last turn.
pub(in super::super) fn circuits(view: &View) -> Circuits {
    let snapshot = &view.turn().snapshot;
    let judged = snapshot.services.iter().filter(|service| service.circuit.is_some());
    let circuits = judged.map(|service| circuit(&service.name, &service.breaker)).collect();
    Circuits { at: time(snapshot.at), circuits }
}

/// One circuit.
pub(in super::super) fn circuit(service: &str, figures: &CircuitFigures) -> Circuit {
    Circuit {
        service: service.to_owned(),
        mode: mode(figures.mode),
        state: figures.state.name(),
        reason: figures.cause.map(Cause::name),
        since: figures.since.map(time),
        retry_after: figures.retry_after.map(time),
        open_count: figures.open_count,
    }
}
