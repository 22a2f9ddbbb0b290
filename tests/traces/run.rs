//! What `lookout run` says of a collector and does at its end; and that no secret is in its log.

use crate::authority::Authority;
use crate::collector::{Answer, Collector};
use crate::{Scene, exported};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

const PASSWORD: &str = "planted-password";
const KEY: &str = "planted-key";

/// Settings with secrets, in files beside the certificates.
fn secrets(files: &Authority, ca: &str, more: &str) -> String {
    format!(
        "user = \"lookout\"\npassword_file = {:?}\nheaders_file = {:?}\nca_file = {:?}\n{more}",
        files.write("password", PASSWORD),
        files.write("headers", format!("X-Api-Key: {KEY}")),
        files.path(ca),
    )
}

/// Ends lookout in an orderly way, and holds its log to be free of secrets.
async fn end(scene: Scene) -> Vec<String> {
    scene.lookout.terminate();
    let (code, _, logs) = scene.lookout.end_with_logs().await;
    assert_eq!(code, Some(0));
    let both = BASE64_STANDARD.encode(format!("lookout:{PASSWORD}"));
    for secret in [PASSWORD, KEY, &both] {
        assert!(!logs.iter().any(|line| line.contains(secret)), "{secret}: {logs:#?}");
    }
    logs
}

#[tokio::test]
async fn whom_nobody_trusts_is_named_and_gets_nothing() {
    let files = Authority::new();
    let collector = Collector::start_encrypted(&files, "broker", Answer::status(200)).await;
    let more = secrets(&files, "stranger-ca", "retry_for = \"0s\"");
    let mut scene = Scene::new(&collector.url(), &more).await;
    scene.call("A", "one", json!({}));
    scene.reply("one", "result", json!(1));
    let said = scene.lookout.log("takes no spans").await;
    assert!(said.contains("certificate") && said.contains(&collector.url()), "{said}");
    let expired = r#"lookout_trace_dropped_total{reason="expired"}"#;
    scene.lookout.metrics("both are counted", |it| it.value(expired) == 2.0).await;
    end(scene).await;
    assert!(collector.asked().is_empty());
}

#[tokio::test]
async fn the_log_has_the_collectors_words_and_no_secret() {
    let files = Authority::new();
    let refusing = Answer {
        body: format!(
            "who is Basic {} with {KEY}?",
            BASE64_STANDARD.encode(format!("lookout:{PASSWORD}"))
        )
        .into_bytes(),
        ..Answer::status(401)
    };
    let collector = Collector::start_encrypted(&files, "broker", refusing).await;
    let mut scene = Scene::new(&collector.url(), &secrets(&files, "ca", "batch = 2")).await;
    scene.call("A", "one", json!({}));
    scene.reply("one", "result", json!(1));
    let said = scene.lookout.log("refuses spans").await;
    assert!(said.ends_with("dropped: 401 Unauthorized: who is Basic *** with ***?"), "{said}");
    let refused = r#"lookout_trace_dropped_total{reason="refused"}"#;
    scene.lookout.metrics("two are refused", |it| it.value(refused) == 2.0).await;
    let both = BASE64_STANDARD.encode(format!("lookout:{PASSWORD}"));
    for asked in collector.asked() {
        assert_eq!(asked.header("authorization"), format!("Basic {both}"));
        assert_eq!(asked.header("x-api-key"), KEY);
    }
    end(scene).await;

    let words = format!("{KEY} sends spans that are too old");
    collector.answers(Answer::rejects(1, &words));
    let mut scene = Scene::new(&collector.url(), &secrets(&files, "ca", "batch = 2")).await;
    scene.call("A", "two", json!({}));
    scene.reply("two", "result", json!(1));
    let said = scene.lookout.log("refused 1 of 2 spans").await;
    assert!(said.ends_with(": *** sends spans that are too old"), "{said}");
    exported(&scene.lookout, 1).await;
    scene.lookout.metrics("one is refused", |it| it.value(refused) == 1.0).await;
    end(scene).await;
}

#[tokio::test]
async fn what_waits_is_sent_when_lookout_stops() {
    let files = Authority::new();
    let collector = Collector::start_encrypted(&files, "broker", Answer::status(200)).await;
    let more = secrets(&files, "ca", "every = \"60s\"");
    let scene = Scene::with("", &collector.url(), &more).await;
    for id in ["one", "two", "three"] {
        scene.call("A", id, json!({}));
        scene.reply(id, "result", json!(1));
    }
    let waits = |it: &crate::program::Metrics| it.value("lookout_trace_queue_calls") == 3.0;
    scene.lookout.metrics("calls wait", waits).await;
    assert!(collector.asked().is_empty());
    end(scene).await;
    let [asked] = &collector.asked()[..] else { panic!("one request") };
    assert_eq!((asked.spans, collector.told().len()), (6, 6));
}
