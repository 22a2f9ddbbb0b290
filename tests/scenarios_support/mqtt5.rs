//! Calls with MQTT 5 properties (manual, 1): Response Topic, Correlation Data, Message Expiry.

use super::tape::{QUICK, Tape, UM};
use super::{Scenario, plain};
use serde_json::{Value, json};

const HOME: &str = "session/s1/response";
const PRINTER: &str = "service/Printer";

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("mqtt5_opaque_payloads", opaque),
    plain("mqtt5_response_topic_alone", alone),
    plain("mqtt5_bad_response_topic", bad_response_topic),
    plain("mqtt5_second_key", second_key),
    plain("mqtt5_message_expiry", expiry),
];

fn key(data: &str) -> Value {
    json!({ "correlation_data_b64": data })
}

fn addressed(data: &str) -> Value {
    json!({"response_topic": HOME, "correlation_data_b64": data})
}

/// Any payload that says where its answer goes is a call; any payload there is its answer.
fn opaque(tape: &mut Tape) {
    let bytes = json!("//4AAQ==");
    for (at, data) in [(0, "AQ=="), (10, "Ag=="), (20, "Aw=="), (30, "BA=="), (40, "BQ==")] {
        let props = addressed(data);
        tape.line(at, json!({"topic": PRINTER, "payload_b64": bytes, "props": props}));
    }
    let props = key("AQ==");
    tape.line(100, json!({"topic": HOME, "payload_b64": bytes, "props": props}));
    let error = r#"{"error":{"code":-32603,"message":"no"}}"#;
    tape.with_props(110, HOME, error, key("Ag=="));
    tape.with_props(120, HOME, r#"{"error":"no paper"}"#, key("Aw=="));
    tape.with_props(130, HOME, "[1,2]", key("BA=="));
    tape.with_props(140, HOME, r#"{"error":null,"pages":3}"#, key("BQ=="));
}

/// Without any id the reply topic alone is the key, so two open calls cannot share it.
fn alone(tape: &mut Tape) {
    let props = json!({"response_topic": "session/solo/response"});
    tape.with_props(0, PRINTER, "one", props.clone());
    tape.message(20, "session/solo/response", "done");
    tape.with_props(10_000, PRINTER, "two", props.clone());
    tape.with_props(11_000, PRINTER, "three", props);
    tape.message(11_020, "session/solo/response", "done");
}

fn bad_response_topic(tape: &mut Tape) {
    for (at, topic) in [(0, ""), (1_000, "session/+/response"), (2_000, "session/#")] {
        let id = tape.id();
        let body = json!({"id": id, "method": "get", "sessionId": "s1"});
        let props = json!({ "response_topic": topic });
        tape.with_props(at, "service/UserManagement", &body.to_string(), props);
        tape.ok(at + QUICK, id);
    }
    tape.with_props(3_000, PRINTER, "text", json!({"response_topic": ""}));
}

/// The reply comes under the body's id or under the Correlation Data.
fn second_key(tape: &mut Tape) {
    let call = |tape: &mut Tape, at, id: u64, props| {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "get", "sessionId": "s1"});
        tape.with_props(at, "service/UserManagement", &body.to_string(), props);
    };
    call(tape, 0, 1, key("AQ=="));
    tape.ok(20, 1);
    call(tape, 100, 2, key("Ag=="));
    tape.with_props(120, HOME, r#"{"jsonrpc":"2.0","id":null,"result":1}"#, key("Ag=="));
    call(tape, 200, 3, key("Aw=="));
    tape.with_props(220, HOME, r#"{"jsonrpc":"2.0","result":1}"#, key("Aw=="));
    // Without a Response Topic an answer has to be a JSON-RPC response.
    call(tape, 300, 4, key("BA=="));
    tape.with_props(320, HOME, "done", key("BA=="));
    tape.ok(340, 4);
    // With one, whatever comes under the key is the answer.
    call(tape, 400, 5, addressed("BQ=="));
    tape.with_props(420, HOME, "done", key("BQ=="));
}

/// Deadlines of 5 s, of none (0), of 100 s, and of more than 10 min.
fn expiry(tape: &mut Tape) {
    let cases =
        [(5, 5_000), (5, 5_001), (0, 20_000), (100, 90_000), (700, 599_900), (700, 650_000)];
    for (at, (seconds, latency)) in cases.into_iter().enumerate() {
        let (at, id) = (at as u64 * 500, tape.id());
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "get", "sessionId": "s1"});
        let props = json!({ "message_expiry_s": seconds });
        tape.with_props(at, &format!("service/{UM}"), &body.to_string(), props);
        tape.ok(at + latency, id);
    }
}
