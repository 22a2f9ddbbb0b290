//! An attack as a part of its incident's record.

use super::time;
use crate::observer::attack;
use schemars::JsonSchema;
use serde::Serialize;

/// An attack as it was last said.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Attack {
    /// The kind of attack: the detector that found it.
    kind: &'static str,
    /// How bad: info, warning, error or critical.
    severity: &'static str,
    /// opened, escalated or ended.
    state: &'static str,
    /// Who attacks, as far as that is known.
    source: Party,
    /// Who is attacked, as far as that is known.
    target: Party,
    /// The first sign of it.
    since: String,
    /// The last one.
    last_seen: String,
    /// How many signs there were.
    signs: u64,
    /// What was measured: failures, users, addresses, calls or bytes, by the kind of attack.
    measured: f64,
    /// The threshold that it passed.
    threshold: f64,
    /// What is recommended, the first thing first.
    recommended_actions: Vec<&'static str>,
}

/// Who attacks or is attacked.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Party {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The MQTT client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
}

pub(super) fn party(known: &attack::Party) -> Party {
    let attack::Party { user, address, client, session, service } = known;
    let [user, address, client, session, service] =
        [user, address, client, session, service].map(|it| it.as_deref().map(str::to_owned));
    Party { user, address, client, session, service }
}

pub(super) fn attack(known: &attack::Incident) -> Attack {
    Attack {
        kind: known.kind.name(),
        severity: known.severity.name(),
        state: known.state.name(),
        source: party(&known.source),
        target: party(&known.target),
        since: time(known.since),
        last_seen: time(known.last),
        signs: known.signs,
        measured: known.measured,
        threshold: known.threshold,
        recommended_actions: known.kind.responses().iter().map(|it| it.name()).collect(),
    }
}
