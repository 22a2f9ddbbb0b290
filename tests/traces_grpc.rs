//! Traces over gRPC end to end: calls through a real Mosquitto to a real lookout, and a receiver that takes
//! spans, refuses them, is too busy, says nothing, shows certificates, or is started anew; and a real
//! collector.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/authority.rs"]
mod authority;
#[path = "traces/ends.rs"]
mod ends;
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "e2e/program.rs"]
mod program;
#[path = "traces_grpc/receiver.rs"]
mod receiver;
#[path = "traces/rotel.rs"]
mod rotel;
#[path = "traces/told.rs"]
mod told;

use authority::Authority;
use line::{Line, Message, Trouble, Version};
use lookout::observer::Span;
use mosquitto::{Mosquitto, free_port};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use program::Lookout;
use receiver::{Answer, Receiver};
use rotel::Rotel;
use serde_json::{Value, json};
use std::process::Command;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const EXPORTED: &str = "lookout_trace_spans_exported_total";
const FAILED: &str = "lookout_trace_requests_failed_total";
const REFUSED: &str = r#"lookout_trace_dropped_total{reason="refused"}"#;
/// `google.rpc.Status` with a `RetryInfo` of 3 s, in base64 without padding.
const IN_THREE_SECONDS: &str =
    "CAgSBGJ1c3kaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAw";

/// A broker, a lookout that traces over gRPC, and a hand that plays callers and services.
struct Scene {
    mosquitto: Mosquitto,
    lookout: Lookout,
    hand: Line,
}

impl Scene {
    async fn new(endpoint: &str, more: &str) -> Self {
        let mosquitto = Mosquitto::start();
        let port = mosquitto.port();
        let config = format!(
            "cluster = \"test\"\nid = \"lookout-traces\"\n[broker]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
             [http]\nlisten = \"127.0.0.1:0\"\n[dependencies]\nA = [\"B\"]\n\
             [patience]\ninitial = \"1s\"\nmin = \"1s\"\n{}every = \"50ms\"\n{more}\n",
            trace(endpoint)
        );
        let quiet = Trouble::default();
        let hand = Line::open((Version::V5, port), "hand", "nothing", &quiet, |_, _| {});
        hand.ready().await;
        let lookout = Lookout::start(&config).await;
        let hears = |it: &program::Metrics| {
            it.value("lookout_link_up") == 1.0 && it.value("lookout_in_doubt") == 0.0
        };
        lookout.metrics("lookout hears", hears).await;
        Self { mosquitto, lookout, hand }
    }

    fn say(&self, topic: &str, body: &Value) {
        let payload = body.to_string().into();
        let message = Message { topic: topic.to_owned(), payload, ..Message::default() };
        assert!(self.hand.post().send(message));
    }

    fn reply(&self, id: &str, what: &str, value: Value) {
        self.say("session/s/response", &json!({"jsonrpc": "2.0", "id": id, what: value}));
    }

    /// A call and its reply: two spans.
    fn call(&self, id: &str) {
        self.say("service/A", &request(id, json!({"traceparent": PARENT})));
        self.reply(id, "result", json!(1));
    }

    /// The broker's port.
    fn broker(&self) -> u16 {
        self.mosquitto.port()
    }

    /// Waits until so many spans were taken, and so many refused.
    async fn counted(&self, exported: f64, refused: f64) -> program::Metrics {
        let what = format!("{exported} spans are taken and {refused} refused");
        let enough =
            |it: &program::Metrics| it.value(EXPORTED) == exported && it.value(REFUSED) == refused;
        self.lookout.metrics(&what, enough).await
    }
}

