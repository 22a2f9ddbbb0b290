//! What a message asks a service for: a JSON-RPC request, a batch of them, or a service-call
//! document.
//!
//! As tolerant as lookout itself, or it would see calls answered that the service refuses, and the
//! other way round: extra members, a missing `jsonrpc` and any kind of `params` are accepted, the
//! first letters of a service-call document are of either case. Ids are strings or numbers.

use super::{Call, Refusal};
use crate::client::protocol::Message;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Calls of one batch; a larger one is refused as a whole.
const MOST: usize = 1_000;

/// What was read.
pub(super) struct Reading {
    /// Where answers go, if anybody said so.
    pub(super) reply_to: Option<String>,
    /// Whether several are asked for at once, and are to be answered at once.
    pub(super) batch: bool,
    /// What is asked for; or why nothing of it can be understood.
    pub(super) asked: Result<Vec<Asked>, Refusal>,
}

/// One call.
pub(super) struct Asked {
    /// As it was sent; `None` if no answer is wanted.
    pub(super) id: Option<Box<RawValue>>,
    pub(super) call: Call,
    pub(super) params: Box<RawValue>,
    /// Why it cannot be carried out.
    pub(super) problem: Option<Refusal>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Incoming {
    jsonrpc: Option<serde_json::Value>,
    id: Option<Box<RawValue>>,
    method: Option<serde_json::Value>,
    params: Option<Box<RawValue>>,
    #[serde(alias = "MethodName")]
    method_name: Option<String>,
    #[serde(alias = "Parameters")]
    parameters: Option<Box<RawValue>>,
    #[serde(alias = "MessageId")]
    message_id: Option<Box<RawValue>>,
    #[serde(alias = "ReplyTo")]
    reply_to: Option<serde_json::Value>,
    #[serde(alias = "CorrelationId")]
    correlation_id: Option<serde_json::Value>,
    #[serde(alias = "SessionId")]
    session_id: Option<serde_json::Value>,
    #[serde(alias = "UserContext")]
    user_context: Option<serde_json::Value>,
    traceparent: Option<serde_json::Value>,
}

/// Reads what a message asks for.
pub(super) fn read(message: &Message) -> Reading {
    let said = message.response_topic.clone().filter(|topic| can_be_answered(topic));
    let payload = &*message.payload;
    let first = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        return match serde_json::from_slice::<Incoming>(payload) {
            Ok(incoming) => {
                let (asked, reply_to) = asked(incoming);
                Reading { reply_to: said.or(reply_to), batch: false, asked: Ok(vec![asked]) }
            }
            Err(error) => Reading { reply_to: said, batch: false, asked: Err(refusal(&error)) },
        };
    }
    let elements = match serde_json::from_slice::<Vec<&RawValue>>(payload) {
        Ok(elements) if elements.is_empty() => Err(Refusal::invalid_request("an empty batch")),
        Ok(elements) if elements.len() > MOST => Err(Refusal::invalid_request("too large a batch")),
        Ok(elements) => Ok(elements),
        Err(error) => Err(refusal(&error)),
    };
    let mut reply_to = said;
    let batch = elements.is_ok();
    let asked = elements.map(|elements| {
        let mut all = Vec::with_capacity(elements.len());
        for element in elements {
            all.push(match serde_json::from_str::<Incoming>(element.get()) {
                Ok(incoming) => {
                    let (asked, theirs) = asked(incoming);
                    reply_to = reply_to.take().or(theirs);
                    asked
                }
                Err(error) => unreadable(refusal(&error)),
            });
        }
        all
    });
    Reading { reply_to, batch, asked }
}

/// Whether the bytes are no JSON, or are no request.
fn refusal(error: &serde_json::Error) -> Refusal {
    match error.classify() {
        serde_json::error::Category::Data => Refusal::invalid_request("not an object"),
        _ => Refusal::parse_error(),
    }
}

/// An element of a batch that cannot be understood is answered all the same.
fn unreadable(problem: Refusal) -> Asked {
    Asked {
        id: Some(RawValue::NULL.to_owned()),
        call: Call::default(),
        params: RawValue::NULL.to_owned(),
        problem: Some(problem),
    }
}

