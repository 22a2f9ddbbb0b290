//! Traffic files themselves (manual, 10): bad lines, time that goes back, gaps, the end.

use super::tape::{START, Tape, UM};
use super::{Scenario, plain};
use serde_json::json;

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("file_bad_lines", bad_lines),
    plain("file_time_goes_back", time_goes_back),
    plain("file_quiet_gap", quiet_gap),
    plain("file_end", end),
    plain("file_payloads", payloads),
];

/// Five bad lines between six good ones.
fn bad_lines(tape: &mut Tape) {
    tape.raw(0, "this is no JSON");
    tape.call(0, UM, 1);
    tape.raw(10, "{\"topic\":\"service/UserManagement\",\"payload\":\"{}\"}");
    tape.raw(10, "");
    tape.raw(10, format!("{{\"ts\":{},\"topic\":\"service/UserManage", START + 10_000));
    tape.raw(10, "[]");
    tape.line(15, json!({"weather": "fine"}));
    tape.line(
        16,
        json!({"topic": "service/UserManagement", "qos": 1, "from": "nobody",
        "props": {"content_type": "json", "user": [["a", "b"]], "colour": "red"},
        "payload": "{\"id\":2,\"method\":\"get\",\"sessionId\":\"s1\"}"}),
    );
    tape.ok(20, 1);
    tape.ok(20, 2);
}

/// The reply's own time is ten seconds before its call.
fn time_goes_back(tape: &mut Tape) {
    tape.answered(0, UM, 20);
    tape.call(10_000, UM, "a");
    let mut reply = Tape::new();
    reply.ok(0, "a");
    tape.raw(10_000, reply.text().trim_end());
}

/// An hour of nothing, begun with an open call.
fn quiet_gap(tape: &mut Tape) {
    tape.healthy(UM, 0..15_000, 500);
    tape.lost(15_000, UM);
    tape.healthy(UM, 3_600_000..3_615_000, 500);
}

/// The file ends with open calls and a held reply.
fn end(tape: &mut Tape) {
    tape.answered(0, UM, 20);
    tape.dead(UM, 10_000..13_000, 1_000);
    tape.ok(14_000, "nobody's");
}

/// Text, bytes, nothing.
fn payloads(tape: &mut Tape) {
    // {"id":1,"method":"get","sessionId":"s1"}
    let bytes = "eyJpZCI6MSwibWV0aG9kIjoiZ2V0Iiwic2Vzc2lvbklkIjoiczEifQ==";
    tape.line(0, json!({"topic": "service/UserManagement", "payload_b64": bytes}));
    tape.ok(20, 1);
    tape.message(30, "service/UserManagement", "");
}
