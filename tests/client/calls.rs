//! Calls: what is sent, and every way in which one can end.

use crate::kit::{Hand, VERSIONS, options, platform, to};
use crate::line::{Message, Version, soon};
use crate::mosquitto::{Mosquitto, Setup};
use lookout::client::{CallError, Endpoint, LinkState, Options, Platform, Service};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

#[tokio::test]
async fn every_answer_ends_its_call() {
    let mosquitto = Mosquitto::start();
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let mut service = Hand::start(broker, "Test").await;
        let client = platform(options(broker, "s-1")).await;

        let result: Value = client.call("Test", "ok", &json!({"a": [1, 2]})).await.unwrap();
        assert_eq!(result, json!({"a": [1, 2]}));
        // Fifty times what the MQTT library accepts by default.
        let large: String = client.call("Test", "large", &()).await.unwrap();
        assert_eq!(large.len(), 500_000);
        match client.call::<Value>("Test", "reject", &()).await {
            Err(CallError::Validation { fields, .. }) => assert_eq!(fields[0].field, "email"),
            other => panic!("{other:?}"),
        }
        match client.call::<Value>("Test", "fail", &()).await {
            Err(CallError::Failed(fault)) => assert_eq!(fault.message, "oh"),
            other => panic!("{other:?}"),
        }
        let garbage = client.call::<Value>("Test", "garbage", &()).await;
        assert!(matches!(garbage, Err(CallError::Malformed(_))), "{garbage:?}");
        let other = client.call::<u32>("Test", "ok", &"text").await;
        assert!(matches!(other, Err(CallError::Malformed(_))), "{other:?}");
        let mut made = 6;
        if version == Version::V5 {
            // An answer without an id belongs to the call of its Correlation Data.
            match client.call::<Value>("Test", "nameless", &()).await {
                Err(CallError::Rejected(fault)) => assert_eq!(fault.code, Some(-32700)),
                other => panic!("{other:?}"),
            }
            made += 1;
        }
        for name in ["", "a/#", "+"] {
            let bad = client.call::<Value>(name, "ok", &()).await;
            assert!(matches!(bad, Err(CallError::Unsendable(_))), "{bad:?}");
        }
        assert_eq!((client.open_calls(), client.strays()), (0, 0));
        assert_eq!(service.waiting(), made);
        client.close().await;
    }
}

#[tokio::test]
async fn a_call_carries_what_the_platform_and_the_broker_expect() {
    let mosquitto = Mosquitto::start();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let mut service = Hand::start(broker, "Test").await;
        let client = platform(options(broker, "s-1")).await;
        let request = client.request("Test", "ok").params(&7).traceparent(trace).user("u-12");
        let request = request.correlation_id("order-9").deadline(Duration::from_millis(8_500));
        assert_eq!(request.send::<u32>().await.unwrap().value, 7);

        let (message, body) = service.call().await;
        let mut expected = json!({
            "jsonrpc": "2.0", "id": body["id"], "method": "ok", "params": 7,
            "replyTo": "session/s-1/response", "correlationId": "order-9", "sessionId": "s-1",
            "userContext": {"userId": "u-12"},
        });
        if version == Version::V311 {
            expected["traceparent"] = trace.into();
        } else {
            assert_eq!(message.response_topic.as_deref(), Some("session/s-1/response"));
            assert_eq!(message.correlation.unwrap(), body["id"].to_string());
            assert_eq!(message.expiry, Some(9), "rounded up");
            assert_eq!(message.properties, [("traceparent".to_owned(), trace.to_owned())]);
        }
        assert_eq!(body, expected);

        // Without a deadline of its own a call does not expire, and begins a trace of its own.
        let _: u32 = client.call("Test", "ok", &7).await.unwrap();
        let (message, body) = service.call().await;
        assert_eq!(message.expiry, None);
        let own = message.properties.first().map(|(_, value)| value.clone());
        let own = own.or_else(|| body["traceparent"].as_str().map(str::to_owned)).unwrap();
        assert!(own.len() == 55 && own != trace, "{own}");
        // Nobody else records the span that it names.
        let state = message.properties.get(1).map(|(name, value)| format!("{name}: {value}"));
        let state = state.or_else(|| Some(format!("tracestate: {}", body["tracestate"].as_str()?)));
        assert_eq!(state.as_deref(), Some("tracestate: lookout=begun"));
        client.close().await;
    }
}

#[tokio::test]
async fn wrong_late_duplicate_and_foreign_answers_are_nobodys() {
    let mosquitto = Mosquitto::start();
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let mut service = Hand::start(broker, "Test").await;
        let client = platform(options(broker, "s-1")).await;

        let result: u32 = client.call("Test", "foreign", &1).await.unwrap();
        assert_eq!(result, 1);
        let strays = 5;
        assert_eq!(client.strays(), strays);
        let result: u32 = client.call("Test", "twice", &2).await.unwrap();
        assert_eq!(result, 2);

        // Late: the call ended before its answer.
        service.waiting();
        let short = client.request("Test", "silent").deadline(Duration::from_millis(50));
        let silent = short.send::<Value>().await;
        assert!(matches!(silent, Err(CallError::Timeout(_))), "{silent:?}");
        let (message, body) = service.call().await;
        service.answer(&message, &json!({"id": body["id"], "result": "late"}));
        // Whatever comes on the topic is heard in order.
        let _: u32 = client.call("Test", "ok", &3).await.unwrap();
        assert_eq!(client.strays(), strays + 2);

        if version == Version::V5 {
            // The right id with somebody else's Correlation Data.
            service.waiting();
            let answer = async {
                let (message, body) = service.call().await;
                let wrong = json!({"id": body["id"], "result": "wrong"}).to_string();
                let wrong = Message { correlation: Some("7".into()), ..to(&message, wrong) };
                assert!(service.line.post().send(wrong));
                service.answer(&message, &json!({"id": body["id"], "result": "right"}));
            };
            let call = client.call::<Value>("Test", "silent", &4);
            let (result, ()) = tokio::join!(call, answer);
            assert_eq!(result.unwrap(), "right");
        }
        client.close().await;
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_nothing_behind() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let mut service = Hand::start(broker, "Test").await;
    let client = platform(options(broker, "s-1")).await;
    tokio::select! {
        other = client.call::<Value>("Test", "silent", &()) => panic!("{other:?}"),
        _ = service.call() => {}
    }
    assert_eq!(client.open_calls(), 0);
}

