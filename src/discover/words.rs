//! What calls and replies look like to a person: words in topics and in bodies.

use serde_json::Value;

/// Levels of a topic that say "this is asked".
const CALL_LEVELS: [&str; 18] = [
    "request", "requests", "req", "rpc", "call", "calls", "command", "commands", "cmd", "invoke",
    "query", "ask", "in", "service", "services", "method", "methods", "exec",
];
/// Levels of a topic that say "this is answered".
const REPLY_LEVELS: [&str; 18] = [
    "response",
    "responses",
    "resp",
    "res",
    "reply",
    "replies",
    "answer",
    "answers",
    "result",
    "results",
    "accepted",
    "rejected",
    "ack",
    "out",
    "return",
    "rsp",
    "session",
    "inbox",
];
/// Members of a body that make it a call.
const CALL_MEMBERS: [&str; 11] = [
    "method",
    "command",
    "cmd",
    "action",
    "op",
    "operation",
    "function",
    "rpc",
    "request",
    "methodName",
    "api",
];
/// Members of a body that make it a reply.
const REPLY_MEMBERS: [&str; 11] = [
    "result",
    "error",
    "err",
    "status",
    "success",
    "ok",
    "response",
    "errorCode",
    "answer",
    "outcome",
    "statusCode",
];

fn is(level: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(level))
}

/// Whether a level says that its topic is asked something.
pub(super) fn is_call_level(level: &str) -> bool {
    is(level, &CALL_LEVELS)
}

/// Whether a topic has a level that says it is answered.
pub(super) fn is_reply_topic(topic: &str) -> bool {
    topic.split('/').any(|level| is(level, &REPLY_LEVELS))
}

/// Whether a topic has a level that says it is asked something.
pub(super) fn is_call_topic(topic: &str) -> bool {
    topic.split('/').any(is_call_level)
}

/// Members that events have as well: alone they make no call, and no reply.
const WEAK: [&str; 6] = ["action", "op", "operation", "status", "ok", "outcome"];

/// Whether two bodies are a call and its reply by what only such have.
pub(super) fn are_sure(call: &Value, reply: &Value) -> bool {
    let strong = |found: Option<(String, &Value)>| {
        found.is_some_and(|(path, _)| !WEAK.contains(&path.rsplit('.').next().unwrap_or_default()))
    };
    strong(find(call, &CALL_MEMBERS)) && strong(find(reply, &REPLY_MEMBERS))
}

/// Whether a body asks something.
pub(super) fn asks(body: &Value) -> bool {
    find(body, &CALL_MEMBERS).is_some()
}

/// Where a body says what is asked: the path of a member with a string in it.
pub(super) fn method_path(body: &Value) -> Option<String> {
    let (path, value) = find(body, &CALL_MEMBERS)?;
    if value.is_string() {
        return Some(path);
    }
    let inner = ["name", "type", "method"].into_iter();
    let mut inner = inner.filter(|name| value.get(name).is_some_and(Value::is_string));
    inner.next().map(|name| format!("{path}.{name}"))
}

/// Where a body says what came of it.
pub(super) fn outcome_path(body: &Value) -> Option<String> {
    find(body, &REPLY_MEMBERS).map(|(path, _)| path)
}

/// The first of these members, in the body or in an object in it.
fn find<'v>(body: &'v Value, names: &[&str]) -> Option<(String, &'v Value)> {
    let members = body.as_object()?;
    let here = names.iter().find_map(|name| Some(((*name).to_owned(), members.get(*name)?)));
    here.or_else(|| {
        members.iter().find_map(|(outer, value)| {
            let inner = value.as_object()?;
            let found = |name: &&str| Some((format!("{outer}.{name}"), inner.get(*name)?));
            names.iter().find_map(found)
        })
    })
}

/// Whether a text looks made up by a machine, to name somebody for a while.
pub(super) fn is_made_up(level: &str) -> bool {
    let digits = level.bytes().filter(u8::is_ascii_digit).count();
    let hex = level.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (level.len() >= 8 && hex && digits >= 2) || (level.len() >= 6 && digits >= 4)
}
