//! A collector that takes nothing, beside a broker with calls: lookout hears and judges all of them, what waits is
//! bounded, what does not fit is counted, and the rest arrives in the end.

use crate::Scene;
use crate::collector::{Answer, Collector};
use crate::told::one;
use serde_json::json;

const DROPPED: &str = r#"lookout_trace_dropped_total{reason="queue_full"}"#;
const EXPORTED: &str = "lookout_trace_spans_exported_total";
const FAILED: &str = "lookout_trace_requests_failed_total";
const WAITING: &str = "lookout_trace_queue_calls";

#[tokio::test]
async fn a_collector_that_is_away_costs_what_does_not_fit_and_nothing_else() {
    let collector = Collector::start(Answer::status(503)).await;
    let settings = "queue = 1000\nbatch = 100\nrequests = 2\n";
    let scene = Scene::new(&collector.url(), settings).await;
    let many = vec![json!({"jsonrpc": "2.0", "method": "do"}); 50];
    for _ in 0..30 {
        scene.say("service/A", &json!(many));
    }
    scene.call("A", "bad", json!({}));
    scene.reply("bad", "error", json!({"code": -32603, "message": "no"}));
    let away = scene.lookout.metrics("calls are dropped", |it| {
        it.value(FAILED) >= 2.0 && it.value(DROPPED) > 0.0 && it.value(WAITING) >= 751.0
    });
    let away = away.await;
    assert!(away.value(WAITING) <= 1_000.0);
    assert_eq!(away.value("lookout_inbox_dropped_total"), 0.0, "the observer hears everything");
    collector.answers(Answer::status(200));
    let back = scene.lookout.metrics("all are sent or counted", |it| {
        let sent = it.value(EXPORTED);
        it.value(WAITING) == 0.0 && sent + it.value(DROPPED) == 1_502.0
    });
    let back = back.await;
    assert!(back.value(EXPORTED) >= 752.0);
    // What is always told came through, as there is room for it.
    let all = collector.spans(752).await;
    assert_eq!(one(&all, "bad", "Client").get("error.type"), "-32603");
}

#[tokio::test]
async fn one_that_never_answers_holds_up_nobody() {
    let collector = Collector::start(Answer::hangs()).await;
    let settings = "timeout = \"100ms\"\nqueue = 1000\nbatch = 100\nrequests = 2\n";
    let scene = Scene::new(&collector.url(), settings).await;
    let many = vec![json!({"jsonrpc": "2.0", "method": "do"}); 50];
    for round in 0..30 {
        scene.say("service/A", &json!(many));
        for call in 0..10 {
            let id = format!("{round}-{call}");
            scene.call("A", &id, json!({}));
            scene.reply(&id, "result", json!(1));
        }
    }
    scene.call("A", "bad", json!({}));
    scene.reply("bad", "error", json!({"code": -32603, "message": "no"}));
    let away = scene.lookout.metrics("calls are dropped", |it| {
        it.value(FAILED) >= 4.0
            && it.value(DROPPED) > 0.0
            && it.calls("A", "ok") == 300
            && it.calls("A", "failed") == 1
    });
    let away = away.await;
    assert!((751.0..=1_000.0).contains(&away.value(WAITING)), "{}", away.value(WAITING));
    assert_eq!((away.value(EXPORTED), away.open("A")), (0.0, 0.0));
    collector.answers(Answer::status(200));
    let back = scene.lookout.metrics("all are sent or counted", |it| {
        it.value(WAITING) == 0.0 && it.value(EXPORTED) + it.value(DROPPED) == 2_102.0
    });
    let back = back.await;
    assert_eq!(back.value("lookout_inbox_dropped_total"), 0.0, "the observer hears everything");
    let all = collector.told();
    assert_eq!(all.len() as f64, back.value(EXPORTED), "each once");
    assert_eq!(one(&all, "bad", "Client").get("error.type"), "-32603");
}
