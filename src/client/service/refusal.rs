//! Why a service does not give a result, as JSON-RPC errors with the platform's `data`.
//!
//! The codes are those that callers and lookout sort by: whose doing an error is follows from its
//! code, so a service that uses them is judged rightly.

use super::Call;
use crate::client::fault::{FieldError, Resource};
use crate::observer::{Instant, Span};
use jsonrpsee_types::ErrorObjectOwned;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::time::Duration;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    code: i32,
    message: String,
    kind: &'static str,
    details: Option<Value>,
    reason: Option<String>,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(code: i32, message: impl Display, kind: &'static str) -> Self {
        let message = message.to_string();
        Self { code, message, kind, details: None, reason: None, retry_after: None }
    }

    /// −32001: the parameters are not valid; what is wrong with which field.
    pub fn validation(fields: impl IntoIterator<Item = FieldError>) -> Self {
        let mut all: Vec<_> = fields.into_iter().map(|field| field_object(&field)).collect();
        let details = if all.len() == 1 { all.pop() } else { Some(Value::Array(all)) };
        Self { details, ..Self::new(-32001, "Validation Error", "ValidationError") }
    }

    /// −32002: a rule of the business forbids it.
    pub fn business_rule(rule: impl Into<String>, message: impl Into<String>) -> Self {
        let details = json!({"rule": rule.into(), "message": message.into()});
        let refusal = Self::new(-32002, "Business Logic Error", "BusinessLogicError");
        Self { details: Some(details), ..refusal }
    }

    /// −32003: the caller may not do this.
    pub fn unauthorized(message: impl Display) -> Self {
        Self::new(-32003, message, "AuthorizationError")
    }

    /// −32004: there is no such thing.
    pub fn not_found(message: impl Display) -> Self {
        Self::new(-32004, message, "NotFoundError")
    }

    /// −32005: it contradicts how things stand.
    pub fn conflict(message: impl Display) -> Self {
        Self::new(-32005, message, "ConflictError")
    }

    /// −32006: too many calls; when to come back.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let refusal = Self::new(-32006, "Rate Limit Exceeded", "RateLimitError");
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// −32503: the service can do nothing now; why, in one word, and when to come back.
    pub fn unavailable(reason: impl Into<String>, retry_after: Duration) -> Self {
        let refusal = Self::new(-32503, "Service Temporarily Unavailable", "ServiceUnavailable");
        Self { reason: Some(reason.into()), retry_after: Some(retry_after), ..refusal }
    }

    /// −32603: the service failed. The message goes to the caller: it should hold no secret.
    pub fn internal(message: impl Display) -> Self {
        Self::new(-32603, message, "InternalError")
    }

    /// An error of the service's own. Codes outside −32768 to −32000 are the caller's doing.
    pub fn other(code: i32, message: impl Display) -> Self {
        Self::new(code, message, "ApplicationError")
    }

    pub(super) fn parse_error() -> Self {
        Self::new(-32700, "Parse error", "ParseError")
    }

    pub(super) fn invalid_request(why: &str) -> Self {
        Self::new(-32600, format_args!("Invalid Request: {why}"), "InvalidRequest")
    }

    pub(super) fn method_not_found() -> Self {
        Self::new(-32601, "Method not found", "MethodNotFound")
    }

    pub(super) fn invalid_params(why: &serde_json::Error) -> Self {
        Self::new(-32602, format_args!("Invalid params: {why}"), "InvalidParams")
    }

    pub(super) fn timed_out(limit: Duration) -> Self {
        let message = format_args!("not done within {} s", limit.as_secs_f64());
        Self::new(-32007, message, "ExecutionTimeout")
    }

    /// Names what stands in the way of the call.
    #[must_use]
    pub fn conflicting(mut self, resource: &Resource) -> Self {
        let resource = json!({"type": resource.kind, "id": resource.id});
        match &mut self.details {
            Some(Value::Object(details)) => {
                drop(details.insert("conflictingResource".into(), resource))
            }
            _ => self.details = Some(json!({"conflictingResource": resource})),
        }
        self
    }

    /// Says more, in the service's own members, as `data.details`.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The error object of an answer.
    pub(super) fn object(&self, service: &str, call: &Call, now: Instant) -> ErrorObjectOwned {
        let mut data = Map::new();
        data.insert("errorType".into(), self.kind.into());
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                data.insert(name.into(), value);
            }
        };
        add("details", self.details.clone());
        add("reason", self.reason.clone().map(Value::from));
        add("serviceName", self.reason.as_ref().map(|_| service.into()));
        let retry = self.retry_after.map(|after| {
            let after = Span::from_micros(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
            time(now + after).into()
        });
        add("retryAfter", retry);
        add("correlationId", call.correlation_id.clone().map(Value::from));
        add("timestamp", Some(time(now).into()));
        add("service", Some(service.into()));
        add("method", Some(call.method.clone().into()).filter(|_| !call.method.is_empty()));
        ErrorObjectOwned::owned(self.code, self.message.clone(), Some(data))
    }
}

fn field_object(field: &FieldError) -> Value {
    let mut object = Map::new();
    object.insert("field".into(), field.field.clone().into());
    object.insert("message".into(), field.message.clone().into());
    if let Some(value) = &field.value {
        object.insert("value".into(), value.clone());
    }
    if let Some(constraint) = &field.constraint {
        object.insert("constraint".into(), constraint.clone().into());
    }
    Value::Object(object)
}

/// RFC 3339 UTC with milliseconds.
fn time(at: Instant) -> String {
    let micros = i64::try_from(at.micros()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}
