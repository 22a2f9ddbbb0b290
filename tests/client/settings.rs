//! Settings that callers may change: each does what it says.

use crate::advice::{call, scene_in, until};
use crate::kit::{Hand, VERSIONS, options, platform};
use crate::line::{Line, Message, Trouble, Version, soon};
use crate::mosquitto::{Mosquitto, Setup};
use lookout::client::{
    CallError, CircuitState, Delivery, Login, Options, Platform, Service, Source,
};
use serde_json::{Value, json};
use std::time::Duration;

async fn changed(
    broker: (Version, u16),
    session: &str,
    change: impl FnOnce(&mut Options),
) -> Platform {
    let mut options = options(broker, session);
    change(&mut options);
    platform(options).await
}

#[tokio::test]
async fn who_does_not_listen_counts_alone_and_as_far_as_it_was_told() {
    let (_mosquitto, broker, mut hand, teller) = scene_in(Version::V5).await;
    let listens = changed(broker, "s-1", |_| {}).await;
    let alone = changed(broker, "s-2", |it| (it.listen, it.own_timeouts) = (false, 1)).await;
    teller.circuit("Test", "open", json!({"retryAfter": teller.time(20)}));
    until("circuit", || listens.service("Test").circuit == CircuitState::Open).await;
    assert_eq!(call(&alone).await.unwrap(), 7);
    assert!(!alone.lookout());

    let silent = alone.request("Test", "silent").deadline(Duration::from_millis(30));
    assert!(matches!(silent.send::<Value>().await, Err(CallError::Timeout(_))));
    hand.waiting();
    match call(&alone).await {
        Err(CallError::CircuitOpen(away)) => assert_eq!(away.source, Source::Own),
        other => panic!("{other:?}"),
    }
    assert_eq!(hand.waiting(), 0);
}

#[tokio::test]
async fn without_a_topic_for_claims_each_client_has_its_own_few_at_once() {
    let (_mosquitto, broker, mut hand, teller) = scene_in(Version::V311).await;
    let mut clients = Vec::new();
    for session in ["s-1", "s-2"] {
        clients.push(changed(broker, session, |it| it.trial_topic = None).await);
    }
    teller.circuit("Test", "half_open", json!({"trialCalls": 2}));
    let half_open = |it: &Platform| it.service("Test").circuit == CircuitState::HalfOpen;
    until("circuit", || clients.iter().all(|it| it.lookout() && half_open(it))).await;
    for client in &clients {
        let outcomes = [call(client).await, call(client).await, call(client).await];
        assert!(matches!(outcomes, [Ok(7), Ok(7), Err(CallError::CircuitOpen(_))]), "{outcomes:?}");
    }
    assert_eq!(hand.waiting(), 4);
}

#[tokio::test]
async fn claims_go_where_the_options_say() {
    let (_mosquitto, broker, mut hand, teller) = scene_in(Version::V5).await;
    let there = |it: &mut Options| it.trial_topic = Some("elsewhere/{cluster}/t".to_owned());
    let one = changed(broker, "s-1", there).await;
    let other = changed(broker, "s-2", there).await;
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let hook = move |_: &_, claim: Message| drop(tell.send(claim.topic));
    let ear = Line::open(broker, "ear", "elsewhere/#", &Trouble::default(), hook);
    ear.ready().await;
    teller.circuit("Test", "half_open", json!({"trialCalls": 1}));
    for client in [&one, &other] {
        until("circuit", || client.service("Test").circuit == CircuitState::HalfOpen).await;
    }
    let outcomes = tokio::join!(call(&one), call(&other));
    assert_eq!(usize::from(outcomes.0.is_ok()) + usize::from(outcomes.1.is_ok()), 1);
    assert_eq!(hand.waiting(), 1);
    assert_eq!(soon("claim", heard.recv()).await.unwrap(), "elsewhere/test/t/Test");
}

#[tokio::test]
async fn both_ends_log_in_and_speak_qos_1_where_they_are_told_to() {
    let users = &[("ann", "right")];
    // Without this QoS 1 is slow; see `Delivery`.
    let lines = "set_tcp_nodelay true";
    let mosquitto = Mosquitto::with(&Setup { users, lines, ..Setup::default() });
    let login = |user: &str, password: &str| {
        Some(Login { user: user.to_owned(), password: password.to_owned() })
    };
    for version in VERSIONS {
        let broker = (version, mosquitto.port());
        let mut endpoint = options(broker, "service").endpoint;
        endpoint.login = login("ann", "right");
        endpoint.delivery = Delivery::AtLeastOnce;
        let service = Service::builder("Test").method("echo", |_, it: u32| async move { Ok(it) });
        let service = service.serve(&endpoint).unwrap();
        soon("service", service.ready()).await.unwrap();
        let client = changed(broker, "s-1", |it| {
            it.endpoint.login = login("ann", "right");
            it.endpoint.delivery = Delivery::AtLeastOnce;
        })
        .await;
        assert_eq!(client.call::<u32>("Test", "echo", &7).await.unwrap(), 7);

        let mut wrong = options(broker, "s-2");
        wrong.endpoint.login = login("ann", "wrong");
        wrong.link_wait = Duration::from_millis(500);
        let stranger = Platform::connect(wrong).unwrap();
        let refused = stranger.call::<u32>("Test", "echo", &7).await;
        assert!(matches!(refused, Err(CallError::LinkDown { sent: false })), "{refused:?}");
        let problem = stranger.problem().unwrap();
        assert!(!problem.contains("wrong"), "{problem}");
    }
}

#[tokio::test]
async fn a_packet_larger_than_is_accepted_does_not_reach_its_caller() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let _service = Hand::start(broker, "Test").await;
    let client = changed(broker, "s-1", |it| it.endpoint.max_packet = 100_000).await;
    let large = client.request("Test", "large").deadline(Duration::from_millis(500));
    large.send::<String>().await.unwrap_err();
    // Whatever the broker did with it, the client is there.
    soon("link", client.ready()).await.unwrap();
    let again = client.call::<u32>("Test", "ok", &7).await;
    assert_eq!(again.unwrap(), 7);
}
