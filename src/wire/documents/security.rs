//! What is said of an attack.

use super::Time;
#[cfg(feature = "schema")]
use crate::observer::alert::Severity;
#[cfg(feature = "schema")]
use crate::observer::attack::{Kind, Response, State};
use serde::Serialize;

/// `security_alert`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "attack", "severity", "state", "source", "target", "since", "lastSeen", "signs", "evidence", "recommendedActions", "timestamp", "correlationId"])))]
pub(in crate::wire) struct SecurityAlert<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The kind of attack: the detector that found it.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Kind::ALL.map(Kind::name))))]
    pub(in crate::wire) attack: &'static str,
    /// How bad it is.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Severity::ALL.map(Severity::name))))]
    pub(in crate::wire) severity: &'static str,
    /// `opened`: it was found. `escalated`: it is worse than was said. `ended`: no sign of it for `security.calm`.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = State::ALL.map(State::name))))]
    pub(in crate::wire) state: &'static str,
    /// Who attacks, as far as that is known.
    pub(in crate::wire) source: PartyDocument<'a>,
    /// Who is attacked, as far as that is known.
    pub(in crate::wire) target: PartyDocument<'a>,
    /// The first sign of it.
    pub(in crate::wire) since: Time,
    /// The last one so far.
    pub(in crate::wire) last_seen: Time,
    /// How many signs there were.
    pub(in crate::wire) signs: u64,
    /// What was measured: failures, users, addresses, calls or bytes, by the kind of attack.
    pub(in crate::wire) measured: f64,
    /// The threshold that it passed.
    pub(in crate::wire) threshold: f64,
    /// The first things that happened, and the last; names in them were written by strangers.
    pub(in crate::wire) evidence: Vec<Happened<'a>>,
    /// What is recommended, the first thing first. Nothing of it is done by that.
    #[cfg_attr(feature = "schema", schemars(extend("items" = serde_json::json!({ "type": "string", "enum": Response::ALL.map(Response::name) }))))]
    pub(in crate::wire) recommended_actions: Vec<&'static str>,
    /// When it was said.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// Who attacks or is attacked.
#[derive(Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "party"))]
pub(in crate::wire) struct PartyDocument<'a> {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) user: Option<&'a str>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) address: Option<&'a str>,
    /// The MQTT client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) client: Option<&'a str>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) session: Option<&'a str>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) service: Option<&'a str>,
}

/// Something that happened in an attack.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(in crate::wire) struct Happened<'a> {
    /// When.
    pub(in crate::wire) at: Time,
    /// What.
    pub(in crate::wire) what: &'a str,
}