#[tokio::test]
async fn no_more_calls_are_open_than_may_be() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let mut service = Hand::start(broker, "Test").await;
    let mut few = options(broker, "s-1");
    few.max_open = 1;
    let client = platform(few).await;
    tokio::select! {
        other = client.call::<Value>("Test", "silent", &()) => panic!("{other:?}"),
        second = async {
            service.call().await;
            client.call::<Value>("Test", "ok", &()).await
        } => assert!(matches!(second, Err(CallError::Overloaded(1))), "{second:?}"),
    }
    let _: Value = client.call("Test", "ok", &()).await.unwrap();
}

#[tokio::test]
async fn ten_thousand_calls_at_once_get_their_own_answers() {
    // Mosquitto drops what waits for one subscriber beyond this.
    let lines = "max_queued_messages 20000";
    let mosquitto = Mosquitto::with(&Setup { lines, ..Setup::default() });
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        // Nobody is answered before all have asked, so that all are open at once.
        let all = Arc::new(Barrier::new(10_000));
        let echo = move |_, number: u64| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                Ok(number)
            }
        };
        let service = Service::builder("Echo").most(20_000).method("echo", echo);
        let service = service.serve(&options(broker, "service-echo").endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        // The same small numbers are parameters in both sessions.
        let clients =
            [platform(options(broker, "s-1")).await, platform(options(broker, "s-2")).await];
        let mut calls = JoinSet::new();
        for number in 0..10_000_u64 {
            let client: Platform = clients[usize::from(number % 2 == 1)].clone();
            calls.spawn(async move {
                let answer: u64 = client.call("Echo", "echo", &number).await.unwrap();
                assert_eq!(answer, number);
            });
        }
        while let Some(done) = soon("answers", calls.join_next()).await {
            done.unwrap();
        }
        for client in &clients {
            assert_eq!((client.open_calls(), client.strays()), (0, 0));
        }
        service.close().await;
    }
}

#[tokio::test]
async fn a_link_that_breaks_in_mid_call_ends_it_at_once_and_nothing_is_sent_twice() {
    for version in VERSIONS {
        let mut mosquitto = Mosquitto::start();
        let broker = (version, mosquitto.port());
        let mut service = Hand::start(broker, "Test").await;
        let client = platform(options(broker, "s-1")).await;

        let (open, ()) = tokio::join!(client.call::<Value>("Test", "silent", &1), async {
            service.call().await;
            mosquitto.kill();
        });
        assert!(matches!(open, Err(CallError::LinkDown { sent: true })), "{open:?}");
        assert_eq!((client.link(), client.open_calls()), (LinkState::Down, 0));

        // Without a broker, a call waits as long as it may, and is never sent later.
        let mut hasty = options(broker, "s-2");
        hasty.link_wait = Duration::from_millis(200);
        let hasty = Platform::connect(hasty).unwrap();
        let nobody = hasty.call::<Value>("Test", "ok", &2).await;
        assert!(matches!(nobody, Err(CallError::LinkDown { sent: false })), "{nobody:?}");
        soon("a reason", async {
            while hasty.problem().is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;

        // The new broker knows nothing of the old one's sessions; the service may be back later than
        // the caller, so that some calls are lost.
        mosquitto.restart();
        soon("an answer", async {
            let deadline = Duration::from_millis(300);
            let again = || client.request("Test", "ok").params(&3).deadline(deadline).send::<u32>();
            while again().await.is_err() {}
        })
        .await;
        let last: u32 = client.call("Test", "ok", &4).await.unwrap();
        assert_eq!(last, 4);
        let mut seen = Vec::new();
        while let Ok(message) = service.calls.try_recv() {
            let body: Value = serde_json::from_slice(&message.payload).unwrap();
            seen.push(body["params"].as_u64().unwrap());
        }
        assert!(!seen.contains(&1) && !seen.contains(&2), "{seen:?}");
    }
}

#[tokio::test]
async fn options_that_cannot_be_meant_are_refused_with_their_names() {
    let options = |change: fn(&mut Options)| {
        let mut options = options((Version::V5, 1), "s-1");
        change(&mut options);
        Platform::connect(options).map(|_| ()).unwrap_err().to_string()
    };
    type Change = fn(&mut Options);
    let cases: [(&str, Change); 6] = [
        ("`session`", |it| it.session = "a/#".to_owned()),
        ("`session`", |it| it.session = String::new()),
        ("`cluster`", |it| it.cluster = "a+b".to_owned()),
        ("`trial_topic`", |it| it.trial_topic = Some("trials/#".to_owned())),
        ("`trial_every`", |it| it.trial_every = Duration::ZERO),
        ("`endpoint.host`", |it| it.endpoint.host = String::new()),
    ];
    for (name, change) in cases {
        let error = options(change);
        assert!(error.contains(name), "{name}: {error}");
    }
    for name in ["", "a/#", "+"] {
        let error = Service::builder(name).serve(&Endpoint::new("localhost", 1, "x")).unwrap_err();
        assert!(error.to_string().contains("name of the service"), "{error}");
    }
}
