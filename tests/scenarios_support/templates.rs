//! Topics of other worlds (manual, 1): templates, composed names, agreement, several pairs.

use super::tape::Tape;
use super::{Scenario, with};

const PATH: &str = "[[traffic.pair]]\nname = \"plant\"\n\
     call = \"/rpc/v1/{driver}/{service}/{method}/{client}\"\n\
     reply = \"/rpc/v1/{driver}/{service}/{method}/{client}/reply\"\n\
     service = \"{driver}/{service}\"\n";
const BODY: &str =
    "[[traffic.pair]]\nname = \"switches\"\ncall = \"{service}/rpc\"\nreply = \"{body.src}/rpc\"\n";
const HUB: &str = "[[traffic.pair]]\nname = \"hub\"\n\
     call = \"$iothub/methods/POST/{method}/?$rid={call}\"\n\
     reply = \"$iothub/methods/res/{status}/?$rid={call}\"\n";
const BUS: &str =
    "[[traffic.pair]]\nname = \"bus\"\ncall = \"bus/{session}\"\nreply = \"bus/{session}\"\n";
const SITES: &str = "[[traffic.pair]]\nname = \"sites\"\n\
     call = \"dev/{site}/{service}/ask\"\nreply = \"dev/{site}/{node}/tell\"\n";
const TWO: &str = "[[traffic.pair]]\nname = \"special\"\n\
     call = \"service/Special\"\nreply = \"answers/special\"\n\n\
     [[traffic.pair]]\nname = \"rest\"\n\
     call = \"service/{service}\"\nreply = \"session/{session...}\"\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("template_path", PATH, path),
    with("template_body_member", BODY, body_member),
    with("template_call_in_topic", HUB, call_in_topic),
    with("template_one_topic", BUS, one_topic),
    with("template_agreement", SITES, agreement),
    with("template_first_pair_wins", TWO, first_pair),
];

/// A message every 100 ms.
fn sequence(tape: &mut Tape, messages: &[(&str, &str)]) {
    for (at, (topic, payload)) in messages.iter().enumerate() {
        tape.message(at as u64 * 100, topic, *payload);
    }
}

/// The topic knows the method unless the body says another; clients count from 1 each.
fn path(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("/rpc/v1/plc/Pump/start/c1", r#"{"id":1,"params":{}}"#),
            ("/rpc/v1/plc/Pump/start/c2", r#"{"id":1,"params":{}}"#),
            ("/rpc/v1/plc/Pump/start/c1", r#"{"id":2,"method":"stop"}"#),
            ("/rpc/v1/cnc/Pump/start/c1", r#"{"id":1}"#),
            ("/rpc/v1/plc/Pump/start/c2/reply", r#"{"id":1,"error":{"code":-32602}}"#),
            ("/rpc/v1/plc/Pump/start/c1/reply", r#"{"id":1,"result":1}"#),
            ("/rpc/v1/plc/Pump/start/c1/reply", r#"{"id":2,"result":1}"#),
            ("/rpc/v1/cnc/Pump/start/c1/reply", r#"{"id":1,"result":1}"#),
        ],
    );
}

/// Every topic is a call topic and a reply topic at once.
fn body_member(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("lamp/rpc", r#"{"id":1,"src":"app","method":"Switch.Set"}"#),
            ("plug/rpc", r#"{"id":1,"src":"web","method":"Switch.Get"}"#),
            ("app/rpc", r#"{"id":1,"src":"lamp","dst":"app","result":{"was_on":true}}"#),
            ("web/rpc", r#"{"id":1,"src":"plug","error":{"code":-103,"message":"no"}}"#),
            ("web/rpc", r#"{"id":7,"src":"plug","result":{}}"#),
        ],
    );
}

/// The id is part of a level, the body has none, and any payload is the answer.
fn call_in_topic(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("$iothub/methods/POST/reboot/?$rid=1", r#"{"delay":5}"#),
            ("$iothub/methods/POST/reboot/?$rid=2", r#"{"delay":5}"#),
            ("$iothub/methods/res/200/?$rid=1", r#"{"status":"soon"}"#),
            ("$iothub/methods/res/200/?$rid=2", ""),
            ("$iothub/methods/res/200/?$rid=3", ""),
        ],
    );
}

/// Requests and responses on one topic; the method says which service is called.
fn one_topic(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("bus/s1", r#"{"jsonrpc":"2.0","id":1,"method":"Users.get"}"#),
            ("bus/s1", r#"{"jsonrpc":"2.0","id":2,"method":"billing/invoices.list"}"#),
            ("bus/s2", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
            ("bus/s2", r#"{"jsonrpc":"2.0","id":1,"result":"pong"}"#),
            ("bus/s1", r#"{"jsonrpc":"2.0","id":2,"result":[]}"#),
            ("bus/s1", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        ],
    );
}

/// Which node answers is not known beforehand, but it is one of the same site.
fn agreement(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("dev/north/Meter/ask", r#"{"id":1,"method":"read"}"#),
            ("dev/south/Meter/ask", r#"{"id":1,"method":"read"}"#),
            ("dev/east/n9/tell", r#"{"id":1,"result":9}"#),
            ("dev/south/n4/tell", r#"{"id":1,"error":{"code":-32004}}"#),
            ("dev/north/n7/tell", r#"{"id":1,"result":7}"#),
        ],
    );
}

fn first_pair(tape: &mut Tape) {
    sequence(
        tape,
        &[
            ("service/Special", r#"{"id":1,"method":"get"}"#),
            ("service/Plain", r#"{"id":1,"method":"get","replyTo":"session/a/b"}"#),
            ("session/a/b", r#"{"id":1,"result":1}"#),
            ("answers/special", r#"{"id":1,"result":1}"#),
        ],
    );
}
