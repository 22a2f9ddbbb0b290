//! The ground under the services end to end: a real database, a real broker, and fifty checks of
//! which ten hang.

use crate::direct::{ANSWERS, service};
use crate::line::{Line, Message, Trouble, soon};
use crate::mosquitto::{Mosquitto, Setup, free_port};
use crate::postgresql::Postgresql;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use lookout::clock::Clock;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// Between two calls.
const PACE: Duration = Duration::from_millis(100);
/// The pause between two looks at a page.
const LOOK: Duration = Duration::from_millis(200);
/// What must not be seen anywhere.
const SECRET: &str = "hunter2-of-the-ground";

fn call(id: u64) -> Message {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "replyTo": ANSWERS });
    let payload = body.to_string().into();
    Message { topic: "service/Catalogue".into(), payload, ..Message::default() }
}

/// Whoever connects is let in and hears nothing.
fn abyss() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

/// The body of a page, as JSON.
fn json_of(lookout: &Lookout, path: &str) -> Value {
    let page = lookout.get(path);
    let (_, body) = page.split_once("\r\n\r\n").unwrap_or_default();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Waits until the components are as wanted.
async fn components(
    lookout: &Lookout,
    what: &str,
    wanted: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let mut look = tokio::time::interval(LOOK);
    let looking = async {
        loop {
            look.tick().await;
            let page = json_of(lookout, "api/v1/components");
            let all = page["components"].as_array().cloned().unwrap_or_default();
            if wanted(&all) {
                return all;
            }
        }
    };
    soon(what, looking).await
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|it| it["kind"] == kind).collect()
}

/// Calls the service at a steady pace while something else is waited for.
pub async fn calling<T>(caller: &Line, id: &mut u64, until: impl Future<Output = T>) -> T {
    let mut pace = tokio::time::interval(PACE);
    tokio::pin!(until);
    loop {
        tokio::select! {
            done = &mut until => return done,
            _ = pace.tick() => {
                *id += 1;
                assert!(caller.post().send(call(*id)));
            }
        }
    }
}

fn is_of(component: &'static str, kind: &'static str) -> impl Fn(&Document) -> bool {
    move |it| it.text("type") == kind && it.text("component") == component
}

fn fifty_checks(database: u16, broker: u16, abyss: u16) -> String {
    let mut checks = format!(
        "[component]\nfailure_threshold = 3\n[[check]]\nname = \"orders_db\"\nkind = \"postgresql\"\n\
         url = \"postgresql://postgres:{SECRET}@127.0.0.1:{database}/postgres\"\ncritical = true\n\
         interval = \"2s\"\ntimeout = \"4s\"\nslow = \"1m\"\nexplains = [\"Cat*\"]\n"
    );
    for number in 0..39 {
        let _ = write!(
            checks,
            "[[check]]\nname = \"port {number}\"\nkind = \"tcp\"\nurl = \"tcp://127.0.0.1:{broker}\"\n\
             interval = \"1s\"\nslow = \"1m\"\n"
        );
    }
    for number in 0..10 {
        let _ = write!(
            checks,
            "[[check]]\nname = \"abyss {number}\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{abyss}/\"\n\
             password = \"{SECRET}\"\ninterval = \"1s\"\ntimeout = \"5s\"\nfailure_threshold = 1\n"
        );
    }
    checks
}

