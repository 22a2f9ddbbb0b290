//! Calls with every end, and what has to be told of each: all that a span says, whoever was told of it.

use crate::line::soon;
use crate::program::Lookout;
use crate::told::{Told, one};
use crate::{PARENT, Scene, request};
use lookout::clock::Clock;
use lookout::observer::Instant;
use lookout::observer::trace::{Beside, SpanId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many spans there are before the late reply.
pub const BEFORE: usize = 24;
/// How many there are in the end.
pub const SPANS: usize = BEFORE + 1;

const OPERATION: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const OTHER: &str = "9b2d6c1e-58f0-4c7a-8f3e-2a64c0d7e911";
/// The calls that did not go well.
const BAD: [&str; 6] = ["elsewhere", "failed", "late", "lost", "rejected", "worked"];
/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(100);
/// What the clocks of two programs may differ by, in microseconds.
const APART: u64 = 1_000_000;

/// How a call ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Ok,
    Rejected,
    Failed,
    Lost,
    /// As lost, but the service was seen at work.
    Worked,
    Late,
    OneWay,
    Unheard,
}

use End::{Failed, Late, Lost, Ok, OneWay, Rejected, Unheard, Worked};

/// Each call by its id: who makes it, whom it is made to, and how it ends.
const CALLS: [(&str, &str, &str, End); 14] = [
    ("outer", "mqtt-callers", "A", Ok),
    ("inner", "A", "B", Ok),
    ("rejected", "mqtt-callers", "A", Rejected),
    ("failed", "mqtt-callers", "A", Failed),
    ("first", "mqtt-callers", "A", Ok),
    ("second", "mqtt-callers", "A", Ok),
    ("given", "mqtt-callers", "A", Ok),
    ("", "mqtt-callers", "A", OneWay),
    ("unheard", "mqtt-callers", "A", Unheard),
    ("late", "mqtt-callers", "A", Late),
    ("lost", "mqtt-callers", "B", Lost),
    ("worked", "mqtt-callers", "A", Worked),
    ("within", "A", "B", Ok),
    ("elsewhere", "mqtt-callers", "B", Rejected),
];

/// The message with a call.
fn message(id: &str) -> Value {
    match id {
        "outer" | "inner" => request(id, json!({"correlationId": OPERATION})),
        "worked" | "within" => request(id, json!({"correlationId": OTHER})),
        "first" | "second" => {
            json!([request("first", json!({})), request("second", json!({}))])
        }
        "given" => request(id, json!({"traceparent": PARENT, "tracestate": "x=1"})),
        "unheard" => request(id, json!({"replyTo": "somewhere/else"})),
        "" => json!({"jsonrpc": "2.0", "method": "do"}),
        _ => request(id, json!({})),
    }
}

/// What is known of the calls from elsewhere.
pub struct Played {
    /// The broker's port.
    broker: u16,
    /// Between when they were made, as the test's own clock has it.
    from: Instant,
    to: Instant,
    /// Errors as lookout shows them over HTTP.
    errors: Vec<Value>,
}

/// Makes the calls; `until` waits for so many spans.
pub async fn play(scene: &Scene, until: impl AsyncFn(usize)) -> Played {
    let clock = Clock::start();
    let from = clock.now();
    let call = |id: &str, to: &str| scene.say(&format!("service/{to}"), &message(id));
    let error = |id: &str, code: i64| {
        scene.reply(id, "error", json!({"code": code, "message": "a secret of the platform"}));
    };
    let good = |id: &str| scene.reply(id, "result", json!("a secret of the platform"));
    call("outer", "A");
    call("inner", "B");
    good("inner");
    good("outer");
    call("rejected", "A");
    error("rejected", -32602);
    call("failed", "A");
    error("failed", -32603);
    call("elsewhere", "B");
    error("elsewhere", -32602);
    call("first", "A");
    good("second");
    good("first");
    call("given", "A");
    good("given");
    call("", "A");
    call("unheard", "A");
    call("lost", "B");
    call("worked", "A");
    call("within", "B");
    good("within");
    call("late", "A");
    until(BEFORE).await;
    good("late");
    until(SPANS).await;
    let errors = soon("all errors", errors(&scene.lookout)).await;
    Played { broker: scene.broker(), from, to: clock.now(), errors }
}

