//! What a reply says (manual, 1, "Replies" and the table of outcomes), and what is no reply.

use super::tape::{QUICK, START, Tape, UM};
use super::{Scenario, plain, with};
use serde_json::json;

const HOME: &str = "session/s1/response";

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("replies_codes", codes),
    plain("replies_forms", forms),
    with("replies_codes_by_setting", BY_SETTING, codes_by_setting),
    with("ignored_messages", "[traffic]\nignore = [\"service/Noise\"]\n", ignored),
    plain("deaf_pair", deaf),
];

const BY_SETTING: &str = "[codes]\nrejected = [-32603]\nfailed = [500]\n";

/// Codes on either side of the line, 20 ms each; too few failures of one service to say more.
fn codes(tape: &mut Tape) {
    let rejected = [
        -32_700, -32_600, -32_601, -32_602, -32_001, -32_002, -32_003, -32_004, -32_005, -32_006,
        -31_999, -32_769, 1, 404,
    ];
    for (at, code) in rejected.into_iter().enumerate() {
        tape.refused(at as u64 * 100, "Caller", code);
    }
    for (at, code) in [-32_603, -32_007, -32_503, -32_768].into_iter().enumerate() {
        tape.refused(at as u64 * 100 + 50, "Service", code);
    }
    for (at, code) in [-32_000, -32_099, -32_100, -32_008].into_iter().enumerate() {
        tape.refused(at as u64 * 100 + 70, "Server", code);
    }
}

/// The table is a setting.
fn codes_by_setting(tape: &mut Tape) {
    for (at, code) in [-32_603, -32_602, 500, 501].into_iter().enumerate() {
        tape.refused(at as u64 * 100, UM, code);
    }
}

/// Results that are null, errors that are null, errors without a code.
fn forms(tape: &mut Tape) {
    let bodies = [
        r#""result":null"#,
        r#""result":1,"error":null"#,
        r#""result":null,"error":null"#,
        r#""result":null,"error":{"code":-32603}"#,
        r#""error":"out of order""#,
        r#""error":{"message":"no code"}"#,
        r#""error":{"code":"E42"}"#,
        r#""error":{"code":-32603.5}"#,
        r#""error":{"code":-32603.0}"#,
    ];
    for (at, body) in bodies.into_iter().enumerate() {
        let (at, id) = (at as u64 * 100, tape.id());
        tape.call(at, UM, id);
        tape.message(at + QUICK, HOME, format!(r#"{{"jsonrpc":"2.0","id":{id},{body},"x":[]}}"#));
    }
}

/// Seven messages are ignored; activity and security are counted apart.
fn ignored(tape: &mut Tape) {
    tape.call(0, UM, 1);
    let retained = json!({"topic": HOME, "retain": true, "payload": r#"{"id":1,"result":1}"#});
    tape.line(10, retained);
    let body = r#"{"id":7,"method":"get","sessionId":"s1"}"#;
    tape.line(20, json!({"topic": "service/Ghost", "retain": true, "payload": body}));
    tape.message(30, "system/default/errors", body);
    tape.message(40, "weather/today", body);
    tape.message(50, "service/Noise", body);
    tape.message(60, HOME, body);
    let own = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32503, "message": "unavailable",
        "data": {"errorType": "ServiceUnavailable", "source": "lookout-1"}}});
    tape.message(70, HOME, own.to_string());
    tape.message(80, "ui/change/orders", body);
    tape.message(90, "security/auth/login", body);
    tape.message(100, "service/UserManagement/security", body);
    tape.ok(110, 1);
}

/// Replies come where the template does not look for them: 25 calls, one a second.
fn deaf(tape: &mut Tape) {
    assert_eq!(START % 1_000_000, 0);
    tape.every(0..25_000, 1_000, |tape, at| {
        let id = tape.id();
        tape.call(at, UM, id);
        tape.ok_to(at + QUICK, "S-1", id);
    });
}
