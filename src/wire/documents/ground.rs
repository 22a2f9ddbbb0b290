//! What is said of the ground under the services: components, pairs of topics, and the whole.

use super::Time;
#[cfg(feature = "schema")]
use super::promise_nothing;
#[cfg(feature = "schema")]
use crate::observer::input::Severity;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// `infrastructure_error`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "component", "timestamp", "correlationId"])))]
pub(in crate::wire) struct ComponentError<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The component.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) component: &'a str,
    /// What kind of component.
    pub(in crate::wire) kind: &'a str,
    /// How bad it is.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Severity::ALL.map(Severity::name))))]
    pub(in crate::wire) severity: &'a str,
    /// What the check found.
    pub(in crate::wire) message: &'a str,
    /// What it means for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) impact: Option<&'a str>,
    /// Whatever the check found; its members depend on the kind of component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(in crate::wire) details: Option<&'a RawValue>,
    /// What may help.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(in crate::wire) recommendations: &'a [Arc<str>],
    /// Services whose trouble it explains, at most 100.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(in crate::wire) affected_services: &'a [Arc<str>],
    /// How long such failures took before, for people to read.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) estimated_resolution: String,
    /// How often it was said before while it lasts.
    pub(in crate::wire) repeat: u32,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
    /// Whether someone must act.
    pub(in crate::wire) escalation_required: bool,
}

/// `infrastructure_recovered`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "component", "timestamp", "correlationId"])))]
pub(in crate::wire) struct ComponentRecovered<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The component.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) component: &'a str,
    /// How long it failed, in seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub(in crate::wire) outage_seconds: f64,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// `pair_deaf`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "pair", "timestamp", "correlationId"])))]
pub(in crate::wire) struct PairDeaf<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The pair's name in the configuration.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) pair: &'a str,
    /// Where its calls are expected.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) call_template: &'a str,
    /// Where its replies are expected.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) reply_template: &'a str,
    /// Its unanswered calls.
    pub(in crate::wire) calls: u32,
    /// Topics of replies that belong to no call.
    pub(in crate::wire) unmatched_topics: &'a [String],
    /// How often it was said before while it lasts.
    pub(in crate::wire) repeat: u32,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// `health`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "status", "timestamp"])))]
pub(in crate::wire) struct HealthDocument<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The platform as a whole: `healthy`, `degraded` or `unhealthy`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["healthy", "degraded", "unhealthy"])))]
    pub(in crate::wire) status: &'a str,
    /// Services by verdict.
    pub(in crate::wire) services: Services,
    /// Circuits that are open, half-open or forced open.
    pub(in crate::wire) open_circuits: u32,
    /// Components by state.
    pub(in crate::wire) components: Components,
    /// Incidents under way.
    pub(in crate::wire) open_incidents: u32,
    /// Whether lookout doubts its own ears.
    pub(in crate::wire) in_doubt: bool,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
}

/// Services by verdict.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, transform = promise_nothing, extend("additionalProperties" = false)))]
pub(in crate::wire) struct Services {
    /// Those that nothing speaks against.
    pub(in crate::wire) healthy: u32,
    /// Those that answer, but not as they should.
    pub(in crate::wire) degraded: u32,
    /// Those that do not answer.
    pub(in crate::wire) unavailable: u32,
    /// Those of which too little is known.
    pub(in crate::wire) unknown: u32,
}

/// Components by condition.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, transform = promise_nothing, extend("additionalProperties" = { "type": "integer", "minimum": 0 })))]
pub(in crate::wire) struct Components {
    /// Those whose checks pass.
    pub(in crate::wire) healthy: u32,
    /// Those with a finding of less than severity error.
    pub(in crate::wire) degraded: u32,
    /// Those with a worse one.
    pub(in crate::wire) unhealthy: u32,
    /// Those that were not looked at yet.
    pub(in crate::wire) starting: u32,
}