/// Holds what was told of them against what was seen of them.
pub fn check(all: &[Told], played: &Played) {
    assert_eq!(all.len(), SPANS, "{all:#?}");
    for (id, caller, service, end) in CALLS {
        for kind in kinds(end) {
            let it = one(all, id, kind);
            let wanted = Told {
                // What is made by chance or by time is looked at below.
                trace: it.trace.clone(),
                span: it.span.clone(),
                parent: it.parent.clone(),
                flags: it.flags,
                start: it.start,
                end: it.end,
                ..wanted((id, caller, service, end), kind, played.broker)
            };
            assert_eq!(it, &wanted, "{id} {kind}");
        }
    }
    ids(all);
    times(all, played);
    flags(all);
    shown(all, &played.errors);
}

fn kinds(end: End) -> &'static [&'static str] {
    match end {
        Lost => &["Client"],
        OneWay | Unheard => &["Producer"],
        Ok | Rejected | Failed | Worked | Late => &["Client", "Server"],
    }
}

/// All that a span says, but for what is made by chance or by time.
fn wanted((id, caller, service, end): (&str, &str, &str, End), kind: &str, port: u16) -> Told {
    let inner = kind == "Server";
    let timeout = matches!(end, Lost | Late | Worked) && !inner;
    let code = match end {
        Rejected => "-32602",
        Failed => "-32603",
        _ => "",
    };
    let (status, problem) = match end {
        _ if timeout => ("no reply within 1.000 s".to_owned(), "timeout"),
        Rejected if inner => (String::new(), ""),
        Rejected | Failed => (format!("code {code}"), code),
        _ => (String::new(), ""),
    };
    let outcome = match end {
        Late if inner => "ok",
        Lost | Worked | Late => "unanswered",
        Ok => "ok",
        Rejected => "rejected",
        Failed => "failed",
        OneWay => "one_way",
        Unheard => "unheard",
    };
    let operation = match id {
        "outer" | "inner" => OPERATION,
        "worked" | "within" => OTHER,
        _ => "",
    };
    let does = if inner { ["process"; 2] } else { ["send", "publish"] };
    let outside = |text: &str| if inner { String::new() } else { text.to_owned() };
    let attributes = [
        ("rpc.system.name", "jsonrpc".to_owned()),
        ("rpc.method", format!("{service}/do")),
        ("rpc.response.status_code", code.to_owned()),
        ("error.type", problem.to_owned()),
        ("jsonrpc.protocol.version", "2.0".to_owned()),
        ("jsonrpc.request.id", id.to_owned()),
        ("messaging.system", "mqtt".to_owned()),
        ("messaging.operation.type", does[0].to_owned()),
        ("messaging.operation.name", does[1].to_owned()),
        ("messaging.destination.name", format!("service/{service}")),
        ("messaging.destination.template", "service/{service}".to_owned()),
        ("messaging.message.conversation_id", operation.to_owned()),
        ("messaging.message.body.size", message(id).to_string().len().to_string()),
        ("network.protocol.name", "mqtt".to_owned()),
        ("server.address", outside("127.0.0.1")),
        ("server.port", outside(&port.to_string())),
        ("service.peer.name", outside(service)),
        ("peer.service", outside(service)),
        ("lookout.outcome", outcome.to_owned()),
        ("lookout.late", if end == Late && inner { "true" } else { "" }.to_owned()),
    ];
    let attributes = attributes.into_iter().filter(|(_, value)| !value.is_empty());
    Told {
        service: if inner { service } else { caller }.to_owned(),
        namespace: "test".to_owned(),
        scope: format!("lookout {}", env!("CARGO_PKG_VERSION")),
        schema: "https://opentelemetry.io/schemas/1.45.0".to_owned(),
        state: if id == "given" { "x=1" } else { "" }.to_owned(),
        name: format!("{service}/do"),
        kind: kind.to_owned(),
        status,
        attributes: attributes.map(|(key, value)| (key.to_owned(), value)).collect(),
        ..Told::default()
    }
}

