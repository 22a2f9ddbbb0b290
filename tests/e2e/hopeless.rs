//! lookout gives up when it makes no sense to go on: with exit code 1, and the reason on stderr.

use crate::mosquitto::{Mosquitto, Setup};
use crate::program::Lookout;
use crate::{MQTT_3, MQTT_5, config};

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
