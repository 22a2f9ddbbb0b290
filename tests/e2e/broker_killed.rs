//! The broker is killed in the middle of calls and comes back: nobody is blamed, and lookout
//! hears again, so well that it finds the next outage.

use crate::mosquitto::Mosquitto;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{PRESENCE, Run, config};

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// Answers that a service owes at any moment. That also makes for a patience beyond 2 s.
const OWED: usize = 10;

/// Calls in a row that one service leaves open when the broker dies: enough to open a circuit,
/// if anybody took them for unanswered, and too few for patience to run out before.
const IN_VAIN: u64 = 12;

/// Attempts to connect, at least half a second apart, while the broker is away: longer than
/// patience and silence together, so that who does not doubt itself would blame everybody.
const ATTEMPTS: usize = 12;

/// Plays the scenario.
pub async fn blames_nobody(run: &Run) {
    let mut mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, OWED), &run.callers).await;
    let mut lookout = Lookout::start(&config(run, mosquitto.port())).await;
    let (before, _) = watcher.find(0, "healthy platform", well).await;
    let answered = platform.count("UserManagement").answers;
    platform.answers("UserManagement", answered + 50).await;
    let heard = lookout
        .metrics("answers before", |it| SERVICES.iter().all(|s| it.calls(s, "ok") >= 20))
        .await;

    // Every service owes some answers at this moment, and one has just died.
    platform.kill("UserManagement");
    let calls = platform.count("UserManagement").calls;
    platform.calls("UserManagement", calls + IN_VAIN).await;
    mosquitto.kill();
    for service in SERVICES {
        // What they owed is lost.
        platform.restart(service);
    }
    for _ in 0..ATTEMPTS {
        lookout.log("no link to ").await;
    }
    mosquitto.restart();
    lookout.log("subscribed to ").await;

    // It is there again, doubts itself for a while, and then not.
    let place = |it: &Document| it.topic == PRESENCE && it.get("online") == true;
    let (back, _) = watcher.find(before, "presence", place).await;
    for service in SERVICES {
        let topic = format!("services/{service}");
        let reads = |verdict: &'static str| {
            let topic = topic.clone();
            move |it: &Document| it.topic == topic && it.text("verdict") == verdict
        };
        let from = before + 1;
        let (doubted, _) = watcher.find(from, "unknown", reads("unknown")).await;
        let (_, fine) = watcher.find(doubted, "healthy", reads("healthy")).await;
        assert_eq!(fine.text("circuit"), "closed");
        assert!(fine.number("responseRate") == 1.0, "{}", fine.whole);
    }
    let doubt = |it: &Document| it.topic == "health" && it.get("inDoubt") == true;
    let (doubt, health) = watcher.find(before + 1, "doubt", doubt).await;
    assert_eq!(health.get("services")["unknown"], SERVICES.len());
    assert_eq!(health.get("openIncidents"), 0);
    let (calm, health) = watcher.find(doubt, "healthy platform", well).await;
    assert_eq!(health.get("inDoubt"), false);

    // It hears every service; what was open is void, not unanswered.
    let metrics = lookout
        .metrics("answers after", |it| {
            SERVICES.iter().all(|s| it.calls(s, "ok") >= heard.calls(s, "ok") + 100)
        })
        .await;
    for service in SERVICES {
        let void = metrics.calls(service, "void") - heard.calls(service, "void");
        assert!(void >= OWED as u64 / 2, "{void} void calls of {service}");
        for outcome in ["unanswered", "failed", "rejected"] {
            assert_eq!(metrics.calls(service, outcome), 0, "{service} {outcome}");
        }
    }
    assert!(watcher.spoken().is_empty(), "nobody is blamed: {:#?}", watcher.spoken());

    // The next outage is a real one.
    platform.kill("Catalogue");
    let down = |it: &Document| it.topic == "errors";
    let (_, news) = watcher.find(back.max(calm), "outage", down).await;
    assert_eq!(news.gist(), "errors Catalogue service_unavailable not_responding");
    lookout.terminate();
    let (code, printed) = lookout.end().await;
    assert_eq!(code, Some(0));
    // What was said while the watcher had no link either is on stdout.
    assert_eq!(printed[0], ("system/test/errors".to_owned(), news.whole.clone()));
    let blamed = |(_, it): &&(String, serde_json::Value)| it["params"]["service"] != "Catalogue";
    assert_eq!(printed.iter().find(blamed), None);
}

/// Whether a document says that everybody is healthy.
fn well(it: &Document) -> bool {
    it.topic == "health" && it.get("services")["healthy"] == SERVICES.len()
}
