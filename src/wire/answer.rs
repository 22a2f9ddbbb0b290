//! Direct answers: the JSON-RPC error that a caller gets in place of its service's reply.
//!
//! It goes to the caller's reply topic under the call's own id, so it is never in another envelope
//! than callers read. Its `source` is lookout's id, by which lookout knows it when it hears it.

use super::document::Document;
use super::documents::Time;
use super::speak::{Speaker, estimate, json};
use crate::observer::Instant;
use crate::observer::answering::Why;
use crate::observer::call::SERVICE_UNAVAILABLE;
use crate::observer::event::DirectAnswer;
use jsonrpsee_types::ErrorObject;
use serde::Serialize;
use serde_json::value::RawValue;

/// A direct answer: a JSON-RPC response in place of a service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DirectData<'a> {
    error_type: &'static str,
    service_name: &'a str,
    reason: &'a str,
    estimated_recovery: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    timestamp: Time,
    source: &'a str,
}

/// A JSON-RPC error response whose id is as the call wrote it.
#[derive(Serialize)]
struct DirectResponse<'a, E: Serialize> {
    jsonrpc: &'static str,
    id: Option<&'a RawValue>,
    error: E,
}

impl Speaker {
    /// An answer in place of a service.
    pub(super) fn direct_answer(&self, at: Instant, answer: &DirectAnswer) -> Document {
        let (error_type, reason) = match &answer.why {
            Why::Unavailable(reason) => ("ServiceUnavailable", reason.name()),
            Why::CircuitOpen(cause) => ("CircuitBreakerOpen", cause.name()),
        };
        let data = DirectData {
            error_type,
            service_name: &answer.service,
            reason,
            estimated_recovery: estimate(answer.estimate),
            retry_after: answer.retry_after.map(Time),
            correlation_id: answer.operation.as_deref(),
            timestamp: Time(at),
            source: &self.id,
        };
        let (code, text) = (SERVICE_UNAVAILABLE as i32, "Service Temporarily Unavailable");
        let error = ErrorObject::owned(code, text, Some(data));
        // As the call wrote it; one without an id is known by its Correlation Data or its topic.
        let id = answer.id.as_deref().and_then(|id| serde_json::from_str::<&RawValue>(id).ok());
        let response = json(&DirectResponse { jsonrpc: "2.0", id, error });
        Document {
            at,
            topic: answer.topic.to_string(),
            retain: false,
            critical: false,
            payload: Some(response),
            correlation: answer.correlation.clone(),
            event: None,
        }
    }
}
