//! Docker, against a stand-in for its API on a socket: containers, replicas, restarts.

use crate::api::{Answer, Api};
use crate::kit::{assert_found, assert_well, configured, facts, look};
use lookout::config::Platforms;
use lookout::observer::input::Severity;
use lookout::probe::kind::{Probe, probe};
use lookout::probe::{Cause, Replicated, Watcher};
use lookout::remedy::Remedy;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// The version of the API that is spoken, which stands before every path.
const LIST: &str = "/containers/json";

struct Engine {
    api: Api,
    directory: tempfile::TempDir,
}

impl Engine {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let api = Api::on_socket(&directory.path().join("docker.sock"));
        let engine = Self { api, directory };
        engine.answers(
            "GET",
            "/version",
            Answer::json(json!({"Version": "28.2.2", "ApiVersion": "1.50"})),
        );
        engine
    }

    fn answers(&self, method: &str, path: &str, answer: Answer) {
        self.api.answers(method, path, answer);
    }

    fn lines(&self, more: &str) -> String {
        let at = self.directory.path().join("docker.sock");
        format!(
            "kind = \"docker\"\n{more}\n[docker]\nurl = \"unix://{}\"\n[replicas]\nfrom = \"docker\"\nevery = \"1s\"",
            at.display()
        )
    }

    fn probe(&self) -> Box<dyn Probe> {
        let (check, setting) = configured(&self.lines("containers = [\"db\"]"));
        probe(&check.kind, &setting).unwrap()
    }

    fn platforms(&self) -> Platforms {
        configured(&self.lines("")).1.platforms
    }

    /// The container `db` is so.
    fn is(&self, state: Value, restarts: u64) {
        let told =
            json!({"Id": "1", "Name": "/db", "State": state, "RestartCount": restarts, "New": {}});
        self.answers("GET", "/containers/db/json", Answer::json(told));
    }
}

#[tokio::test]
async fn containers_are_judged_by_their_state() {
    let engine = Engine::start();
    let unhealthy = json!({"Status": "unhealthy", "FailingStreak": 3,
        "Log": [{"ExitCode": 1, "Output": "old"}, {"ExitCode": 1, "Output": "no space left\n"}]});
    for (state, severity, definite, part) in [
        (json!({"Status": "running", "Running": true}), None, false, ""),
        (
            json!({"Status": "running", "Running": true, "Health": {"Status": "healthy"}}),
            None,
            false,
            "",
        ),
        (
            json!({"Status": "running", "Running": true, "Health": unhealthy}),
            Some(Severity::Error),
            true,
            "container db is unhealthy: no space left",
        ),
        (
            json!({"Status": "running", "Running": true, "Health": {"Status": "starting"}}),
            Some(Severity::Warning),
            false,
            "is not healthy yet",
        ),
        (
            json!({"Status": "paused", "Running": true, "Paused": true}),
            Some(Severity::Warning),
            true,
            "is paused",
        ),
        (
            json!({"Status": "restarting", "Running": true, "Restarting": true, "ExitCode": 1}),
            Some(Severity::Error),
            false,
            "is started again and again",
        ),
        (
            json!({"Status": "exited", "Running": false, "ExitCode": 137, "OOMKilled": true}),
            Some(Severity::Error),
            true,
            "does not run: exited, exit code 137, killed for its memory",
        ),
        (
            json!({"Status": "created", "Running": false}),
            Some(Severity::Error),
            true,
            "does not run: created",
        ),
    ] {
        engine.is(state.clone(), 0);
        let found = look(&mut *engine.probe()).await;
        assert_eq!(
            (found.severity(), found.is_definite()),
            (severity, definite),
            "{state}: {found:#?}"
        );
        assert!(found.message().contains(part), "{found:#?}");
        assert_eq!(facts(&found)["containers"][0]["name"], "db");
    }
}

