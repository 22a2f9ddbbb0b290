//! A service dies and comes back; another one is flooded with invalid calls meanwhile.

use crate::mosquitto::Mosquitto;
use crate::platform::{Count, FLOODED, Platform, methods};
use crate::program::Lookout;
use crate::watcher::{Document, SPOKEN, Watcher, kept};
use crate::{PRESENCE, Run, config};
use serde_json::{Value, json};

const SERVICES: [&str; 5] = ["UserManagement", "OrderService", "Billing", "Catalogue", "Inventory"];

/// The one that dies.
const ORIGIN: &str = "UserManagement";

/// Those that depend on it.
const DEPENDENTS: [&str; 2] = ["OrderService", "Billing"];

/// Answers of every service before anything happens: an outage of some seconds must not be half
/// of all that is known.
const BEFORE: u64 = 150;

/// Answers that a service owes at any moment.
const OWED: usize = 2;

/// Calls of a service that may be open when the callers are asked: these, and some on their way.
const STILL_OPEN: u64 = 10;

/// Everything that is said on `errors`, `emergency` and `circuit-breaker`, in order; the lines of
/// one step may come in any order.
const SAID: [&[&str]; 9] = [
    &["errors UserManagement service_unavailable not_responding"],
    &[
        "circuit-breaker OrderService closed>open dependency_unavailable",
        "circuit-breaker Billing closed>open dependency_unavailable",
    ],
    &["errors UserManagement cascading_failure_prevented"],
    &["circuit-breaker UserManagement closed>open consecutive_unanswered"],
    &["circuit-breaker UserManagement open>half_open open_timeout"],
    &["circuit-breaker UserManagement half_open>closed trial_succeeded"],
    &["errors UserManagement service_recovered"],
    &[
        "circuit-breaker OrderService open>half_open dependency_recovered",
        "circuit-breaker Billing open>half_open dependency_recovered",
    ],
    &[
        "circuit-breaker OrderService half_open>closed trial_succeeded",
        "circuit-breaker Billing half_open>closed trial_succeeded",
    ],
];

/// How the service that dies reads, with its circuit.
const READS: [(&str, &str); 6] = [
    ("healthy", "closed"),
    ("unavailable", "closed"),
    ("unavailable", "open"),
    ("unavailable", "half_open"),
    ("unavailable", "closed"),
    ("healthy", "closed"),
];

/// Plays the scenario.
pub async fn plays_out(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let mut platform = Platform::start(broker, (&SERVICES, OWED), &run.callers).await;
    let lookout = Lookout::start(&config(run, mosquitto.port())).await;

    // Up, and everybody is well.
    let (_, online) = watcher.find(0, "presence", |it| it.topic == PRESENCE).await;
    assert_eq!(online.get("online"), true);
    platform.flood("Inventory");
    for service in SERVICES {
        platform.answers(service, BEFORE).await;
    }
    let (before, health) = watcher.find(0, "healthy platform", all_is_well).await;
    assert_eq!(health.get("inDoubt"), false);
    assert!(watcher.spoken().is_empty(), "nothing to say: {:#?}", watcher.spoken());

    // It dies, and is started again when all was said about that.
    platform.kill(ORIGIN);
    let opens = "circuit-breaker UserManagement closed>open consecutive_unanswered";
    let (open, _) = watcher.find(before, opens, |it| it.gist() == opens).await;
    platform.restart(ORIGIN);
    during(broker, &mut watcher, before).await;

    // It recovers, and everybody is well again.
    let recovered = "errors UserManagement service_recovered";
    let (at, _) = watcher.find(open, recovered, |it| it.gist() == recovered).await;
    let (_, health) = watcher.find(at, "end of all incidents", all_is_well).await;
    assert_eq!(health.text("status"), "healthy");
    let Count { calls, answers } = platform.count(ORIGIN);
    after(broker).await;
    the_flood_was_heard(&lookout, &platform).await;

    // It leaves.
    lookout.terminate();
    let gone = |it: &Document| it.topic == PRESENCE && it.get("online") == false;
    let (_, offline) = watcher.find(at, "goodbye", gone).await;
    let (code, printed) = lookout.end().await;
    assert_eq!(code, Some(0));
    assert_eq!(watcher.on(PRESENCE).len(), 2, "once there and once gone");
    assert!(online.number("timestamp") < offline.number("timestamp"));
    let [kept_presence] = kept(broker, [PRESENCE]).await;
    assert_eq!(kept_presence.whole, offline.whole);

    in_order(&watcher.spoken());
    the_figures(&watcher.spoken());
    the_standing(&watcher);
    let spoken = watcher.spoken().into_iter();
    let published: Vec<_> =
        spoken.map(|it| (format!("system/test/{}", it.topic), it.whole)).collect();
    assert_eq!(printed, published, "stdout and the broker heard the same");
    every_lost_call_counts(&watcher.spoken(), calls - answers);
}

