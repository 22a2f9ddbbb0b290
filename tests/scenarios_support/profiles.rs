//! Every profile with traffic as its system makes it (docs/DIALECTS.md).

use super::tape::Tape;
use super::{Scenario, with};
use serde_json::{Value, json};

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("profile_service_functions", "[traffic]\nprofiles = [\"service-functions\"]\n", functions),
    with("profile_wirenboard", "[traffic]\nprofiles = [\"wirenboard\"]\n", wirenboard),
    with("profile_shelly_gen2", "[traffic]\nprofiles = [\"shelly-gen2\"]\n", shelly),
    with("profile_mcp_over_mqtt", "[traffic]\nprofiles = [\"mcp-over-mqtt\"]\n", mcp),
    with("profile_azure_mrpc", "[traffic]\nprofiles = [\"azure-mrpc\"]\n", mrpc),
    with("profile_azure_iot_hub", "[traffic]\nprofiles = [\"azure-iot-hub-methods\"]\n", iot_hub),
    with("profile_aws_shadow", "[traffic]\nprofiles = [\"aws-shadow\"]\n", shadow),
    with("profile_aws_jobs", "[traffic]\nprofiles = [\"aws-jobs\"]\n", jobs),
    with("profile_thingsboard_rpc", "[traffic]\nprofiles = [\"thingsboard-rpc\"]\n", thingsboard),
    with("profile_zigbee2mqtt", "[traffic]\nprofiles = [\"zigbee2mqtt\"]\n", zigbee),
    with("profile_hono_command", "[traffic]\nprofiles = [\"hono-command\"]\n", hono),
    with("profile_mqtt_json_rpc", "[traffic]\nprofiles = [\"mqtt-json-rpc\"]\n", mqtt_json_rpc),
    with(
        "profile_mqtt5_request_response",
        "[traffic]\nprofiles = [\"mqtt5-request-response\"]\n",
        request_response,
    ),
];

/// Messages 100 ms apart, from a time on.
fn plain(tape: &mut Tape, from: u64, messages: &[(&str, &str)]) {
    for (at, (topic, payload)) in messages.iter().enumerate() {
        tape.message(from + at as u64 * 100, topic, *payload);
    }
}

/// The same with properties of MQTT 5.
fn rich(tape: &mut Tape, from: u64, messages: &[(&str, &str, Value)]) {
    for (at, (topic, payload, props)) in messages.iter().enumerate() {
        tape.with_props(from + at as u64 * 100, topic, payload, props.clone());
    }
}

fn functions(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("service/Users", r#"{"jsonrpc":"2.0","id":1,"method":"get","sessionId":"a"}"#),
            ("service/Users", r#"{"jsonrpc":"2.0","id":2,"method":"get","sessionId":"a"}"#),
            ("session/a/response", r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32602}}"#),
            ("session/a/response", r#"{"jsonrpc":"2.0","id":1,"result":1}"#),
        ],
    );
}

