//! What pairs can do otherwise than JSON-RPC on two topics (docs/DIALECTS.md), one thing at a time.

use super::tape::Tape;
use super::{Scenario, with};
use serde_json::json;

const IN_ORDER: &str = "[[traffic.pair]]\nname = \"lamps\"\ncall = \"lamps/{service}/ask\"\n\
     reply = \"lamps/{service}/tell\"\nmethod = \"ask\"\nbody = { id = \"token\" }\n\
     without_id = \"oldest\"\n\n[service.hall]\npatience = \"2s\"\n";
const SIDES: &str = "[[traffic.pair]]\nname = \"bus\"\ncall = \"bus/{client}/{service}\"\n\
     reply = \"bus/{client}/{service}\"\ncalled_by = \"client {client}\"\n\
     sender_property = { name = \"side\", client = \"c*\", server = [\"server\", \"s?\"] }\n";
const RULES: &str = "[[traffic.pair]]\nname = \"rules\"\ncall = \"ask/{service}\"\n\
     reply = [\"tell/{session}\", \"tell/{session}/{how}\"]\n\
     outcome = [\n  { from = \"property:stat\", ok = [\"2??\"], failed = [\"5??\"] },\n  \
     { from = \"body:data.status\", ok = [\"ok\", \"1\", \"true\"], rejected = [\"*\"] },\n  \
     { from = \"topic:how\", failed = [\"broken\"] },\n]\n";
const CODES: &str = "[[traffic.pair]]\nname = \"one\"\ncall = \"one/{service}\"\nreply = \"told\"\n\
     codes = { failed = [404] }\nmethods = [\"get\", \"set\"]\n\n\
     [[traffic.pair]]\nname = \"two\"\ncall = \"two/{service}\"\nreply = \"told\"\n\
     outcome = [{ from = \"body:error.code\", ok = [\"404\"] }]\n";
const CBOR: &str = "[[traffic.pair]]\nname = \"small\"\ncall = \"small/{service}\"\n\
     reply = \"small/{service}/done\"\nencoding = \"cbor\"\n";
const SAID: &str = "[[traffic.pair]]\nname = \"gateway\"\ncall = \"gateway/in\"\n\
     reply = \"gateway/{property.from}/{body.to.zone}\"\nservice = \"{body.to.unit}\"\n\
     method = \"{body.what}\"\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("dialect_without_ids", IN_ORDER, without_ids),
    with("dialect_both_sides", SIDES, both_sides),
    with("dialect_outcome_rules", RULES, outcome_rules),
    with("dialect_codes_of_a_pair", CODES, codes),
    with("dialect_cbor", CBOR, cbor),
    with("dialect_names_that_the_call_says", SAID, said),
    with("dialect_reply_before_its_call", "[traffic]\nprofiles = [\"azure-mrpc\"]\n", early),
];

