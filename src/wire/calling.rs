//! The shapes of calls and replies as their senders are to write them: for the schemas alone.
//!
//! What reads them ([`super::envelope`]) takes no message into a type: every member is optional
//! there, of any type, and skipped unless it is asked for. So the shapes stand here, and a test holds
//! their members to what is read. They are stricter than the reader, which also takes a request
//! without `jsonrpc`, members of a service-call document with a capital first letter, and optional
//! members of a wrong type as absent: a sender should not count on that.

use super::documents::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An id as JSON-RPC 2.0 has it: a string or a whole number; null where there is none.
pub(super) struct AnyId;

impl JsonSchema for AnyId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "null"] })
    }
}

/// A request.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // Nobody makes one: see above.
pub(super) struct Request {
    /// The version of JSON-RPC.
    #[schemars(extend("const" = "2.0"))]
    jsonrpc: String,
    /// Tells the reply. Without it, and without Correlation Data and an id in the topic, the call is
    /// one-way: it awaits no reply.
    #[serde(default)]
    #[schemars(with = "AnyId")]
    id: (),
    /// What is called.
    method: String,
    /// What it is called with; never read.
    #[serde(default)]
    #[schemars(with = "Value")]
    params: (),
    /// Where the reply is to go, unless a Response Topic says it.
    #[schemars(with = "String")]
    #[serde(default)]
    reply_to: (),
    /// Names the operation that the call is a part of; the same in every call of it.
    #[schemars(with = "String")]
    #[serde(default)]
    correlation_id: (),
    /// The session of the caller; fills in the reply topic where that needs it.
    #[schemars(with = "String")]
    #[serde(default)]
    session_id: (),
    /// On whose behalf it is called.
    #[schemars(with = "UserContext")]
    #[serde(default)]
    user_context: (),
    /// W3C Trace Context.
    #[schemars(with = "String")]
    #[serde(default)]
    traceparent: (),
    /// The same, of single tracing systems, as text; where a trace was begun without a span, `lookout=begun`.
    #[schemars(with = "Value")]
    #[serde(default)]
    tracestate: (),
}

/// On whose behalf a call is made.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[allow(dead_code)]
struct UserContext {
    /// The user.
    #[schemars(with = "String")]
    #[serde(default)]
    user_id: (),
}

/// A service-call document.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub(super) struct ServiceCall {
    /// Who is called.
    service_name: String,
    /// What is called.
    method_name: String,
    /// What it is called with; never read.
    #[serde(default)]
    #[schemars(with = "Value")]
    parameters: (),
    /// Tells the reply: the id of the call.
    #[serde(default)]
    #[schemars(with = "AnyId")]
    message_id: (),
    /// Where the reply is to go, unless a Response Topic says it.
    #[schemars(with = "String")]
    #[serde(default)]
    reply_to: (),
    /// Names the operation that the call is a part of; the same in every call of it.
    #[schemars(with = "String")]
    #[serde(default)]
    correlation_id: (),
    /// The session of the caller; fills in the reply topic where that needs it.
    #[schemars(with = "String")]
    #[serde(default)]
    session_id: (),
    /// On whose behalf it is called.
    #[schemars(with = "UserContext")]
    #[serde(default)]
    user_context: (),
}

/// A reply.
#[derive(Deserialize, JsonSchema)]
#[schemars(transform = one_of_them)]
#[allow(dead_code)]
pub(super) struct Reply {
    /// The version of JSON-RPC.
    #[schemars(extend("const" = "2.0"))]
    jsonrpc: String,
    /// The id of the call; null if it is known by its Correlation Data or its reply topic alone.
    #[schemars(with = "AnyId")]
    id: (),
    /// What came of it; never read.
    #[serde(default)]
    #[schemars(with = "Value")]
    result: (),
    /// Why nothing came of it.
    #[serde(default)]
    #[schemars(with = "ReplyError")]
    error: (),
}

/// Why a call failed.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
#[allow(dead_code)]
struct ReplyError {
    /// Whose doing it is: the table of codes is a setting, `[codes]`.
    code: i64,
    /// The same in words.
    message: String,
    /// More about it.
    #[serde(default)]
    #[schemars(with = "ErrorData")]
    data: (),
}

/// What services say of an error.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
#[allow(dead_code)]
struct ErrorData {
    /// The kind of error, such as `ValidationError`.
    #[schemars(with = "String")]
    #[serde(default)]
    error_type: (),
    /// What is wrong; its members depend on the kind.
    #[schemars(with = "Map<String, Value>")]
    #[serde(default)]
    details: (),
    /// The `correlationId` of the call.
    #[schemars(with = "String")]
    #[serde(default)]
    correlation_id: (),
    /// When it happened.
    #[schemars(with = "Time")]
    #[serde(default)]
    timestamp: (),
    /// The service.
    #[schemars(with = "String")]
    #[serde(default)]
    service: (),
    /// What was called.
    #[schemars(with = "String")]
    #[serde(default)]
    method: (),
}

/// A reply has a result or an error.
fn one_of_them(schema: &mut Schema) {
    let kinds = serde_json::json!([{ "required": ["result"] }, { "required": ["error"] }]);
    schema.insert("oneOf".to_owned(), kinds);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::envelope::Envelope;
    use super::*;

    #[test]
    fn the_members_are_those_that_are_read() {
        let mut generator = SchemaGenerator::default();
        for shape in [Request::json_schema, ServiceCall::json_schema, Reply::json_schema] {
            let schema = shape(&mut generator).to_value();
            for name in schema["properties"].as_object().unwrap().keys() {
                // These are for the service, and for those who read a recording.
                let unread = matches!(&**name, "params" | "parameters" | "userContext");
                assert_eq!(Envelope::reads(name, &[]), !unread, "{name}");
            }
        }
    }
}
