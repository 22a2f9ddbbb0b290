//! Calls and their replies, as callers and services of a busy platform write them.

/// The topic of a call.
pub(crate) fn topic(number: u64) -> String {
    format!("service/Service{:02}", number % 50)
}

/// The topic of replies.
pub(crate) const REPLIES: &str = "session/s/response";

/// A call of an operation of its own.
pub(crate) fn call(number: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"{number:012}","method":"method{}","sessionId":"s","correlationId":"order-{number}","params":{{"item":"i-17","quantity":3,"note":"as always, at the back door"}}}}"#,
        number / 50 % 10
    )
}

/// Its reply.
pub(crate) fn reply(number: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"{number:012}","result":{{"success":true,"reference":"r-17","since":"2026-01-15T10:30:00Z"}}}}"#
    )
}
