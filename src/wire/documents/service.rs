//! What is said of services: that one fails, how it stands, that it is well again, what is done.
//!
//! A promise is shorter than a document: `required` names what is always there in this version of
//! the contracts, and the rest may be absent where it is not known.

use super::Time;
#[cfg(feature = "schema")]
use super::promise_nothing;
#[cfg(feature = "schema")]
use crate::observer::event::Step;
#[cfg(feature = "schema")]
use crate::observer::state::State;
#[cfg(feature = "schema")]
use crate::observer::verdict::Verdict;
use serde::Serialize;
use std::sync::Arc;

/// `service_unavailable` and `service_degraded`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "service", "timestamp", "correlationId"])))]
pub(in crate::wire) struct BadNews<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service.
    pub(in crate::wire) service: &'a str,
    /// What is wrong.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) reason: &'a str,
    /// The figures behind it; what is not known is absent.
    pub(in crate::wire) details: Details<'a>,
    /// How long such outages took before, for people to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) estimated_recovery: Option<String>,
    /// Methods of the service that were called in the last day.
    pub(in crate::wire) affected_operations: &'a [Arc<str>],
    /// How much it matters: low, medium or high.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = ["low", "medium", "high"])))]
    pub(in crate::wire) impact: &'a str,
    /// The component that explains it: this alarm is a consequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) caused_by: Option<CausedBy<'a>>,
    /// How often it was said before while it lasts.
    pub(in crate::wire) repeat: u32,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// What a verdict rests on.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline, transform = promise_nothing))]
pub(in crate::wire) struct Details<'a> {
    /// Replicas that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) running_pods: Option<u32>,
    /// Replicas that are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) ready_pods: Option<u32>,
    /// Replicas that should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) total_pods: Option<u32>,
    /// When the last result was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) last_successful_response: Option<Time>,
    /// Calls rejected, failed or unanswered / settled calls over the last 2 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub(in crate::wire) error_rate: Option<f64>,
    /// Answered calls / settled calls over the last 2 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub(in crate::wire) response_rate: Option<f64>,
    /// Calls settled in the last 2 min.
    pub(in crate::wire) recent_calls: u64,
    /// Of these, the answered ones.
    pub(in crate::wire) recent_responses: u64,
    /// How often the replicas that are there were started anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) restarts: Option<u32>,
    /// Why the last replica failed, in the platform's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) failure_reason: Option<&'a str>,
    /// A trace in which one of its failures is told: 32 hexadecimal digits, as in `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    pub(in crate::wire) trace_id: Option<String>,
}

/// The component that explains a service's trouble.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline))]
pub(in crate::wire) struct CausedBy<'a> {
    /// The component.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) component: &'a str,
    /// The component's incident.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// `service_recovered`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "service", "timestamp", "correlationId"])))]
pub(in crate::wire) struct Recovered<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service.
    pub(in crate::wire) service: &'a str,
    /// The verdict before.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Verdict::ALL.map(Verdict::name))))]
    pub(in crate::wire) previous: &'a str,
    /// How long it lasted, in seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub(in crate::wire) outage_seconds: f64,
    /// Calls that went unanswered in it.
    pub(in crate::wire) unanswered_calls: u64,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// `service_verdict`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "service", "verdict", "timestamp"])))]
pub(in crate::wire) struct ServiceVerdict<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service.
    pub(in crate::wire) service: &'a str,
    /// The verdict as it reads; unknown while lookout doubts itself or nobody calls.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Verdict::ALL.map(Verdict::name))))]
    pub(in crate::wire) verdict: &'a str,
    /// Why, if it is bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) reason: Option<&'a str>,
    /// Since when it reads so.
    pub(in crate::wire) since: Time,
    /// Its circuit.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = State::ALL.map(State::name))))]
    pub(in crate::wire) circuit: &'a str,
    /// Answered calls / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub(in crate::wire) response_rate: Option<f64>,
    /// Calls failed or unanswered / settled calls over the last 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub(in crate::wire) failure_rate: Option<f64>,
    /// 95th percentile of reply times over the last 5 min, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub(in crate::wire) p95_ms: Option<f64>,
    /// The component that explains it: this alarm is a consequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) caused_by: Option<CausedBy<'a>>,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: Option<String>,
}

/// `remedy_action`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "service", "action", "state", "dryRun", "timestamp", "correlationId"])))]
pub(in crate::wire) struct RemedyAction<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) service: &'a str,
    /// What is done.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = ["restart"])))]
    pub(in crate::wire) action: &'static str,
    /// `started`: it is to be restarted now. `done`, `refused`: the platform restarts it, or does not. `recovered`: it is healthy again. `failed`: the last attempt did not help, and nothing more is done until it is healthy again.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Step::ALL.map(Step::name))))]
    pub(in crate::wire) state: &'static str,
    /// Which attempt.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub(in crate::wire) attempt: u32,
    /// How many there will be at most.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub(in crate::wire) attempts: u32,
    /// Whether it is only said and nothing is done; there is no `done` and no `refused` then.
    pub(in crate::wire) dry_run: bool,
    /// What the platform says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) message: Option<&'a str>,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident of the service.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}
