//! The session with the broker, against a real Mosquitto and, where a fault is wanted, against a
//! broker played by hand. Each test runs for MQTT 5 and for 3.1.1.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/fake_broker.rs"]
mod fake_broker;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "mqtt_session/overflow.rs"]
mod overflow;
#[path = "mqtt_session/replaced.rs"]
mod replaced;
#[path = "support/session.rs"]
mod session;

use fake_broker::FakeBroker;
use lookout::config::Protocol;
use lookout::mqtt::{Arrival, Plan};
use lookout::observer::input::Link;
use lookout::wire::Document;
use mosquitto::{Mosquitto, Setup};
use session::{PRESENCE, Peer, Running, event, log_in, plan};

const BOTH: [Protocol; 2] = [Protocol::V5, Protocol::V311];

#[tokio::test]
async fn messages_of_any_size_are_heard() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let mut running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.wait_up().await;
        let mut peer = Peer::connect(broker.port(), "peer", "nothing", false).await;
        for size in [0, 1, 20_000, 1 << 20, 5] {
            let payload = vec![b'x'; size];
            peer.publish("service/A", false, payload.clone()).await;
            let heard = running.hear().await;
            assert_eq!(heard.topic, "service/A");
            assert_eq!(heard.payload.len(), size, "{protocol:?}");
            assert!(heard.payload == payload && !heard.retain);
        }
        assert_eq!(running.handle.figures().links, 1, "{protocol:?}: one link for all sizes");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_was_killed_is_found_again_and_subscribed_to_anew() {
    for protocol in BOTH {
        let mut broker = Mosquitto::start();
        let mut running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        for round in 1..=3_u64 {
            running.wait("link", |status| status.link == Link::Up).await;
            assert_eq!(running.handle.figures().links, round);
            let mut peer = Peer::connect(broker.port(), "peer", "nothing", false).await;
            peer.publish("service/A", false, round.to_string()).await;
            assert!(matches!(running.next().await, Arrival::Link(_, Link::Up)));
            assert_eq!(running.hear().await.payload, round.to_string());
            broker.kill();
            assert!(matches!(running.next().await, Arrival::Link(_, Link::Down)));
            running.wait_problem("").await;
            broker.restart();
        }
        running.abort().await;
    }
}

#[tokio::test]
async fn birth_death_and_will() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let start = || Running::start(plan(broker.port(), protocol, &["service/+"]));
        let mut peer = Peer::connect(broker.port(), "peer", PRESENCE, false).await;
        let is = |online: bool| {
            let start = format!(r#"{{"online":{online},"timestamp":1"#);
            move |seen: &session::Seen| seen.1.starts_with(&start)
        };

        let running = start();
        peer.see_where(is(true)).await;
        let mut late = Peer::connect(broker.port(), "late", PRESENCE, false).await;
        let (_, online, retained) = late.see().await;
        assert!(online.contains("true") && retained, "{protocol:?}: birth is retained");
        running.stop().await;
        peer.see_where(is(false)).await;

        let running = start();
        peer.see_where(is(true)).await;
        running.abort().await;
        peer.see_where(is(false)).await;
        let mut late = Peer::connect(broker.port(), "later", PRESENCE, false).await;
        let (_, online, retained) = late.see().await;
        assert!(online.contains("false") && retained, "{protocol:?}: the will is retained");
    }
}

#[tokio::test]
async fn a_wrong_password_names_the_settings_and_not_the_password() {
    let setup = Setup { users: &[("lookout", "open-sesame")], ..Setup::default() };
    for protocol in BOTH {
        let broker = Mosquitto::with(&setup);
        let base = plan(broker.port(), protocol, &["service/+"]);
        for (user, password) in [("lookout", "wrong-words"), ("nobody", "open-sesame")] {
            let running = Running::start(log_in(base.clone(), user, password));
            let problem = running.wait_problem("`broker.password`").await;
            assert!(problem.contains("`broker.user`"), "{problem}");
            assert!(!problem.contains(password), "{problem}");
            assert_eq!(running.handle.figures().links, 0);
            running.stop().await;
        }
        let plan = log_in(base, "lookout", "open-sesame");
        assert!(!format!("{plan:?}").contains("open-sesame"));
        let running = Running::start(plan);
        running.wait_up().await;
        running.stop().await;
    }
}