/// Two clients use the same id; an answer has a null error beside its result; one never comes.
fn wirenboard(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("/rpc/v1/wb-mqtt-serial/port/Load/c1", r#"{"id":"1","params":{"path":"/dev/ttyS1"}}"#),
            ("/rpc/v1/wb-mqtt-serial/port/Load/c2", r#"{"id":"1","params":{}}"#),
            ("/rpc/v1/wb-mqtt-serial/port/Scan/c1", r#"{"id":"2","params":{}}"#),
            ("/rpc/v1/db_logger/history/get_values/c1", r#"{"id":3,"params":{}}"#),
            (
                "/rpc/v1/wb-mqtt-serial/port/Load/c2/reply",
                r#"{"id":"1","error":{"code":-32602,"message":"no path"}}"#,
            ),
            (
                "/rpc/v1/wb-mqtt-serial/port/Load/c1/reply",
                r#"{"id":"1","result":{"response":"0a"},"error":null}"#,
            ),
            (
                "/rpc/v1/wb-mqtt-serial/port/Scan/c1/reply",
                r#"{"id":"2","error":{"code":-32000,"message":"port is busy","data":"EBUSY"}}"#,
            ),
        ],
    );
    // A driver says which methods it has.
    tape.line(
        700,
        json!({"topic": "/rpc/v1/db_logger/history/get_values", "payload": "1", "retain": true}),
    );
    tape.message(40_000, "/devices/wb-adc/controls/Vin", "11.9");
}

/// One caller numbers its calls to two devices alike, and the second answers first. The third is
/// called by a name of its own, which its answers do not have.
fn shelly(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("shellyplus1-a1/rpc", r#"{"id":1,"src":"app","method":"Switch.Set","params":{}}"#),
            ("shellyplus1-b2/rpc", r#"{"id":1,"src":"app","method":"Switch.Set","params":{}}"#),
            ("hall/rpc", r#"{"id":1,"src":"app","method":"Shelly.GetStatus"}"#),
            (
                "app/rpc",
                r#"{"id":1,"src":"shellyplus1-b2","dst":"app","error":{"code":-103,"message":"no"}}"#,
            ),
            ("app/rpc", r#"{"id":1,"src":"shellyplus1-a1","dst":"app","result":{"was_on":false}}"#),
            (
                "app/rpc",
                r#"{"id":1,"src":"shellyplus1-c3","dst":"app","error":{"code":-114,"message":"no"}}"#,
            ),
            (
                "shellyplus1-a1/events/rpc",
                r#"{"src":"shellyplus1-a1","dst":"x","method":"NotifyStatus","params":{}}"#,
            ),
            ("shellyplus1-a1/online", "true"),
        ],
    );
}

fn from(side: &str, id: &str) -> Value {
    json!({"user": [["MCP-COMPONENT-TYPE", side], ["MCP-MQTT-CLIENT-ID", id]]})
}

/// Client and server call each other under one id on one topic.
fn mcp(tape: &mut Tape) {
    let (client, server) = (from("mcp-client", "c1"), from("mcp-server", "s1"));
    let rpc = "$mcp-rpc/c1/s1/demo/greet";
    rich(
        tape,
        0,
        &[
            (
                "$mcp-server/presence/s1/demo/greet",
                r#"{"jsonrpc":"2.0","method":"notifications/server/online"}"#,
                server.clone(),
            ),
            (
                "$mcp-server/s1/demo/greet",
                r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#,
                client.clone(),
            ),
            (rpc, r#"{"jsonrpc":"2.0","id":0,"result":{"capabilities":{}}}"#, server.clone()),
            (rpc, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, client.clone()),
            (rpc, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, client.clone()),
            (
                rpc,
                r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#,
                server.clone(),
            ),
            (rpc, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603}}"#, client.clone()),
            (rpc, r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#, server.clone()),
            (rpc, r#"{"jsonrpc":"2.0","id":2,"method":"tools/call"}"#, client),
            (rpc, r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32602}}"#, server),
        ],
    );
}

/// Payloads are nobody's business; the status is a user property.
fn mrpc(tape: &mut Tape) {
    let topic = "rpc/command-samples/oven/bake";
    let answers = "clients/me/rpc/command-samples/oven/bake";
    let codes = ["200", "204", "400", "408", "503", "505"];
    for (at, code) in (0_u64..).zip(codes) {
        let data = format!("AAAAAAAAAAAAAAAAAAAA{at}A==");
        let asked = json!({"response_topic": answers, "correlation_data_b64": data,
            "message_expiry_s": 10, "user": [["__protVer", "1.0"], ["__srcId", "me"]]});
        tape.with_props(at * 100, topic, "\u{1}\u{2}", asked);
        let told = json!({"correlation_data_b64": data,
            "user": [["__stat", code], ["__stMsg", "as it went"], ["__protVer", "1.0"]]});
        tape.with_props(1_000 - at * 100, answers, "", told);
    }
}

fn iot_hub(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("$iothub/methods/POST/reboot/?$rid=a1", r#"{"delay":5}"#),
            ("$iothub/methods/POST/reboot/?$rid=a2", "null"),
            ("$iothub/methods/POST/update/?$rid=a3", ""),
            ("$iothub/methods/res/200/?$rid=a2", "{}"),
            ("$iothub/methods/res/404/?$rid=a1", ""),
            ("$iothub/methods/res/500/?$rid=a3", r#"{"why":"disk"}"#),
        ],
    );
}

/// Two calls without a token are answered in order; those with tokens in any order. A document has
/// a code of its own, which is none of the shadow's.
fn shadow(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("$aws/things/lamp/shadow/get", ""),
            ("$aws/things/lamp/shadow/get", ""),
            ("$aws/things/lamp/shadow/get/accepted", r#"{"state":{"reported":{"code":500}}}"#),
            ("$aws/things/lamp/shadow/get/rejected", r#"{"code":404,"message":"no shadow"}"#),
            ("$aws/things/lamp/shadow/update", r#"{"state":{},"clientToken":"t1"}"#),
            ("$aws/things/lamp/shadow/update", r#"{"state":{},"clientToken":"t2"}"#),
            ("$aws/things/lamp/shadow/update/delta", r#"{"version":2,"state":{}}"#),
            ("$aws/things/lamp/shadow/update/documents", r#"{"previous":{},"current":{}}"#),
            (
                "$aws/things/lamp/shadow/update/rejected",
                r#"{"code":500,"message":"internal","clientToken":"t2"}"#,
            ),
            ("$aws/things/lamp/shadow/update/accepted", r#"{"state":{},"clientToken":"t1"}"#),
            ("$aws/things/lamp/shadow/name/night/delete", ""),
            ("$aws/things/lamp/shadow/name/night/delete/accepted", r#"{"version":3}"#),
        ],
    );
}

fn jobs(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("$aws/things/lamp/jobs/get", r#"{"clientToken":"t1"}"#),
            ("$aws/things/lamp/jobs/start-next", r#"{"clientToken":"t2"}"#),
            ("$aws/things/lamp/jobs/get/accepted", r#"{"queuedJobs":[],"clientToken":"t1"}"#),
            (
                "$aws/things/lamp/jobs/start-next/rejected",
                r#"{"code":"RequestThrottled","message":"slow down","clientToken":"t2"}"#,
            ),
            ("$aws/things/lamp/jobs/notify-next", r#"{"execution":{}}"#),
            ("$aws/things/lamp/jobs/j7/get", ""),
            ("$aws/things/lamp/jobs/j7/get/accepted", r#"{"execution":{"jobId":"j7"}}"#),
            ("$aws/things/lamp/jobs/j7/update", r#"{"status":"SUCCEEDED"}"#),
            ("$aws/things/lamp/jobs/j7/update/rejected", r#"{"code":"InternalError"}"#),
        ],
    );
}

/// Two devices behind a gateway use one id; the gateway answers on the topic of the request.
fn thingsboard(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("v1/devices/me/rpc/request/7", r#"{"method":"setGpio","params":{"pin":1}}"#),
            ("v1/devices/me/rpc/response/7", r#"{"1":true}"#),
            ("v2/r/req/8", r#"{"method":"getTime","params":{}}"#),
            ("v2/r/res/8", "1790000000"),
            ("v1/gateway/rpc", r#"{"device":"A","data":{"id":1,"method":"toggle","params":{}}}"#),
            ("v1/gateway/rpc", r#"{"device":"B","data":{"id":1,"method":"toggle","params":{}}}"#),
            ("v1/gateway/rpc", r#"{"device":"B","id":1,"data":{"success":true}}"#),
            ("v1/gateway/rpc", r#"{"device":"A","id":1,"data":{"error":"no such pin"}}"#),
            ("v1/devices/me/telemetry", r#"{"temperature":21.5}"#),
        ],
    );
}

/// With a transaction, without one, and a request that is no JSON.
fn zigbee(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("zigbee2mqtt/bridge/request/permit_join", r#"{"time":60,"transaction":"q1"}"#),
            ("zigbee2mqtt/bridge/request/device/rename", r#"{"from":"a","to":"b"}"#),
            ("zigbee2mqtt/bridge/request/health_check", ""),
            (
                "zigbee2mqtt/bridge/response/device/rename",
                r#"{"data":{},"error":"Device 'a' does not exist","status":"error"}"#,
            ),
            (
                "zigbee2mqtt/bridge/response/permit_join",
                r#"{"data":{"time":60},"status":"ok","transaction":"q1"}"#,
            ),
            (
                "zigbee2mqtt/bridge/response/health_check",
                r#"{"data":{"healthy":true},"status":"ok"}"#,
            ),
            ("zigbee2mqtt/lamp", r#"{"state":"ON","linkquality":92}"#),
        ],
    );
}

/// Long and short topics, with and without tenant and device, and a command that wants no answer.
fn hono(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            ("command/t1/d1/req/r1/setBrightness", r#"{"brightness":5}"#),
            ("command/t1/d1/res/r1/200", r#"{"now":5}"#),
            ("command/t1/d1/req//light", "off"),
            ("command/t1/d1/req/r2/firmware/update", ""),
            ("command/t1/d1/res/r2/503", ""),
            ("c///q/r1/light", "on"),
            ("c///s/r1/400", ""),
        ],
    );
}

/// As the package does it: the method is the topic, and its id begins with the client's.
fn mqtt_json_rpc(tape: &mut Tape) {
    plain(
        tape,
        0,
        &[
            (
                "example/hello/request",
                r#"{"jsonrpc":"2.0","id":"c1:r1","method":"example/hello","params":["world",42]}"#,
            ),
            ("example/hello/response/c1", r#"{"jsonrpc":"2.0","id":"c1:r1","result":"world:42"}"#),
            (
                "example/add/request",
                r#"{"jsonrpc":"2.0","id":"c1:r2","method":"example/add","params":[1]}"#,
            ),
            (
                "example/add/response/c1",
                r#"{"jsonrpc":"2.0","id":"c1:r2","error":{"code":-32603,"message":"no"}}"#,
            ),
            ("example/log/request", r#"{"jsonrpc":"2.0","method":"example/log","params":["x"]}"#),
            ("sensors/1/temperature", "21.5"),
        ],
    );
}

/// Anything with a Response Topic is a call; all the rest is nobody's business.
fn request_response(tape: &mut Tape) {
    let asked = |topic: &str, data: Option<&str>| {
        let mut props = json!({"response_topic": topic});
        if let Some(data) = data {
            props["correlation_data_b64"] = data.into();
        }
        props
    };
    let told = |data: &str| json!({"correlation_data_b64": data});
    rich(
        tape,
        0,
        &[
            ("heater/set", "21", asked("replies/a", Some("AQ=="))),
            ("heater/set", "23", asked("replies/a", Some("Ag=="))),
            ("sensors/1", r#"{"id":1,"result":5}"#, json!({})),
            ("replies/a", "done", told("Ag==")),
            ("replies/a", r#"{"error":{"code":-32603}}"#, told("AQ==")),
            ("pump/start", "", asked("replies/b", None)),
            ("replies/b", "ok", json!({})),
            ("sensors/2", "not json", json!({})),
        ],
    );
}
