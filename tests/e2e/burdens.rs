//! What a broker may hand over that is no traffic: ten thousand old replies at once, and messages
//! that are too large.

use crate::line::soon;
use crate::mosquitto::Mosquitto;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::watcher::Watcher;
use crate::{MQTT_3, MQTT_5, config};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

const OLD: usize = 10_000;

/// Publishes these, and waits until the broker has all of them.
async fn publish(port: u16, messages: Vec<(String, bool, Vec<u8>)>) {
    let mut options = MqttOptions::new("burden", "127.0.0.1", port);
    options.set_max_packet_size(4 << 20, 4 << 20);
    let (client, mut events) = AsyncClient::new(options, 100);
    let mut left = messages.len();
    tokio::spawn(async move {
        for (topic, retain, payload) in messages {
            client.publish(topic, QoS::AtLeastOnce, retain, payload).await.unwrap();
        }
        // Until the broker has them, there is somebody to publish them.
        std::future::pending::<()>().await;
    });
    let taken = async {
        while left > 0 {
            if let Event::Incoming(Packet::PubAck(_)) = events.poll().await.unwrap() {
                left -= 1;
            }
        }
    };
    soon("broker that has everything", taken).await;
}

#[tokio::test]
async fn old_replies_at_connect_are_no_replies() {
    let mosquitto = Mosquitto::start();
    let answer = |id| (format!("session/old-{id}/response"), true, answer(id).into_bytes());
    publish(mosquitto.port(), (0..OLD).map(answer).collect()).await;
    let broker = (MQTT_3.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let platform = Platform::start(broker, (&["Catalogue"], 1), &MQTT_3.callers).await;
    let lookout = Lookout::start(&config(&MQTT_3, mosquitto.port())).await;
    let all =
        |page: &crate::program::Metrics| page.value("lookout_ignored_messages_total") >= OLD as f64;
    let page = lookout.metrics("old replies", all).await;
    assert_eq!(page.value("lookout_unmatched_replies_total"), 0.0);
    assert_eq!(page.value("lookout_inbox_dropped_total"), 0.0);
    let answered = platform.count("Catalogue").answers;
    platform.answers("Catalogue", answered + 60).await;
    let healthy = |it: &crate::watcher::Document| it.text("verdict") == "healthy";
    watcher.find(0, "healthy service", healthy).await;
    assert!(watcher.spoken().is_empty(), "{:#?}", watcher.spoken());
}

fn answer(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":true}}"#)
}

/// MQTT 5 tells the broker what is too large, and the broker leaves it out; over 3.1.1 it costs
/// the connection, and what to do about it is said.
#[tokio::test]
async fn a_message_of_one_mib_is_heard_and_one_of_two_is_not() {
    for run in [&MQTT_5, &MQTT_3] {
        let mosquitto = Mosquitto::start();
        let mut lookout = Lookout::start(&config(run, mosquitto.port())).await;
        lookout.log("subscribed to ").await;
        let call = |id: &str, size: usize| {
            let begin = format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"m","params":[""#);
            let fill = "x".repeat(size - begin.len() - 3);
            ("service/Large".to_owned(), false, (begin + &fill + "\"]}").into_bytes())
        };
        publish(mosquitto.port(), vec![call("a", 1 << 20)]).await;
        lookout.metrics("call of 1 MiB", |page| page.open("Large") == 1.0).await;
        publish(mosquitto.port(), vec![call("b", 2 << 20), call("c", 1_000)]).await;
        if run.protocol == "5" {
            let page = lookout.metrics("later call", |page| page.open("Large") == 2.0).await;
            assert_eq!(page.value("lookout_links_total"), 1.0);
        } else {
            let said = lookout.log("larger than accepted").await;
            assert!(said.contains("`broker.max_packet`"), "{said}");
        }
    }
}
