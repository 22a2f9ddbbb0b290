//! What the broker says reaches lookout late: held up for a while and then all at once, or in a
//! trickle. Everybody is called and answers all the while, and nobody is blamed.
//!
//! With a quick canary lookout knows that it hears late. With a slow one it does not, and still
//! the calls and their replies were on the same way: it times both as they arrive.

use crate::mosquitto::Mosquitto;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::valve::{Flow, Valve};
use crate::watcher::{Document, Watcher};
use crate::{Run, config};

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// Answers that a service owes at any moment: so many calls of each are open when the flow stops.
const OWED: usize = 10;

/// Plays the scenario with both canaries.
pub async fn blames_nobody(run: &Run, flow: Flow) {
    tokio::join!(plays(run, flow, "1s", true), plays(run, flow, "1m", false));
}

async fn plays(run: &Run, flow: Flow, canary: &str, doubts: bool) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let platform = Platform::start(broker, (&SERVICES, OWED), &run.callers).await;
    let valve = Valve::to(mosquitto.port()).await;
    let config =
        config(run, valve.port()).replace("[doubt]", &format!("[doubt]\ncanary = \"{canary}\""));
    let mut lookout = Lookout::start(&config).await;
    for service in SERVICES {
        platform.answers(service, 60).await;
    }
    watcher.find(0, "healthy platform", all_are_well).await;
    let before = lookout.metrics("answers", |it| heard(it) >= 100).await;

    valve.set(flow);
    // Longer than patience and silence together.
    let calls = platform.count("UserManagement").calls;
    platform.calls("UserManagement", calls + 140).await;
    valve.set(Flow::Free);
    if doubts {
        lookout.log("does not hear its own canary").await;
        lookout.log("hears its own canary again").await;
    }
    let answers = platform.count("Catalogue").answers;
    platform.answers("Catalogue", answers + 200).await;
    let after = lookout.metrics("answers", |it| heard(it) >= heard(&before) + 600).await;
    let spoken = watcher.spoken();
    assert!(spoken.is_empty(), "canary of {canary}: {spoken:#?}");
    // Nothing was lost; only what was open when the flow stopped may have come too late.
    let late = SERVICES.iter().map(|it| after.calls(it, "unanswered")).max();
    assert!(late <= Some(2 * OWED as u64), "canary of {canary}: {late:?}");
    assert_eq!(after.value("lookout_links_total"), 1.0, "one link for all of it");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// Calls that lookout heard answered.
fn heard(page: &crate::program::Metrics) -> u64 {
    SERVICES.iter().map(|service| page.calls(service, "ok")).sum()
}

fn all_are_well(it: &Document) -> bool {
    it.topic == "health"
        && it.get("inDoubt") == false
        && it.get("services")["healthy"] == SERVICES.len()
}