/// Three calls without an id, the second reply is lost; one with an id, answered under it only.
fn without_ids(tape: &mut Tape) {
    for (at, topic, payload) in [
        (0, "lamps/hall/ask", ""),
        (100, "lamps/hall/ask", "on"),
        (200, "lamps/hall/tell", r#"{"result":1}"#),
        (300, "lamps/hall/ask", r#"{"token":"t1"}"#),
        (400, "lamps/hall/tell", r#"{"token":"t9","result":1}"#),
        (500, "lamps/hall/tell", r#"{"token":"t1","error":{"code":7}}"#),
        // The second call has run out of patience, so the next reply is the third's.
        (3_000, "lamps/hall/ask", "off"),
        (3_100, "lamps/hall/tell", "anything"),
        // Nobody waits.
        (9_000, "lamps/hall/tell", r#"{"result":1}"#),
    ] {
        tape.message(at, topic, payload);
    }
}

/// Client and server use one id at once; then nobody says who sends.
fn both_sides(tape: &mut Tape) {
    let call = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
    let ok = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":1}}"#);
    let no = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603}}}}"#);
    let messages = [
        (call(1), "client"),
        (call(1), "server"),
        (no(1), "client"),
        (ok(1), "s1"),
        // A reply that does not say who sends it is that of the older call.
        (call(2), "server"),
        (call(2), "client"),
        (no(2), ""),
        (ok(2), "server"),
        // Calls that do not say it are held to be a client's, and answered in order.
        (call(3), ""),
        (call(3), ""),
        (ok(3), ""),
        (no(3), "server"),
    ];
    for (at, (payload, side)) in (0_u64..).zip(&messages) {
        let user = if side.is_empty() { json!([]) } else { json!([["side", side]]) };
        tape.with_props(at * 100, "bus/me/printer", payload, json!({ "user": user }));
    }
}

/// The first rule that says other than ok wins; what is absent says nothing; without a word of any,
/// result and error decide. An object is no value that `1` matches.
fn outcome_rules(tape: &mut Tape) {
    let answers = [
        ("tell/a", r#""data":{"status":"ok"}"#, "204"),
        ("tell/a", r#""data":{"status":"ok"}"#, "503"),
        ("tell/a", r#""data":{"status":"late"}"#, "200"),
        ("tell/a", r#""data":{"status":1}"#, ""),
        ("tell/a", r#""data":{"status":null},"error":{"code":-32603}"#, ""),
        ("tell/a", r#""data":7,"result":1"#, "302"),
        ("tell/a/broken", r#""result":1"#, ""),
        ("tell/a/well", r#""data":{"status":{"a":1}}"#, ""),
    ];
    for (at, (topic, body, status)) in (0_u64..).zip(answers) {
        let call = format!(r#"{{"id":{at},"method":"m","replyTo":"{topic}"}}"#);
        tape.message(at * 100, "ask/desk", call);
        let user = if status.is_empty() { json!([]) } else { json!([["stat", status]]) };
        let reply = format!(r#"{{"id":{at},{body}}}"#);
        tape.with_props(at * 100 + 10, topic, &reply, json!({ "user": user }));
    }
}

/// Two pairs are answered on one topic, and read its replies each in its own way.
fn codes(tape: &mut Tape) {
    for (at, topic, payload) in [
        (0, "one/a", r#"{"id":1,"method":"get"}"#),
        (10, "two/b", r#"{"id":2,"method":"get"}"#),
        (20, "one/a", r#"{"id":3,"method":"made-up"}"#),
        (30, "told", r#"{"id":1,"error":{"code":404}}"#),
        (40, "told", r#"{"id":2,"error":{"code":404}}"#),
        (50, "told", r#"{"id":3,"error":{"code":-32601}}"#),
    ] {
        tape.message(at, topic, payload);
    }
}

/// `undefined` is absent, null is a result; a batch; what is no CBOR.
fn cbor(tape: &mut Tape) {
    for (at, topic, bytes) in [
        (
            0,
            "small/s",
            &[0xa2, 0x62, b'i', b'd', 1, 0x66, b'm', b'e', b't', b'h', b'o', b'd', 0x61, b'm'][..],
        ),
        (
            10,
            "small/s",
            &[
                0x82, 0xa2, 0x62, b'i', b'd', 2, 0x66, b'm', b'e', b't', b'h', b'o', b'd', 0x61,
                b'm', 0xa2, 0x62, b'i', b'd', 3, 0x66, b'm', b'e', b't', b'h', b'o', b'd', 0x61,
                b'n',
            ],
        ),
        // {"id": 1, "result": undefined, "error": {"code": -32603}}
        (
            20,
            "small/s/done",
            &[
                0xa3, 0x62, b'i', b'd', 1, 0x66, b'r', b'e', b's', b'u', b'l', b't', 0xf7, 0x65,
                b'e', b'r', b'r', b'o', b'r', 0xa1, 0x64, b'c', b'o', b'd', b'e', 0x39, 0x7f, 0x5a,
            ],
        ),
        // {"id": 2, "result": null}, {"id": 3, "result": undefined}
        (
            30,
            "small/s/done",
            &[0xa2, 0x62, b'i', b'd', 2, 0x66, b'r', b'e', b's', b'u', b'l', b't', 0xf6],
        ),
        (
            40,
            "small/s/done",
            &[0xa2, 0x62, b'i', b'd', 3, 0x66, b'r', b'e', b's', b'u', b'l', b't', 0xf7],
        ),
        (50, "small/s", b"{\"id\":4,\"method\":\"m\"}"),
        (60, "small/s/done", &[0xa2, 0x62, b'i']),
    ] {
        tape.binary(at, topic, bytes);
    }
}

/// Names and topics that only the call itself says; one call says nothing of all that.
fn said(tape: &mut Tape) {
    let user = json!({"user": [["from", "desk"]]});
    for (at, topic, payload) in [
        (0, "gateway/in", r#"{"id":1,"what":"open","to":{"unit":"door","zone":"z1"}}"#),
        (10, "gateway/in", r#"{"id":1,"what":"shut","to":{"unit":"gate","zone":"z2"}}"#),
        (20, "gateway/desk/z2", r#"{"id":1,"result":2}"#),
        (30, "gateway/desk/z1", r#"{"id":1,"error":{"code":-32603}}"#),
        (40, "gateway/in", r#"{"id":2,"method":"plain","to":{"unit":7}}"#),
        (50, "gateway/desk/z9", r#"{"id":2,"result":2}"#),
    ] {
        tape.with_props(at, topic, payload, user.clone());
    }
}

/// On another connection a reply can overtake its call, by up to 2 s.
fn early(tape: &mut Tape) {
    let topic = "rpc/command-samples/oven/bake";
    let answers = "clients/me/rpc/command-samples/oven/bake";
    for (at, status) in [(0, "500"), (4_000, "200")] {
        let data = format!("AAAAAAAAAAAAAAAAAA{:02}AA==", at / 1_000);
        let told = json!({"correlation_data_b64": data, "user": [["__stat", status]]});
        tape.with_props(at, answers, "", told);
        let asked = json!({"response_topic": answers, "correlation_data_b64": data});
        tape.with_props(at + 1_900, topic, "", asked);
    }
}