/// A database dies, and with it the service that needs it: one incident, said once, ended once.
pub async fn one_incident_of_a_database_and_its_service(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let database = Postgresql::start("");
    let (abyss, _listener) = abyss();
    let mut watcher = Watcher::start(broker, "watcher").await;
    let alive = service(broker);
    alive.ready().await;
    let caller = Line::open(broker, "caller", ANSWERS, &Trouble::default(), |_, _| ());
    caller.ready().await;
    let checks = fifty_checks(database.port(), mosquitto.port(), abyss);
    let lookout = Lookout::start(&format!("{}{checks}", config(run, mosquitto.port()))).await;

    // The others keep their rhythm while ten of them hang: the first that is given up took 5 s.
    let mut id = 0;
    let (_, hangs) = calling(
        &caller,
        &mut id,
        watcher.find(0, "a check that hangs", |it| it.text("component").starts_with("abyss")),
    )
    .await;
    assert_eq!((hangs.text("severity"), hangs.text("message")), ("error", "no answer within 5s"));
    let all = json_of(&lookout, "api/v1/components")["components"].as_array().unwrap().clone();
    assert_eq!(all.len(), 50);
    for port in of_kind(&all, "tcp") {
        assert_eq!(port["condition"], "healthy", "{port}");
        assert!(port["checks"].as_u64() >= Some(2), "in 5 s: {port}");
    }
    components(&lookout, "a healthy database", |all| {
        of_kind(all, "postgresql").iter().all(|it| it["condition"] == "healthy")
    })
    .await;

    database.kill();
    let killed = Clock::start().now().micros() / 1_000;
    drop(alive);
    let (_, error) = calling(
        &caller,
        &mut id,
        watcher.find(0, "finding", is_of("orders_db", "infrastructure_error")),
    )
    .await;
    // Within threshold x interval + timeout.
    let took = error.time("timestamp") - i64::try_from(killed).unwrap();
    assert!((0..=3 * 2_000 + 4_000).contains(&took), "{took} ms");
    assert_eq!((error.text("severity"), error.text("kind")), ("critical", "postgresql"));
    assert_eq!(error.get("escalationRequired"), true);
    assert!(!error.get("recommendations").as_array().unwrap().is_empty());
    let down = |it: &Document| it.text("type") == "service_unavailable";
    let (_, down) = calling(&caller, &mut id, watcher.find(0, "outage", down)).await;
    let (_, stands) = calling(
        &caller,
        &mut id,
        watcher.find(0, "cause", |it| {
            it.topic == "services/Catalogue" && it.get("causedBy").is_object()
        }),
    )
    .await;
    assert_eq!(stands.get("causedBy")["component"], "orders_db");
    assert_eq!(error.text("correlationId"), down.text("correlationId"), "one incident");
    let (_, emergency) = watcher
        .find(0, "emergency", |it| it.topic == "emergency" && it.text("type") != "alert")
        .await;
    assert_eq!(emergency.whole, error.whole);

    database.restart();
    let alive = service(broker);
    alive.ready().await;
    let (_, well) = calling(
        &caller,
        &mut id,
        watcher.find(0, "end", is_of("orders_db", "infrastructure_recovered")),
    )
    .await;
    assert_eq!(well.text("correlationId"), error.text("correlationId"));
    let recovered = |it: &Document| it.text("type") == "service_recovered";
    calling(&caller, &mut id, watcher.find(0, "recovery", recovered)).await;
    let said = |topic: &str, kind| {
        watcher.on(topic).into_iter().filter(|it| is_of("orders_db", kind)(it)).count()
    };
    assert_eq!(said("errors", "infrastructure_error"), 1, "said once");
    assert_eq!(said("errors", "infrastructure_recovered"), 1);
    assert_eq!(said("emergency", "infrastructure_error"), 1);

    let mut seen = String::new();
    for path in ["api/v1/components", "api/v1/incidents", "metrics", "health", "readyz?verbose", ""]
    {
        seen += &lookout.get(path);
    }
    let page = lookout.metrics("figures", |it| it.value("lookout_inbox_messages") == 0.0).await;
    assert_eq!(page.value("lookout_inbox_dropped_messages_total"), 0.0);
    assert!(page.calls("Catalogue", "ok") + page.calls("Catalogue", "unanswered") > 0);
    lookout.terminate();
    let (code, findings, logs) = lookout.end_with_logs().await;
    assert_eq!(code, Some(0));
    seen += &format!("{findings:?} {logs:?} {:?}", watcher.log());
    assert!(!seen.contains(SECRET), "a secret is seen");
}

