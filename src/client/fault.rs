//! The error object of an answer, and what its code and `data` mean to a caller.
//!
//! Services in the field send errors that are a string, codes that are no number, details that are
//! one object or several: whatever can be read is kept, what cannot is left out.

use super::error::{Away, CallError, Source};
use crate::observer::call::{Answer, CodeTable, Outcome};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// Fields of one error that are kept.
const MOST_FIELDS: usize = 100;

/// The error object of an answer.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// Its code; `None` if the service sent none, or none that is an integer.
    pub code: Option<i64>,
    /// Its message; may be empty.
    pub message: String,
    /// Its `data`, as sent.
    pub data: Option<Box<RawValue>>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldError {
    /// The field, as the service names it.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// The value that was sent.
    pub value: Option<Value>,
    /// The constraint that it breaks, such as `format: email`.
    pub constraint: Option<String>,
}

/// Something that stands in the way of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// What it is, such as `User`.
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// Reads an error in whatever form it was sent. `wall` is the time in microseconds since the
/// epoch, to tell what a moment is from now.
pub(super) fn read(error: &RawValue, service: &str, codes: &CodeTable, wall: u64) -> CallError {
    let Ok(Value::Object(mut members)) = serde_json::from_str(error.get()) else {
        let message = serde_json::from_str(error.get()).unwrap_or_else(|_| error.get().to_owned());
        return CallError::Rejected(Fault { code: None, message, data: None });
    };
    let data = members.remove("data");
    let fault = Fault {
        code: members.get("code").and_then(Value::as_i64),
        message: text(&members, "message").unwrap_or_default(),
        data: data.as_ref().and_then(|data| serde_json::value::to_raw_value(data).ok()),
    };
    let data = match data {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    typed(fault, &data, service, codes, wall)
}

fn typed(
    fault: Fault,
    data: &Map<String, Value>,
    service: &str,
    codes: &CodeTable,
    wall: u64,
) -> CallError {
    let empty = Map::new();
    let details = data.get("details").and_then(Value::as_object).unwrap_or(&empty);
    let retry_after = || data.get("retryAfter").and_then(|it| after(it, wall));
    match fault.code {
        Some(-32001) => {
            let fields = fields(data.get("details"));
            CallError::Validation { fields, fault: Box::new(fault) }
        }
        Some(-32002) => CallError::BusinessRule {
            rule: text(details, "rule"),
            resource: resource(details),
            fault: Box::new(fault),
        },
        Some(-32003) => CallError::Unauthorized(fault),
        Some(-32004) => CallError::NotFound(fault),
        Some(-32005) => CallError::Conflict { resource: resource(details), fault: Box::new(fault) },
        Some(-32006) => {
            CallError::RateLimited { retry_after: retry_after(), fault: Box::new(fault) }
        }
        Some(-32007) => CallError::ExecutionTimeout(fault),
        Some(-32503) => {
            let away = Away {
                service: text(data, "serviceName").unwrap_or_else(|| service.to_owned()),
                reason: text(data, "reason").unwrap_or(fault.message),
                retry_after: retry_after(),
                estimate: text(data, "estimatedRecovery").filter(|it| it != "unknown"),
                incident: None,
                source: Source::Answer,
            };
            match text(data, "errorType").as_deref() {
                Some("CircuitBreakerOpen") => CallError::CircuitOpen(Box::new(away)),
                _ => CallError::Unavailable(Box::new(away)),
            }
        }
        code => match codes.outcome(Answer::Error(code)) {
            Outcome::Failed => CallError::Failed(fault),
            _ => CallError::Rejected(fault),
        },
    }
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name)?.as_str().map(str::to_owned)
}

