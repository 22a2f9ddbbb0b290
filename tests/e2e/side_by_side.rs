//! Two lookouts with ids of their own observe one platform: each says every outage, whole, and
//! when one is killed the other still says the next. Duplicates, and never gaps.
//!
//! They do not know each other, so each event comes once from each; what stands on a retained
//! topic is what the later of the two said, and is not looked at here.

use crate::mosquitto::Mosquitto;
use crate::platform::{Platform, methods};
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use serde_json::json;

const SERVICES: [&str; 2] = ["Catalogue", "Inventory"];

/// Plays the scenario.
pub async fn duplicates_and_no_gaps(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, 2), &run.callers).await;
    // Neither takes the other for somebody else who speaks in its place.
    let watch = "[security]\nenabled = true\n";
    let named = |id: &str| config(run, mosquitto.port()).replace("lookout-e2e", id) + watch;
    let first = Lookout::start(&named("lookout-a")).await;
    let mut second = Lookout::start(&named("lookout-b")).await;
    for lookout in [&first, &second] {
        lookout
            .metrics("calls heard", |page| SERVICES.iter().all(|s| page.calls(s, "ok") >= 60))
            .await;
    }
    assert!(watcher.spoken().is_empty(), "{:#?}", watcher.spoken());

    platform.kill("Catalogue");
    let told = "errors Catalogue service_unavailable not_responding";
    let at = twice(&mut watcher, 0, told).await;
    platform.restart("Catalogue");
    let at = twice(&mut watcher, at, "errors Catalogue service_recovered").await;
    each_is_whole(&watcher);

    first.kill();
    let gone = |it: &Document| it.topic == "observer/lookout-a" && it.get("online") == false;
    watcher.find(at, "will", gone).await;
    platform.kill("Inventory");
    let told = "errors Inventory service_unavailable not_responding";
    let (at, news) = watcher.find(at, told, |it| it.gist() == told).await;
    platform.restart("Inventory");
    let well = "errors Inventory service_recovered";
    watcher.find(at, well, |it| it.gist() == well).await;
    let errors = watcher.on("errors").iter().map(|it| it.gist()).collect::<Vec<_>>();
    assert_eq!(errors.len(), 6, "nothing else, and the last outage once: {errors:#?}");
    assert!(watcher.on("security").is_empty(), "{:#?}", watcher.on("security"));

    second.log("subscribed to ").await;
    second.terminate();
    let (code, printed) = second.end().await;
    assert_eq!(code, Some(0));
    let printed: Vec<_> = printed.iter().filter(|(topic, _)| topic.ends_with("errors")).collect();
    assert_eq!(printed.len(), 4, "both outages from their beginning to their end: {printed:#?}");
    assert_eq!(printed[2].1, news.whole);
}

/// Waits until this was said twice; gives the place of the second time.
async fn twice(watcher: &mut Watcher, from: usize, gist: &str) -> usize {
    let (at, _) = watcher.find(from, gist, |it| it.gist() == gist).await;
    let again = format!("{gist}, by the other");
    watcher.find(at + 1, &again, |it| it.gist() == gist).await.0
}

/// Each lookout told one outage of Catalogue from its beginning to its end, with its figures.
fn each_is_whole(watcher: &Watcher) {
    let errors = watcher.on("errors");
    let of = |kind: &str| {
        let found: Vec<_> = errors.iter().copied().filter(|it| it.text("type") == kind).collect();
        <[&Document; 2]>::try_from(found).unwrap_or_else(|other| panic!("{kind}: {other:#?}"))
    };
    assert_eq!(errors.len(), 4, "{errors:#?}");
    let (news, ends) = (of("service_unavailable"), of("service_recovered"));
    // Each of an incident of its own.
    let incidents = |of: [&Document; 2]| {
        let mut ids = of.map(|it| it.text("correlationId").to_owned());
        ids.sort_unstable();
        ids
    };
    let ids = incidents(news);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids, incidents(ends));
    for news in news {
        let details = news.get("details");
        assert!(details["recentCalls"].as_u64() >= Some(60), "{details}");
        assert!(details["lastSuccessfulResponse"].is_string(), "{details}");
        assert_eq!(news.get("affectedOperations"), &json!(methods("Catalogue")));
        assert_eq!(news.get("repeat"), 0);
    }
    for end in ends {
        assert!(end.number("outageSeconds") > 0.0, "{}", end.whole);
    }
}