#[tokio::test]
async fn restarts_are_counted_from_look_to_look() {
    let engine = Engine::start();
    let mut probe = engine.probe();
    let running = || json!({"Status": "running", "Running": true});
    for (restarts, said) in [(3, false), (3, false), (5, true), (5, false), (0, false)] {
        engine.is(running(), restarts);
        let found = look(&mut *probe).await;
        assert_eq!(!found.is_well(), said, "{restarts}: {found:?}");
        if said {
            assert_found(&found, Severity::Warning, "was started anew 2 times");
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_are_findings() {
    let engine = Engine::start();
    engine.is(json!({"Status": "running", "Running": true}), 0);
    assert_well(&look(&mut *engine.probe()).await);
    let path = "/containers/db/json";
    let missing = Answer::Body(404, json!({"message": "No such container: db"}).to_string());
    for (path, answer, severity, part) in [
        (path, missing, Severity::Error, "container db does not exist"),
        (path, Answer::Body(200, "<html>".to_owned()), Severity::Error, "cannot be looked at"),
        (
            path,
            Answer::json(json!({"State": {"Status": "dreaming"}})),
            Severity::Error,
            "cannot be looked at",
        ),
        (path, Answer::Half("{\"State\":".to_owned()), Severity::Error, "cannot be looked at"),
        (
            "/version",
            Answer::Body(403, "{\"message\":\"no\"}".to_owned()),
            Severity::Error,
            "refuses with status 403",
        ),
        (
            "/version",
            Answer::Body(200, "garbage".to_owned()),
            Severity::Critical,
            "no answer at `docker.url`",
        ),
    ] {
        engine.answers("GET", path, answer);
        let found = look(&mut *engine.probe()).await;
        assert_found(&found, severity, part);
    }
    engine.answers("GET", "/version", Answer::Silence);
    let (check, setting) = configured(&engine.lines("timeout = \"200ms\""));
    let mut slow = probe(&check.kind, &setting).unwrap();
    let found = lookout::probe::look(&mut *slow, &check).await;
    assert_found(&found, Severity::Critical, "no answer within 200ms");
    let nowhere = "kind = \"docker\"\n[docker]\nurl = \"unix:///nowhere/docker.sock\"";
    let (check, setting) = configured(nowhere);
    let found = look(&mut *probe(&check.kind, &setting).unwrap()).await;
    assert_found(&found, Severity::Critical, "/nowhere/docker.sock");
    assert!(found.advice().iter().any(|line| line.contains("may use its socket")), "{found:?}");
}

fn listed(id: &str, service: &str, state: &str, status: &str) -> Value {
    json!({"Id": id, "Names": [format!("/{id}")], "State": state, "Status": status,
        "Labels": {"com.docker.compose.service": service}})
}

/// Waits for a report on a service that is as wanted.
async fn told(
    reports: &mut Receiver<Replicated>,
    service: &str,
    wanted: [u32; 4],
    cause: Option<Cause>,
) {
    let mut last = None;
    let found = async {
        loop {
            let it = reports.recv().await.expect("a watch");
            let counts = it.counts;
            let four = [counts.running, counts.ready, counts.total, counts.restarts];
            if &*it.service == service && (four, counts.cause) == (wanted, cause) {
                return;
            }
            last = Some(it);
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), found).await.is_err() {
        panic!("{service}: {wanted:?} {cause:?} is never told, but {last:?}");
    }
}

#[tokio::test]
async fn replicas_are_told_every_so_often() {
    let engine = Engine::start();
    let has = |containers: Vec<Value>| {
        engine.answers("GET", LIST, Answer::json(Value::Array(containers)))
    };
    has(vec![
        listed("b1", "Billing", "running", "Up 2 minutes"),
        listed("b2", "Billing", "running", "Up 2 minutes (healthy)"),
        listed("o1", "Orders", "running", "Up 3 seconds (health: starting)"),
    ]);
    let starting =
        json!({"State": {"Status": "running", "Running": true, "Health": {"Status": "starting"}}});
    engine.answers("GET", "/containers/o1/json", Answer::json(starting));
    let (watcher, mut reports) = Watcher::new(&engine.platforms());
    let watching = tokio::spawn(watcher.run());
    told(&mut reports, "Billing", [2, 2, 2, 0], None).await;
    told(&mut reports, "Orders", [1, 0, 1, 0], None).await;
    let dead = json!({"State": {"Status": "exited", "Running": false, "OOMKilled": true, "ExitCode": 137}, "RestartCount": 2});
    engine.answers("GET", "/containers/b1/json", Answer::json(dead));
    has(vec![
        listed("b1", "Billing", "exited", "Exited (137) 1 second ago"),
        listed("b2", "Billing", "running", "Up 3 minutes (healthy)"),
    ]);
    // Those that are gone are told first.
    told(&mut reports, "Orders", [0, 0, 0, 0], None).await;
    told(&mut reports, "Billing", [1, 1, 2, 2], Some(Cause::OutOfMemory)).await;
    // A word that is not known costs this container only.
    engine.answers(
        "GET",
        "/containers/b1/json",
        Answer::json(json!({"State": {"Status": "dreaming"}})),
    );
    told(&mut reports, "Billing", [1, 1, 2, 0], None).await;
    engine.answers("GET", LIST, Answer::Body(403, "{\"message\":\"no\"}".to_owned()));
    let ended = tokio::time::timeout(Duration::from_secs(60), watching).await.unwrap().unwrap();
    let why = format!("{:#}", ended.unwrap_err());
    assert!(why.contains("containers cannot be listed"), "{why}");
}

#[tokio::test]
async fn containers_are_restarted_by_their_label() {
    let engine = Engine::start();
    let both =
        vec![listed("b1", "Billing", "exited", ""), listed("b2", "Billing", "running", "Up")];
    engine.answers("GET", LIST, Answer::json(Value::Array(both)));
    for id in ["b1", "b2"] {
        engine.answers(
            "POST",
            &format!("/containers/{id}/restart"),
            Answer::Body(204, String::new()),
        );
    }
    let remedy = Remedy::new(&engine.platforms());
    assert_eq!(remedy.restart("Billing").await.unwrap(), "container b1, b2 restarted");
    let list = engine.api.until_asked(|it| it.path == LIST).await;
    assert!(list.query.contains("com.docker.compose.service%3DBilling"), "{}", list.query);
    engine.answers(
        "POST",
        "/containers/b1/restart",
        Answer::Body(403, "{\"message\":\"no\"}".to_owned()),
    );
    let why = remedy.restart("Billing").await.unwrap_err();
    assert!(why.starts_with("container b1 is not restarted"), "{why}");
    engine.answers("GET", LIST, Answer::json(json!([])));
    let why = remedy.restart("Nobody").await.unwrap_err();
    assert_eq!(why, "no container has the label com.docker.compose.service=Nobody");
}
