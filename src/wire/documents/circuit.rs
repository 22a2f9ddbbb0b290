//! What is said of circuits: that one moved, that several were opened ahead of a cascade.

use super::Time;
#[cfg(feature = "schema")]
use crate::observer::state::{Cause, State};
use serde::Serialize;
use std::sync::Arc;

/// `circuit_breaker`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "topic", "service", "state", "timestamp", "correlationId"])))]
pub(in crate::wire) struct Circuit<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service's call topic; levels that do not name it are shown as `+`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) topic: &'a str,
    /// The service.
    pub(in crate::wire) service: &'a str,
    /// Where the circuit stands.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = State::ALL.map(State::name))))]
    pub(in crate::wire) state: &'a str,
    /// Where it stood before.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = State::ALL.map(State::name))))]
    pub(in crate::wire) previous: &'a str,
    /// Why it moved.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("examples" = Cause::ALL.map(Cause::name))))]
    pub(in crate::wire) reason: &'a str,
    /// Failures / settled calls, as judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub(in crate::wire) failure_rate: Option<f64>,
    /// Settled calls, as judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) requests: Option<u32>,
    /// Calls failed or unanswered, as judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) failures: Option<u32>,
    /// Answered calls that close it when half-open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) trial_calls: Option<u32>,
    /// How often it opened since it was last closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) open_count: Option<u32>,
    /// When an open circuit goes half-open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) retry_after: Option<Time>,
    /// How long it was not closed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub(in crate::wire) open_seconds: Option<f64>,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// `cascading_failure_prevented`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "originService", "affectedServices", "timestamp", "correlationId"])))]
pub(in crate::wire) struct Cascade<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The service that is unavailable.
    pub(in crate::wire) origin_service: &'a str,
    /// The services whose circuits were opened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) affected_services: &'a [Arc<str>],
    /// What was done, such as `circuits_opened_preemptively`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) action: &'a str,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}
