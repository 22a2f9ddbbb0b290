//! The public samples are read as what they are.

use crate::kit::{DEFAULT, P, check, check_exchanges, m};

const CALL: &str = include_str!("../../src/schema/samples/call.json");
const SERVICE_CALL: &str = include_str!("../../src/schema/samples/call.service-call.json");
const OK: &str = include_str!("../../src/schema/samples/reply.ok.json");
const BUSINESS: &str = include_str!("../../src/schema/samples/reply.business.json");
const VALIDATION: &str = include_str!("../../src/schema/samples/reply.validation.json");
const DIRECT: &str = include_str!("../../src/schema/samples/direct-answer.json");
const S: &str = "service/UserManagement";
const R: &str = "session/s-481/response";

#[test]
fn samples_are_read_as_what_they_are() {
    let plain: P = ("plain", "calls", "answers", None);
    check(
        &[DEFAULT, plain],
        &[
            (m(S, CALL), "call UserManagement createUser two"),
            (m(S, SERVICE_CALL), "call UserManagement createUser two"),
            (m("calls", SERVICE_CALL), "call UserManagement createUser two"),
            (m("calls", CALL), "call plain createUser two"),
            (m(R, OK), "reply ok"),
            (m(R, BUSINESS), "reply err-32002"),
            (m(R, VALIDATION), "reply err-32001"),
            (m(R, DIRECT), "ignored"),
            (m(R, DIRECT.replace("lookout-1", "lookout-2")), "reply err-32503"),
            (m(R, CALL), "ignored"),
            (m(S, OK), "bad not_a_call 0.call"),
        ],
    );
}

#[test]
fn samples_find_each_other() {
    check_exchanges(
        &[DEFAULT],
        &[
            (m(S, CALL), m(R, OK), "ok"),
            (m(S, CALL), m(R, BUSINESS), "err-32002"),
            (m(S, CALL), m(R, VALIDATION), "err-32001"),
            (m(S, CALL), m(R, DIRECT), "ignored"),
            (m(S, CALL), m("session/s-482/response", OK), "unmatched"),
            (m(S, SERVICE_CALL), m(R, OK), "unmatched"),
            (m(S, SERVICE_CALL), m(R, OK.replace("7f3a", "7f3b")), "ok"),
        ],
    );
}