#[tokio::test]
async fn a_refused_filter_is_named_and_the_link_is_not_up_until_it_is_granted() {
    // 0x87 is "not authorized" of MQTT 5, 0x80 the one refusal that MQTT 3.1.1 has.
    for (protocol, refusal) in [(Protocol::V5, 0x87), (Protocol::V5, 0x80), (Protocol::V311, 0x80)]
    {
        let broker = FakeBroker::start(protocol).await;
        let filters = ["service/+", "session/+/response"];
        let mut running = Running::start(plan(broker.port(), protocol, &filters));
        let mut connection = broker.accept().await;
        assert_eq!(connection.answer_subscription(&[0, refusal]).await, filters);
        let problem = running.wait_problem("`session/+/response`").await;
        assert!(problem.contains("ACL") && !problem.contains("`service/+`"), "{problem}");
        assert_eq!(connection.rest().await, [0_u8; 0], "no birth without a link");
        assert_eq!(running.handle.figures().links, 0);

        // The operator repairs the rules: the next attempt finds them so.
        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0, 0]).await;
        running.wait_up().await;
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Up)));
        running.abort().await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_the_subscription_is_no_link() {
    for protocol in BOTH {
        let broker = FakeBroker::start(protocol).await;
        let running = Running::start(plan(broker.port(), protocol, &["a", "b"]));
        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0]).await;
        running.wait_problem("2 answers to 3 filters").await;
        running.abort().await;
    }
}

#[tokio::test]
async fn the_outbox_waits_for_the_broker_and_keeps_its_order() {
    let setup = Setup { persistent: true, ..Setup::default() };
    for protocol in BOTH {
        let mut broker = Mosquitto::with(&setup);
        let peer = Peer::connect(broker.port(), "peer", "system/#", true).await;
        let running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.wait_up().await;
        drop(peer);
        broker.stop();
        running.wait_down().await;

        let count = 100;
        for number in 0..count {
            running.handle.publish(event("system/test/errors", &number.to_string()));
            // How something stands: only the last of these is worth saying.
            let state = event("system/test/health", &number.to_string());
            running.handle.publish(Document { retain: true, ..state });
        }
        assert_eq!(running.handle.figures().outbox, count + 1);
        broker.restart();
        running.wait_up().await;
        running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;

        // The broker remembers the other client, and what it missed.
        let mut peer = Peer::connect(broker.port(), "peer", "system/#", true).await;
        let mut last_state = String::new();
        for number in 0..count {
            let wanted = |seen: &session::Seen| seen.0 != PRESENCE;
            let mut seen = peer.see_where(wanted).await;
            while seen.0 == "system/test/health" {
                last_state = seen.1;
                seen = peer.see_where(wanted).await;
            }
            assert_eq!(seen.0, "system/test/errors");
            assert_eq!(seen.1, number.to_string(), "{protocol:?}");
        }
        if last_state.is_empty() {
            last_state = peer.see_where(|seen| seen.0 == "system/test/health").await.1;
        }
        assert_eq!(last_state, (count - 1).to_string());
        running.stop().await;
    }
}

#[tokio::test]
async fn the_canary_is_heard_back_and_no_other_is_taken_for_it() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let mut running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.handle.sing(6);
        running.wait_up().await;
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Up)));
        // What was to be sung without a link waits for it, as long as nothing newer is.
        assert!(matches!(running.next().await, Arrival::Canary(_, 6)), "{protocol:?}");
        let mut peer = Peer::connect(broker.port(), "peer", "nothing", false).await;
        for number in [7, 8] {
            running.handle.sing(number);
            assert!(matches!(running.next().await, Arrival::Canary(_, it) if it == number));
        }
        // Others may sing there, and are not taken for it.
        let song = r#"{"run":"1","number":9,"timestamp":1}"#;
        peer.publish("system/test/observer/lookout-test/canary", false, song).await;
        assert!(matches!(running.next().await, Arrival::Message(_)));
        running.stop().await;
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again() {
    for protocol in BOTH {
        let broker = FakeBroker::start(protocol).await;
        let running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0]).await;
        for name in ["one", "two", "three"] {
            running.handle.publish(event(&format!("system/test/{name}"), name));
        }
        let birth = connection.published().await;
        assert_eq!((birth.topic.as_str(), birth.retain), (PRESENCE, true));
        connection.acknowledge(birth.packet).await;
        for name in ["one", "two", "three"] {
            let published = connection.published().await;
            assert_eq!(published.payload, name);
            if name == "two" {
                connection.acknowledge(published.packet).await;
            }
        }
        // The birth and `two`: only then it is certain that the answers were read.
        running.wait_figures("two answers", |figures| figures.published == 2).await;
        drop(connection);

        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0]).await;
        assert_eq!(connection.published().await.topic, PRESENCE);
        for name in ["one", "three"] {
            let published = connection.published().await;
            assert_eq!(published.payload, name, "{protocol:?}");
            connection.acknowledge(published.packet).await;
        }
        running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;
        running.abort().await;
    }
}

