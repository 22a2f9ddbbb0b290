//! A service that is gone from the broker, which can be asked: said before the first call times
//! out. The broker is a real Mosquitto; EMQX's interface beside it is a stand-in.

use crate::direct::{ANSWERS, service};
use crate::emqx::{Emqx, KEY, SECRET};
use crate::line::{Line, Message, Trouble, soon};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

/// Between two calls.
const PACE: Duration = Duration::from_millis(200);
/// Fewer than it takes to learn how long to wait: until then it is half a minute.
const FEW: u64 = 12;

fn call(id: u64) -> Message {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "replyTo": ANSWERS });
    Message {
        topic: "service/Catalogue".into(),
        payload: body.to_string().into(),
        correlation: Some(id.to_be_bytes().to_vec().into()),
        ..Message::default()
    }
}

/// Plays the scenario.
pub async fn said_before_a_timeout(run: &Run) {
    let emqx = Emqx::start().await;
    let others = [("lookout-e2e", "service/+"), ("logger", "#")];
    let present = [others[0], others[1], ("service", "$share/all/service/Catalogue")];
    emqx.set(&present);
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
    let url = &emqx.url;
    let config = format!(
        "{}[emqx]\nurl = \"{url}\"\napi_key = \"{KEY}\"\napi_secret = \"{SECRET}\"\n\
         look_every = \"1s\"\nonlookers = [\"logger\"]\n",
        config(run, mosquitto.port())
    );
    let lookout = Lookout::start(&config).await;
    let calm = |it: &Document| it.topic == "health" && it.get("inDoubt") == false;
    let (start, _) = watcher.find(0, "start", calm).await;
    let mut pace = tokio::time::interval(PACE);
    for id in 0..FEW {
        pace.tick().await;
        assert!(caller.post().send(call(id)));
        soon("answer", answers.recv()).await.unwrap();
    }
    // All was well so far, and the broker was left alone.
    assert_eq!(emqx.asked(), [""; 0]);

    drop(alive);
    emqx.set(&others);
    assert!(caller.post().send(call(FEW)));
    let gone = |it: &Document| it.text("type") == "service_unavailable";
    let (at, said) = watcher.find(start, "service_unavailable", gone).await;
    assert_eq!((said.text("service"), said.text("reason")), ("Catalogue", "no_subscriber"));
    let looked = |found: &str| format!("lookout_subscriber_looks_total{{found=\"{found}\"}}");
    let metrics = lookout.metrics("looks", |it| it.value(&looked("nobody")) >= 2.0).await;
    assert_eq!(metrics.calls("Catalogue", "unanswered"), 0, "before any call timed out");
    assert_eq!(metrics.value(&looked("unknown")), 0.0);

    let back = service(broker);
    back.ready().await;
    emqx.set(&present);
    let over = |it: &Document| it.text("type") == "service_recovered";
    let mut id = FEW;
    let mut find = Box::pin(watcher.find(at, "service_recovered", over));
    loop {
        tokio::select! {
            (_, said) = &mut find => {
                assert_eq!(said.text("service"), "Catalogue");
                break;
            }
            _ = pace.tick() => {
                id += 1;
                assert!(caller.post().send(call(id)));
            }
        }
    }
    drop(find);
    let verdicts: Vec<_> = watcher.spoken().iter().map(|it| it.text("type").to_owned()).collect();
    assert_eq!(verdicts, ["service_unavailable", "service_recovered"]);
    lookout.terminate();
    let (code, _) = lookout.end().await;
    assert_eq!(code, Some(0));
}
