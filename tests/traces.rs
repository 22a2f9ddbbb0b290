//! Traces end to end: calls through a real broker to a real lookout, and what a collector gets of them, decoded
//! as OTLP has it.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "traces/collector.rs"]
mod collector;
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "e2e/program.rs"]
mod program;

use collector::{Collector, Told};
use line::{Line, Message, Trouble, Version};
use mosquitto::Mosquitto;
use program::Lookout;
use serde_json::{Value, json};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A broker, a lookout that traces to a collector, and a hand that plays callers and services.
struct Scene {
    _mosquitto: Mosquitto,
    collector: Collector,
    lookout: Lookout,
    hand: Line,
}

impl Scene {
    async fn new(status: u16, more: &str) -> Self {
        let mosquitto = Mosquitto::start();
        let collector = Collector::start(status).await;
        let config = format!(
            r#"
cluster = "test"
id = "lookout-traces"

[broker]
url = "mqtt://127.0.0.1:{}"

[http]
listen = "127.0.0.1:0"

[dependencies]
A = ["B"]

[patience]
initial = "1s"
min = "1s"

[trace]
endpoint = "http://127.0.0.1:{}"
headers = ["X-Scope-OrgID: shop"]
every = "50ms"
{more}
"#,
            mosquitto.port(),
            collector.port
        );
        let hand = Line::open(
            (Version::V5, mosquitto.port()),
            "hand",
            "nothing",
            &Trouble::default(),
            |_, _| {},
        );
        hand.ready().await;
        let lookout = Lookout::start(&config).await;
        let hears = |it: &program::Metrics| {
            it.value("lookout_link_up") == 1.0 && it.value("lookout_in_doubt") == 0.0
        };
        lookout.metrics("lookout hears", hears).await;
        Self { _mosquitto: mosquitto, collector, lookout, hand }
    }

    fn say(&self, topic: &str, body: &Value) {
        let payload = body.to_string().into();
        let message = Message { topic: topic.to_owned(), payload, ..Message::default() };
        assert!(self.hand.post().send(message));
    }

    fn call(&self, service: &str, id: &str, more: Value) {
        self.say(&format!("service/{service}"), &request(id, more));
    }

    fn reply(&self, id: &str, what: &str, value: Value) {
        self.say("session/s/response", &json!({"jsonrpc": "2.0", "id": id, what: value}));
    }
}

