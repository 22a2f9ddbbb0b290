//! The forms of a call, in the order in which they are tried (manual, 1).

use super::tape::{Tape, UM};
use super::{Scenario, plain};
use serde_json::json;

const TOPIC: &str = "service/UserManagement";
const HOME: &str = "session/s1/response";

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("calls_json_rpc", json_rpc),
    plain("calls_batch", batch),
    plain("calls_service_documents", service_documents),
    plain("calls_one_way", one_way),
    plain("calls_out_of_earshot", out_of_earshot),
];

/// A message every 100 ms.
fn sequence(tape: &mut Tape, messages: &[(&str, &str)]) {
    for (at, (topic, payload)) in messages.iter().enumerate() {
        tape.message(at as u64 * 100, topic, *payload);
    }
}

fn json_rpc(tape: &mut Tape) {
    sequence(
        tape,
        &[
            // Extra members, parameters of any type, no `jsonrpc`.
            (
                TOPIC,
                r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1],"sessionId":"s1","x":{}}"#,
            ),
            (TOPIC, r#"{"id":2,"method":"a","params":"text","sessionId":"s1"}"#),
            // A session of a wrong type is absent: the id alone finds the call.
            (TOPIC, r#"{"jsonrpc":"2.0","id":3,"method":"b","sessionId":17}"#),
            // `replyTo` wins over the session.
            (TOPIC, r#"{"id":4,"method":"b","sessionId":"s1","replyTo":"session/other/response"}"#),
            (HOME, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
            (HOME, r#"{"id":2,"result":{}}"#),
            ("session/any/response", r#"{"id":3,"result":{}}"#),
            (HOME, r#"{"id":4,"result":"to whom?"}"#),
            ("session/other/response", r#"{"id":4,"result":{}}"#),
        ],
    );
}

fn batch(tape: &mut Tape) {
    sequence(
        tape,
        &[
            (
                TOPIC,
                r#"[{"id":1,"method":"a","sessionId":"s1"},{"jsonrpc":"2.0","method":"note"},7,
                {"jsonrpc":"1.0","id":3,"method":"a"},{"id":2,"method":"b","sessionId":"s1"}]"#,
            ),
            (
                HOME,
                r#"[{"id":2,"error":{"code":-32602,"message":"no"}},{"id":9,"result":0},
                {"id":1,"result":1}]"#,
            ),
        ],
    );
}

fn service_documents(tape: &mut Tape) {
    sequence(
        tape,
        &[
            // The topic's service wins over the body's.
            (
                TOPIC,
                r#"{"serviceName":"Else","methodName":"get","parameters":{},"messageId":"m1",
                "replyTo":"session/s1/response","correlationId":"c","userContext":{"userId":"u"}}"#,
            ),
            (
                TOPIC,
                r#"{"ServiceName":"Else","MethodName":"set","MessageId":"m2","SessionId":"s1"}"#,
            ),
            // Without a messageId nothing is awaited; without a method it is no call.
            (TOPIC, r#"{"serviceName":"Else","methodName":"log"}"#),
            (TOPIC, r#"{"serviceName":"Else","messageId":"m3"}"#),
            (HOME, r#"{"jsonrpc":"2.0","id":"m1","result":1}"#),
            (HOME, r#"{"jsonrpc":"2.0","id":"m2","error":{"code":-32004,"message":"no"}}"#),
        ],
    );
}

fn one_way(tape: &mut Tape) {
    tape.message(0, TOPIC, r#"{"jsonrpc":"2.0","method":"a"}"#);
    tape.message(1, TOPIC, r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#);
    tape.message(2, TOPIC, r#"{"method":"a","replyTo":"session/s1/response"}"#);
    // A key in the properties makes it two-way again.
    let props = json!({"correlation_data_b64": "AQ=="});
    let body = r#"{"id":null,"method":"a","sessionId":"s1"}"#;
    tape.with_props(3, TOPIC, body, props.clone());
    tape.with_props(50, HOME, r#"{"id":null,"result":1}"#, props);
}

/// One call through each way of saying where the answer goes; lookout hears neither.
fn out_of_earshot(tape: &mut Tape) {
    tape.message(0, TOPIC, r#"{"id":1,"method":"a","replyTo":"elsewhere/1"}"#);
    let props = json!({"response_topic": "elsewhere/2"});
    tape.with_props(10, TOPIC, r#"{"id":2,"method":"a"}"#, props);
    tape.answered(20, UM, 20);
}