/// Whether a document says that everybody is healthy.
fn all_is_well(it: &Document) -> bool {
    it.topic == "health"
        && it.get("services")["healthy"] == SERVICES.len()
        && it.get("openCircuits") == 0
        && it.get("openIncidents") == 0
}

/// What somebody finds who joins during the outage.
async fn during(broker: (crate::Version, u16), watcher: &mut Watcher, from: usize) {
    let topics = [
        PRESENCE,
        "services/UserManagement",
        "circuit-breaker/UserManagement",
        "circuit-breaker/OrderService",
        "circuit-breaker/Billing",
        "services/OrderService",
        "services/Inventory",
    ];
    let [presence, standing, origin, order, billing, dependent, flooded] =
        kept(broker, topics).await;
    assert_eq!(presence.get("online"), true);
    let reads = |it: &Document| {
        let reads = [it.text("verdict"), it.text("reason"), it.text("circuit")];
        reads.map(str::to_owned)
    };
    assert_eq!(reads(&standing), ["unavailable", "not_responding", "open"]);
    assert_eq!(reads(&dependent), ["healthy", "", "open"]);
    assert_eq!(reads(&flooded), ["healthy", "", "closed"]);
    for circuit in [&origin, &order, &billing] {
        assert_eq!(circuit.text("state"), "open", "{}", circuit.whole);
        assert_eq!(circuit.text("correlationId"), standing.text("correlationId"));
    }
    assert!(origin.get("retryAfter").is_string(), "{}", origin.whole);
    assert_eq!(order.get("retryAfter"), &Value::Null, "it waits for the other service");
    let down = |it: &Document| it.topic == "health" && it.get("openCircuits") == 3;
    let (_, health) = watcher.find(from, "health with three open circuits", down).await;
    assert_eq!(health.text("status"), "degraded");
    assert_eq!(
        health.get("services"),
        &json!({ "healthy": 4, "degraded": 0, "unavailable": 1, "unknown": 0 })
    );
    assert_eq!(health.get("openIncidents"), 1, "all of it is one incident");
}

/// What somebody finds who joins when it is over.
async fn after(broker: (crate::Version, u16)) {
    let circuits = SERVICES[..3].iter().map(|service| format!("circuit-breaker/{service}"));
    let circuits: Vec<_> = circuits.collect();
    let [origin, order, billing, standing] =
        kept(broker, [&circuits[0], &circuits[1], &circuits[2], "services/UserManagement"]).await;
    for circuit in [origin, order, billing] {
        assert_eq!(circuit.text("state"), "closed", "{}", circuit.whole);
    }
    assert_eq!(standing.text("verdict"), "healthy");
    assert_eq!(standing.get("correlationId"), &Value::Null, "no incident lasts");
}

/// Nothing was said about the flood; that counts only if it was heard.
async fn the_flood_was_heard(lookout: &Lookout, platform: &Platform) {
    let flood = platform.count(FLOODED).answers;
    assert!(flood > BEFORE, "a flood of {flood}");
    let metrics = lookout
        .metrics("flood in the metrics", |it| it.calls("Inventory", "rejected") >= flood / 2)
        .await;
    assert_eq!(metrics.calls("Inventory", "failed"), 0);
    assert_eq!(metrics.calls(ORIGIN, "rejected"), 0);
    assert!(metrics.calls(ORIGIN, "ok") >= BEFORE / 2);
}

