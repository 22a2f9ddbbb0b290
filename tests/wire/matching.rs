//! Which reply belongs to which call: keys, reply topics, ids, and what any payload says.

use crate::kit::{BODY, BOTH, DEFAULT, P, RID, RPC, check_exchanges, m};

const S: &str = "service/User";
const R: &str = "session/s-1/response";
const OK: &str = r#"{"jsonrpc":"2.0","id":1,"result":1}"#;
const GET: &str = r#"{"jsonrpc":"2.0","id":1,"method":"get"}"#;

#[test]
fn the_reply_topic_is_response_topic_then_reply_to_then_template_then_unknown() {
    let other = "session/s-2/response";
    let to = r#"{"id":1,"method":"get","replyTo":"session/s-1/response","sessionId":"s-2"}"#;
    let session = r#"{"id":1,"method":"get","sessionId":"s-1"}"#;
    check_exchanges(
        &[DEFAULT],
        &[
            (m(S, to).rt(other), m(other, OK), "ok"),
            (m(S, to).rt(other), m(R, OK), "unmatched"),
            (m(S, to), m(R, OK), "ok"),
            (m(S, to), m(other, OK), "unmatched"),
            (m(S, to).rt(""), m(R, OK), "ok"),
            (m(S, to).rt("session/+/response"), m(R, OK), "ok"),
            (m(S, session), m(R, OK), "ok"),
            (m(S, session), m(other, OK), "unmatched"),
            (
                m(S, r#"{"id":1,"method":"get","sessionId":"s-1","replyTo":7}"#),
                m(other, OK),
                "unmatched",
            ),
            // Unknown: the id alone, on any topic of the pair's replies.
            (m(S, GET), m(R, OK), "ok"),
            (m(S, GET), m(other, OK), "ok"),
            (m(S, r#"{"id":1,"method":"get","sessionId":""}"#), m(R, OK), "ok"),
            (m(S, r#"{"id":1,"method":"get","sessionId":7}"#), m(R, OK), "ok"),
            (m(S, r#"{"id":1,"method":"get","sessionId":"a/b"}"#), m(R, OK), "ok"),
            (m(S, r#"{"id":1,"method":"get","SessionId":"s-1"}"#), m(other, OK), "unmatched"),
            (
                m(S, r#"{"serviceName":"a","methodName":"b","messageId":1,"sessionId":"s-1"}"#),
                m(R, OK),
                "ok",
            ),
        ],
    );
}

#[test]
fn names_in_both_templates_agree() {
    let zone: P = ("zone", "z/{zone}/call/{service}", "z/{zone}/reply/{client}", None);
    check_exchanges(
        &[zone],
        &[
            (m("z/a/call/X", GET), m("z/a/reply/c", OK), "ok"),
            (m("z/a/call/X", GET), m("z/b/reply/c", OK), "unmatched"),
            (m("z/a/call/X", GET), m("z/a/reply/", OK), "ok"),
        ],
    );
    let topic = "/rpc/v1/d/User/get/c1";
    check_exchanges(
        &[RPC],
        &[
            (m(topic, GET), m("/rpc/v1/d/User/get/c1/reply", OK), "ok"),
            (m(topic, GET), m("/rpc/v1/d/User/get/c2/reply", OK), "unmatched"),
            (m(topic, GET), m("/rpc/v1/d/User/put/c1/reply", OK), "unmatched"),
        ],
    );
}

#[test]
fn a_member_of_the_body_says_where_the_reply_goes() {
    let call = r#"{"id":1,"src":"me","method":"get"}"#;
    check_exchanges(
        &[BODY],
        &[
            (m("dev/rpc", call), m("me/rpc", r#"{"id":1,"src":"dev","result":1}"#), "ok"),
            (m("dev/rpc", call), m("you/rpc", r#"{"id":1,"src":"dev","result":1}"#), "unmatched"),
            (m("dev/rpc", call), m("me/rpc", r#"{"id":2,"src":"dev","result":1}"#), "unmatched"),
            (
                m("dev/rpc", call),
                m("me/rpc", r#"{"id":1,"error":{"code":-114,"message":""}}"#),
                "err-114",
            ),
            (m("dev/rpc", r#"{"id":1,"src":"m\u0065","method":"get"}"#), m("me/rpc", OK), "ok"),
            // Without it, or of a wrong type, the reply topic is unknown.
            (m("dev/rpc", GET), m("any/rpc", OK), "ok"),
            (m("dev/rpc", r#"{"id":1,"src":7,"method":"get"}"#), m("any/rpc", OK), "ok"),
            (m("dev/rpc", r#"{"id":1,"src":"a/b","method":"get"}"#), m("any/rpc", OK), "ok"),
            (m("dev/rpc", r#"{"id":1,"x":{"src":"me"},"method":"get"}"#), m("any/rpc", OK), "ok"),
        ],
    );
    check_exchanges(
        &[BOTH],
        &[(m("bus/X", GET), m("bus/X", OK), "ok"), (m("bus/X", GET), m("bus/Y", OK), "unmatched")],
    );
}

#[test]
fn ids_are_equal_only_to_their_like() {
    let rows = [
        ("1", "1", true),
        ("1", "1.0", true),
        ("1e2", "100", true),
        ("-0", "0", true),
        ("1", "\"1\"", false),
        ("\"1\"", "\"1\"", true),
        ("\"a\"", "\"\\u0061\"", true),
        ("\"a\"", "\"A\"", false),
        ("1", "2", false),
        ("\"\"", "\"\"", true),
        ("9007199254740993", "9007199254740992", false),
        ("18446744073709551615", "18446744073709551614", false),
        ("18446744073709551615", "-1", false),
        ("1", "null", false),
    ];
    let rows = rows.map(|(call, reply, same)| {
        let call = m(S, format!(r#"{{"id":{call},"method":"get"}}"#));
        let reply = m(R, format!(r#"{{"id":{reply},"result":1}}"#));
        (call, reply, if same { "ok" } else { "unmatched" })
    });
    check_exchanges(&[DEFAULT], &rows);
    // Ids from Correlation Data are bytes, and differ from strings in a body.
    let none = r#"{"method":"get"}"#;
    check_exchanges(
        &[DEFAULT],
        &[
            (m(S, none).cd(b"1"), m(R, OK), "unmatched"),
            (m(S, none).cd(b"1"), m(R, r#"{"id":"1","result":1}"#), "unmatched"),
            (m(S, none).cd(b"1"), m(R, "x").cd(b"1"), "ok"),
            (m(S, none).cd(b"1"), m(R, "x").cd(b"2"), "unmatched"),
            (m(S, none).cd(b"\xff\0"), m(R, "x").cd(b"\xff\0"), "ok"),
            (m(S, none).rt(R).cd(b"1"), m(R, "x").cd(b"1"), "ok"),
            (m(S, none).rt(R).cd(b"1"), m(R, "x"), "unmatched"),
            // Beside a body's id it is a second key.
            (m(S, GET).cd(b"1"), m(R, OK), "ok"),
            (m(S, GET).cd(b"1"), m(R, r#"{"id":null,"result":1}"#).cd(b"1"), "ok"),
            (m(S, GET).cd(b"1"), m(R, r#"{"result":1}"#).cd(b"1"), "ok"),
            (m(S, GET).cd(b"1"), m(R, r#"{"id":7,"result":1}"#).cd(b"1"), "ok"),
            (m(S, GET).cd(b"1"), m(R, r#"{"id":null,"result":1}"#).cd(b"2"), "unmatched"),
            (m(S, GET), m(R, r#"{"id":null,"result":1}"#), "unmatched"),
        ],
    );
    check_exchanges(
        &[RID],
        &[
            (m("in/X/?$rid=7", none), m("out/X/?$rid=7", "anything"), "ok"),
            (m("in/X/?$rid=7", none), m("out/X/?$rid=8", "anything"), "unmatched"),
            (m("in/X/?$rid=7", none), m("out/Y/?$rid=7", "anything"), "unmatched"),
            (m("in/X/?$rid=7", GET), m("out/X/?$rid=7", OK), "ok"),
        ],
    );
}

#[test]
fn any_payload_answers_a_call_that_asked_for_it() {
    let says = |payload: &str, wanted| (m(S, "opaque").rt(R), m(R, payload), wanted);
    check_exchanges(
        &[DEFAULT],
        &[
            says("", "ok"),
            says("hello", "ok"),
            says("[1,2]", "ok"),
            says("[]", "ok"),
            says("{}", "ok"),
            says(r#"{"id":1}"#, "ok"),
            says(r#"{"id":true,"result":1}"#, "ok"),
            says(r#"{"jsonrpc":"1.0","result":1}"#, "ok"),
            says(r#"{"error":null}"#, "ok"),
            says(r#"{"error":null,"result":5}"#, "ok"),
            says(r#"{"error":{"code":-32603}}"#, "err-32603"),
            says(r#"{"error":{"code":-32001},"id":9}"#, "err-32001"),
            says(r#"{"error":"x"}"#, "err"),
            says(r#"{"error":{"code":-32004},"result":null}"#, "err-32004"),
            (m(S, GET).rt(R), m(R, r#"{"id":1,"error":{"code":-32603}}"#), "err-32603"),
            (m(S, GET).rt(R).cd(b"1"), m(R, "hello").cd(b"1"), "ok"),
            // A call with an id in its body and no Response Topic wants a response.
            (m(S, GET), m(R, r#"{"id":1}"#), "bad ambiguous"),
            (m(S, GET), m(R, r#"{"id":1,"error":5}"#), "bad bad_error"),
            (m(S, GET).cd(b"1"), m(R, "hello").cd(b"1"), "bad not_json"),
        ],
    );
}
