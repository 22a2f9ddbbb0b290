//! Another broker than Mosquitto: NATS, which speaks MQTT 3.1.1 over streams of its own. The main job
//! works there, and who asks it for MQTT 5 is told what to set.

use crate::nats_server::Nats;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// A service dies and comes back, and that is all there is to say.
pub async fn is_observed(run: &Run) {
    let nats = Nats::start();
    let broker = (run.version, nats.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, 10), &run.callers).await;
    let lookout = Lookout::start(&config(run, nats.port())).await;
    for service in SERVICES {
        platform.answers(service, 60).await;
    }
    let well = |it: &Document| {
        it.topic == "health"
            && it.get("inDoubt") == false
            && it.get("services")["healthy"] == SERVICES.len()
    };
    let (at, _) = watcher.find(0, "healthy platform", well).await;
    platform.kill("Catalogue");
    let down = "errors Catalogue service_unavailable not_responding";
    let (at, _) = watcher.find(at, down, |it| it.gist() == down).await;
    platform.restart("Catalogue");
    let over = "errors Catalogue service_recovered";
    let (at, _) = watcher.find(at, over, |it| it.gist() == over).await;
    watcher.find(at, "healthy platform", well).await;
    let spoken: Vec<_> = watcher.spoken().iter().map(|it| it.gist()).collect();
    let others = |it: &&String| !it.contains(" Catalogue ");
    assert_eq!(spoken.iter().find(others), None, "{spoken:#?}");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// MQTT 5 is refused, and the log says which setting to change.
pub async fn refuses_mqtt_5(run: &Run) {
    let nats = Nats::start();
    let mut lookout = Lookout::start(&config(run, nats.port())).await;
    let said = lookout.log("no link to ").await;
    assert!(said.contains("`broker.protocol`"), "{said}");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}
