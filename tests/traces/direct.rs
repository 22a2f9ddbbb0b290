//! A call that lookout answers in the service's place is told as what it is.

use crate::collector::{Answer, Collector};
use crate::line::soon;
use crate::told::one;
use crate::{Scene, exported};
use lookout::observer::trace::{Beside, SpanId};
use serde_json::json;
use std::time::Duration;

/// Between two calls.
const PACE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn an_answer_in_the_place_of_a_service_is_lookouts_own_span() {
    let collector = Collector::start(Answer::status(200)).await;
    let settings = "every = \"50ms\"\n[verdict]\nmin_silence = \"3s\"\n";
    let scene = Scene::with("direct_answers = true", &collector.url(), settings).await;
    let mut pace = tokio::time::interval(PACE);
    for id in 0..20 {
        pace.tick().await;
        let id = format!("good-{id}");
        scene.call("A", &id, json!({}));
        scene.reply(&id, "result", json!(1));
    }
    let mut calls = 0;
    let answered = async {
        loop {
            pace.tick().await;
            let all = collector.told();
            if let Some(it) = all.iter().find(|it| it.service == "lookout") {
                return it.get("jsonrpc.request.id").to_owned();
            }
            scene.call("A", &format!("lost-{calls}"), json!({}));
            calls += 1;
        }
    };
    let id = soon("an answer in its place", answered).await;
    // Each call has a span of its caller when its time was up.
    let ended = |it: &crate::program::Metrics| it.calls("A", "unanswered") == calls;
    scene.lookout.metrics("all are unanswered", ended).await;
    let direct = "lookout_direct_answers_total";
    let answers = scene.lookout.metrics("answers", |it| it.value(direct) > 0.0).await;
    let answers = answers.value(direct) as usize;
    exported(&scene.lookout, 40 + calls as usize + answers).await;

    let all = collector.told();
    let (client, server) = (one(&all, &id, "Client"), one(&all, &id, "Server"));
    assert_eq!(
        (client.status.as_str(), client.get("lookout.outcome")),
        ("no reply within 1.000 s", "unanswered")
    );
    let own = SpanId::of(u64::from_str_radix(&client.span, 16).unwrap());
    assert_eq!((&server.trace, &server.parent), (&client.trace, &client.span));
    assert_eq!(server.span, own.beside(Beside::Direct).to_string());
    assert_eq!((server.service.as_str(), server.status.as_str()), ("lookout", "code -32503"));
    for (key, value) in [
        ("rpc.method", "A/do"),
        ("rpc.response.status_code", "-32503"),
        ("error.type", "-32503"),
        ("lookout.outcome", "failed"),
        ("messaging.operation.type", "process"),
        ("peer.service", ""),
    ] {
        assert_eq!(server.get(key), value, "{key}");
    }
    assert!(server.start == client.start && server.end <= client.end && server.end % 1_000 == 0);
    assert_eq!(all.iter().filter(|it| it.service == "lookout").count(), answers);
}