fn request(id: &str, more: Value) -> Value {
    let mut body = json!({"jsonrpc": "2.0", "id": id, "method": "do", "sessionId": "s"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn trace(endpoint: &str) -> String {
    format!("[trace]\nendpoint = \"{endpoint}\"\nprotocol = \"grpc\"\n")
}

fn clear(receiver: &Receiver) -> String {
    format!("http://127.0.0.1:{}", receiver.port)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn said(code: u16, words: &'static str) -> Answer {
    Answer::Status(code, words, String::new())
}

#[tokio::test]
async fn spans_arrive_with_what_is_said_to_the_collector() {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "t0ken\n").unwrap();
    let receiver = Receiver::start(free_port()).await;
    let more = format!("headers = ['X-Scope-OrgID: shop']\ntoken_file = '{}'", token.display());
    let scene = Scene::new(&clear(&receiver), &more).await;
    scene.call("1");
    let spans = receiver.spans(2).await;
    let of = |kind: SpanKind| spans.iter().find(|it| it.kind() == kind).unwrap();
    let (client, server) = (of(SpanKind::Client), of(SpanKind::Server));
    assert_eq!(format!("00-{}-{}-01", hex(&client.trace_id), hex(&client.parent_span_id)), PARENT);
    assert_eq!((&server.trace_id, &server.parent_span_id), (&client.trace_id, &client.span_id));
    assert_eq!((client.span_id.len(), server.span_id.len()), (8, 8));
    assert_eq!(client.name, "A/do");
    assert!(client.start_time_unix_nano < client.end_time_unix_nano);
    let asked = receiver.asked(1).await;
    assert_eq!(asked[0].path, EXPORT);
    for (name, value) in [
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("x-scope-orgid", "shop"),
        ("authorization", "Bearer t0ken"),
        ("grpc-timeout", "10000m"),
        ("user-agent", concat!("lookout/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(asked[0].header(name), value, "{name}");
    }
    scene.counted(2.0, 0.0).await;
    // An answer that is too long to be read is one.
    receiver.answers([Answer::Long]);
    scene.call("2");
    scene.counted(4.0, 0.0).await;
    // What is larger than HTTP/2 takes at once, by the same connection.
    let many = vec![json!({"jsonrpc": "2.0", "method": "do"}); 50];
    for _ in 0..40 {
        scene.say("service/A", &json!(many));
    }
    assert_eq!(receiver.spans(2_004).await.len(), 2_004);
    scene.counted(2_004.0, 0.0).await;
    let asked = receiver.asked(3).await;
    assert!(asked.iter().any(|it| it.body.len() > 100_000), "a large request");
    assert!(asked.iter().all(|it| it.connection == 1), "{asked:#?}");
}

#[tokio::test]
async fn a_real_collector_reads_every_call_as_it_ended() {
    let rotel = Rotel::start().await;
    let scene = Scene::new(&format!("http://127.0.0.1:{}", rotel.grpc), "").await;
    let played = ends::play(&scene, async |spans| rotel.until(spans).await).await;
    scene.counted(ends::SPANS as f64, 0.0).await;
    // It waits for who is connected.
    drop(scene);
    ends::check(&rotel.end(), &played);
}

#[tokio::test]
async fn what_cannot_be_taken_for_now_is_sent_again_as_it_was() {
    let receiver = Receiver::start(free_port()).await;
    receiver.answers([
        Answer::Status(8, "busy%20now", IN_THREE_SECONDS.to_owned()),
        said(14, "starting up"),
        Answer::CutOff,
    ]);
    let mut scene = Scene::new(&clear(&receiver), "").await;
    scene.call("1");
    let asked = receiver.asked(4).await;
    assert!(asked.iter().all(|it| it.body == asked[0].body), "encoded once");
    let taken: Vec<_> = asked.iter().map(|it| it.taken).collect();
    assert_eq!(taken, [false, false, false, true]);
    // It came when it was wanted, which is later than it would have come otherwise.
    let waited = asked[1].at.since(asked[0].at);
    assert!(waited >= Span::from_secs(3), "{waited:?}");
    let counted = scene.counted(2.0, 0.0).await;
    assert_eq!(counted.value(FAILED), 3.0);
    scene.lookout.log("takes no spans: RESOURCE_EXHAUSTED: busy now").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_counted_and_not_sent_again() {
    let receiver = Receiver::start(free_port()).await;
    let endpoint = clear(&receiver);
    let mut scene = Scene::new(&endpoint, "").await;
    let answers = [
        (said(3, "no%20such%20field"), "INVALID_ARGUMENT: no such field"),
        (said(8, "out of quota"), "RESOURCE_EXHAUSTED: out of quota"),
        (Answer::Ends(16, "who is that"), "UNAUTHENTICATED: who is that"),
        (Answer::Http(404), "404 Not Found"),
    ];
    let mut refused = 0.0;
    for (answer, words) in answers {
        receiver.answers([answer.clone(), answer]);
        scene.call("1");
        refused += 2.0;
        scene.counted(0.0, refused).await;
        let told = doctor(scene.broker(), &endpoint, "");
        assert!(told.contains(words), "{told}");
    }
    scene.lookout.log("refuses spans, and they are dropped: INVALID_ARGUMENT: no such field").await;
    receiver.answers([Answer::Partly(1, "too old")]);
    scene.call("partly");
    scene.counted(1.0, refused + 1.0).await;
    scene.call("whole");
    scene.counted(3.0, refused + 1.0).await;
    assert_eq!(receiver.asked(10).await.len(), 10);
}

#[tokio::test]
async fn a_receiver_that_is_started_anew_or_says_nothing_costs_no_spans() {
    let mut receiver = Receiver::start(free_port()).await;
    let scene = Scene::new(&clear(&receiver), "timeout = '2s'").await;
    scene.call("before");
    scene.counted(2.0, 0.0).await;
    receiver.stop();
    scene.call("meanwhile");
    scene.lookout.metrics("it is missed", |it| it.value(FAILED) >= 1.0).await;
    receiver.open().await;
    scene.call("after");
    scene.counted(6.0, 0.0).await;

    // A connection on which there was no answer in time is not used again.
    let before = receiver.asked(3).await.len();
    receiver.answers([Answer::Silence]);
    scene.call("unheard");
    scene.counted(8.0, 0.0).await;
    let asked = receiver.asked(before + 2).await;
    let (silent, heard) = (&asked[before], &asked[before + 1]);
    assert_eq!((silent.taken, heard.taken), (false, true));
    assert_eq!(heard.connection, silent.connection + 1);
    assert_eq!(silent.body, heard.body);
    receiver.connections(1).await;
    // Each once.
    assert_eq!(receiver.spans(8).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_checked_and_http_2_agreed_on() {
    let authority = Authority::new();
    let shown = |name: &str| (authority.path(name), authority.path(&format!("{name}.key")));
    let trusting = |name: &str| format!("ca_file = '{}'", authority.path(name));
    let both = &["h2", "http/1.1"];
    let receiver = Receiver::encrypted(free_port(), shown("broker"), both).await;
    let endpoint = format!("https://localhost:{}", receiver.port);
    let scene = Scene::new(&endpoint, &trusting("ca")).await;
    scene.call("1");
    scene.counted(2.0, 0.0).await;
    assert_eq!(receiver.spans(2).await.len(), 2);

    let broker = scene.broker();
    let doctor = |endpoint: &str, ca: &str| doctor(broker, endpoint, &trusting(ca));
    let strange = doctor(&endpoint, "stranger-ca");
    assert!(strange.contains("TLS: invalid peer certificate: UnknownIssuer"), "{strange}");
    assert_eq!(receiver.asked(1).await.len(), 1, "nobody else sent anything");
    let other = Receiver::encrypted(free_port(), shown("elsewhere"), &["h2"]).await;
    let other = doctor(&format!("https://127.0.0.1:{}", other.port), "ca");
    assert!(other.contains("certificate not valid for name"), "{other}");
    let old = Receiver::encrypted(free_port(), shown("broker"), &[]).await;
    let old = doctor(&format!("https://127.0.0.1:{}", old.port), "ca");
    assert!(old.contains("no HTTP/2 over TLS, which gRPC needs"), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_as_well() {
    let mosquitto = Mosquitto::start();
    let receiver = Receiver::start(free_port()).await;
    let line = |endpoint: &str| doctor(mosquitto.port(), endpoint, "");
    let well = line(&clear(&receiver));
    assert!(well.starts_with("ok  ") && well.contains("takes spans"), "{well}");
    assert_eq!(receiver.asked(1).await[0].body, [0; 5][..], "a request without spans");
    receiver.answers([said(16, "who%20is%20that")]);
    let refused = line(&clear(&receiver));
    assert!(refused.starts_with("fail"), "{refused}");
    assert!(refused.contains("UNAUTHENTICATED: who is that"), "{refused}");
    let nobody = line(&format!("http://127.0.0.1:{}", free_port()));
    assert!(nobody.starts_with("fail") && nobody.contains("no connection"), "{nobody}");
    // Somebody who speaks something else.
    let other = line(&format!("http://127.0.0.1:{}", mosquitto.port()));
    assert!(other.starts_with("fail"), "{other}");
}

/// What `lookout doctor` says of the collector.
fn doctor(broker: u16, endpoint: &str, more: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lookout.toml");
    let config = format!(
        "[broker]\nurl = \"mqtt://127.0.0.1:{broker}\"\n[http]\nlisten = \"off\"\n{}{more}\n",
        trace(endpoint)
    );
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    let output = command.arg("doctor").arg("--config").arg(&file).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let line = said.lines().find(|it| it.contains("traces http"));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}
