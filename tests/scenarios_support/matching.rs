//! Which reply belongs to which call (manual, 1, "Matching").

use super::tape::{QUICK, Tape, UM};
use super::{Scenario, plain, with};

const TOPIC: &str = "service/UserManagement";
const HOME: &str = "session/s1/response";
/// Waits 2 s for every reply.
const PATIENT: &str = "[service.UserManagement]\npatience = \"2s\"\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("match_id_types", id_types),
    plain("match_small_ids_in_many_sessions", small_ids),
    plain("match_key_in_use_twice", key_reuse),
    plain("match_early_reply", early),
    with("match_late_and_duplicate", PATIENT, late_and_duplicate),
    with("match_remembered_for_5_min", PATIENT, remembered),
    plain("match_redelivered_reply_and_cycling_ids", cycling),
    plain("match_unmatched", unmatched),
];

/// Pairs of ids that look alike, open at the same time; the second of each is rejected.
fn id_types(tape: &mut Tape) {
    let ids = [
        ("1", "1.0", "\"1\""),
        ("18446744073709551615", "18446744073709551615", "18446744073709551614"),
        ("-9223372036854775808", "-9223372036854775808", "-9223372036854775807"),
        ("0", "-0", "\"\""),
        ("100", "1e2", "\"1e2\""),
    ];
    for (at, (called, answered, other)) in ids.into_iter().enumerate() {
        let at = at as u64 * 1_000;
        for (at, id) in [(at, called), (at + 10, other)] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","sessionId":"s1"}}"#);
            tape.message(at, TOPIC, body);
        }
        let error = format!(r#"{{"jsonrpc":"2.0","id":{other},"error":{{"code":-32602}}}}"#);
        tape.message(at + 20, HOME, error);
        tape.message(at + 30, HOME, format!(r#"{{"jsonrpc":"2.0","id":{answered},"result":1}}"#));
    }
}

/// Ten sessions, all of them with id 1; the seventh is answered under another id.
fn small_ids(tape: &mut Tape) {
    for at in 0..10 {
        tape.call_from(at * 10, UM, &format!("s{at}"), 1);
    }
    for at in 0..10_u64 {
        tape.ok_to(1_000 - at * 10, &format!("s{at}"), if at == 7 { 2 } else { 1 });
    }
}

/// The older call gives way; the second reply belongs to nobody.
fn key_reuse(tape: &mut Tape) {
    tape.call(0, UM, 1);
    tape.call(1_000, UM, 1);
    tape.ok(1_500, 1);
    tape.ok(2_000, 1);
}

/// One reply comes exactly 2 s before its call, the other a millisecond more.
fn early(tape: &mut Tape) {
    tape.ok(10_000, 1);
    tape.call(12_000, UM, 1);
    tape.ok(20_000, 2);
    tape.call(22_001, UM, 2);
}

/// In time and twice; late and twice.
fn late_and_duplicate(tape: &mut Tape) {
    tape.call(0, UM, 1);
    tape.ok(20, 1);
    tape.ok(40, 1);
    tape.call(10_000, UM, 2);
    tape.ok(13_000, 2);
    tape.ok(14_000, 2);
}

/// Unanswered at 2.0 and at 2.5; the replies come at 303 and at 301.
fn remembered(tape: &mut Tape) {
    tape.call(0, UM, 1);
    tape.call(500, UM, 2);
    tape.ok(301_000, 2);
    tape.ok(303_000, 1);
}

/// A redelivered reply meets the next call with the same id.
fn cycling(tape: &mut Tape) {
    tape.call(10_000, UM, 1);
    tape.ok(10_020, 1);
    tape.ok(10_040, 1);
    tape.call(11_000, UM, 1);
    tape.ok(11_020, 1);
}

/// Replies to nobody: an unknown id, no id, another session.
fn unmatched(tape: &mut Tape) {
    tape.answered(0, UM, QUICK);
    tape.ok(100, 99);
    tape.message(200, HOME, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}"#);
    tape.call(300, UM, 5);
    tape.ok_to(320, "s2", 5);
    tape.ok(340, 5);
}
