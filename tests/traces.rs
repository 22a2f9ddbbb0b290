//! Traces end to end: calls through a real broker to a real lookout, and what is told of them: to a collector that
//! decodes what it is sent as OTLP has it, and to a real one.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "traces/collector.rs"]
mod collector;
#[path = "traces/direct.rs"]
mod direct;
#[path = "traces/ends.rs"]
mod ends;
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "traces/outage.rs"]
mod outage;
#[path = "e2e/program.rs"]
mod program;
#[path = "traces/rotel.rs"]
mod rotel;
#[path = "traces/run.rs"]
mod run;
#[path = "traces/told.rs"]
mod told;
#[path = "traces/ways.rs"]
mod ways;

use collector::{Answer, Collector};
use line::{Line, Message, Trouble, Version};
use mosquitto::Mosquitto;
use program::Lookout;
use rotel::Rotel;
use serde_json::{Value, json};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A broker, a lookout that traces, and a hand that plays callers and services.
struct Scene {
    mosquitto: Mosquitto,
    lookout: Lookout,
    hand: Line,
}

impl Scene {
    /// Spans go to this address soon; `more` are further settings of traces.
    async fn new(endpoint: &str, more: &str) -> Self {
        Self::with("", endpoint, &format!("every = \"50ms\"\n{more}")).await
    }

    /// The same with these settings and no others; `first` are such as are in no table.
    async fn with(first: &str, endpoint: &str, more: &str) -> Self {
        let mosquitto = Mosquitto::start();
        let config = format!(
            r#"
cluster = "test"
id = "lookout-traces"
{first}

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
endpoint = "{endpoint}"
{more}
"#,
            mosquitto.port(),
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
        Self { mosquitto, lookout, hand }
    }

    /// The broker's port.
    fn broker(&self) -> u16 {
        self.mosquitto.port()
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

/// Waits until so many spans were counted as exported.
async fn exported(lookout: &Lookout, spans: usize) {
    let wanted =
        |it: &program::Metrics| it.value("lookout_trace_spans_exported_total") == spans as f64;
    lookout.metrics("all are counted", wanted).await;
}

#[tokio::test]
async fn every_call_is_told_as_it_ended() {
    let collector = Collector::start(Answer::status(200)).await;
    let scene = Scene::new(&collector.url(), r#"headers = ["X-Scope-OrgID: shop"]"#).await;
    let played = ends::play(&scene, async |spans| collector.until(spans).await).await;
    ends::check(&collector.told(), &played);
    for asked in collector.asked() {
        assert_eq!((asked.path.as_str(), asked.header("x-scope-orgid")), ("/v1/traces", "shop"));
    }
    exported(&scene.lookout, ends::SPANS).await;
}

#[tokio::test]
async fn a_real_collector_reads_the_same() {
    let rotel = Rotel::start().await;
    let scene = Scene::new(&rotel.url(), "").await;
    let played = ends::play(&scene, async |spans| rotel.until(spans).await).await;
    exported(&scene.lookout, ends::SPANS).await;
    // It waits for who is connected.
    drop(scene);
    ends::check(&rotel.end(), &played);
}
