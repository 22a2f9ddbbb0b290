//! What is said of an attack, and of what is done about it.

use super::Time;
#[cfg(feature = "schema")]
use crate::observer::alert::Severity;
#[cfg(feature = "schema")]
use crate::observer::attack::{Kind, Response, State};
#[cfg(feature = "schema")]
use crate::observer::measure::Stage;
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

/// `security_action`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "observer", "actionId", "action", "state", "target", "attack", "by", "dryRun", "since", "timestamp", "correlationId"])))]
pub(in crate::wire) struct SecurityAction<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The observer that says it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) observer: &'a str,
    /// The action: the same in every document about it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) action_id: String,
    /// What is done.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Response::ALL.map(Response::name))))]
    pub(in crate::wire) action: &'static str,
    /// `proposed`: lookout does nothing, as it is a dry run or nobody is set to do it. `started`: it is to be done now. `done`, `failed`: what came of it. `refused`: whom it is about is spared, or there were too many within the hour. `undoing`: it is to be undone now. `undone`, `not_undone`: what came of that; the latter is tried again.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Stage::ALL.map(Stage::name))))]
    pub(in crate::wire) state: &'static str,
    /// To whom it is done.
    pub(in crate::wire) target: PartyDocument<'a>,
    /// The kind of attack that it answers.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Kind::ALL.map(Kind::name))))]
    pub(in crate::wire) attack: &'static str,
    /// Who does it: EMQX's banned list, a webhook, lookout itself; nobody if it is empty.
    #[cfg_attr(feature = "schema", schemars(extend("items" = serde_json::json!({ "type": "string", "enum": ["emqx", "webhook", "lookout"] }))))]
    pub(in crate::wire) by: Vec<&'static str>,
    /// Whether it is only said and nothing is done.
    pub(in crate::wire) dry_run: bool,
    /// When it was decided.
    pub(in crate::wire) since: Time,
    /// When it is undone, if there is something to undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) until: Option<Time>,
    /// What came of it, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) message: Option<&'a str>,
    /// When it came to stand so.
    pub(in crate::wire) timestamp: Time,
    /// The attack's incident: the same in every document about it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// An action for who does it, over HTTP: a CloudEvent.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(in crate::wire) struct ActionRequest<'a> {
    /// The version of CloudEvents.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub(in crate::wire) specversion: &'static str,
    /// The same for each attempt to have it done, and another for each to have it undone.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) id: &'a str,
    /// Who asks for it: `/lookout/{cluster}/{id}`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) source: String,
    /// What it is.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "security_action_request")))]
    pub(in crate::wire) r#type: &'static str,
    /// When it was sent.
    pub(in crate::wire) time: Time,
    /// What is to be done, or undone.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Response::ALL.map(Response::name))))]
    pub(in crate::wire) subject: &'static str,
    /// What `data` is.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "application/json")))]
    pub(in crate::wire) datacontenttype: &'static str,
    /// The action: it is to be done if its `state` is `started`, and to be undone if it is `undoing`. Both may be asked for more than once.
    pub(in crate::wire) data: SecurityAction<'a>,
}
