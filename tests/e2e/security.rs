//! An attack end to end: guessed passwords, and one that was right; said on `security`, as an alert, and over
//! when it is over.

use crate::line::{Line, Message, Trouble};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use serde_json::{Value, json};

/// What a stranger can call itself.
const HOSTILE: &str = "eve\u{1b}[2J\n<img src=a onerror=b>";
/// The same as it is shown.
const TAMED: &str = "eve\u{fffd}[2J\u{fffd}<img src=a onerror=b>";

/// Plays the scenario.
pub async fn guessed_passwords_are_an_attack(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let hand = Line::open(broker, "hand", "nothing", &Trouble::default(), |_, _| ());
    hand.ready().await;
    let watch = "[security]\nenabled = true\ncalm = \"4s\"\n[alerts]\nclear_for = \"0s\"\n";
    let mut lookout = Lookout::start(&format!("{}{watch}", config(run, mosquitto.port()))).await;
    lookout.log("subscribed to ").await;
    let hears = |it: &crate::program::Metrics| {
        it.value("lookout_link_up") == 1.0 && it.value("lookout_in_doubt") == 0.0
    };
    lookout.metrics("lookout hears", hears).await;
    let say = |topic: &str, body: Value| {
        let payload = body.to_string().into();
        let message = Message { topic: topic.to_owned(), payload, ..Message::default() };
        assert!(hand.post().send(message));
    };
    let login = |success: bool| {
        let reason = if success { "" } else { "bad password" };
        say(
            "security/auth/login",
            json!({"user": HOSTILE, "address": "192.0.2.7:4711", "success": success, "reason": reason}),
        );
    };
    // A call and its answer, so that it is seen who calls.
    say(
        "service/Billing",
        json!({"jsonrpc": "2.0", "id": 1, "method": "pay", "sessionId": "s-1", "userContext": {"userId": "ana"}}),
    );
    say("session/s-1/response", json!({"jsonrpc": "2.0", "id": 1, "result": 1}));
    for _ in 0..4 {
        login(false);
    }
    say("security/auth/login", json!("nothing that can be read"));
    let signs = |sign: &str| format!("lookout_security_signs_total{{sign=\"{sign}\"}}");
    let four = lookout.metrics("four failures", |it| it.value(&signs("login")) == 4.0).await;
    assert_eq!(four.value("lookout_open_attacks{attack=\"brute_force\"}"), 0.0, "not yet");
    assert_eq!([signs("call"), signs("answer")].map(|it| four.value(&it)), [1.0, 1.0]);

    login(false);
    let is = |state: &'static str| {
        move |it: &Document| it.topic == "security" && it.text("state") == state
    };
    let (_, opened) = watcher.find(0, "an attack", is("opened")).await;
    assert_eq!(
        (opened.text("attack"), opened.text("severity"), opened.number("signs")),
        ("brute_force", "critical", 1.0)
    );
    assert_eq!(*opened.get("source"), json!({"address": "192.0.2.7"}));
    assert_eq!(*opened.get("target"), json!({"user": TAMED}));
    assert_eq!(opened.get("recommendedActions")[0], "block_ip");
    let what = opened.get("evidence")[0]["what"].as_str().unwrap();
    assert_eq!(what, format!("login of {TAMED} from 192.0.2.7 failed: bad password"));
    let alert = |topic: &'static str, status: &'static str| {
        move |it: &Document| {
            it.topic == topic && it.text("alert") == "LookoutAttack" && it.text("status") == status
        }
    };
    let (_, told) = watcher.find(0, "its alert", alert("alerts", "firing")).await;
    assert_eq!(told.text("summary"), format!("brute force: {TAMED} from 192.0.2.7"));
    assert_eq!(told.text("correlationId"), opened.text("correlationId"));
    watcher.find(0, "an emergency", alert("emergency", "firing")).await;

    login(true);
    let (_, worse) = watcher.find(0, "that it is worse", is("escalated")).await;
    assert_eq!(worse.text("attack"), "success_after_failures");
    let (_, over) = watcher.find(0, "its end", is("ended")).await;
    for document in [&worse, &over] {
        assert_eq!(document.text("correlationId"), opened.text("correlationId"), "one attack");
    }
    assert_eq!(over.get("evidence").as_array().unwrap().len(), 2);
    watcher.find(0, "the end of its alert", alert("alerts", "resolved")).await;
    let all = lookout.metrics("what was found", |it| {
        it.value("lookout_attacks_total{attack=\"success_after_failures\"}") == 1.0
    });
    assert_eq!(all.await.value("lookout_attacks_total{attack=\"brute_force\"}"), 1.0);
    let said = watcher.on("security").len();
    assert_eq!(said, 3, "found, worse, over: {:?}", watcher.on("security"));
    let page = lookout.get("metrics");
    assert!(!page.contains("192.0.2.7") && !page.contains("onerror"), "nobody is named there");
}