#[tokio::test]
async fn messages_that_came_with_the_end_of_a_connection_count() {
    for protocol in BOTH {
        let broker = FakeBroker::start(protocol).await;
        let mut running = Running::start(plan(broker.port(), protocol, &["a"]));
        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0]).await;
        running.wait_up().await;
        connection.published().await;
        let publish: &[u8] = match protocol {
            Protocol::V5 => &[0x30, 5, 0, 1, b'a', 0, b'!'],
            Protocol::V311 => &[0x30, 4, 0, 1, b'a', b'!'],
        };
        connection.write(&publish.repeat(3)).await;
        drop(connection);
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Up)));
        for _ in 0..3 {
            let Arrival::Message(heard) = running.next().await else { panic!("a message") };
            assert_eq!(heard.payload, "!");
        }
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Down)));
        running.abort().await;
    }
}

#[tokio::test]
async fn a_full_inbox_drops_and_counts_and_still_tells_of_the_link() {
    for protocol in BOTH {
        let mut broker = Mosquitto::start();
        let mut plan = plan(broker.port(), protocol, &["service/+"]);
        plan.inbox = 10;
        let mut running = Running::start(plan);
        running.wait_up().await;
        let mut peer = Peer::connect(broker.port(), "peer", "nothing", false).await;
        for number in 0..50 {
            peer.publish("service/A", false, number.to_string()).await;
        }
        running.wait_figures("all messages", |figures| figures.received == 50).await;
        broker.kill();
        running.wait_down().await;
        assert_eq!(running.handle.figures().inbox_dropped, 40);
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Up)));
        for number in 0..10 {
            assert_eq!(running.hear().await.payload, number.to_string());
        }
        assert!(matches!(running.next().await, Arrival::Link(_, Link::Down)));
        running.abort().await;
    }
}

#[tokio::test]
async fn retained_documents_are_kept_and_cleared() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.wait_up().await;
        let topic = "system/test/services/A";
        let state = Document { retain: true, ..event(topic, "unavailable") };
        running.handle.publish(state.clone());
        running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;
        let mut peer = Peer::connect(broker.port(), "peer", "system/#", false).await;
        let kept = peer.see_where(|seen| seen.0 == topic).await;
        assert_eq!((kept.1.as_str(), kept.2), ("unavailable", true));

        running.handle.publish(Document { payload: None, ..state });
        peer.see_where(|seen| seen.0 == topic && seen.1.is_empty()).await;
        let mut late = Peer::connect(broker.port(), "late", "system/#", false).await;
        let (presence, _, _) = late.see().await;
        assert_eq!(presence, PRESENCE, "all that is left");
        running.stop().await;
    }
}

#[tokio::test]
async fn mqtt_5_brings_properties_and_neither_echo_nor_retained_messages() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connect(broker.port(), "peer", "nothing", false).await;
    peer.publish("service/old", true, "old").await;
    for protocol in BOTH {
        let mut running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.wait_up().await;
        running.handle.publish(event("service/own", "own"));
        running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;
        peer.publish("service/live", true, "live").await;
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last: &String| !last.contains("live")) {
            let message = running.hear().await;
            let payload = String::from_utf8_lossy(&message.payload).into_owned();
            heard.push(format!("{payload} {}", message.retain));
        }
        heard.sort();
        let expected: &[&str] = match protocol {
            Protocol::V5 => &["live false"],
            Protocol::V311 => &["live false", "old true", "own false"],
        };
        assert_eq!(heard, expected);
        running.stop().await;
        // So that the second round starts as the first one did.
        peer.publish("service/live", true, "").await;
    }
}

#[tokio::test]
async fn properties_for_correlation_are_heard() {
    use rumqttc::v5::mqttbytes::{QoS, v5::PublishProperties};
    let broker = Mosquitto::start();
    let mut running = Running::start(plan(broker.port(), Protocol::V5, &["service/+"]));
    running.wait_up().await;
    let options = rumqttc::v5::MqttOptions::new("peer", "127.0.0.1", broker.port());
    let (client, mut events) = rumqttc::v5::AsyncClient::new(options, 10);
    let polling = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let properties = PublishProperties {
        response_topic: Some("answers/7".into()),
        correlation_data: Some(vec![0, 0xff].into()),
        message_expiry_interval: Some(9),
        ..PublishProperties::default()
    };
    let publish =
        client.publish_with_properties("service/A", QoS::AtLeastOnce, false, "{}", properties);
    publish.await.unwrap();
    let heard = running.hear().await;
    let message = heard.as_message().unwrap();
    assert_eq!(message.properties.response_topic, Some("answers/7"));
    assert_eq!(message.properties.correlation_data, Some(&[0, 0xff][..]));
    // The broker subtracts the seconds it kept the message.
    assert!(message.properties.message_expiry.is_some_and(|left| left <= 9));
    polling.abort();
    running.stop().await;
}

