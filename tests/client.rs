//! The client against a real broker: every way in which a call can end.
#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::client::{CallError, Client, Endpoint, Heard, Link, LinkState, Options, Publisher};
use lookout::demo::broker::Broker;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longer than anything here takes; only a hang gets there.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a test on a runtime of its own and ends it if it hangs.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await.expect("hangs") });
}

/// A service that answers in the way that the method's name asks for, and passes on each call.
async fn service(broker: SocketAddr) -> (Link, mpsc::UnboundedReceiver<Value>) {
    let endpoint = Endpoint::new(broker.ip().to_string(), broker.port(), "service");
    let (tell, calls) = mpsc::unbounded_channel();
    let hook = move |publisher: &Publisher, heard| {
        let Heard::Message { payload, .. } = heard else { return };
        let call: Value = serde_json::from_slice(&payload).unwrap();
        let id = &call["id"];
        let answer = match call["method"].as_str().unwrap() {
            "ok" => json!({"jsonrpc": "2.0", "id": id, "result": call["params"]}),
            "large" => json!({"id": id, "result": "x".repeat(100_000)}),
            "reject" => json!({"id": id, "error": {"code": -32001, "message": "bad"}}),
            "fail" => json!({"id": id, "error": {"code": -32603, "message": "oh"}}),
            "garbage" => json!({"id": id}),
            _ => Value::Null,
        };
        let topic = call["replyTo"].as_str().unwrap().to_owned();
        let _ = tell.send(call);
        let publisher = publisher.clone();
        if !answer.is_null() {
            tokio::spawn(async move {
                publisher.publish(&topic, answer.to_string().into_bytes()).await.unwrap();
            });
        }
    };
    let link = Link::open(&endpoint, vec!["service/Test".to_owned()], hook);
    link.ready().await.unwrap();
    (link, calls)
}

fn client(broker: SocketAddr, session: &str, timeout: Duration) -> Client {
    let mut options = Options::new(broker.ip().to_string(), broker.port(), session);
    options.timeout = timeout;
    Client::open(options)
}

#[test]
fn every_answer_ends_its_call() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let (_service, mut calls) = service(broker.address()).await;
        let client = client(broker.address(), "s-1", DEADLINE);

        let result = client.call("Test", "ok", &json!({"a": [1, 2]})).await.unwrap();
        assert_eq!(result.get(), r#"{"a":[1,2]}"#);
        let call = calls.recv().await.unwrap();
        assert_eq!(call["replyTo"], "session/s-1/response");
        assert_eq!(call["sessionId"], "s-1");
        assert!(call["correlationId"].is_string());

        // Ten times what the MQTT library accepts by default.
        let large = client.call("Test", "large", &()).await.unwrap();
        assert_eq!(large.get().len(), 100_002);
        match client.call("Test", "reject", &()).await {
            Err(CallError::Rejected(fault)) => assert_eq!(fault.code, Some(-32001)),
            other => panic!("{other:?}"),
        }
        match client.call("Test", "fail", &()).await {
            Err(CallError::Failed(fault)) => assert_eq!(fault.message, "oh"),
            other => panic!("{other:?}"),
        }
        let garbage = client.call("Test", "garbage", &()).await;
        assert!(matches!(garbage, Err(CallError::Malformed(_))), "{garbage:?}");
        assert_eq!(client.open_calls(), 0);
        client.close().await;
    });
}

#[test]
fn many_calls_at_once_get_their_own_answers() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let (_service, _calls) = service(broker.address()).await;
        // The same small numbers are ids in both sessions.
        let one = client(broker.address(), "s-1", DEADLINE);
        let two = client(broker.address(), "s-2", DEADLINE);
        let mut waiting = Vec::new();
        for number in 0..300 {
            let client = if number % 2 == 0 { &one } else { &two };
            waiting.push(async move {
                let result = client.call("Test", "ok", &number).await.unwrap();
                assert_eq!(result.get(), number.to_string());
            });
        }
        join(waiting).await;
        assert_eq!(one.open_calls() + two.open_calls(), 0);
        assert_eq!(one.strays() + two.strays(), 0);
    });
}

/// Waits for all futures, side by side.
async fn join<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut futures: Vec<_> = futures.into_iter().map(|one| Some(Box::pin(one))).collect();
    std::future::poll_fn(|context| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|one| one.as_mut().poll(context).is_ready()) {
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[test]
fn a_call_without_an_answer_ends_in_time() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let (_service, mut calls) = service(broker.address()).await;
        let client = client(broker.address(), "s-1", Duration::from_millis(300));
        client.ready().await.unwrap();
        let silent = client.call("Test", "silent", &()).await;
        assert!(matches!(silent, Err(CallError::Timeout(_))), "{silent:?}");
        assert!(calls.recv().await.is_some());
        assert_eq!(client.open_calls(), 0);

        let nobody = client.call("Nobody", "ok", &()).await;
        assert!(matches!(nobody, Err(CallError::Timeout(_))), "{nobody:?}");
        for name in ["", "a/#", "+"] {
            let bad = client.call(name, "ok", &()).await;
            assert!(matches!(bad, Err(CallError::Unsendable(_))), "{bad:?}");
        }
    });
}

#[test]
fn a_caller_that_stops_waiting_leaves_nothing_behind() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let (_service, mut calls) = service(broker.address()).await;
        let client = client(broker.address(), "s-1", DEADLINE);
        tokio::select! {
            other = client.call("Test", "silent", &()) => panic!("{other:?}"),
            call = calls.recv() => assert!(call.is_some()),
        }
        assert_eq!(client.open_calls(), 0);
    });
}

#[test]
fn a_client_returns_after_its_broker_did() {
    run(async {
        let broker = Broker::start(0).await.unwrap();
        let address = broker.address();
        let (service, mut calls) = service(address).await;
        let client = client(address, "s-1", DEADLINE);
        client.call("Test", "ok", &1).await.unwrap();

        // A call that is open when the broker goes ends at once, not at its time limit.
        let stopping = async {
            while calls.recv().await.unwrap()["method"] != "silent" {}
            broker.stop().await;
        };
        let (open, ()) = tokio::join!(client.call("Test", "silent", &()), stopping);
        assert!(matches!(open, Err(CallError::Disconnected)), "{open:?}");
        assert_eq!(client.state(), LinkState::Down);

        // Without a broker, a call waits for one as long as it may.
        let short = self::client(address, "s-2", Duration::from_millis(200));
        let nobody = short.call("Test", "ok", &2).await;
        assert!(matches!(nobody, Err(CallError::Disconnected)), "{nobody:?}");

        // The new broker knows nothing of the old one's sessions.
        let _broker = Broker::start(address.port()).await.unwrap();
        service.ready().await.unwrap();
        let again = client.call("Test", "ok", &3).await.unwrap();
        assert_eq!(again.get(), "3");
    });
}
