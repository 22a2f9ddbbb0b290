//! What is in the file is what was published, and it replays to what a live observer counted.

use crate::line::{Line, Message, Post, Trouble, Version, soon};
use crate::mosquitto::Mosquitto;
use crate::program::{Lookout, Metrics};
use crate::recorder::{Publisher, Recorder, file_lines, replay, written};
use crate::schemas::Schemas;
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

/// Calls of each kind.
const EACH: u64 = 20;

/// Outcomes as the metrics and the summary name them, with what was published.
const OUTCOMES: [(&str, u64); 4] =
    [("ok", 2 * EACH), ("rejected", EACH), ("failed", EACH), ("unanswered", 1)];

/// Calls with everything that a file has to hold, and their replies.
async fn traffic(publisher: &mut Publisher) {
    let reply = "session/s/response";
    for id in 0..EACH {
        for (kind, answer) in [
            ("ok", json!({ "result": { "card": "hidden-words" } })),
            ("rejected", json!({ "error": { "code": -32001, "message": "hidden-words" } })),
            ("failed", json!({ "error": { "code": -32603, "message": "hidden-words" } })),
        ] {
            let id = format!("{kind}-{id}");
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": kind, "replyTo": reply,
                "params": { "name": "hidden-words" }, "userContext": { "userId": "hidden-words" } });
            publisher.say("service/Users", call.to_string()).await;
            let mut answer = answer;
            answer["id"] = id.into();
            publisher.say(reply, answer.to_string()).await;
        }
        let correlation = PublishProperties {
            response_topic: Some(reply.to_owned()),
            correlation_data: Some(vec![0xff, id as u8].into()),
            user_properties: [("traceparent", "00-1-2-01"), ("who", "hidden-words")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            ..PublishProperties::default()
        };
        let answer = PublishProperties { response_topic: None, ..correlation.clone() };
        publisher.say_with("service/Users", [0, 0xfe, id as u8], correlation).await;
        publisher.say_with(reply, [0xfe, 0], answer).await;
    }
    // A deadline of a second, and nobody answers.
    let deadline =
        PublishProperties { message_expiry_interval: Some(1), ..PublishProperties::default() };
    let call = json!({ "jsonrpc": "2.0", "id": "last", "method": "lost", "replyTo": reply });
    publisher.say_with("service/Users", call.to_string(), deadline).await;
    publisher.say("session/s/response", "no JSON: hidden-words").await;
}

