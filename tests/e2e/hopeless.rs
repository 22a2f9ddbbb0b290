//! lookout gives up when it makes no sense to go on: with exit code 1, and the reason on stderr.

use crate::fake_broker::FakeBroker;
use crate::line::soon;
use crate::mosquitto::{Mosquitto, Setup};
use crate::program::Lookout;
use crate::{MQTT_3, MQTT_5, config};
use lookout::config::Protocol;

/// The broker takes the canary and does not give it back, as a broker with such rules does
/// without a word.
const DEAF: &str = "topic readwrite service/#\ntopic readwrite session/#\ntopic write system/#\n";

#[tokio::test]
async fn a_deaf_lookout_doubts_itself_and_gives_up() {
    for run in [&MQTT_5, &MQTT_3] {
        let mosquitto = Mosquitto::with(&Setup { acl: Some(DEAF), ..Setup::default() });
        let soon = "\n[fail_fast]\nno_canary = \"3s\"\n";
        let config = config(run, mosquitto.port()).replace("[doubt]", "[doubt]\ncanary = \"1s\"");
        let mut lookout = Lookout::start(&(config + soon)).await;
        lookout.log("does not hear its own canary").await;
        lookout.metrics("doubt", |page| page.value("lookout_in_doubt") == 1.0).await;
        let reason = lookout.log("lookout: deaf").await;
        assert!(reason.contains("`fail_fast.no_canary`"), "{reason}");
        assert_eq!(lookout.end().await.0, Some(1));
    }
}

#[tokio::test]
async fn a_lookout_without_a_link_or_that_must_not_be_quiet_gives_up() {
    let mut mosquitto = Mosquitto::start();
    let port = mosquitto.port();
    let quiet = "\n[fail_fast]\nno_link = \"2s\"\nexit_on_quiet = true\nquiet = \"1s\"\n";
    let config = config(&MQTT_5, port) + quiet;
    let mut lookout = Lookout::start(&config).await;
    let reason = lookout.log("lookout: no message for 1s").await;
    assert!(reason.contains("`fail_fast.exit_on_quiet`"), "{reason}");
    assert_eq!(lookout.end().await.0, Some(1));
    mosquitto.kill();
    let mut lookout = Lookout::start(&config).await;
    let reason = lookout.log("lookout: no link to the broker for 2s").await;
    assert!(reason.contains("refused"), "{reason}");
    assert_eq!(lookout.end().await.0, Some(1));
}

/// The filters of the default traffic.
const FILTERS: usize = 6;

/// What MQTT 5 says to a client whose identifier another one took.
const TAKEN_OVER: [u8; 4] = [0xe0, 2, 0x8e, 0];

#[tokio::test]
async fn a_lookout_whose_identifier_is_taken_twice_gives_up() {
    let broker = FakeBroker::start(Protocol::V5).await;
    let mut lookout = Lookout::start(&config(&MQTT_5, broker.port())).await;
    for _ in 0..2 {
        let mut connection = soon("connection", broker.accept()).await;
        connection.answer_subscription(&[0; FILTERS]).await;
        lookout.log("subscribed to ").await;
        connection.write(&TAKEN_OVER).await;
        lookout.log("another client connected").await;
    }
    let reason = lookout.log("lookout: thrown off the broker again and again").await;
    assert!(reason.contains("`id`") && reason.contains("`broker.client_id`"), "{reason}");
    assert_eq!(lookout.end().await.0, Some(1));
}

/// The broker may not say what happened; then either goes on, and knows what to look at.
#[tokio::test]
async fn two_with_the_same_identifier_name_the_setting() {
    for run in [&MQTT_5, &MQTT_3] {
        let mosquitto = Mosquitto::start();
        let config = config(run, mosquitto.port());
        let mut first = Lookout::start(&config).await;
        first.log("subscribed to ").await;
        let mut second = Lookout::start(&config).await;
        let (one, other) =
            tokio::join!(first.log("`broker.client_id`"), second.log("`broker.client_id`"));
        assert!(one.contains("`id`") && other.contains("`id`"), "{one}, {other}");
    }
}
