//! A real Prometheus reads OpenMetrics from a real server, and finds the trace of a slow call in it.

use crate::served::Served;
use crate::{LOOK, PATIENCE, Prometheus};
use lookout::clock::Clock;
use lookout::observer::digest::DigestKey;
use lookout::observer::exemplars::Exemplars;
use lookout::observer::trace::{SpanId, TraceId};
use lookout::observer::{Instant, Snapshot, Span};
use lookout::pipeline::Pipeline;
use lookout::view::Turn;
use lookout::wire::{Message, Properties};
use std::sync::Arc;

const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const TOOK: Span = Span::from_micros(1_250_042);
/// A name that has to be escaped.
const NAME: &str = "Bill\"ing\\\n";

/// One answered call, which is told in a trace.
fn snapshot(now: Instant) -> Snapshot {
    let config = lookout::config::from_text("").unwrap();
    let (voice, key) = (config.voice(), DigestKey::new(1, 2));
    let mut pipeline = Pipeline::new(voice, config.traffic, config.settings, key, now - TOOK);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"pay","sessionId":"s"}"#;
    let reply = r#"{"jsonrpc":"2.0","id":1,"result":true}"#;
    let said = [(now - TOOK, "service/Billing", call), (now, "session/s/response", reply)];
    for (at, topic, payload) in said {
        let properties = Properties::default();
        let message = Message { topic, payload: payload.as_bytes(), retain: false, properties };
        pipeline.hear(at, &message);
    }
    let mut snapshot = pipeline.snapshot(now);
    let service = &mut snapshot.services[0];
    assert_eq!(service.figures.totals.ok, 1);
    service.name = NAME.into();
    let mut exemplars = Exemplars::default();
    exemplars.note(now, TOOK, TraceId::of(TRACE), SpanId::of(0xf0_67aa));
    service.exemplars = Some(Arc::new(exemplars));
    snapshot
}

#[tokio::test]
async fn prometheus_finds_the_trace_of_a_call_by_how_long_it_took() {
    let clock = Clock::start();
    let now = clock.now();
    let served = Served::start(clock, None);
    let target = served.address.clone();
    served.desk.turn(Turn { snapshot: snapshot(now), ..Turn::default() });

    let scene = Prometheus::start(&target);
    let second = |at: Instant| at.second().to_string();
    let (start, end) = (second(now - Span::from_secs(60)), second(now + Span::from_secs(60)));
    let query = [("query", "lookout_reply_seconds_bucket"), ("start", &start), ("end", &end)];
    let mut look = tokio::time::interval(LOOK);
    let waiting = async {
        loop {
            look.tick().await;
            let found = scene.api("query_exemplars", &query).await.unwrap_or_default();
            if found["data"].as_array().is_some_and(|list| !list.is_empty()) {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, waiting).await.expect("an exemplar");
    let [series] = &found["data"].as_array().unwrap()[..] else { panic!("{found:#}") };
    let labels = &series["seriesLabels"];
    assert_eq!(labels["le"], "2.5");
    assert_eq!(labels["service"], NAME);
    let exemplar = &series["exemplars"][0];
    assert_eq!(exemplar["labels"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(exemplar["labels"]["span_id"], "0000000000f067aa");
    assert_eq!(exemplar["value"], "1.250042");
    let at = exemplar["timestamp"].as_f64().unwrap();
    assert!((at - now.micros() as f64 / 1e6).abs() < 0.002, "{at}");

    // Samples are named as in the text, and a whole bound as OpenMetrics has it.
    let whole = scene.until(r#"lookout_reply_seconds_bucket{le="5.0"}"#).await;
    assert_eq!(whole[0]["value"][1], "1");
    assert_eq!(scene.until("lookout_calls_total{outcome=\"ok\"}").await[0]["value"][1], "1");
    assert_eq!(scene.until("lookout_build_info").await[0]["value"][1], "1");
    let known = scene.api("metadata", &[("metric", "lookout_calls")]).await.unwrap();
    assert_eq!(known["data"]["lookout_calls"][0]["type"], "counter", "{known:#}");
    formats(&scene, &target).await;
}

/// Others get what they ask for.
async fn formats(scene: &Prometheus, target: &str) {
    let url = format!("http://{target}/metrics");
    let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = "text/plain; version=0.0.4; charset=utf-8";
    for (accept, wanted) in [
        (None, text),
        (Some("text/plain;q=0.6, application/openmetrics-text;version=1.0.0;q=0.5"), text),
        (Some("application/openmetrics-text; version=1.0.0"), open),
    ] {
        let mut request = scene.client.get(&url);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], wanted, "{accept:?}");
        assert_eq!(response.headers()["vary"], "accept");
        let page = response.text().await.unwrap();
        assert_eq!(page.ends_with("\n# EOF\n"), wanted == open, "{accept:?}");
        assert_eq!(page.contains("trace_id"), wanted == open, "{accept:?}");
    }
}