/// All of the table was said, in its order, and nothing else.
fn in_order(spoken: &[Document]) {
    let said: Vec<String> = spoken.iter().map(Document::gist).collect();
    let mut rest = said.clone();
    for step in SAID {
        let mut now: Vec<_> = rest.drain(..step.len().min(rest.len())).collect();
        let mut expected = step.to_vec();
        now.sort_unstable();
        expected.sort_unstable();
        assert_eq!(now, expected, "in:\n{}", said.join("\n"));
    }
    assert!(rest.is_empty(), "more was said:\n{}", rest.join("\n"));
    let times: Vec<_> = spoken.iter().map(|it| it.time("timestamp")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let incident = spoken[0].text("correlationId");
    assert!(!incident.is_empty());
    for document in spoken {
        assert_eq!(document.text("correlationId"), incident, "{}", document.gist());
    }
}

/// The figures in what was said are true.
fn the_figures(spoken: &[Document]) {
    let about = |gist: &str| spoken.iter().find(|it| it.gist().contains(gist)).unwrap();

    let news = about("service_unavailable");
    let details = news.get("details");
    let figure = |name: &str| details[name].as_f64().unwrap_or_else(|| panic!("{details}"));
    let (calls, responses) = (figure("recentCalls"), figure("recentResponses"));
    assert!(responses >= BEFORE as f64 / 2.0 && calls >= responses + 5.0, "{details}");
    assert!((figure("responseRate") - responses / calls).abs() < 0.006, "{details}");
    assert!((figure("responseRate") + figure("errorRate") - 1.0).abs() < 0.011, "{details}");
    let last = crate::watcher::millis(details["lastSuccessfulResponse"].as_str().unwrap());
    let silence = news.time("timestamp") - last;
    assert!((3_000..20_000).contains(&silence), "silent for {silence} ms");
    assert_eq!(news.get("affectedOperations"), &json!(methods(ORIGIN)));
    assert_eq!(news.get("repeat"), 0);
    assert_eq!(news.get("impact"), "high");
    assert_eq!(news.get("estimatedRecovery"), "unknown", "the first of its kind");

    let cascade = about("cascading_failure_prevented");
    let mut affected: Vec<_> = cascade.get("affectedServices").as_array().unwrap().iter().collect();
    affected.sort_unstable_by_key(|name| name.to_string());
    assert_eq!(affected, ["Billing", "OrderService"]);

    let open = about("UserManagement closed>open");
    assert_eq!(open.text("topic"), "service/UserManagement");
    assert_eq!((open.number("requests"), open.number("failures")), (10.0, 10.0));
    assert_eq!((open.number("failureRate"), open.number("openCount")), (1.0, 1.0));
    let wait = open.time("retryAfter") - open.time("timestamp");
    assert!((3_600..=4_400).contains(&wait), "4 s ± 10 %: {wait} ms");
    let half_open = about("UserManagement open>half_open");
    assert!(half_open.time("timestamp") >= open.time("retryAfter"));
    assert_eq!(half_open.number("trialCalls"), 3.0);
    let closed = about("UserManagement half_open>closed");
    let not_closed = (closed.time("timestamp") - open.time("timestamp")) as f64 / 1_000.0;
    assert!((closed.number("openSeconds") - not_closed).abs() < 0.06, "{}", closed.whole);

    let recovered = about("service_recovered");
    let outage = (recovered.time("timestamp") - news.time("timestamp")) as f64 / 1_000.0;
    assert!((recovered.number("outageSeconds") - outage).abs() < 0.06, "{}", recovered.whole);
    assert_eq!(recovered.text("previous"), "unavailable");
}

/// All calls that went unanswered in the outage are counted, those that gave it away as well.
fn every_lost_call_counts(spoken: &[Document], lost: u64) {
    let recovered = spoken.iter().find(|it| it.text("type") == "service_recovered").unwrap();
    let unanswered = recovered.get("unansweredCalls").as_u64().expect("a count");
    // A few of the callers' calls were still open when they were asked.
    let all = lost.saturating_sub(STILL_OPEN)..=lost;
    assert!(all.contains(&unanswered), "{unanswered} unanswered, of {lost} that were lost");
}

/// What stands on the retained topics follows what was said.
fn the_standing(watcher: &Watcher) {
    let standing = watcher.on("services/UserManagement");
    let mut reads: Vec<_> =
        standing.iter().map(|it| (it.text("verdict"), it.text("circuit"))).collect();
    while reads.first().is_some_and(|(verdict, _)| *verdict == "unknown") {
        reads.remove(0);
    }
    assert_eq!(reads, READS);
    let incident = watcher.spoken()[0].text("correlationId").to_owned();
    for document in standing.iter().filter(|it| it.text("verdict") == "unavailable") {
        assert_eq!(document.text("correlationId"), incident, "{}", document.whole);
        assert_eq!(document.text("reason"), "not_responding");
    }
    for service in SERVICES {
        let topic = format!("circuit-breaker/{service}");
        let kept: Vec<_> = watcher.on(&topic).iter().map(|it| it.whole.clone()).collect();
        let moves = watcher.spoken().into_iter();
        let moves = moves.filter(|it| it.topic == SPOKEN[2] && it.text("service") == service);
        assert_eq!(kept, moves.map(|it| it.whole).collect::<Vec<_>>(), "{topic}");
    }
    for service in SERVICES.iter().filter(|it| **it != ORIGIN) {
        let topic = format!("services/{service}");
        for document in watcher.on(&topic) {
            let verdict = document.text("verdict");
            assert!(matches!(verdict, "healthy" | "unknown"), "{}", document.whole);
            let ahead = DEPENDENTS.contains(service);
            assert!(ahead || document.text("circuit") == "closed", "{}", document.whole);
        }
    }
    assert!(watcher.log().iter().all(|it| !it.retain), "read as it was said");
}
