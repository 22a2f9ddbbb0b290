//! Calls that are made again, and what there is instead of an answer.

use crate::kit::{Hand, options, platform, to};
use crate::line::{Line, Message, Post, Trouble, Version};
use crate::mosquitto::{Mosquitto, Setup};
use lookout::client::{Answer, Cache, CallError, CallKey, Options, Origin};
use lookout::clock::Stopwatch;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// Calls that fail together.
const CALLERS: u32 = 20;

/// Retries follow at once: how long they wait is the budget's own test.
fn quick(mut options: Options) -> Options {
    (options.retry.first, options.retry.most) =
        (Duration::from_micros(1), Duration::from_micros(1));
    options
}

/// A service that fails its first calls in the way of `failure`, then answers; counts the calls.
async fn moody(broker: (Version, u16), fail: u32, failure: Value) -> (Line, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let calls = Arc::clone(&count);
    let hook = move |post: &Post, call: Message| {
        let body: Value = serde_json::from_slice(&call.payload).unwrap();
        let answer = if calls.fetch_add(1, Ordering::SeqCst) < fail {
            json!({"id": body["id"], "error": failure})
        } else {
            json!({"id": body["id"], "result": "done"})
        };
        if !failure.is_null() || answer["result"] == "done" {
            assert!(post.send(to(&call, answer.to_string())));
        }
    };
    let line = Line::open(broker, "moody", "service/Moody", &Trouble::default(), hook);
    line.ready().await;
    (line, count)
}

