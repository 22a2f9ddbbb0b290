//! A real server whose view shows a service that answers, then fails, and is told of in traces.

use crate::served::Served;
use lookout::alert::Board;
use lookout::clock::Clock;
use lookout::http::Desk;
use lookout::observer::digest::DigestKey;
use lookout::observer::input::Link;
use lookout::observer::survey::Survey;
use lookout::observer::{Input, Instant, Span};
use lookout::pipeline::Pipeline;
use lookout::telemetry::Figures;
use lookout::view::Turn;
use lookout::wire::Message;
use std::sync::Arc;

/// The trace that the caller of a failing call names.
pub const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// How many seconds it is well, and how long it is looked at.
const WELL: u64 = 60;
const LONG: u64 = 240;

/// The server, at work until the value ends.
pub struct Scene {
    pub address: String,
    _served: Served,
}

impl Scene {
    /// A service of this name answers for a minute, and then fails for three until now.
    pub fn start(service: &str, link: Option<&str>) -> Self {
        let clock = Clock::start();
        let served = Served::start(clock, link);
        let mut config = lookout::config::from_text("").unwrap();
        config.settings.trace.enabled = true;
        // The clock starts now; what is shown happened in the minutes before.
        let start = clock.now() - Span::from_secs(LONG);
        let (voice, key, alerts) = (config.voice(), DigestKey::new(1, 2), config.alerts());
        let mut pipeline =
            Pipeline::new(voice, config.traffic, config.settings, key, start).with_alerts(alerts);
        pipeline.tell(start, Input::Link(Link::Up));
        let (mut survey, mut board) = (Survey::default(), Arc::default());
        for second in 0..LONG {
            let now = start + Span::from_secs(second);
            for call in 0..5 {
                let id = second * 10 + call;
                exchange(
                    &mut pipeline,
                    now + Span::from_millis(call * 100),
                    service,
                    id,
                    second >= WELL,
                );
            }
            turn(&mut pipeline, (&mut survey, &mut board), &served.desk, now + Span::from_secs(1));
        }
        Self { address: served.address.clone(), _served: served }
    }
}

/// A call and its reply.
fn exchange(pipeline: &mut Pipeline, at: Instant, service: &str, id: u64, fails: bool) {
    let parent = format!("00-{TRACE}-{id:016x}-01");
    let call = serde_json::json!({
        "jsonrpc": "2.0", "id": id, "method": "pay", "sessionId": "s", "traceparent": parent,
    });
    let reply = if fails {
        serde_json::json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32603, "message": "no" } })
    } else {
        serde_json::json!({ "jsonrpc": "2.0", "id": id, "result": 1 })
    };
    let topic = format!("service/{service}");
    let after = at + Span::from_millis(15);
    for (at, topic, body) in [(at, topic.as_str(), call), (after, "session/s/response", reply)] {
        let payload = body.to_string();
        pipeline.hear(at, &Message { topic, payload: payload.as_bytes(), ..Message::default() });
    }
}

/// A second is over.
fn turn(
    pipeline: &mut Pipeline,
    (survey, board): (&mut Survey, &mut Arc<Board>),
    desk: &Desk,
    now: Instant,
) {
    pipeline.advance(now);
    let mut documents = Vec::new();
    while let Some(event) = pipeline.poll_said(&mut documents) {
        desk.said(&event, &documents);
        documents.clear();
    }
    while pipeline.poll_traced().is_some() {}
    let mut figures = Figures { start: now, ..Figures::default() };
    figures.link.up = true;
    let snapshot = pipeline.turn(now, survey, None);
    // It is told only when it changes.
    if let Some(changed) = pipeline.poll_board() {
        *board = Arc::new(changed);
    }
    desk.turn(Turn { snapshot, figures, board: board.clone(), ..Turn::default() });
}
