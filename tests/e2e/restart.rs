//! lookout is killed while a service is down and its circuit open, and started anew: its death is
//! seen, and it goes on with what it had said.

use crate::mosquitto::Mosquitto;
use crate::platform::Platform;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher, kept};
use crate::{PRESENCE, Run, config};

const SERVICES: [&str; 3] = ["UserManagement", "OrderService", "Catalogue"];

/// Plays the scenario.
pub async fn takes_up_what_stood(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, 2), &run.callers).await;
    let config =
        config(run, mosquitto.port()).replace("open_timeout = \"4s\"", "open_timeout = \"40s\"");
    let first = Lookout::start(&config).await;
    for service in SERVICES {
        platform.answers(service, 60).await;
    }
    platform.kill("Catalogue");
    let open = "circuit-breaker Catalogue closed>open consecutive_unanswered";
    let (open, news) = watcher.find(0, open, |it| it.gist() == open).await;
    let incident = news.text("correlationId").to_owned();
    let down = "services/Catalogue unavailable open";
    let reads = |it: &Document| {
        it.topic == "services/Catalogue"
            && (it.text("verdict"), it.text("circuit")) == ("unavailable", "open")
    };
    watcher.find(0, down, reads).await;
    first.kill();
    let gone = |it: &Document| it.topic == PRESENCE && it.get("online") == false;
    let (dead, _) = watcher.find(open, "will", gone).await;

    let mut second = Lookout::start(&config).await;
    second.log("subscribed to ").await;
    let calm = |it: &Document| it.topic == "health" && it.get("inDoubt") == false;
    let (calm, health) = watcher.find(dead, "health without doubt", calm).await;
    assert_eq!(health.get("services")["unavailable"], 1, "{}", health.whole);
    assert_eq!((health.get("openCircuits"), health.get("openIncidents")), (&1.into(), &1.into()));
    // It is called on and on in vain, which is nothing new.
    let calls = platform.count("Catalogue").calls;
    platform.calls("Catalogue", calls + 60).await;
    let of_it = |it: &&Document| it.text("service") == "Catalogue";
    let since = watcher.log().iter().skip(dead).filter(of_it).collect::<Vec<_>>();
    assert!(since.is_empty(), "nothing is said anew: {since:#?}");
    let [standing, circuit] =
        kept(broker, ["services/Catalogue", "circuit-breaker/Catalogue"]).await;
    assert_eq!(standing.text("verdict"), "unavailable");
    assert_eq!(circuit.whole, news.whole);

    platform.restart("Catalogue");
    let well = "errors Catalogue service_recovered";
    let (_, well) = watcher.find(calm, well, |it| it.gist() == well).await;
    assert_eq!(well.text("correlationId"), incident, "one outage is one incident");
    assert!(well.number("outageSeconds") > 10.0, "of all its length: {}", well.whole);
    let tried = "circuit-breaker Catalogue open>half_open open_timeout";
    let (_, tried) = watcher.find(calm, tried, |it| it.gist() == tried).await;
    let early = tried.time("timestamp") - news.time("retryAfter");
    assert!((0..2_000).contains(&early), "tried when it was said: {early} ms");
    second.terminate();
    assert_eq!(second.end().await.0, Some(0));
}
