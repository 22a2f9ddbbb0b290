//! The shapes of the documents that lookout publishes, as the samples and schemas show them.
//!
//! Members that are not known are left out rather than guessed. Times are RFC 3339 UTC with
//! milliseconds.

use crate::observer::{Instant, Span};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// A moment, written as RFC 3339 UTC with milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Instant);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::try_from(self.0.micros()).unwrap_or(i64::MAX);
        // What no calendar holds is written as its last moment.
        let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rate, rounded to four decimals.
pub(super) fn rate(rate: f64) -> f64 {
    (rate * 10_000.0).round() / 10_000.0
}

/// A span in seconds, rounded to milliseconds.
pub(super) fn seconds(span: Span) -> f64 {
    (span.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// `service_unavailable` and `service_degraded`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BadNews<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) service: &'a str,
    pub(super) reason: &'a str,
    pub(super) details: Details<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimated_recovery: Option<String>,
    pub(super) affected_operations: &'a [Arc<str>],
    pub(super) impact: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caused_by: Option<CausedBy<'a>>,
    pub(super) repeat: u32,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// What a verdict rests on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) running_pods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready_pods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_pods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_successful_response: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_rate: Option<f64>,
    pub(super) recent_calls: u64,
    pub(super) recent_responses: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restarts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure_reason: Option<&'a str>,
}

/// `service_recovered`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recovered<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) service: &'a str,
    pub(super) previous: &'a str,
    pub(super) outage_seconds: f64,
    pub(super) unanswered_calls: u64,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `circuit_breaker`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Circuit<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) topic: &'a str,
    pub(super) service: &'a str,
    pub(super) state: &'a str,
    pub(super) previous: &'a str,
    pub(super) reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failures: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trial_calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open_seconds: Option<f64>,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `cascading_failure_prevented`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cascade<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) origin_service: &'a str,
    pub(super) affected_services: &'a [Arc<str>],
    pub(super) action: &'a str,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `pair_deaf`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PairDeaf<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) pair: &'a str,
    pub(super) call_template: &'a str,
    pub(super) reply_template: &'a str,
    pub(super) calls: u32,
    pub(super) unmatched_topics: &'a [String],
    pub(super) repeat: u32,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `infrastructure_error`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ComponentError<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) component: &'a str,
    pub(super) kind: &'a str,
    pub(super) severity: &'a str,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impact: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) recommendations: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) affected_services: &'a [Arc<str>],
    pub(super) estimated_resolution: String,
    pub(super) repeat: u32,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
    pub(super) escalation_required: bool,
}

/// The component that explains a service's trouble.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CausedBy<'a> {
    pub(super) component: &'a str,
    pub(super) correlation_id: String,
}

/// `remedy_action`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemedyAction<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) service: &'a str,
    pub(super) action: &'static str,
    pub(super) state: &'static str,
    pub(super) attempt: u32,
    pub(super) attempts: u32,
    pub(super) dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'a str>,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `infrastructure_recovered`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ComponentRecovered<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) component: &'a str,
    pub(super) outage_seconds: f64,
    pub(super) timestamp: Time,
    pub(super) correlation_id: String,
}

/// `service_verdict`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceVerdict<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) service: &'a str,
    pub(super) verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    pub(super) since: Time,
    pub(super) circuit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p95_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caused_by: Option<CausedBy<'a>>,
    pub(super) timestamp: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) correlation_id: Option<String>,
}

/// `health`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HealthDocument<'a> {
    pub(super) r#type: &'static str,
    pub(super) cluster_id: &'a str,
    pub(super) status: &'a str,
    pub(super) services: Services,
    pub(super) open_circuits: u32,
    pub(super) components: Components,
    pub(super) open_incidents: u32,
    pub(super) in_doubt: bool,
    pub(super) timestamp: Time,
}

/// Services by verdict.
#[derive(Serialize)]
pub(super) struct Services {
    pub(super) healthy: u32,
    pub(super) degraded: u32,
    pub(super) unavailable: u32,
    pub(super) unknown: u32,
}

/// Components by condition.
#[derive(Serialize)]
pub(super) struct Components {
    pub(super) healthy: u32,
    pub(super) degraded: u32,
    pub(super) unhealthy: u32,
    pub(super) starting: u32,
}