#[tokio::test]
async fn a_publication_that_the_broker_refuses_is_counted_and_not_repeated() {
    let acl = "topic read #\ntopic write system/test/observer/#\ntopic write system/test/health\n";
    let broker = Mosquitto::with(&Setup { acl: Some(acl), ..Setup::default() });
    // On MQTT 3.1.1 the broker acknowledges what it throws away.
    for (protocol, refused) in [(Protocol::V5, 1), (Protocol::V311, 0)] {
        let running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        running.wait_up().await;
        running.handle.publish(event("system/test/errors", "nobody may say this"));
        running.handle.publish(event("system/test/health", "this is fine"));
        running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;
        let figures = running.handle.figures();
        assert_eq!((figures.refused, figures.links), (refused, 1), "{protocol:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_document_too_large_for_the_broker_costs_itself_and_not_the_link() {
    let setup = Setup { lines: "max_packet_size 2000", ..Setup::default() };
    let broker = Mosquitto::with(&setup);
    let running = Running::start(plan(broker.port(), Protocol::V5, &["service/+"]));
    let mut peer = Peer::connect(broker.port(), "peer", "system/test/errors", false).await;
    running.wait_up().await;
    for payload in ["before", &"x".repeat(2_000), "after"] {
        running.handle.publish(event("system/test/errors", payload));
    }
    assert_eq!(peer.see().await.1, "before");
    assert_eq!(peer.see().await.1, "after");
    let figures = running.handle.figures();
    assert_eq!((figures.unsendable, figures.links), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_stop_says_offline_and_empties_the_outbox_before_it_disconnects() {
    for protocol in BOTH {
        let broker = FakeBroker::start(protocol).await;
        let running = Running::start(plan(broker.port(), protocol, &["service/+"]));
        let mut connection = broker.accept().await;
        connection.answer_subscription(&[0]).await;
        let birth = connection.published().await;
        assert!(birth.payload.contains("true"));
        running.handle.publish(event("system/test/errors", "last words"));
        let words = connection.published().await;
        running.handle.stop();
        let death = connection.published().await;
        assert_eq!((death.topic.as_str(), death.retain), (PRESENCE, true));
        assert!(death.payload.contains("false"));
        for packet in [birth.packet, words.packet, death.packet] {
            connection.acknowledge(packet).await;
        }
        let (rest, ()) = tokio::join!(connection.rest(), running.stop());
        assert_eq!(rest, [14], "a DISCONNECT, so that there is no will");
    }
}

#[tokio::test]
async fn a_stop_without_a_broker_is_quick_when_there_is_nothing_to_say() {
    for protocol in BOTH {
        let mut broker = Mosquitto::start();
        let port = broker.port();
        broker.kill();
        let mut plan = plan(port, protocol, &["service/+"]);
        plan.broker.backoff_min = lookout::observer::Span::from_secs(3_600);
        plan.broker.backoff_max = plan.broker.backoff_min;
        let running = Running::start(plan);
        running.wait_problem("").await;
        running.stop().await;
    }
}

#[tokio::test]
async fn attempts_against_a_closed_port_are_paced() {
    for protocol in BOTH {
        let mut broker = Mosquitto::start();
        let port = broker.port();
        broker.kill();
        let mut plan = plan(port, protocol, &["service/+"]);
        plan.broker.backoff_min = lookout::observer::Span::from_secs(3_600);
        plan.broker.backoff_max = plan.broker.backoff_min;
        let running = Running::start(plan);
        let problem = running.wait_problem("refused").await;
        assert!(!problem.is_empty());
        // The next attempt is half an hour away at least; the library's own loop makes
        // thousands in the time that these turns take.
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(running.handle.figures().attempts, 1, "{protocol:?}");
        running.abort().await;
    }
}

#[tokio::test]
async fn a_listener_says_nothing_of_itself_whether_it_leaves_or_is_lost() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let listener = || Plan { presence: None, ..plan(broker.port(), protocol, &["service/+"]) };
        let mut peer = Peer::connect(broker.port(), "peer", "#", false).await;
        let lost = Running::start(listener());
        lost.wait_up().await;
        lost.abort().await;
        // The same client comes back: by then the broker has dealt with the connection it lost.
        let mut leaves = Running::start(listener());
        leaves.wait_up().await;
        peer.publish("service/A", false, "heard").await;
        assert_eq!(leaves.hear().await.payload, "heard");
        leaves.stop().await;
        peer.publish("service/A", false, "last").await;
        for payload in ["heard", "last"] {
            assert_eq!(peer.see().await, ("service/A".into(), payload.into(), false));
        }
    }
}
