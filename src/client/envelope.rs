//! The JSON of calls and answers: strict out, tolerant in.
//!
//! Requests are `jsonrpsee-types` requests with the platform's members beside the standard ones.
//! Answers are read by hand, because servers in the field send `"error":null` beside a result,
//! extra members, or an error that is a string, and `jsonrpsee-types` refuses all of these.
//! An answer whose id is not one of ours is nobody's: it is left alone, not an error.

use super::error::{CallError, Fault};
use crate::observer::call::{Answer, CodeTable, Outcome};
use jsonrpsee_types::{Id, Request};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A request with the platform's members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing<'a> {
    #[serde(flatten)]
    request: Request<'a>,
    reply_to: &'a str,
    correlation_id: &'a str,
    session_id: &'a str,
}

/// Where an answer goes and how it is recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Return<'a> {
    pub(super) reply_to: &'a str,
    pub(super) correlation: &'a str,
    pub(super) session: &'a str,
}

/// The bytes of a request.
pub(super) fn request(
    id: u64,
    method: &str,
    params: &(impl Serialize + ?Sized),
    back: Return<'_>,
) -> serde_json::Result<Vec<u8>> {
    let params = serde_json::value::to_raw_value(params)?;
    serde_json::to_vec(&Outgoing {
        request: Request::borrowed(method, Some(&params), Id::Number(id)),
        reply_to: back.reply_to,
        correlation_id: back.correlation,
        session_id: back.session,
    })
}

/// What an answer says.
pub(super) type Verdict = Result<Box<RawValue>, CallError>;

#[derive(Deserialize)]
struct Incoming {
    id: u64,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Box<RawValue>>,
}

/// Tells `"result":null`, which is a result, from no result at all.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(input).map(Some)
}

/// Reads an answer; `None` if it is no answer to a call of this client.
pub(super) fn answer(payload: &[u8], codes: &CodeTable) -> Option<(u64, Verdict)> {
    let incoming: Incoming = serde_json::from_slice(payload).ok()?;
    let verdict = match (incoming.result, incoming.error) {
        (Some(result), Some(_)) if result.get() != "null" => {
            Err(CallError::Malformed("both result and error".to_owned()))
        }
        (_, Some(error)) => Err(blame(fault(&error), codes)),
        (Some(result), None) => Ok(result),
        (None, None) => Err(CallError::Malformed("neither result nor error".to_owned())),
    };
    Some((incoming.id, verdict))
}

/// Says whose doing a fault is.
fn blame(fault: Fault, codes: &CodeTable) -> CallError {
    match codes.outcome(Answer::Error(fault.code)) {
        Outcome::Failed => CallError::Failed(fault),
        _ => CallError::Rejected(fault),
    }
}

/// Reads an error in whatever form it was sent.
fn fault(error: &RawValue) -> Fault {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(error.get()) else {
        let message = serde_json::from_str(error.get()).unwrap_or_else(|_| error.get().to_owned());
        return Fault { code: None, message, data: None };
    };
    Fault {
        code: members.get("code").and_then(serde_json::Value::as_i64),
        message: members.get("message").and_then(|m| m.as_str()).unwrap_or_default().to_owned(),
        data: members.get("data").and_then(|data| serde_json::value::to_raw_value(data).ok()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Reads one answer and says in short what it was taken for.
    fn read(payload: &str) -> String {
        match answer(payload.as_bytes(), &CodeTable::default()) {
            None => "nobody's".to_owned(),
            Some((id, Ok(result))) => format!("{id} ok {result}"),
            Some((id, Err(CallError::Rejected(f)))) => format!("{id} rejected {f}"),
            Some((id, Err(CallError::Failed(f)))) => format!("{id} failed {f}"),
            Some((id, Err(other))) => format!("{id} {other}"),
        }
    }

    #[test]
    fn answers_are_read_in_every_form_that_servers_send() {
        let cases = [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#, r#"1 ok {"a":1}"#),
            (r#"{"id":1,"result":null}"#, "1 ok null"),
            (r#"{"id":1,"result":5,"error":null,"extra":[]}"#, "1 ok 5"),
            (
                r#"{"id":1,"result":null,"error":{"code":-32001,"message":"no"}}"#,
                "1 rejected no (-32001)",
            ),
            (r#"{"id":2,"error":{"code":-32603,"message":"oh","x":1}}"#, "2 failed oh (-32603)"),
            (r#"{"id":2,"error":{"code":-32503,"message":"later"}}"#, "2 failed later (-32503)"),
            (r#"{"id":2,"error":{"code":"E1","message":"text"}}"#, "2 rejected text"),
            (r#"{"id":2,"error":"plain"}"#, "2 rejected plain"),
            (
                r#"{"id":3,"result":1,"error":{"code":1}}"#,
                "3 answer cannot be read: both result and error",
            ),
            (r#"{"id":3}"#, "3 answer cannot be read: neither result nor error"),
            (r#"{"id":"3","result":1}"#, "nobody's"),
            (r#"[{"id":3,"result":1}]"#, "nobody's"),
            ("", "nobody's"),
        ];
        for (payload, expected) in cases {
            assert_eq!(read(payload), expected, "{payload}");
        }
    }

    #[test]
    fn a_request_carries_what_the_platform_expects() {
        let back =
            Return { reply_to: "session/s-1/response", correlation: "s-1-7", session: "s-1" };
        let bytes = request(7, "getUser", &serde_json::json!({"id": "u-1"}), back).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = serde_json::json!({
            "jsonrpc": "2.0", "id": 7, "method": "getUser", "params": {"id": "u-1"},
            "replyTo": "session/s-1/response", "correlationId": "s-1-7", "sessionId": "s-1",
        });
        assert_eq!(read, expected);
    }
}