/// Traces, spans and parents.
fn ids(all: &[Told]) {
    let of = |id: &str| one(all, id, "Client");
    let spans: BTreeSet<_> = all.iter().map(|it| &it.span).collect();
    assert_eq!(spans.len(), SPANS, "each has an id of its own");
    for (outer, inner, operation) in [("outer", "inner", OPERATION), ("worked", "within", OTHER)]
        .map(|(a, b, c)| (of(a), of(b), c))
    {
        assert_eq!(outer.trace, operation.replace('-', ""));
        assert_eq!((inner.trace.as_str(), outer.parent.as_str()), (outer.trace.as_str(), ""));
        assert_eq!(inner.parent, one(all, outer.get("jsonrpc.request.id"), "Server").span);
    }
    let given = of("given");
    assert_eq!(format!("00-{}-{}-01", given.trace, given.parent), PARENT);
    assert_eq!(of("first").trace, of("second").trace);
    let nested = ["inner", "within", "given"];
    let mut traces = BTreeMap::<&str, usize>::new();
    for (id, _, _, end) in CALLS {
        let client = one(all, id, kinds(end)[0]);
        *traces.entry(&client.trace).or_default() += 1;
        assert!(nested.contains(&id) || client.parent.is_empty(), "{id} has no parent");
        if let [_, server] = kinds(end) {
            let server = one(all, id, server);
            let own = SpanId::of(u64::from_str_radix(&client.span, 16).unwrap());
            assert_eq!((&server.trace, &server.parent), (&client.trace, &client.span), "{id}");
            assert_eq!(server.span, own.beside(Beside::Server).to_string(), "{id}");
        }
    }
    let shared: Vec<_> = traces.values().filter(|calls| **calls > 1).collect();
    assert_eq!(shared, [&2; 3], "two operations and a batch: {traces:#?}");
}

/// Moments in whole microseconds, within those in which the calls were made, and the same on both
/// sides of a call.
fn times(all: &[Told], played: &Played) {
    let nanos = |micros: u64| micros * 1_000;
    let (from, to) = (played.from.micros() - APART, played.to.micros() + APART);
    for it in all {
        assert!(it.start % 1_000 == 0 && it.end % 1_000 == 0, "{it:#?}");
        assert!(nanos(from) <= it.start && it.start <= it.end && it.end <= nanos(to), "{it:#?}");
    }
    for (id, _, _, end) in CALLS {
        let client = one(all, id, kinds(end)[0]);
        let length = client.end - client.start;
        match end {
            Ok | Rejected | Failed => assert!(length > 0),
            Lost | Worked | Late => assert_eq!(length, 1_000_000_000, "{id}"),
            OneWay | Unheard => assert_eq!(length, 0, "{id}"),
        }
        if let [_, server] = kinds(end) {
            let server = one(all, id, server);
            assert_eq!(server.start, client.start, "{id}");
            assert!(if end == Late { server.end > client.end } else { server.end == client.end });
        }
    }
    let [outer, inner] = ["outer", "inner"].map(|id| one(all, id, "Client"));
    assert!(outer.start < inner.start && inner.end < outer.end);
    let [first, second] = ["first", "second"].map(|id| one(all, id, "Client"));
    assert!(first.start == second.start && second.end < first.end);
}

/// Sampled, and whose the parent is, where flags are shown.
fn flags(all: &[Told]) {
    for it in all.iter().filter(|it| it.flags.is_some()) {
        let remote = it.kind == "Server" || it.get("jsonrpc.request.id") == "given";
        let wanted = if remote { 0x301 } else { 0x101 };
        assert_eq!(it.flags.unwrap() & 0x301, wanted, "{it:#?}");
    }
}

/// The errors of both services, once all are shown.
async fn errors(lookout: &Lookout) -> Vec<Value> {
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let mut errors = Vec::new();
        for service in ["A", "B"] {
            let page = lookout.get(&format!("api/v1/services/{service}"));
            let page: Value = serde_json::from_str(page.split_once("\r\n\r\n").unwrap().1).unwrap();
            errors.extend(page["recentErrors"].as_array().unwrap().iter().cloned());
        }
        if errors.len() >= BAD.len() {
            return errors;
        }
    }
}

/// Errors over HTTP have the same times and codes as the spans in the traces that they name.
fn shown(all: &[Told], errors: &[Value]) {
    let mut seen = BTreeSet::new();
    for error in errors {
        let told = all.iter().find(|it| {
            it.kind == "Client"
                && it.trace == error["traceId"].as_str().unwrap()
                && it.get("lookout.outcome") == error["outcome"].as_str().unwrap()
        });
        let told = told.unwrap_or_else(|| panic!("{error:#}"));
        let nanos = error["waitedMs"].as_f64().unwrap() * 1e6;
        assert_eq!(nanos.round() as u64, told.end - told.start, "{error:#}");
        let code = error["code"].as_i64().map_or(String::new(), |code| code.to_string());
        assert_eq!(told.get("rpc.response.status_code"), code);
        let at: jiff::Timestamp = error["at"].as_str().unwrap().parse().unwrap();
        assert_eq!(at.as_millisecond() as u64, told.end / 1_000_000, "{error:#}");
        seen.insert(told.get("jsonrpc.request.id"));
    }
    assert_eq!(seen, BTreeSet::from(BAD));
}