#[tokio::test]
async fn a_recording_replays_to_what_was_published_and_what_a_live_observer_counted() {
    let broker = Mosquitto::start();
    let port = broker.port();
    let config = format!(
        "id = \"lookout-both\"\n[broker]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
         [http]\nlisten = \"127.0.0.1:0\"\n"
    );
    let (tell, mut heard) = unbounded_channel();
    let filter = "system/default/observer/#";
    let hook = move |_: &Post, message: Message| {
        let _ = tell.send(String::from_utf8_lossy(&message.payload).into_owned());
    };
    let watcher = Line::open((Version::V5, port), "watcher", filter, &Trouble::default(), hook);
    watcher.ready().await;
    let mut live = Lookout::start(&config).await;
    live.log("subscribed to ").await;
    let sure = |metrics: &Metrics| metrics.has("lookout_in_doubt 0");
    live.metrics("trust in its own ears", sure).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("whole.ndjson.zst");
    let hidden = directory.path().join("hidden.ndjson");
    let id = ["--set", "id=lookout-both"];
    let other = ["--set", "broker.client_id=other", "--redact"];
    let recorder = Recorder::start(port, &[&id[..], &["-o", file.to_str().unwrap()]].concat());
    let arguments = [&id[..], &other, &["-o", hidden.to_str().unwrap()]].concat();
    let redacting = Recorder::start(port, &arguments);
    let mut publisher = Publisher::connect(port);
    traffic(&mut publisher).await;
    let counted = |metrics: &Metrics| OUTCOMES.map(|(outcome, _)| metrics.calls("Users", outcome));
    let wanted = OUTCOMES.map(|(_, count)| count);
    live.metrics("calls in the metrics", |metrics| counted(metrics) == wanted).await;

    let messages = 2 * 4 * EACH + 2;
    let said = recorder.interrupt();
    assert!(said.contains(&format!("recorded {messages} messages in ")), "{said}");
    assert!(!said.contains("lost"), "{said}");
    redacting.interrupt();
    let (mut whole, note) = replay(&file);
    assert_eq!(note, "");
    assert_eq!(whole["messages"], messages);
    assert_eq!(whole["bad_lines"], 0);
    assert_eq!(whole["unmatched"], 0);
    assert_eq!(whole["malformed"], json!({ "not_json": 1 }));
    for (outcome, count) in OUTCOMES {
        assert_eq!(whole["services"]["Users"][outcome], count, "{outcome}: {whole}");
    }
    let (mut redacted, _) = replay(&hidden);
    assert_eq!(without_times(&mut redacted), without_times(&mut whole));
    let text = std::fs::read_to_string(&hidden).unwrap();
    assert!(text.contains("last") && !text.contains("hidden-words"), "{text}");

    // Neither recorder took the observer's place, nor said that it was there or gone.
    let metrics = live.metrics("links in the metrics", |_| true).await;
    assert!(metrics.has("lookout_links_total 1"));
    publisher.say("system/default/observer/nobody", "the end").await;
    let mut presence = Vec::new();
    while presence.last().is_none_or(|said| said != "the end") {
        presence.push(soon("presence", heard.recv()).await.unwrap());
    }
    // The observer's canary sings meanwhile, and no other.
    let (songs, presence): (Vec<_>, Vec<_>) =
        presence.into_iter().partition(|said| said.starts_with(r#"{"run":"#));
    let run = |song: &String| song.split(',').next().unwrap().to_owned();
    assert!(songs.iter().all(|song| run(song) == run(&songs[0])), "{songs:?}");
    assert_eq!(presence.len(), 2, "{presence:?}");
    assert!(presence[0].starts_with(r#"{"online":true,"#), "{presence:?}");
}

/// A summary without what differs by the microseconds between two sockets.
fn without_times(summary: &mut Value) -> &Value {
    if let Some(members) = summary.as_object_mut() {
        members.retain(|name, _| !name.ends_with("_ms") && name != "wall_s");
        for member in members.values_mut() {
            without_times(member);
        }
    }
    summary
}

#[tokio::test]
async fn lines_hold_every_byte_and_property_and_tell_of_the_link() {
    let mut broker = Mosquitto::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lines.ndjson");
    let mut recorder = Recorder::start(broker.port(), &["-o", file.to_str().unwrap()]);
    let mut publisher = Publisher::connect(broker.port());
    let properties = PublishProperties {
        response_topic: Some("session/ü/response".to_owned()),
        correlation_data: Some(vec![0, 0xff].into()),
        message_expiry_interval: Some(77),
        user_properties: vec![
            ("other".to_owned(), "x".to_owned()),
            ("traceparent".to_owned(), "00-a-b-01".to_owned()),
        ],
        ..PublishProperties::default()
    };
    publisher.say_with("service/Größe", "line\n\u{1}\"", properties).await;
    publisher.say("service/A", [0xfe]).await;
    publisher.say("service/A", "").await;
    publisher.say("elsewhere", "not asked for").await;
    broker.kill();
    recorder.line("no link to ");
    broker.restart();
    recorder.line("subscribed to ");
    let mut publisher = Publisher::connect(broker.port());
    publisher.say("service/A", "again").await;
    written(directory.path(), 4).await;
    recorder.interrupt();
    let mut lines = file_lines(&file);
    let schemas = Schemas::load();
    for line in &lines {
        schemas.check("traffic_line.json", line).unwrap();
    }
    let times: Vec<_> = lines.iter().map(|line| line["ts"].as_u64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("ts");
    }
    let wanted = [
        json!({ "link": "up" }),
        json!({ "topic": "service/Größe", "payload": "line\n\u{1}\"", "props": {
            "response_topic": "session/ü/response", "correlation_data_b64": "AP8=",
            "message_expiry_s": 77, "user": [["other", "x"], ["traceparent", "00-a-b-01"]] } }),
        json!({ "topic": "service/A", "payload_b64": "/g==" }),
        json!({ "topic": "service/A", "payload": "" }),
        json!({ "link": "down" }),
        json!({ "link": "up" }),
        json!({ "topic": "service/A", "payload": "again" }),
        json!({ "link": "down" }),
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn a_pause_of_the_process_is_told_with_its_length() {
    let broker = Mosquitto::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("paused.ndjson");
    let arguments = ["-o", file.to_str().unwrap(), "--set", "doubt.pause=2s"];
    let mut recorder = Recorder::start(broker.port(), &arguments);
    recorder.signal("-STOP");
    // Another recorder keeps the time.
    let other = ["-o", "-", "--for", "4s", "--set", "broker.client_id=clock"];
    assert_eq!(Recorder::start(broker.port(), &other).end().0, Some(0));
    recorder.signal("-CONT");
    recorder.line("stood still for ");
    recorder.interrupt();
    let pauses: Vec<_> =
        file_lines(&file).iter().filter_map(|line| line["paused_s"].as_f64()).collect();
    assert_eq!(pauses.len(), 1);
    assert!(pauses[0] > 2.0, "{pauses:?}");
}