fn asked(incoming: Incoming) -> (Asked, Option<String>) {
    let text = |value: Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    let reply_to = text(incoming.reply_to).filter(|topic| can_be_answered(topic));
    let user = incoming
        .user_context
        .and_then(|mut user| text(user.get_mut("userId").map(serde_json::Value::take)));
    let id = incoming.id.or(incoming.message_id).filter(|id| id.get() != "null");
    let method = text(incoming.method).or(incoming.method_name);
    let problem = if incoming.jsonrpc.is_some_and(|version| version != "2.0") {
        Some(Refusal::invalid_request("jsonrpc is not \"2.0\""))
    } else if id.as_ref().is_some_and(|id| {
        !id.get().starts_with(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    }) {
        return (unreadable(Refusal::invalid_request("an id is a string or a number")), reply_to);
    } else if method.is_none() {
        Some(Refusal::invalid_request("no method"))
    } else {
        None
    };
    let call = Call {
        method: method.unwrap_or_default(),
        correlation_id: text(incoming.correlation_id),
        session_id: text(incoming.session_id),
        user_id: user,
        traceparent: text(incoming.traceparent),
    };
    let params = incoming.params.or(incoming.parameters);
    let params = params.unwrap_or_else(|| RawValue::NULL.to_owned());
    (Asked { id, call, params, problem }, reply_to)
}

/// Whether a topic can be published to.
fn can_be_answered(topic: &str) -> bool {
    !topic.is_empty() && topic.len() <= 65_535 && !topic.contains(['+', '#', '\0'])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reading(payload: &str) -> String {
        let message = Message { payload: payload.to_owned().into(), ..Message::default() };
        let Reading { reply_to, batch, asked } = read(&message);
        let one = |asked: Asked| {
            let id = asked.id.map_or("-".to_owned(), |id| id.to_string());
            let problem = asked.problem.map(|it| {
                format!(" {:?}", it.object("A", &asked.call, Default::default()).message())
            });
            format!("{id} {}({}){}", asked.call.method, asked.params, problem.unwrap_or_default())
        };
        let said = match asked {
            Ok(asked) => asked.into_iter().map(one).collect::<Vec<_>>().join("; "),
            Err(refusal) => {
                format!("{:?}", refusal.object("A", &Call::default(), Default::default()).message())
            }
        };
        format!("{}{said} -> {}", if batch { "batch " } else { "" }, reply_to.unwrap_or_default())
    }

    #[test]
    fn requests_of_every_kind_are_read() {
        for (payload, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"get","params":[1],"replyTo":"r"}"#,
                "7 get([1]) -> r",
            ),
            (r#"{"id":"a","method":"get","x":1}"#, r#""a" get(null) -> "#),
            (r#"{"method":"tell","params":{}}"#, "- tell({}) -> "),
            (r#"{"id":null,"method":"tell"}"#, "- tell(null) -> "),
            (
                r#"{"serviceName":"A","methodName":"get","parameters":{"a":1},"messageId":"m","replyTo":"r"}"#,
                r#""m" get({"a":1}) -> r"#,
            ),
            (
                r#"{"ServiceName":"A","MethodName":"get","MessageId":"m","ReplyTo":"r"}"#,
                r#""m" get(null) -> r"#,
            ),
            (
                r#"[{"id":1,"method":"a","replyTo":"r"},{"method":"b"},7]"#,
                r#"batch 1 a(null); - b(null); null (null) "Invalid Request: not an object" -> r"#,
            ),
            ("[]", r#""Invalid Request: an empty batch" -> "#),
            ("[1", r#""Parse error" -> "#),
            ("", r#""Parse error" -> "#),
            ("7", r#""Invalid Request: not an object" -> "#),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"get"}"#,
                r#"1 get(null) "Invalid Request: jsonrpc is not \"2.0\"" -> "#,
            ),
            (r#"{"id":1,"replyTo":"r"}"#, r#"1 (null) "Invalid Request: no method" -> r"#),
            (r#"{"id":1,"method":7}"#, r#"1 (null) "Invalid Request: no method" -> "#),
            (
                r#"{"id":{},"method":"get","replyTo":"r"}"#,
                r#"null (null) "Invalid Request: an id is a string or a number" -> r"#,
            ),
            (r#"{"id":1,"method":"get","replyTo":"a/#"}"#, "1 get(null) -> "),
        ] {
            assert_eq!(reading(payload), expected, "{payload}");
        }
        let large = format!("[{}1]", "1,".repeat(MOST));
        assert_eq!(reading(&large), r#""Invalid Request: too large a batch" -> "#);
    }

    #[test]
    fn the_response_topic_wins_and_the_context_is_taken_along() {
        let payload = r#"{"id":1,"method":"m","replyTo":"body","correlationId":"c","sessionId":"s","userContext":{"userId":"u"},"traceparent":"t"}"#;
        let message = Message {
            payload: payload.into(),
            response_topic: Some("property".to_owned()),
            ..Message::default()
        };
        let reading = read(&message);
        assert_eq!(reading.reply_to.as_deref(), Some("property"));
        let call = reading.asked.unwrap().pop().unwrap().call;
        let told = [call.correlation_id, call.session_id, call.user_id, call.traceparent];
        assert_eq!(told.map(Option::unwrap), ["c", "s", "u", "t"]);
        let wild = Message { response_topic: Some("a/+".to_owned()), ..message };
        assert_eq!(read(&wild).reply_to.as_deref(), Some("body"));
    }
}
