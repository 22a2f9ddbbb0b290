//! A service dies for want of memory: its platform says so, lookout tells the cause, has it
//! restarted, and says when that helped. The platform is a stand-in for Docker.

use crate::api::{Answer, Api};
use crate::direct::{ANSWERS, service};
use crate::ground::calling;
use crate::line::{Line, Trouble};
use crate::mosquitto::Mosquitto;
use crate::program::Lookout;
use crate::watcher::{Document, Watcher};
use crate::{Run, config};
use serde_json::{Value, json};

fn containers(api: &Api, runs: bool) {
    let (state, status) =
        if runs { ("running", "Up 2 minutes") } else { ("exited", "Exited (137)") };
    let one = json!([{"Id": "c1", "Names": ["/shop-catalogue-1"], "State": state, "Status": status,
        "Labels": {"com.docker.compose.service": "catalogue"}}]);
    api.answers("GET", "/containers/json", Answer::json(one));
    let dead = json!({"Status": "exited", "Running": runs, "OOMKilled": true, "ExitCode": 137});
    let told = json!({"State": dead, "RestartCount": 3});
    api.answers("GET", "/containers/c1/json", Answer::json(told));
}

fn step(state: &'static str) -> impl Fn(&Document) -> bool {
    move |it| it.topic == "actions" && it.text("state") == state
}

/// Plays the scenario.
pub async fn a_container_is_restarted(run: &Run) {
    let mosquitto = Mosquitto::start();
    let broker = (run.version, mosquitto.port());
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let api = Api::on_socket(&socket);
    containers(&api, true);
    api.answers("POST", "/containers/c1/restart", Answer::Body(204, String::new()));
    let mut watcher = Watcher::start(broker, "watcher").await;
    let alive = service(broker);
    alive.ready().await;
    let caller = Line::open(broker, "caller", ANSWERS, &Trouble::default(), |_, _| ());
    caller.ready().await;
    let more = format!(
        "[docker]\nurl = \"unix://{}\"\n[replicas]\nfrom = \"docker\"\nevery = \"1s\"\n\
         [service.Catalogue]\nworkload = \"catalogue\"\n\
         [remedy]\nenabled = true\ndry_run = false\nservices = [\"Cat*\"]\nevery = \"1s\"\nafter = 2\n",
        socket.display()
    );
    let lookout = Lookout::start(&format!("{}{more}", config(run, mosquitto.port()))).await;

    let mut id = 0;
    let healthy =
        |it: &Document| it.topic == "services/Catalogue" && it.text("verdict") == "healthy";
    calling(&caller, &mut id, watcher.find(0, "health", healthy)).await;
    drop(alive);
    containers(&api, false);
    let asked = calling(&caller, &mut id, api.until_asked(|it| it.method == "POST")).await;
    assert_eq!(asked.path, "/containers/c1/restart");
    containers(&api, true);
    let alive = service(broker);
    alive.ready().await;
    let (_, recovered) =
        calling(&caller, &mut id, watcher.find(0, "recovery", step("recovered"))).await;
    let down = |it: &Document| it.text("type") == "service_unavailable";
    let (_, down) = watcher.find(0, "outage", down).await;
    assert_eq!(down.text("reason"), "container_oom_killed");
    assert_eq!(down.get("details")["restarts"], 3);
    let (_, started) = watcher.find(0, "start", step("started")).await;
    let (_, done) = watcher.find(0, "restart", step("done")).await;
    assert_eq!(done.text("message"), "container shop-catalogue-1 restarted");
    for it in [&started, &done, &recovered] {
        assert_eq!(it.text("correlationId"), down.text("correlationId"));
        assert_eq!((it.get("attempt"), it.get("dryRun")), (&json!(1), &Value::Bool(false)));
    }
    let restarts = api.asked().into_iter().filter(|it| it.method == "POST").count();
    assert_eq!(restarts, 1, "one attempt");
    lookout.terminate();
    assert_eq!(lookout.end().await.0, Some(0));
}
