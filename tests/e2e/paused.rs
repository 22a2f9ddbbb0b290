//! lookout stands still while services are called and one of them is replaced: when it goes on it
//! knows that it was away, and blames nobody for what it did not hear.

use crate::mosquitto::Mosquitto;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// At its pace, the platform calls each service so often in three seconds.
const CALLS_IN_3_S: u64 = 60;

/// Plays the scenario.
pub async fn blames_nobody(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, 10), &run.callers).await;
    let mut lookout = Lookout::start(&config(run, mosquitto.port())).await;
    for service in SERVICES {
        platform.answers(service, 60).await;
    }
    let (well, _) = watcher.find(0, "healthy platform", all_are_well).await;

    lookout.signal("STOP");
    // Long enough for silence and patience to run out; what it owed then is never answered.
    platform.kill("Catalogue");
    let calls = platform.count("UserManagement").calls;
    for part in 1..=10 {
        platform.calls("UserManagement", calls + part * CALLS_IN_3_S).await;
    }
    platform.restart("Catalogue");
    let answers = platform.count("Catalogue").answers;
    platform.answers("Catalogue", answers + 1).await;
    lookout.signal("CONT");

    let said = lookout.log("stood still for ").await;
    let seconds = said.rsplit(' ').next().and_then(|it| it.split('.').next()?.parse::<u64>().ok());
    assert!(seconds.is_some_and(|it| it >= 30), "{said}");
    let doubt = |it: &Document| it.topic == "health" && it.get("inDoubt") == true;
    let (doubt, _) = watcher.find(well, "doubt", doubt).await;
    watcher.find(doubt, "healthy platform", all_are_well).await;
    let spoken = watcher.spoken();
    assert!(spoken.is_empty(), "{said}, and yet: {spoken:#?}");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

fn all_are_well(it: &Document) -> bool {
    it.topic == "health"
        && it.get("inDoubt") == false
        && it.get("services")["healthy"] == SERVICES.len()
}
