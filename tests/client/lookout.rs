//! The whole thing: a real Mosquitto, `lookout run`, a service that dies and returns, callers with
//! and without manners.

use crate::advice::until;
use crate::kit::{options, platform};
use crate::line::{Version, soon};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use lookout::client::{CallError, CircuitState, Platform, Service, Source, Verdict};
use lookout::clock::Stopwatch;
use lookout::observer::Span;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Spans of some seconds where the defaults are longer, in their order.
fn config(port: u16) -> String {
    format!(
        r#"
cluster = "test"
id = "lookout-client"

[broker]
url = "mqtt://127.0.0.1:{port}"

[http]
listen = "127.0.0.1:0"

[patience]
initial = "1s"
min = "1s"

[verdict]
min_silence = "2s"
clear_after = "2s"

[circuit]
min_silence = "4s"
open_timeout = "4s"

[doubt]
after = "1s"
"#
    )
}

/// A service whose answers can be held back.
struct Billing {
    _service: Service,
    calls: Arc<AtomicUsize>,
    answers: Arc<Semaphore>,
}

impl Billing {
    async fn start(broker: (Version, u16)) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let answers = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let (count, door) = (Arc::clone(&calls), Arc::clone(&answers));
        let service = Service::builder("Billing").method("charge", move |_, amount: u32| {
            count.fetch_add(1, Ordering::SeqCst);
            let door = Arc::clone(&door);
            async move {
                let _passed = door.acquire().await;
                Ok(amount)
            }
        });
        let service = service.serve(&options(broker, "service-billing").endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        Self { _service: service, calls, answers }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn charge(client: &Platform) -> Result<u32, CallError> {
    client.call("Billing", "charge", &7).await
}

/// A caller that obeys, and tries a service that is away each second.
async fn careful(broker: (Version, u16), session: &str) -> Platform {
    let mut options = options(broker, session);
    options.trial_every = Duration::from_secs(1);
    let client = platform(options).await;
    until("lookout", || client.lookout()).await;
    client
}

/// Makes calls that nobody answers, one in 200 ms, as callers do who know nothing of lookout.
fn knock(client: &Platform) -> JoinSet<()> {
    let client = client.clone();
    let mut knocking = JoinSet::new();
    knocking.spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        let mut open = JoinSet::new();
        loop {
            pace.tick().await;
            let client = client.clone();
            open.spawn(async move { charge(&client).await.map(drop) });
        }
    });
    knocking
}

/// Calls until lookout knows the service, and how long its answers take.
async fn warm_up(client: &Platform) {
    soon("health", async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        let mut calls = 0;
        while calls < 30 || client.service("Billing").verdict != Verdict::Healthy {
            pace.tick().await;
            assert_eq!(charge(client).await.unwrap(), 7);
            calls += 1;
        }
    })
    .await;
}

/// The best of three counts, as a busy machine may stop anybody for a while.
async fn fast_refusal(client: &Platform) -> CallError {
    let mut took = Vec::new();
    loop {
        let watch = Stopwatch::start();
        let error = charge(client).await.unwrap_err();
        took.push(watch.elapsed());
        // The other way to learn it is to wait for as long as a call may take: here a minute.
        if took.last().is_some_and(|it| *it < Span::from_millis(50)) {
            return error;
        }
        assert!(took.len() < 3, "{took:?}: {error}");
    }
}

#[tokio::test]
async fn a_service_that_dies_costs_callers_milliseconds_and_its_return_is_noticed() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let lookout = Lookout::start(&config(mosquitto.port())).await;
    let billing = Billing::start(broker).await;
    let client = careful(broker, "s-1").await;
    warm_up(&client).await;

    drop(billing);
    let knocking = knock(&client);
    until("verdict", || client.service("Billing").verdict == Verdict::Unavailable).await;
    drop(knocking);
    let error = fast_refusal(&client).await;
    let (CallError::Unavailable(away) | CallError::CircuitOpen(away)) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((&*away.reason, away.source), ("not_responding", Source::Lookout));
    assert!(away.retry_after.is_some() && away.incident.is_some(), "{away:?}");
    assert!(client.strategy("Billing").prefer_cache);

    // It is back: trial calls find that out, though nobody calls it otherwise.
    let billing = Billing::start(broker).await;
    soon("recovery", async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while client.service("Billing").verdict != Verdict::Healthy {
            pace.tick().await;
            match charge(&client).await {
                Ok(_) | Err(CallError::Unavailable(_) | CallError::CircuitOpen(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    })
    .await;
    assert!(client.strategy("Billing").is_normal());
    assert_eq!(charge(&client).await.unwrap(), 7);

    // lookout itself is killed: its will says so, and the caller goes on alone.
    lookout.kill();
    until("absence", || !client.lookout()).await;
    assert_eq!(charge(&client).await.unwrap(), 7);
    drop(billing);
    for _ in 0..3 {
        let lost =
            client.request("Billing", "charge").params(&7).deadline(Duration::from_millis(50));
        let lost = lost.send::<Value>().await;
        assert!(matches!(lost, Err(CallError::Timeout(_))), "{lost:?}");
    }
    let error = fast_refusal(&client).await;
    let CallError::CircuitOpen(away) = &error else { panic!("{error:?}") };
    assert_eq!((&*away.reason, away.source), ("consecutive_timeouts", Source::Own));
}

#[tokio::test]
async fn a_circuit_opens_is_obeyed_tried_by_three_of_many_and_closes() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let _lookout = Lookout::start(&config(mosquitto.port())).await;
    let billing = Billing::start(broker).await;
    let mut clients = Vec::new();
    for number in 0..10 {
        let mut options = options(broker, &format!("s-{number}"));
        // Longer than the circuit is half-open here: its calls are one round.
        options.trial_every = Duration::from_secs(60);
        clients.push(platform(options).await);
    }
    let mut careless = options(broker, "s-careless");
    careless.fail_fast = false;
    let careless = platform(careless).await;
    until("lookout", || clients.iter().all(Platform::lookout)).await;
    warm_up(&careless).await;
    drop(billing);
    let knocking = knock(&careless);
    let all = |state| move |client: &Platform| client.service("Billing").circuit == state;
    until("open", || clients.iter().all(all(CircuitState::Open))).await;
    drop(knocking);
    let error = fast_refusal(&clients[0]).await;
    let CallError::CircuitOpen(away) = &error else { panic!("{error:?}") };
    assert!(away.retry_after.is_some_and(|it| it <= Duration::from_secs(5)), "{away:?}");

    // Back again, but each answer has to wait until everybody has asked.
    let billing = Billing::start(broker).await;
    billing.answers.forget_permits(Semaphore::MAX_PERMITS);
    until("half-open", || clients.iter().all(all(CircuitState::HalfOpen))).await;
    let mut calls = JoinSet::new();
    for client in clients.iter().cycle().take(40) {
        let client = client.clone();
        calls.spawn(async move { charge(&client).await });
    }
    for _ in 0..37 {
        let refused = soon("refusal", calls.join_next()).await.unwrap().unwrap();
        assert!(matches!(refused, Err(CallError::CircuitOpen(_))), "{refused:?}");
    }
    until("three calls", || billing.calls() == 3).await;
    billing.answers.add_permits(1_000);
    while let Some(answer) = soon("answer", calls.join_next()).await {
        assert_eq!(answer.unwrap().unwrap(), 7);
    }
    assert_eq!(billing.calls(), 3);
    until("closed", || clients.iter().all(all(CircuitState::Closed))).await;
    for client in &clients {
        assert_eq!(charge(client).await.unwrap(), 7);
    }
}