#[tokio::test]
async fn only_idempotent_calls_are_made_again_and_only_where_it_may_help() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let failed = json!({"code": -32603, "message": "oh"});
    let late = json!({"code": -32007, "message": "late"});
    let away = json!({"code": -32503, "message": "later", "data": {"retryAfter": 0.001}});
    let rejected = json!({"code": -32001, "message": "bad"});
    for (failure, idempotent, calls, done) in [
        (&failed, true, 3, true),
        (&late, true, 3, true),
        (&away, true, 3, true),
        (&failed, false, 1, false),
        (&rejected, true, 1, false),
    ] {
        let (_service, count) = moody(broker, 2, failure.clone()).await;
        let client = platform(quick(options(broker, "s-1"))).await;
        let mut request = client.request("Moody", "work");
        if idempotent {
            request = request.idempotent();
        }
        let answer = request.send::<String>().await;
        assert_eq!(answer.is_ok(), done, "{failure}: {answer:?}");
        assert_eq!(count.load(Ordering::SeqCst), calls, "{failure} {idempotent}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_lost_call_is_made_again_within_its_deadline() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let (_service, count) = moody(broker, 1, Value::Null).await;
    let client = platform(quick(options(broker, "s-1"))).await;
    let deadline = Duration::from_millis(900);
    let request = client.request("Moody", "work").idempotent().deadline(deadline);
    assert_eq!(request.send::<String>().await.unwrap().value, "done");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn nobody_comes_back_sooner_than_asked_or_later_than_there_is_time() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let away = json!({"code": -32503, "message": "later", "data": {"retryAfter": 3600}});
    let (_service, count) = moody(broker, 1, away).await;
    let client = platform(quick(options(broker, "s-1"))).await;
    let refused = client.request("Moody", "work").idempotent().send::<String>().await;
    let error = refused.unwrap_err();
    assert!(matches!(error, CallError::Unavailable(_)), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn callers_who_failed_together_do_not_come_back_together() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let watch = Stopwatch::start();
    let (tell, mut returned) = tokio::sync::mpsc::unbounded_channel();
    let mut count = 0;
    let hook = move |post: &Post, call: Message| {
        let body: Value = serde_json::from_slice(&call.payload).unwrap();
        count += 1;
        if count > CALLERS {
            tell.send(watch.elapsed()).unwrap();
        }
        let failed = json!({"id": body["id"], "error": {"code": -32603}});
        assert!(post.send(to(&call, failed.to_string())));
    };
    let line = Line::open(broker, "moody", "service/Moody", &Trouble::default(), hook);
    line.ready().await;
    let mut all = options(broker, "s-1");
    let whole = Duration::from_millis(400);
    (all.retry.attempts, all.retry.saved, all.retry.first) = (2, CALLERS, whole);
    let client = platform(all).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        calls.spawn(
            async move { client.request("Moody", "work").idempotent().send::<Value>().await },
        );
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap_err();
    }
    let times: Vec<_> = std::iter::from_fn(|| returned.try_recv().ok()).collect();
    assert_eq!(times.len(), CALLERS as usize);
    // All over a quarter of the wait or less: for chance that is one in a thousand millions.
    let spread = times[times.len() - 1].micros() - times[0].micros();
    assert!(spread > 100_000, "{times:?}");
}

#[tokio::test]
async fn a_budget_bounds_what_retries_add() {
    // The service of the test speaks QoS 1, which is slow without this; see `Delivery`.
    let lines = "set_tcp_nodelay true";
    let mosquitto = Mosquitto::with(&Setup { lines, ..Setup::default() });
    let broker = (Version::V5, mosquitto.port());
    let (_service, count) = moody(broker, u32::MAX, json!({"code": -32603})).await;
    let client = platform(quick(options(broker, "s-1"))).await;
    for _ in 0..100 {
        client.request("Moody", "work").idempotent().send::<Value>().await.unwrap_err();
    }
    let calls = count.load(Ordering::SeqCst);
    // Ten that were saved up, and a tenth of the calls; 300 without a budget.
    assert!((110..=120).contains(&calls), "{calls}");
}

/// A cache that keeps everything.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<String, Box<RawValue>>>);

impl Shelf {
    fn name(key: CallKey<'_>) -> String {
        format!("{}.{}({})", key.service, key.method, key.params)
    }
}

impl Cache for Shelf {
    fn get(&self, key: CallKey<'_>) -> Option<Box<RawValue>> {
        self.0.lock().unwrap().get(&Self::name(key)).cloned()
    }

    fn put(&self, key: CallKey<'_>, result: &RawValue) {
        self.0.lock().unwrap().insert(Self::name(key), result.to_owned());
    }
}

#[tokio::test]
async fn an_older_answer_or_a_fallback_is_better_than_none() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let service = Hand::start(broker, "Test").await;
    let shelf = Arc::new(Shelf::default());
    let mut cached = quick(options(broker, "s-1"));
    cached.cache = Some(shelf.clone());
    let client = platform(cached).await;
    let ask = |number: u32| client.request("Test", "ok").params(&number);
    let answer = |value, origin| Answer { value, origin };

    assert_eq!(ask(1).idempotent().send().await.unwrap(), answer(1, Origin::Service));
    assert_eq!(ask(2).send().await.unwrap(), answer(2, Origin::Service));
    let kept: Vec<_> = shelf.0.lock().unwrap().keys().cloned().collect();
    assert_eq!(kept, ["Test.ok(1)"], "what may not be asked twice may have changed");

    drop(service);
    let soon = Duration::from_millis(50);
    let kept = ask(1).idempotent().deadline(soon).send().await.unwrap();
    assert_eq!(kept, answer(1, Origin::Cache));
    let fresh = ask(1).deadline(soon).send::<u32>().await;
    // Three attempts without an answer are enough for the caller's own circuit.
    assert!(matches!(fresh, Err(CallError::CircuitOpen(_))), "{fresh:?}");
    let instead = |error: &CallError| error.is_unreachable().then(|| json!(7));
    let other = ask(3).deadline(soon).fallback(instead).send().await.unwrap();
    assert_eq!(other, answer(7, Origin::Fallback));
    let wrong = ask(3).deadline(soon).fallback(|_| Some(json!("no number"))).send::<u32>().await;
    assert!(matches!(wrong, Err(CallError::Malformed(_))), "{wrong:?}");
}
