//! What a check of kind `emqx` makes of answers that it cannot use, or does not get.

use crate::emqx::{assert_discreet, checking, lines};
use crate::emqx_cluster::{Answer, Cluster, SECRET, refusal};
use crate::kit::{assert_found, assert_well, check, facts, look};
use lookout::observer::input::Severity;
use serde_json::json;

#[tokio::test]
async fn what_can_be_done_without_is_skipped() {
    let cluster = Cluster::start().await;
    let mut check = checking(&cluster, "");
    for (path, answer, said) in [
        (
            "listeners",
            refusal(403, "UNAUTHORIZED_ROLE", "no"),
            "listeners: 403 Forbidden UNAUTHORIZED_ROLE",
        ),
        ("listeners", refusal(404, "NOT_FOUND", "no"), "listeners: 404 Not Found NOT_FOUND"),
        (
            "monitor_current",
            refusal(404, "NOT_FOUND", "no"),
            "monitor_current: 404 Not Found NOT_FOUND",
        ),
        (
            "monitor_current",
            Answer::Body(json!([1, 2])),
            "monitor_current: an answer that cannot be read",
        ),
        ("stats", refusal(500, "", "no"), "stats: 500 Internal Server Error"),
        (
            "metrics",
            refusal(500, "NODE_DOWN", "no"),
            "metrics: 500 Internal Server Error NODE_DOWN",
        ),
        ("alarms", refusal(500, "NODE_DOWN", "no"), "alarms: 500 Internal Server Error NODE_DOWN"),
    ] {
        let other = Cluster::start().await;
        other.set(path, answer);
        let found = look(&mut *checking(&other, "")).await;
        assert_well(&found);
        assert_eq!(facts(&found)["skipped"], json!([said]));
    }
    for (path, answer, said) in [
        (
            "alarms",
            refusal(403, "UNAUTHORIZED_ROLE", "no"),
            "does not let the API key read alarms (UNAUTHORIZED_ROLE): give it the role `viewer`",
        ),
        ("metrics", Answer::Half(json!({"a": 1}).to_string()), "gives no answer"),
        ("cluster", Answer::Body(json!("<html>")), "is not EMQX 5 (cluster)"),
    ] {
        let other = Cluster::start().await;
        other.set(path, answer);
        let found = look(&mut *checking(&other, "")).await;
        assert_found(&found, Severity::Warning, said);
        assert_discreet(&found);
    }
    assert_well(&look(&mut *check).await);
}

#[tokio::test]
async fn without_the_nodes_nothing_is_known() {
    let page = include_str!("../samples/emqx/nodes.json");
    let noise: Vec<u8> =
        (0..4_096_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (answer, severity, definite, said) in [
        (
            refusal(403, "UNAUTHORIZED_ROLE", "no"),
            Severity::Error,
            true,
            "give it the role `viewer`",
        ),
        (
            refusal(503, "SERVICE_UNAVAILABLE", "no"),
            Severity::Critical,
            false,
            "answered with 503 Service Unavailable",
        ),
        (refusal(500, "NODE_DOWN", "no"), Severity::Error, false, "answered with 500"),
        (refusal(302, "", "no"), Severity::Critical, false, "answered with 302"),
        (
            refusal(404, "<b>hunter2</b>", "hunter2"),
            Severity::Critical,
            false,
            "answered with 404 Not Found (nodes)",
        ),
        (
            Answer::Status(200, "<html>hello</html>".to_owned()),
            Severity::Critical,
            false,
            "is not EMQX 5",
        ),
        (Answer::Status(200, String::new()), Severity::Critical, false, "is not EMQX 5"),
        (Answer::Body(json!({"data": []})), Severity::Critical, false, "is not EMQX 5"),
        (Answer::Body(json!([{"name": "x"}])), Severity::Critical, false, "is not EMQX 5"),
        (Answer::Half(page.to_owned()), Severity::Critical, false, "gives no answer"),
        (
            Answer::Status(200, " ".repeat(5 << 20)),
            Severity::Critical,
            false,
            "more than 4194304 bytes",
        ),
        (Answer::Bytes(noise), Severity::Critical, false, "gives no answer"),
        (Answer::Bytes(Vec::new()), Severity::Critical, false, "gives no answer"),
        (Answer::Silence, Severity::Critical, false, "gives no answer"),
    ] {
        let cluster = Cluster::start().await;
        cluster.set("nodes", answer);
        let found = look(&mut *checking(&cluster, "timeout = \"300ms\"")).await;
        assert_found(&found, severity, said);
        assert_eq!(found.is_definite(), definite, "{said}");
        assert_discreet(&found);
        assert_eq!(cluster.asked(), ["nodes"], "nobody asks on");
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_closed_port_are_told_apart() {
    let cluster = Cluster::start().await;
    // The stand-in says back what it was sent.
    let found = look(&mut *check(&lines(&cluster.url, "hunter2-wrong", ""))).await;
    assert_found(
        &found,
        Severity::Error,
        "EMQX refuses the API key with its secret (BAD_API_KEY_OR_SECRET)",
    );
    assert!(found.is_definite());
    assert!(found.advice()[0].contains("`password_file`"), "{found:?}");
    assert!(!format!("{found:?} {:?}", found.details()).contains("hunter2"), "{found:?}");
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let found = look(&mut *check(&lines(&closed, SECRET, ""))).await;
    assert_found(&found, Severity::Critical, "gives no answer");
    assert!(!found.is_definite(), "a restart refuses too");
    assert_discreet(&found);
}
