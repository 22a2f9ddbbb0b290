//! Direct answers: the JSON-RPC error that a caller gets in place of its service's reply.
//!
//! It goes to the caller's reply topic under the call's own id, so it is never in another envelope
//! than callers read. Its `source` is lookout's id, by which lookout knows it when it hears it.

#[cfg(feature = "schema")]
use super::calling::AnyId;
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

/// Why a call is answered in place of its service.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline, extend("required" = ["errorType", "serviceName", "reason", "timestamp", "source"])))]
struct DirectData<'a> {
    /// Whether the service is unavailable, or its circuit alone is open.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = ERROR_TYPES)))]
    error_type: &'static str,
    /// The service that was called.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    service_name: &'a str,
    /// The reason of the verdict or of the circuit.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    reason: &'a str,
    /// From the lengths of past outages, such as `2-5 minutes`; `unknown` before three are known.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    estimated_recovery: String,
    /// When the circuit will be half-open, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Time>,
    /// The `correlationId` of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    /// When it was answered.
    timestamp: Time,
    /// The id of the lookout that answers: no service says so.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    source: &'a str,
}

/// A JSON-RPC error response whose id is as the call wrote it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct DirectResponse<'a, E: Serialize> {
    /// The version of JSON-RPC.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "2.0")))]
    jsonrpc: &'static str,
    /// The id of the call as it was written; null if it was known by its Correlation Data or its
    /// reply topic alone.
    #[cfg_attr(feature = "schema", schemars(with = "AnyId"))]
    id: Option<&'a RawValue>,
    /// Why there is no result.
    error: E,
}

/// What a direct answer says it is.
const ERROR_TYPES: [&str; 2] = ["ServiceUnavailable", "CircuitBreakerOpen"];
const CODE: i32 = SERVICE_UNAVAILABLE as i32;
const MESSAGE: &str = "Service Temporarily Unavailable";

/// The error that `jsonrpsee-types` writes, as a schema.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema, Serialize)]
#[schemars(inline)]
struct DirectError {
    /// The service is temporarily unavailable.
    #[schemars(with = "i32", extend("const" = CODE))]
    code: (),
    /// The same in words.
    #[schemars(with = "str", extend("const" = MESSAGE))]
    message: (),
    /// Why, and since when.
    #[schemars(with = "DirectData<'static>")]
    data: (),
}

/// The shape of a direct answer.
#[cfg(feature = "schema")]
pub(super) fn shape(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    <DirectResponse<'static, DirectError> as schemars::JsonSchema>::json_schema(generator)
}

impl Speaker {
    /// An answer in place of a service.
    pub(super) fn direct_answer(&self, at: Instant, answer: &DirectAnswer) -> Document {
        let (error_type, reason) = match &answer.why {
            Why::Unavailable(reason) => (ERROR_TYPES[0], reason.name()),
            Why::CircuitOpen(cause) => (ERROR_TYPES[1], cause.name()),
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
        let error = ErrorObject::owned(CODE, MESSAGE, Some(data));
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
