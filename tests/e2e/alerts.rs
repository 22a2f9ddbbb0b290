//! Alerts end to end: a service of a hostile name dies, then the broker; a real Alertmanager and a
//! webhook are told of both, the latter while there is no broker.

use crate::alertmanager::Alertmanager;
use crate::api::{Answer, Api, Asked};
use crate::direct::{ANSWERS, service};
use crate::line::{Line, Message, Trouble};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// Between two calls.
const PACE: Duration = Duration::from_millis(100);

/// What a stranger can call a service: a command, quotes, markup, and what turns text around.
const HOSTILE: &str =
    "x; touch pwned $(touch pwned) `touch pwned` '\" <img src=a onerror=b> \u{202e}gnp";

fn call(name: &str, id: u64) -> Message {
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "replyTo": ANSWERS });
    let payload = body.to_string().into();
    Message { topic: format!("service/{name}"), payload, ..Message::default() }
}

/// Calls both services at a steady pace while something else is waited for.
async fn calling<T>(caller: &Line, id: &mut u64, until: impl Future<Output = T>) -> T {
    let mut pace = tokio::time::interval(PACE);
    tokio::pin!(until);
    loop {
        tokio::select! {
            done = &mut until => return done,
            _ = pace.tick() => {
                for name in ["Catalogue", HOSTILE] {
                    *id += 1;
                    assert!(caller.post().send(call(name, *id)));
                }
            }
        }
    }
}

/// The alerts of a name in a notification of Alertmanager.
fn named(asked: &Asked, name: &str, status: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let alerts = body["alerts"].as_array().cloned().unwrap_or_default().into_iter();
    alerts.filter(|it| it["labels"]["alertname"] == name && it["status"] == status).collect()
}

fn tells(path: &'static str, name: &'static str, status: &'static str) -> impl Fn(&Asked) -> bool {
    move |it| it.path == path && !named(it, name, status).is_empty()
}

/// Plays the scenario.
pub async fn reach_people_without_a_broker(run: &Run) {
    let mut mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let hook = Api::on_port().await;
    for path in ["/pager", "/desk"] {
        hook.answers("POST", path, Answer::json(json!({})));
    }
    let alertmanager = Alertmanager::start(&format!(
        "route: {{receiver: pager, group_by: [alertname], group_wait: 0s, group_interval: 1s}}\n\
         receivers: [{{name: pager, webhook_configs: [{{url: 'http://127.0.0.1:{}/pager'}}]}}]\n",
        hook.port
    ))
    .await;
    let told = format!(
        "[alerts]\nclear_for = \"1s\"\nevery = \"1s\"\n[[rule]]\nname = \"LookoutLinkDown\"\nexpr = \"lookout_link_up < 1\"\n\
         for = \"1s\"\nseverity = \"critical\"\n[[alertmanager]]\nurl = \"{}\"\nresend_every = \"3s\"\n[[webhook]]\n\
         name = \"desk\"\nurl = \"http://127.0.0.1:{}/desk\"\nmin_severity = \"critical\"\n",
        alertmanager.url(),
        hook.port
    );
    let mut watcher = Watcher::start(broker, "watcher").await;
    let alive = service(broker);
    alive.ready().await;
    let caller = Line::open(broker, "caller", ANSWERS, &Trouble::default(), |_, _| ());
    caller.ready().await;
    let settings = format!("{}{told}", config(run, mosquitto.port()));
    let mut lookout = Lookout::start(&settings).await;
    lookout.log("subscribed to ").await;

    // The service dies: over MQTT, by Alertmanager, by the webhook, on the API.
    let mut id = 0;
    let fires = |it: &Document| it.topic == "alerts" && it.text("status") == "firing";
    let (_, said) = calling(&caller, &mut id, watcher.find(0, "an alert", fires)).await;
    assert_eq!(
        (said.text("alert"), said.text("severity")),
        ("LookoutServiceUnavailable", "critical")
    );
    assert_eq!((said.text("service"), said.text("reason")), (HOSTILE, "not_responding"));
    assert!(!said.text("summary").contains('\u{202e}'), "{}", said.whole);
    let emergency = |it: &Document| it.topic == "emergency" && it.text("type") == "alert";
    calling(&caller, &mut id, watcher.find(0, "an emergency", emergency)).await;
    let dead = tells("/pager", "LookoutServiceUnavailable", "firing");
    let asked = calling(&caller, &mut id, hook.until_asked(dead)).await;
    let alert = &named(&asked, "LookoutServiceUnavailable", "firing")[0];
    let shown = HOSTILE.replace('\u{202e}', "\\u{202e}");
    assert_eq!(alert["labels"]["service"], shown);
    assert_eq!(alert["annotations"]["summary"], format!("{shown} is unavailable"));
    commands_are_harmless(said.get("runbook"));
    let desk = calling(&caller, &mut id, hook.until_asked(|it| it.path == "/desk")).await;
    let desk: Value = serde_json::from_str(&desk.body).unwrap();
    assert_eq!(desk["data"]["alerts"][0]["service"], HOSTILE);
    let page = lookout.get("api/v1/alerts");
    let page: Value = serde_json::from_str(page.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(page["alerts"][0]["labels"]["service"], HOSTILE);
    assert_eq!(page["alerts"][0]["status"], "firing");

    // lookout is started anew in the middle of it: the alert goes on.
    let ends = |all: &[Value]| {
        let of = all.iter().find(|it| it["labels"]["alertname"] == "LookoutServiceUnavailable");
        of.map(|it| it["endsAt"].as_str().unwrap().to_owned())
    };
    lookout.terminate();
    lookout.end().await;
    let before = ends(&alertmanager.alerts().await).unwrap();
    let mut lookout = Lookout::start(&settings).await;
    lookout.log("subscribed to ").await;
    let again =
        alertmanager.until("told by the next lookout", |all| ends(all) > Some(before.clone()));
    calling(&caller, &mut id, again).await;
    let over = tells("/pager", "LookoutServiceUnavailable", "resolved");
    assert!(!hook.asked().iter().any(over));

    // The broker dies: this way needs none.
    mosquitto.kill();
    hook.until_asked(tells("/pager", "LookoutLinkDown", "firing")).await;
    let of_link =
        |it: &Asked| it.path == "/desk" && it.body.contains("\"alert\":\"LookoutLinkDown\"");
    hook.until_asked(of_link).await;
    // Nobody is told that the service is well, as nobody can know.
    let well = tells("/pager", "LookoutServiceUnavailable", "resolved");
    assert!(!hook.asked().iter().any(well));
    mosquitto.restart();
    hook.until_asked(tells("/pager", "LookoutLinkDown", "resolved")).await;
    let metrics = lookout.get("metrics");
    assert!(metrics.contains("lookout_alerts{severity=\"critical\"} "), "{metrics}");
    assert!(metrics.contains("lookout_notifications_failed_total{receiver=\"alertmanager\"} 0"));
}

/// Runs what the steps would have people paste, with all commands but the shell's own out of reach.
fn commands_are_harmless(runbook: &Value) {
    let steps = runbook["steps"].as_array().unwrap();
    let commands: Vec<_> = steps.iter().filter_map(|step| step["command"].as_str()).collect();
    assert!(!commands.is_empty());
    let folder = tempfile::tempdir().unwrap();
    for command in commands {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).current_dir(folder.path());
        // `touch` is there, and must not be run.
        let ran = shell.env_clear().env("PATH", "/usr/bin/nowhere:/bin").output().unwrap();
        drop(ran);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{command}");
    }
}
