//! An attack end to end: guessed passwords, and one that was right; said on `security`, as an alert, and over
//! when it is over.

use crate::emqx_bans::{Bans, KEY, SECRET};
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

/// Plays the scenario: somebody says in lookout's place that a circuit is open, after lookout said a lot itself.
pub async fn who_speaks_in_lookouts_place_is_an_attack(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let hand = Line::open(broker, "hand", "nothing", &Trouble::default(), |_, _| ());
    hand.ready().await;
    let watch = "[security]\nenabled = true\n[alerts]\nclear_for = \"0s\"\n";
    let lookout = Lookout::start(&format!("{}{watch}", config(run, mosquitto.port()))).await;
    let hears = |it: &crate::program::Metrics| {
        it.value("lookout_link_up") == 1.0 && it.value("lookout_in_doubt") == 0.0
    };
    lookout.metrics("lookout hears", hears).await;
    // lookout says a lot itself first: an attack, its alert, an emergency.
    for _ in 0..5 {
        let login = json!({"user": "ana", "address": "192.0.2.7", "success": false});
        let topic = "security/auth/login".to_owned();
        let payload = login.to_string().into();
        assert!(hand.post().send(Message { topic, payload, ..Message::default() }));
    }
    let own = |it: &Document| it.topic == "emergency" && it.text("alert") == "LookoutAttack";
    let (at, _) = watcher.find(0, "an emergency of another attack", own).await;
    let said = lookout.metrics("what it heard", |it| it.value("lookout_link_up") == 1.0).await;
    let foreign = "lookout_security_signs_total{sign=\"foreign\"}";
    assert_eq!(said.value(foreign), 0.0, "what it said itself is its own");

    let forged = json!({"jsonrpc": "2.0", "method": "circuit_breaker", "params": {
        "type": "circuit_breaker", "clusterId": "test", "service": "Forged", "topic": "service/Forged",
        "state": "open", "previous": "closed", "reason": "failure_rate", "circuit": "open",
        "openCount": 1, "failures": 5, "requests": 5, "trialCalls": 3,
        "timestamp": "2026-01-15T10:30:00.000Z", "correlationId": "incident-00000000000001"}});
    // Said until it is found: for the first seconds of a link it is not known who else is there.
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(500));
    let forging = async {
        loop {
            pace.tick().await;
            let topic = "system/test/circuit-breaker".to_owned();
            let payload = forged.to_string().into();
            assert!(hand.post().send(Message { topic, payload, ..Message::default() }));
        }
    };
    let is_it = |it: &Document| it.topic == "security" && it.text("attack") == "impostor";
    let (_, found) = tokio::select! {
        found = watcher.find(0, "an attack", is_it) => found,
        () = forging => unreachable!("it goes on and on"),
    };
    assert_eq!((found.text("severity"), found.text("state")), ("critical", "opened"));
    let what = "somebody else published on system/test/circuit-breaker, circuit_breaker";
    assert_eq!(found.get("evidence")[0]["what"], what);
    let alert = |it: &Document| it.topic == "emergency" && it.text("alert") == "LookoutAttack";
    watcher.find(at + 1, "an emergency", alert).await;
    let page = lookout.metrics("its signs", |it| it.value(foreign) >= 1.0).await;
    assert_eq!(page.value("lookout_attacks_total{attack=\"impostor\"}"), 1.0);
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// Plays the scenario: EMQX, or what stands in for it, bans a client that comes and goes all the time.
pub async fn whom_emqx_bans_is_told(run: &Run) {
    let mosquitto = Mosquitto::start();
    let mut watcher = Watcher::start((run.version, mosquitto.port()), "watcher").await;
    let emqx = Bans::start(&[]).await;
    emqx.ban("clientid", "of-before", "flapping detector");
    emqx.fail(1);
    let more = format!(
        "[security]\nenabled = true\nbans_every = \"1s\"\n[emqx]\nurl = {:?}\napi_key = {KEY:?}\napi_secret = {SECRET:?}\n",
        emqx.url
    );
    let mut lookout = Lookout::start(&format!("{}{more}", config(run, mosquitto.port()))).await;
    lookout.log("whom EMQX bans is not known").await;
    lookout.log("whom EMQX bans is known again").await;
    emqx.ban("username", "of-operator", "alice");
    emqx.ban("peerhost", "192.0.2.7", "lookout");
    emqx.ban("clientid", "meter-7", "flapping detector");
    let is_it = |it: &Document| it.topic == "security";
    let (_, found) = watcher.find(0, "a ban", is_it).await;
    assert_eq!((found.text("attack"), found.text("severity")), ("flapping", "warning"));
    assert_eq!(*found.get("source"), json!({"client": "meter-7"}));
    let signs = "lookout_security_signs_total{sign=\"ban\"}";
    let asked = emqx.asked().len();
    lookout.metrics("more looks", |_| emqx.asked().len() > asked + 2).await;
    let page = lookout.metrics("one sign", |it| it.value(signs) > 0.0).await;
    assert_eq!(page.value(signs), 1.0, "those of before and of others are none");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}
