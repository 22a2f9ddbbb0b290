//! A broker that does not let a caller hear everything: played, as Mosquitto grants what it then does
//! not deliver.

use crate::advice::until;
use crate::fake_broker::FakeBroker;
use crate::kit::options;
use crate::line::{Version, soon};
use lookout::client::{CallError, CircuitState, Delivery, LinkState, Platform};
use lookout::config::Protocol;

const WAYS: [(Version, Protocol, u8); 2] =
    [(Version::V5, Protocol::V5, 0x87), (Version::V311, Protocol::V311, 0x80)];

#[tokio::test]
async fn who_may_not_listen_to_lookout_can_call_all_the_same() {
    for (version, protocol, no) in WAYS {
        let broker = FakeBroker::start(protocol).await;
        let client = Platform::connect(options((version, broker.port()), "s-1")).unwrap();
        let mut connection = soon("connection", broker.accept()).await;
        let wanted = soon("wanted", connection.answer_listener(&[no; 7])).await;
        assert!(wanted.iter().all(|it| it.starts_with("system/test/") || it == "trials/test/#"));
        assert_eq!(wanted.len(), 7);
        assert_eq!(client.link(), LinkState::Down, "not before answers can be heard");
        let needed = soon("needed", connection.answer_listener(&[0])).await;
        assert_eq!(needed, ["session/s-1/response"]);
        soon("link", client.ready()).await.unwrap();
        assert!(!client.lookout() && client.strategy("Test").is_normal());
    }
}

#[tokio::test]
async fn who_may_not_hear_its_answers_is_told_which_topic() {
    for (version, protocol, no) in WAYS {
        let broker = FakeBroker::start(protocol).await;
        let client = Platform::connect(options((version, broker.port()), "s-1")).unwrap();
        let mut connection = soon("connection", broker.accept()).await;
        soon("wanted", connection.answer_listener(&[0; 7])).await;
        soon("needed", connection.answer_listener(&[no])).await;
        let refused = soon("refusal", client.call::<u32>("Test", "ok", &7)).await;
        let Err(CallError::Refused(topic)) = refused else { panic!("{refused:?}") };
        assert_eq!(topic, "session/s-1/response");
    }
}

#[tokio::test]
async fn who_may_not_hear_claims_makes_none() {
    let broker = FakeBroker::start(Protocol::V311).await;
    let mut options = options((Version::V311, broker.port()), "s-1");
    // The played broker reads publications of QoS 1.
    options.endpoint.delivery = Delivery::AtLeastOnce;
    let client = Platform::connect(options).unwrap();
    let mut connection = soon("connection", broker.accept()).await;
    soon("wanted", connection.answer_listener(&[0, 0, 0, 0, 0, 0, 0x80])).await;
    soon("needed", connection.answer_listener(&[1])).await;
    soon("link", client.ready()).await.unwrap();
    let half_open = r#"{"type":"circuit_breaker","service":"Test","state":"half_open","trialCalls":1,"timestamp":"2026-01-15T10:30:00.000Z"}"#;
    for (topic, payload) in [
        ("system/test/observer/x", r#"{"online":true}"#),
        ("system/test/circuit-breaker", half_open),
    ] {
        let length = 2 + topic.len() + payload.len();
        let head = [0x30, (length % 128) as u8 | 0x80, (length / 128) as u8];
        let body = [&[0, topic.len() as u8], topic.as_bytes(), payload.as_bytes()].concat();
        connection.write(&[&head[..], &body].concat()).await;
    }
    until("circuit", || client.service("Test").circuit == CircuitState::HalfOpen).await;
    tokio::select! {
        other = client.call::<u32>("Test", "ok", &7) => panic!("{other:?}"),
        first = soon("the call", connection.published()) => assert_eq!(first.topic, "service/Test"),
    }
}