fn request(id: &str, more: Value) -> Value {
    let mut body = json!({"jsonrpc": "2.0", "id": id, "method": "do", "sessionId": "s"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn one<'t>(all: &'t [Told], id: &str, kind: &str) -> &'t Told {
    let mut found = all.iter().filter(|it| it.get("jsonrpc.request.id") == id && it.kind == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind} {id}: {all:#?}"));
    assert!(found.next().is_none(), "{kind} {id} twice");
    first
}

#[tokio::test]
async fn every_call_is_told_as_it_ended() {
    let scene = Scene::new(200, "").await;
    let operation = json!({"correlationId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"});
    scene.call("A", "outer", operation.clone());
    scene.call("B", "inner", operation);
    scene.reply("inner", "result", json!(1));
    scene.reply("outer", "result", json!(1));
    scene.call("A", "rejected", json!({}));
    scene.reply("rejected", "error", json!({"code": -32602, "message": "no"}));
    scene.call("A", "failed", json!({}));
    scene.reply("failed", "error", json!({"code": -32603, "message": "no"}));
    let batch = json!([request("first", json!({})), request("second", json!({}))]);
    scene.say("service/A", &batch);
    scene.reply("second", "result", json!(1));
    scene.reply("first", "result", json!(1));
    scene.call("A", "given", json!({"traceparent": PARENT, "tracestate": "x=1"}));
    scene.reply("given", "result", json!(1));
    scene.say("service/A", &json!({"jsonrpc": "2.0", "method": "do"}));
    scene.call("A", "late", json!({}));
    let all = scene.collector.spans(16).await;
    scene.reply("late", "result", json!(1));
    let with_late = scene.collector.spans(17).await;

    let (outer, served) = (one(&all, "outer", "Client"), one(&all, "outer", "Server"));
    let (inner, within) = (one(&all, "inner", "Client"), one(&all, "inner", "Server"));
    assert_eq!(outer.trace, "3f2504e04f8941d39a0c0305e82c3301");
    for it in [served, inner, within] {
        assert_eq!(it.trace, outer.trace);
    }
    let parents = [outer, served, inner, within].map(|it| it.parent.as_str());
    assert_eq!(parents, ["", &outer.span, &served.span, &inner.span]);
    let services = [outer, served, inner, within].map(|it| it.service.as_str());
    assert_eq!(services, ["mqtt-callers", "A", "A", "B"]);
    assert!(outer.start <= inner.start && inner.end <= outer.end && inner.start < inner.end);
    assert_eq!((inner.start, inner.end), (within.start, within.end));
    assert_eq!((outer.name.as_str(), outer.status.as_str()), ("A/do", ""));
    assert_eq!(outer.get("messaging.destination.template"), "service/{service}");

    let rejected = [one(&all, "rejected", "Client"), one(&all, "rejected", "Server")];
    assert_eq!(rejected.map(|it| it.status.as_str()), ["code -32602", ""]);
    assert_eq!(rejected[0].get("error.type"), "-32602");
    let failed = [one(&all, "failed", "Client"), one(&all, "failed", "Server")];
    assert_eq!(failed.map(|it| it.status.as_str()), ["code -32603"; 2]);
    assert_eq!(failed[1].get("rpc.response.status_code"), "-32603");
    assert_eq!(one(&all, "first", "Client").trace, one(&all, "second", "Server").trace);

    let given = one(&all, "given", "Client");
    assert_eq!(format!("00-{}-{}-01", given.trace, given.parent), PARENT);
    assert_eq!((given.state.as_str(), given.flags), ("x=1", 0x301), "sampled, and of another");
    assert_eq!(outer.flags & 0x301, 0x101, "sampled, and of nobody");

    let sent = all.iter().find(|it| it.kind == "Producer").unwrap();
    assert_eq!((sent.start, sent.get("lookout.outcome").as_str()), (sent.end, "one_way"));
    let lost = one(&all, "late", "Client");
    assert_eq!(
        (lost.status.as_str(), lost.get("error.type").as_str()),
        ("no reply within 1.000 s", "timeout")
    );
    assert_eq!(lost.end - lost.start, 1_000_000_000);
    let late = one(&with_late, "late", "Server");
    assert_eq!(
        (late.parent.as_str(), late.get("lookout.late").as_str()),
        (lost.span.as_str(), "true")
    );
    assert!(late.end > lost.end && late.start == lost.start);

    for it in &with_late {
        assert!(it.start % 1_000 == 0 && it.end % 1_000 == 0 && it.trace != "0".repeat(32));
        assert_eq!(it.scope, "lookout");
        assert_eq!(it.namespace, "test");
    }
    assert!(scene.collector.headers().iter().all(|it| it == "shop"), "on every request");
    let told = |it: &program::Metrics| it.value("lookout_trace_spans_exported_total") == 17.0;
    scene.lookout.metrics("all are counted", told).await;
}

#[tokio::test]
async fn a_collector_that_is_away_costs_what_does_not_fit_and_nothing_else() {
    let scene = Scene::new(503, "queue = 1000\nbatch = 100\nrequests = 2\n").await;
    let many = vec![json!({"jsonrpc": "2.0", "method": "do"}); 50];
    for _ in 0..30 {
        scene.say("service/A", &json!(many));
    }
    scene.call("A", "bad", json!({}));
    scene.reply("bad", "error", json!({"code": -32603, "message": "no"}));
    let dropped = r#"lookout_trace_dropped_total{reason="queue_full"}"#;
    let away = scene.lookout.metrics("calls are dropped", |it| {
        it.value("lookout_trace_requests_failed_total") >= 2.0
            && it.value(dropped) > 0.0
            && it.value("lookout_trace_queue_calls") >= 751.0
    });
    let away = away.await;
    assert!(away.value("lookout_trace_queue_calls") <= 1_000.0);
    assert_eq!(away.value("lookout_inbox_dropped_total"), 0.0, "the observer hears everything");
    scene.collector.answers(200);
    let back = scene.lookout.metrics("all are sent or counted", |it| {
        let sent = it.value("lookout_trace_spans_exported_total");
        it.value("lookout_trace_queue_calls") == 0.0 && sent + it.value(dropped) == 1_502.0
    });
    let back = back.await;
    assert!(back.value("lookout_trace_spans_exported_total") >= 752.0);
    // What is always told came through, as there is room for it.
    let all = scene.collector.spans(752).await;
    assert_eq!(one(&all, "bad", "Client").get("error.type"), "-32603");
}