/// One object, or an array of them.
fn fields(details: Option<&Value>) -> Vec<FieldError> {
    let all = match details {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let objects = all.iter().take(MOST_FIELDS).filter_map(Value::as_object);
    let field = |members: &Map<String, Value>| FieldError {
        field: text(members, "field").unwrap_or_default(),
        message: text(members, "message").unwrap_or_default(),
        value: members.get("value").cloned(),
        constraint: text(members, "constraint"),
    };
    objects.map(field).filter(|it| !(it.field.is_empty() && it.message.is_empty())).collect()
}

fn resource(details: &Map<String, Value>) -> Option<Box<Resource>> {
    let names = ["conflictingResource", "resource"];
    let found = names.iter().find_map(|name| details.get(*name)?.as_object())?;
    let id = match found.get("id")? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    Some(Box::new(Resource { kind: text(found, "type").unwrap_or_default(), id }))
}

/// A moment in RFC 3339, or seconds from now.
fn after(value: &Value, wall: u64) -> Option<Duration> {
    if let Some(seconds) = value.as_f64() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let moment: jiff::Timestamp = value.as_str()?.parse().ok()?;
    let micros = u64::try_from(moment.as_microsecond()).ok()?;
    Some(Duration::from_micros(micros.saturating_sub(wall)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 2026-01-15T10:30:00Z.
    const WALL: u64 = 1_768_473_000_000_000;

    fn error(text: &str) -> CallError {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        read(&raw, "Test", &CodeTable::default(), WALL)
    }

    #[test]
    fn codes_become_reasons_that_ask_for_different_things() {
        let cases = [
            (
                r#"{"code":-32001,"message":"no","data":{"details":{"field":"email","message":"bad","value":"a@","constraint":"format: email"}}}"#,
                "not valid: no (-32001); email: bad",
                false,
            ),
            (
                r#"{"code":-32001,"message":"no","data":{"details":[{"field":"a","message":"b"},7,{"field":"c"},{}]}}"#,
                "not valid: no (-32001); a: b; c: ",
                false,
            ),
            (r#"{"code":-32001,"message":"no","data":"text"}"#, "not valid: no (-32001)", false),
            (
                r#"{"code":-32002,"message":"no","data":{"details":{"rule":"quota","conflictingResource":{"type":"User","id":"u-1"}}}}"#,
                "against the rule quota: no (-32002)",
                false,
            ),
            (r#"{"code":-32003,"message":"no"}"#, "not allowed: no (-32003)", false),
            (r#"{"code":-32004,"message":"no"}"#, "not found: no (-32004)", false),
            (
                r#"{"code":-32005,"message":"no","data":{"details":{"resource":{"type":"Order","id":7}}}}"#,
                "conflict with Order 7: no (-32005)",
                false,
            ),
            (
                r#"{"code":-32006,"message":"slow","data":{"retryAfter":1.5}}"#,
                "too many calls: slow (-32006)",
                true,
            ),
            (
                r#"{"code":-32007,"message":"late"}"#,
                "the service ran out of time: late (-32007)",
                true,
            ),
            (r#"{"code":-32603,"message":"oh"}"#, "service failed: oh (-32603)", true),
            (r#"{"code":-32601,"message":"what"}"#, "request rejected: what (-32601)", false),
            (r#"{"code":7,"message":"own"}"#, "request rejected: own (7)", false),
            (r#"{"code":"E1","message":"own"}"#, "request rejected: own", false),
            (r#""plain""#, "request rejected: plain", false),
            (
                r#"{"code":-32503,"message":"later","data":{"errorType":"ServiceUnavailable","serviceName":"A","reason":"no_running_pods","retryAfter":"2026-01-15T10:32:00.000Z"}}"#,
                "service unavailable: A (no_running_pods), try again in 120.0 s",
                true,
            ),
            (
                r#"{"code":-32503,"message":"later","data":{"errorType":"CircuitBreakerOpen","reason":"failure_rate","estimatedRecovery":"2-5 minutes"}}"#,
                "circuit open: Test (failure_rate), back in 2-5 minutes",
                true,
            ),
            (
                r#"{"code":-32503,"message":"later","data":{"retryAfter":"yesterday","estimatedRecovery":"unknown"}}"#,
                "service unavailable: Test (later)",
                true,
            ),
        ];
        for (text, expected, transient) in cases {
            let read = error(text);
            assert_eq!(read.to_string(), expected, "{text}");
            assert_eq!(read.is_transient(), transient, "{text}");
        }
    }

    #[test]
    fn when_to_come_back_is_read_in_every_form_and_never_lies_in_the_past() {
        for (value, seconds) in [
            ("1.5", Some(1.5)),
            ("-1", None),
            ("1e300", None),
            (r#""2026-01-15T10:30:10Z""#, Some(10.0)),
            (r#""2026-01-15T10:29:00Z""#, Some(0.0)),
            ("null", None),
            ("{}", None),
        ] {
            let text = format!(r#"{{"code":-32006,"data":{{"retryAfter":{value}}}}}"#);
            assert_eq!(error(&text).retry_after().map(|it| it.as_secs_f64()), seconds, "{value}");
        }
    }

    #[test]
    fn what_was_sent_is_kept() {
        let read = error(
            r#"{"code":-32001,"message":"no","data":{"details":{"field":"a","message":"b","value":[1]}}}"#,
        );
        assert!(read.fault().unwrap().data.as_ref().unwrap().get().contains("[1]"));
        let CallError::Validation { fields, .. } = read else { unreachable!() };
        assert_eq!(fields[0].value, Some(serde_json::json!([1])));
    }
}
