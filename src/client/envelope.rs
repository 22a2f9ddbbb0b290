//! The JSON of calls and answers: strict out, tolerant in.
//!
//! Requests are `jsonrpsee-types` requests with the platform's members beside the standard ones.
//! Answers are read by hand, because servers in the field send `"error":null` beside a result,
//! extra members, or an error that is a string, and `jsonrpsee-types` refuses all of these.
//! An answer whose id is not one of ours is nobody's: it is left alone, not an error. One without an
//! id is the answer of a server that could not read the call's, as JSON-RPC has it.

use super::error::CallError;
use super::fault;
use crate::observer::call::CodeTable;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    user_context: Option<UserContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracestate: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserContext<'a> {
    user_id: &'a str,
}

/// Where an answer goes, how it is recognised, and for whom it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Return<'a> {
    pub(super) reply_to: &'a str,
    pub(super) correlation: &'a str,
    pub(super) session: &'a str,
    pub(super) user: Option<&'a str>,
    /// Only where MQTT itself cannot carry it.
    pub(super) traceparent: Option<&'a str>,
    /// The same.
    pub(super) tracestate: Option<&'a str>,
}

/// The bytes of a request.
pub(super) fn request(
    id: u64,
    method: &str,
    params: &RawValue,
    back: Return<'_>,
) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256 + params.get().len());
    let outgoing = Outgoing {
        request: Request::borrowed(method, Some(params), Id::Number(id)),
        reply_to: back.reply_to,
        correlation_id: back.correlation,
        session_id: back.session,
        user_context: back.user.map(|user_id| UserContext { user_id }),
        traceparent: back.traceparent,
        tracestate: back.tracestate,
    };
    serde_json::to_writer(&mut bytes, &outgoing)?;
    Ok(bytes)
}

/// An answer whose content is not looked at yet: that is the caller's work, not the polling
/// task's.
#[derive(Debug, Deserialize)]
pub(super) struct Incoming {
    /// `None` where the server could not tell: `null` or no id at all. Then only Correlation Data
    /// can say whose answer it is.
    #[serde(default)]
    pub(super) id: Option<u64>,
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
pub(super) fn answer(payload: &[u8]) -> Option<Incoming> {
    serde_json::from_slice(payload).ok()
}

impl Incoming {
    /// What it says. `wall` is the time in microseconds since the epoch.
    pub(super) fn verdict(
        self,
        service: &str,
        codes: &CodeTable,
        wall: u64,
    ) -> Result<Box<RawValue>, CallError> {
        match (self.result, self.error) {
            (Some(result), Some(_)) if result.get() != "null" => {
                Err(CallError::Malformed("both result and error".to_owned()))
            }
            (_, Some(error)) => Err(fault::read(&error, service, codes, wall)),
            (Some(result), None) => Ok(result),
            (None, None) => Err(CallError::Malformed("neither result nor error".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Reads one answer and says in short what it was taken for.
    fn read(payload: &str) -> String {
        let Some(incoming) = answer(payload.as_bytes()) else { return "nobody's".to_owned() };
        let id = incoming.id.map_or("?".to_owned(), |id| id.to_string());
        match incoming.verdict("Test", &CodeTable::default(), 0) {
            Ok(result) => format!("{id} ok {result}"),
            Err(error) => format!("{id} {error}"),
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
                "1 not valid: no (-32001)",
            ),
            (
                r#"{"id":2,"error":{"code":-32603,"message":"oh","x":1}}"#,
                "2 service failed: oh (-32603)",
            ),
            (
                r#"{"id":2,"error":{"code":-32503,"message":"later"}}"#,
                "2 service unavailable: Test (later)",
            ),
            (r#"{"id":2,"error":{"code":"E1","message":"text"}}"#, "2 request rejected: text"),
            (r#"{"id":2,"error":"plain"}"#, "2 request rejected: plain"),
            (
                r#"{"id":3,"result":1,"error":{"code":1}}"#,
                "3 answer cannot be read: both result and error",
            ),
            (r#"{"id":3}"#, "3 answer cannot be read: neither result nor error"),
            (
                r#"{"id":null,"error":{"code":-32700,"message":"no"}}"#,
                "? request rejected: no (-32700)",
            ),
            (r#"{"result":1}"#, "? ok 1"),
            (r#"{"id":"3","result":1}"#, "nobody's"),
            (r#"{"id":-3,"result":1}"#, "nobody's"),
            (r#"[{"id":3,"result":1}]"#, "nobody's"),
            ("", "nobody's"),
        ];
        for (payload, expected) in cases {
            assert_eq!(read(payload), expected, "{payload}");
        }
    }

    #[test]
    fn a_request_carries_what_the_platform_expects() {
        let back = Return {
            reply_to: "session/s-1/response",
            correlation: "s-1-7",
            session: "s-1",
            user: None,
            traceparent: None,
            tracestate: None,
        };
        let params = RawValue::from_string(r#"{"id":"u-1"}"#.to_owned()).unwrap();
        let read = |back| {
            let bytes = request(7, "getUser", &params, back).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        let mut expected = serde_json::json!({
            "jsonrpc": "2.0", "id": 7, "method": "getUser", "params": {"id": "u-1"},
            "replyTo": "session/s-1/response", "correlationId": "s-1-7", "sessionId": "s-1",
        });
        assert_eq!(read(back), expected);
        expected["userContext"] = serde_json::json!({"userId": "u-12"});
        expected["traceparent"] = "00-1".into();
        assert_eq!(
            read(Return { user: Some("u-12"), traceparent: Some("00-1"), ..back }),
            expected
        );
    }
}
