//! How lookout itself is, in the eyes of a probe: while it starts, works, is cut off, and stops.

use crate::kit::{Platform, client, read};
use serde_json::{Value, json};

fn check<'b>(body: &'b Value, name: &str) -> &'b Value {
    let checks = body["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_lookout_without_a_broker_is_alive_and_starting() {
    let port = crate::mosquitto::free_port();
    let config =
        format!("[broker]\nurl = \"mqtt://127.0.0.1:{port}\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    let mut lookout = crate::program::Lookout::start(&config).await;
    lookout.log("no link to").await;
    let client = client();
    let ask = async |path: &str| {
        read(client.get(format!("http://{}{path}", lookout.host())).send().await.unwrap()).await
    };
    assert_eq!(ask("/livez").await, (200, json!("ok")));
    assert_eq!(ask("/health/live").await.0, 200);
    let (status, body) = ask("/health").await;
    assert_eq!(
        (status, &body["status"], &body["ready"]),
        (503, &json!("starting"), &json!(false)),
        "{body}"
    );
    assert_eq!(check(&body, "link")["status"], "starting");
    let (status, text) = ask("/readyz").await;
    assert_eq!(status, 503);
    assert!(text.as_str().unwrap().contains("[-]link failed: no link"), "{text}");
    assert!(text.as_str().unwrap().ends_with("readyz check failed\n"), "{text}");
    assert_eq!(ask("/health/ready").await.0, 503);
}

#[tokio::test]
async fn health_follows_the_link() {
    let mut platform = Platform::healthy("").await;
    let body = platform.until("/health", "healthy", |_, body| body["status"] == "healthy").await;
    assert_eq!((&body["node"], &body["cluster"]), (&json!("lookout-web"), &json!("web")));
    assert!(body["uptimeSeconds"].as_f64().unwrap() > 0.0);
    for name in ["loop", "link", "canary", "traffic", "inbox", "outbox", "tasks", "doubt"] {
        assert_eq!(check(&body, name)["status"], "healthy", "{name}: {body}");
    }
    let (_, text) = platform.json("/readyz?verbose&exclude=canary&exclude=doubt").await;
    let text = text.as_str().unwrap();
    assert!(text.contains("[+]link ok\n[+]canary excluded: ok\n"), "{text}");
    assert!(text.ends_with("readyz check passed\n"), "{text}");

    platform.mosquitto.kill();
    let cut = |status: u16, body: &Value| status == 503 && body["status"] == "unhealthy";
    let body = platform.until("/health", "unhealthy", cut).await;
    assert!(check(&body, "link")["message"].as_str().unwrap().starts_with("no link"), "{body}");
    assert_eq!(platform.json("/readyz").await.0, 503);
    // It is cut off, not dead: it must not be started anew.
    assert_eq!(platform.json("/livez").await.0, 200);
    assert_eq!(platform.json("/readyz?exclude=link").await.0, 200);

    platform.mosquitto.restart();
    platform.until("/readyz", "ready again", |status, _| status == 200).await;
}

#[tokio::test]
async fn a_lookout_that_stops_is_no_longer_ready() {
    let platform = Platform::start("").await;
    platform.mosquitto.freeze();
    platform.lookout.terminate();
    let stops = |status: u16, body: &Value| status == 503 && body["status"] == "stopping";
    platform.until("/health", "stopping", stops).await;
}