/// A broker that drops messages says so of itself; one that is killed is down until it is back.
pub async fn a_broker_is_a_component(run: &Run) {
    let setup = Setup { lines: "sys_interval 1\nmax_queued_messages 5", ..Setup::default() };
    let mut mosquitto = Mosquitto::with(&setup);
    let broker = (run.version, mosquitto.port());
    let mut watcher = Watcher::start(broker, "watcher").await;
    let checks = "[[check]]\nname = \"broker\"\nkind = \"mosquitto\"\ninterval = \"1s\"\n\
                  [[check]]\nname = \"way\"\nkind = \"loopback\"\ninterval = \"1s\"\nslow = \"1m\"\n";
    let lookout = Lookout::start(&format!("{}{checks}", config(run, mosquitto.port()))).await;
    let healthy =
        |all: &[Value]| all.len() == 2 && all.iter().all(|it| it["condition"] == "healthy");
    components(&lookout, "health", healthy).await;

    // Somebody who subscribed for good and went away.
    let port = mosquitto.port().to_string();
    let run_client = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(["-p", &port]).args(arguments).status().unwrap();
        assert!(done.success(), "{program}");
    };
    run_client("mosquitto_sub", &["-c", "-i", "away", "-q", "1", "-t", "away", "-E"]);
    for _ in 0..3 {
        run_client("mosquitto_pub", &["-q", "1", "-t", "away", "-m", "x", "--repeat", "10"]);
    }
    let (at, error) = watcher.find(0, "drops", is_of("broker", "infrastructure_error")).await;
    assert_eq!(error.text("severity"), "warning");
    assert!(error.text("message").contains("messages were dropped"), "{}", error.whole);
    assert_eq!(error.get("details")["newlyDropped"].as_f64().map(|it| it > 0.0), Some(true));
    watcher.find(at, "their end", is_of("broker", "infrastructure_recovered")).await;

    mosquitto.kill();
    let down = |all: &[Value]| all.iter().all(|it| it["condition"] == "unhealthy");
    components(&lookout, "a broker that is down", down).await;
    mosquitto.restart();
    watcher.ready().await;
    for component in ["broker", "way"] {
        let wanted = move |it: &Document| {
            it.text("component") == component
                && it.text("message").contains("no link to the broker")
        };
        // What could not be said while it was away is said when it is back.
        let (place, error) = watcher.find(at, "outage", wanted).await;
        assert_eq!(error.text("severity"), "error", "it is not critical");
        let (_, well) = watcher
            .find(place, "end", move |it| {
                it.text("component") == component && it.text("type") == "infrastructure_recovered"
            })
            .await;
        assert_eq!(well.text("correlationId"), error.text("correlationId"));
    }
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}

/// With `stop_on_critical`, a critical component ends lookout with its reason.
pub async fn a_critical_component_is_the_end(run: &Run) {
    let mosquitto = Mosquitto::start();
    let mut watcher = Watcher::start((run.version, mosquitto.port()), "watcher").await;
    let checks = format!(
        "[fail_fast]\nstop_on_critical = true\n[[check]]\nname = \"gone\"\nkind = \"tcp\"\n\
         url = \"tcp://127.0.0.1:{}\"\ninterval = \"1s\"\ncritical = true\n",
        free_port()
    );
    let lookout = Lookout::start(&format!("{}{checks}", config(run, mosquitto.port()))).await;
    let (_, error) = watcher.find(0, "finding", is_of("gone", "infrastructure_error")).await;
    assert_eq!(error.text("severity"), "critical");
    let offline = |it: &Document| it.topic == crate::PRESENCE && it.get("online") == false;
    watcher.find(0, "goodbye", offline).await;
    let (code, _, logs) = lookout.end_with_logs().await;
    assert_eq!(code, Some(1));
    let reason = "gone is critical (`fail_fast.stop_on_critical`)";
    assert!(logs.iter().any(|line| line.contains(reason)), "{logs:#?}");
}
