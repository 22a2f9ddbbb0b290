//! Where people meet traces over HTTP: beside each error, each incident and each alert.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/served.rs"]
mod served;
#[path = "support/traced.rs"]
mod traced;

use serde_json::Value;
use std::time::Duration;
use traced::{Scene, TRACE};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Asks until something is there.
async fn until(scene: &Scene, path: &str, what: &str) -> Value {
    let client = client();
    let url = format!("http://{}/api/v1/{path}", scene.address);
    let mut look = tokio::time::interval(LOOK);
    let waiting = async {
        loop {
            look.tick().await;
            let Ok(answer) = client.get(&url).send().await else { continue };
            let body: Value = answer.json().await.unwrap_or_default();
            if body.pointer(what).is_some() {
                return body;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.unwrap_or_else(|_| panic!("{path} has no {what}"))
}

#[tokio::test]
async fn errors_incidents_and_alerts_name_their_trace() {
    let scene = Scene::start("Billing", Some("https://jaeger.example/trace/{traceId}?q={traceId}"));
    let url = format!("https://jaeger.example/trace/{TRACE}?q={TRACE}");
    let body = until(&scene, "services/Billing", "/recentErrors/19/traceId").await;
    for error in body["recentErrors"].as_array().unwrap() {
        assert_eq!(error["traceId"], TRACE);
        assert_eq!(error["traceUrl"], url);
    }
    let body = until(&scene, "incidents", "/incidents/0/traceId").await;
    let incident = &body["incidents"][0];
    assert_eq!((&incident["traceId"], &incident["traceUrl"]), (&TRACE.into(), &url.clone().into()));
    let lines = incident["story"].as_array().unwrap();
    let told = lines
        .iter()
        .find(|line| line["type"] == "service_degraded" || line["type"] == "service_unavailable");
    assert_eq!(told.unwrap()["traceId"], TRACE, "{incident:#}");
    let circuit = lines.iter().find(|line| line["type"] == "circuit_breaker").unwrap();
    assert_eq!(circuit.get("traceId"), None, "only what says so names one");
    let body = until(&scene, "alerts", "/alerts/0/traceId").await;
    let alerts = body["alerts"].as_array().unwrap();
    let of_service = |it: &&Value| it["alert"].as_str().unwrap().starts_with("LookoutService");
    let alert = alerts.iter().find(of_service).unwrap();
    assert_eq!((&alert["traceId"], &alert["traceUrl"]), (&TRACE.into(), &url.into()), "{alert:#}");
}

#[tokio::test]
async fn without_a_link_there_is_only_the_id() {
    let scene = Scene::start("Billing", None);
    let body = until(&scene, "services/Billing", "/recentErrors/0/traceId").await;
    assert_eq!(body["recentErrors"][0].get("traceUrl"), None);
    let body = until(&scene, "incidents", "/incidents/0/traceId").await;
    assert_eq!(body["incidents"][0].get("traceUrl"), None);
}

#[tokio::test]
async fn a_bucket_of_reply_times_names_the_trace_of_its_last_call() {
    let scene = Scene::start("Billing", None);
    until(&scene, "services/Billing", "/recentErrors/0/traceId").await;
    let asked = client().get(format!("http://{}/metrics", scene.address));
    let page = asked.header("accept", "application/openmetrics-text; version=1.0.0").send().await;
    let page = page.unwrap().text().await.unwrap();
    let shown: Vec<_> = page.lines().filter(|line| line.contains(" # {")).collect();
    let [line] = shown[..] else { panic!("{shown:?}") };
    let bucket = r#"lookout_reply_seconds_bucket{service="Billing",le="0.025"} "#;
    assert!(line.starts_with(bucket), "all of them took 15 ms: {line}");
    assert!(line.contains(&format!("# {{trace_id=\"{TRACE}\",span_id=\"")), "{line}");
    assert!(line.contains("\"} 0.015 "), "{line}");
}
