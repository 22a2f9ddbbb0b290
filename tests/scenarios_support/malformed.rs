//! Every kind of malformed message, on either template (manual, 1, "Tolerance").

use super::tape::{QUICK, Tape, UM};
use super::{Scenario, plain, with};
use serde_json::json;

const TOPIC: &str = "service/UserManagement";
const HOME: &str = "session/s1/response";

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("malformed_calls", calls),
    plain("malformed_replies", replies),
    with("malformed_too_large", "[traffic]\nmax_payload = 1024\n", too_large),
];

/// Nested `depth` deep, itself included.
fn nested(member: &str, depth: usize) -> String {
    let arrays = depth - 1;
    format!("{{{member},\"params\":{}{}}}", "[".repeat(arrays), "]".repeat(arrays))
}

fn calls(tape: &mut Tape) {
    let bad = [
        // not_json, five times: empty, truncated, trailing text, byte order mark, lone surrogate
        "",
        r#"{"id":1,"method":"m""#,
        r#"{"id":1,"method":"m"} x"#,
        "\u{feff}{\"id\":1,\"method\":\"m\"}",
        r#"{"id":1,"method":"\ud800"}"#,
        // not_object, three times
        "17",
        "[1,2]",
        "null",
        // empty_batch
        "[]",
        // bad_version, twice
        r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"m"}"#,
        // bad_id, five times
        r#"{"id":1.5,"method":"m"}"#,
        r#"{"id":true,"method":"m"}"#,
        r#"{"id":{},"method":"m"}"#,
        r#"{"id":[1],"method":"m"}"#,
        r#"{"id":18446744073709551616,"method":"m"}"#,
        // bad_method, twice: not a string, unknown
        r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        // duplicate_key
        r#"{"id":1,"method":"m","id":1}"#,
        // not_a_call
        r#"{"jsonrpc":"2.0","id":1,"result":1}"#,
    ];
    let mut at = 0;
    for payload in bad {
        tape.message(at, TOPIC, payload);
        tape.answered(at + 10, UM, QUICK);
        at += 100;
    }
    tape.line(at, json!({"topic": TOPIC, "payload_b64": "//4="})); // not_utf8
    tape.message(at + 10, TOPIC, nested(r#""id":1,"method":"m""#, 129)); // too_deep
    tape.message(at + 20, TOPIC, nested(r#""id":"deep","method":"m","sessionId":"s1""#, 128));
    tape.ok(at + 30, "deep");
}

/// One call waits all the while; nothing of this settles it, until the last reply does.
fn replies(tape: &mut Tape) {
    let bad = [
        // not_json, twice
        r#"{"id":1,"result":1"#,
        r#"{"id":"\udc00","result":1}"#,
        // not_object, empty_batch
        "\"done\"",
        "[]",
        // bad_version
        r#"{"jsonrpc":"1.0","id":1,"result":1}"#,
        // bad_id, twice: a fraction, missing
        r#"{"jsonrpc":"2.0","id":1.5,"result":1}"#,
        r#"{"jsonrpc":"2.0","result":1}"#,
        // bad_error, twice
        r#"{"jsonrpc":"2.0","id":1,"error":5}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":[]}"#,
        // ambiguous, twice: both, neither
        r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1}}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        // duplicate_key, twice: in the envelope, in its error
        r#"{"jsonrpc":"2.0","id":1,"result":1,"result":2}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2}}"#,
    ];
    tape.call(0, UM, 1);
    for (at, payload) in bad.into_iter().enumerate() {
        tape.message(at as u64 * 10 + 10, HOME, payload);
    }
    tape.line(200, json!({"topic": HOME, "payload_b64": "//4="})); // not_utf8
    tape.message(210, HOME, nested(r#""id":1,"result":1"#, 129)); // too_deep
    tape.ok(220, 1);
}

/// 1024 bytes are read, 1025 are not.
fn too_large(tape: &mut Tape) {
    for (at, size) in [(0, 1_024), (100, 1_025)] {
        let frame = r#"{"id":1,"method":"m","sessionId":"s1","params":""}"#;
        let filling = "x".repeat(size - frame.len());
        let payload = frame.replace("\"params\":\"\"", &format!("\"params\":\"{filling}\""));
        tape.message(at, TOPIC, payload);
        tape.ok(at + QUICK, 1);
    }
}
