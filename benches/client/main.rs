//! What the client costs: calls through `lookout::client` beside a bare `rumqttc` loop that makes
//! the same calls, at the same real Mosquitto, to the same bare service, in turns in one run.
//!
//! ```text
//! cargo bench --bench client
//! ```
//!
//! Latency is one call after another; throughput is many at once. A third party answers by the
//! service helper, to show what that adds; and the bare loop is run with QoS 1 as well, which is
//! why QoS 0 is the client's default.
//!
//! One thread: with more, which of them the system wakes first moves the medians of all three by
//! a fifth in either direction from run to run, and hides what is measured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "bare.rs"]
mod bare;
#[path = "../../tests/support/mosquitto.rs"]
mod mosquitto;

use bare::{Bare, Responder};
use lookout::client::{Endpoint, Filters, Link, Options, Platform, Service};
use lookout::clock::Stopwatch;
use mosquitto::{Mosquitto, Setup};
use rumqttc::v5::mqttbytes::QoS;
use serde_json::{Value, json};
use std::sync::Arc;

/// Turns of each contestant; the first is not counted.
const TURNS: usize = 7;
/// Calls of a turn, one after another.
const CALLS: usize = 4_000;
/// Calls of a turn with QoS 1, of which each takes some 40 ms.
const SLOW_CALLS: usize = 20;
/// Calls of a turn, many at once, and how many that is.
const MANY: (usize, usize) = (40_000, 64);

/// Somebody who can make calls.
#[derive(Clone)]
enum Caller {
    Bare(Arc<Bare>),
    Client(Platform, &'static str),
}

impl Caller {
    async fn call(&self, params: &Value) {
        let result = match self {
            Self::Bare(bare) => bare.call("bare", params).await,
            Self::Client(client, service) => client.call(service, "echo", params).await.unwrap(),
        };
        assert_eq!(&result, params);
    }

    /// Latencies of calls one after another, in microseconds.
    async fn one_by_one(&self, calls: usize) -> Vec<u64> {
        let mut took = Vec::with_capacity(calls);
        for number in 0..calls {
            let params = params(number);
            let watch = Stopwatch::start();
            self.call(&params).await;
            took.push(watch.elapsed().micros());
        }
        took
    }

    /// Calls a second, with so many at once.
    async fn many(&self, (calls, at_once): (usize, usize)) -> f64 {
        let watch = Stopwatch::start();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..at_once {
            let caller = self.clone();
            tasks.spawn(async move {
                for number in 0..calls / at_once {
                    caller.call(&params(task * calls + number)).await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        calls as f64 / watch.elapsed().as_secs_f64()
    }
}

/// Parameters of about the size of a real call's.
fn params(number: usize) -> Value {
    json!({"id": number, "email": "ana@example.org", "name": "Ana", "tags": ["a", "b"]})
}

fn percentile(sorted: &[u64], share: f64) -> u64 {
    sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // The default of 1 000 would drop what 64 callers never have on their way anyway.
    let mosquitto = Mosquitto::with(&Setup::default());
    let port = mosquitto.port();
    let _responder = Responder::start(port, QoS::AtMostOnce).await;
    let echo = |_, params: Value| async move { Ok(params) };
    let endpoint = Endpoint::new("127.0.0.1", port, "helper");
    let helper = Service::builder("helper").method("echo", echo).serve(&endpoint).unwrap();
    helper.ready().await.unwrap();
    let _lookout = all_is_well(port).await;
    let client = Platform::connect(Options::new("127.0.0.1", port, "s-client")).unwrap();
    client.ready().await.unwrap();
    while client.services().len() < 2 || !client.lookout() {
        tokio::task::yield_now().await;
    }

    let contestants = [
        ("rumqttc, bare", Caller::Bare(Arc::new(Bare::connect(port, QoS::AtMostOnce).await))),
        ("lookout::client", Caller::Client(client.clone(), "bare")),
        ("lookout::client, Service::serve", Caller::Client(client, "helper")),
    ];
    let mut latencies = [const { Vec::new() }; 3];
    let mut rates = [const { Vec::new() }; 3];
    for turn in 0..TURNS {
        for (at, (_, caller)) in contestants.iter().enumerate() {
            let took = caller.one_by_one(CALLS).await;
            let rate = caller.many(MANY).await;
            if turn > 0 {
                latencies[at].extend(took);
                rates[at].push(rate);
            }
        }
    }
    println!("one call after another, {CALLS} x {} calls each, microseconds", TURNS - 1);
    println!("{:32} {:>8} {:>8} {:>8} {:>9}", "", "p50", "p95", "p99", "p50 added");
    let mut first = None;
    for ((name, _), took) in contestants.iter().zip(&mut latencies) {
        took.sort_unstable();
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| percentile(took, share));
        let bare = *first.get_or_insert(p50);
        let added = (p50 as f64 / bare as f64 - 1.0) * 100.0;
        println!("{name:32} {p50:>8} {p95:>8} {p99:>8} {added:>+8.1}%");
    }
    println!("\n{} at once, calls a second", MANY.1);
    for ((name, _), rates) in contestants.iter().zip(&mut rates) {
        rates.sort_unstable_by(f64::total_cmp);
        println!("{name:32} {:>8.0}", rates[rates.len() / 2]);
    }
    with_qos_1(port).await;
}

/// Says in lookout's place that it is there and that both services are healthy, so that each call
/// is weighed as it is in the field.
async fn all_is_well(port: u16) -> Link {
    let endpoint = Endpoint::new("127.0.0.1", port, "teller");
    let link = Link::open(&endpoint, Filters::default(), |_: &_, _| {});
    link.ready().await.unwrap();
    let say = async |topic: &str, document: Value| {
        let topic = format!("system/default/{topic}");
        link.publisher().retain(&topic, document.to_string().into_bytes()).await.unwrap();
    };
    say("observer/x", json!({"online": true, "timestamp": 0})).await;
    for service in ["bare", "helper"] {
        let verdict = json!({"type": "service_verdict", "service": service, "verdict": "healthy",
            "since": "2026-01-15T10:30:00.000Z", "timestamp": "2026-01-15T10:30:00.000Z"});
        say(&format!("services/{service}"), verdict).await;
    }
    link
}

/// Why QoS 0 is the default.
async fn with_qos_1(port: u16) {
    let _responder = Responder::start(port, QoS::AtLeastOnce).await;
    let caller = Caller::Bare(Arc::new(Bare::connect(port, QoS::AtLeastOnce).await));
    caller.one_by_one(SLOW_CALLS).await;
    let mut took = caller.one_by_one(SLOW_CALLS).await;
    took.sort_unstable();
    println!(
        "\nrumqttc, bare, QoS 1, Mosquitto's defaults: p50 {} microseconds",
        percentile(&took, 0.5)
    );
}
