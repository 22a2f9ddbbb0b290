//! Direct answers end to end: who waits for a service that is gone is told so once, in a form that
//! any JSON-RPC client reads, and lookout does not take its own words for those of the service.

use crate::line::{Line, Message, Trouble, soon};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::schemas::Schemas;
use crate::watcher::Watcher;
use crate::{Run, config};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Between two calls.
const PACE: Duration = Duration::from_millis(200);
/// Where the caller hears answers.
pub const ANSWERS: &str = "session/caller/response";

/// A service that answers everything.
pub fn service(broker: (crate::line::Version, u16)) -> Line {
    Line::open(broker, "service", "service/Catalogue", &Trouble::default(), |post, call| {
        let body: Value = serde_json::from_slice(&call.payload).unwrap();
        let payload = json!({ "jsonrpc": "2.0", "id": body["id"], "result": true }).to_string();
        let correlation = call.correlation.clone();
        let topic = ANSWERS.to_owned();
        post.send(Message { topic, payload: payload.into(), correlation, ..Message::default() });
    })
}

fn call(id: u64) -> Message {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "m",
        "replyTo": ANSWERS, "correlationId": format!("operation-{id}") });
    Message {
        topic: "service/Catalogue".into(),
        payload: body.to_string().into(),
        correlation: Some(id.to_be_bytes().to_vec().into()),
        ..Message::default()
    }
}

/// The next answer, with its id.
async fn answer(answers: &mut UnboundedReceiver<Message>) -> (u64, Value, Message) {
    let message = soon("answer", answers.recv()).await.unwrap();
    let body: Value = serde_json::from_slice(&message.payload).unwrap();
    (body["id"].as_u64().unwrap(), body, message)
}

/// Plays the scenario.
pub async fn told_once(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let alive = service(broker);
    alive.ready().await;
    let (tell, mut answers) = unbounded_channel();
    let caller = Line::open(broker, "caller", ANSWERS, &Trouble::default(), move |_, message| {
        let _ = tell.send(message);
    });
    caller.ready().await;
    let config = format!("direct_answers = true\n{}", config(run, mosquitto.port()));
    let lookout = Lookout::start(&config).await;
    let calm = |it: &crate::watcher::Document| it.topic == "health" && it.get("inDoubt") == false;
    let (start, _) = watcher.find(0, "start", calm).await;
    let mut pace = tokio::time::interval(PACE);
    let mut id = 0;
    for _ in 0..20 {
        pace.tick().await;
        id += 1;
        assert!(caller.post().send(call(id)));
        assert_eq!(answer(&mut answers).await.1["result"], true);
    }

    drop(alive);
    let down = "service_unavailable";
    let find = watcher.find(start, down, |it| it.text("type") == "service_unavailable");
    tokio::pin!(find);
    loop {
        tokio::select! {
            _ = &mut find => break,
            _ = pace.tick() => {
                id += 1;
                assert!(caller.post().send(call(id)));
            }
        }
    }
    let last = id + 5;
    while id < last {
        pace.tick().await;
        id += 1;
        assert!(caller.post().send(call(id)));
    }
    let (mut told, schemas) = (Vec::new(), Schemas::load());
    while told.last() != Some(&last) {
        let (id, body, message) = answer(&mut answers).await;
        told.push(id);
        let error = &body["error"];
        assert_eq!((&error["code"], &body["jsonrpc"]), (&json!(-32503), &json!("2.0")));
        let data = &error["data"];
        assert_eq!(data["serviceName"], "Catalogue");
        assert_eq!(data["source"], "lookout-e2e");
        assert_eq!(data["reason"], "not_responding", "{data}");
        assert_eq!(data["correlationId"], format!("operation-{id}"));
        schemas.check("direct_answer.json", &body).unwrap();
        if run.protocol == "5" {
            assert_eq!(message.correlation.as_deref(), Some(&id.to_be_bytes()[..]));
        }
    }
    let (first, count) = (told[0], told.len() as u64);
    assert!(told.is_sorted() && count == last - first + 1, "each once, none left out: {told:?}");
    assert!(first > 20 && first <= last - 5, "also those that waited: {told:?}");
    let page = lookout
        .metrics("answers", |it| it.value("lookout_direct_answers_total") >= count as f64)
        .await;
    assert_eq!(page.value("lookout_direct_answers_total"), count as f64);
    assert_eq!(page.calls("Catalogue", "failed"), 0, "its own words are not the service's");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
    assert!(answers.try_recv().is_err(), "nobody was told twice");
}
