//! `lookout demo --broker`: players at a broker of somebody else, observed by a real `lookout run`.

use crate::line::soon;
use crate::mosquitto::{Mosquitto, Setup};
use crate::program::Lookout;
use serde_json::Value;
use std::process::{Child, Command, Stdio};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The shipped access rules: the players are the user `platform`.
const RULES: &str = include_str!("../../deploy/mosquitto/acl");

/// A running `lookout demo --broker`; it ends with the value.
struct Demo {
    child: Child,
    lines: UnboundedReceiver<String>,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lookout"))
            .args(["demo", "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (tell, lines) = unbounded_channel();
        let output = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            use std::io::{BufRead, BufReader};
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line of a kind that is as wanted.
    async fn line(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let reading = async {
            let mut said = Vec::new();
            while let Some(line) = self.lines.recv().await {
                let value: Value = serde_json::from_str(&line).unwrap();
                if value["line"] == kind && wanted(&value) {
                    return value;
                }
                said.push(line);
            }
            panic!("the demo ended without such a line of {kind}: {said:#?}");
        };
        soon(&format!("line of {kind}"), reading).await
    }

    /// Asks it to stop, and gives its exit code.
    async fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        // Its output ends with the process.
        soon("end of the demo", async { while self.lines.recv().await.is_some() {} }).await;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_lookout_elsewhere_sees_the_faults_and_the_players_outlive_their_broker() {
    let users = &[("lookout", "for-lookout"), ("platform", "for-platform")];
    let mut broker = Mosquitto::with(&Setup { acl: Some(RULES), users, ..Setup::default() });
    let port = broker.port();
    let config = format!(
        "broker.url = \"mqtt://lookout:for-lookout@127.0.0.1:{port}\"\nhttp.listen = \"127.0.0.1:0\"\n\
         broker.backoff_max = \"1s\"\n"
    );
    let lookout = Lookout::start(&config).await;
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "for-platform\n").unwrap();
    let url = format!("mqtt://platform@127.0.0.1:{port}");
    let mut demo = Demo::start(&["--broker", &url, "--password-file", password.to_str().unwrap()]);
    let touring = demo.line("touring", |_| true).await;
    assert_eq!(touring["broker"], format!("mqtt://127.0.0.1:{port}"));

    // Every kind of fault shows in the figures of the lookout that runs beside.
    demo.line("fault", |line| line["fault"] == "validation_flood" && line["begins"] == true).await;
    lookout.metrics("rejected calls", |it| it.calls("Inventory", "rejected") > 20).await;
    demo.line("fault", |line| line["fault"] == "service_dies" && line["begins"] == true).await;
    let unanswered = |it: &crate::program::Metrics| it.calls("UserManagement", "unanswered") > 4;
    lookout.metrics("unanswered calls", unanswered).await;
    demo.line("fault", |line| line["fault"] == "service_dies" && line["begins"] == false).await;

    broker.stop();
    demo.line("broker", |line| line["connected"] == false).await;
    broker.restart();
    demo.line("broker", |line| line["connected"] == true).await;
    let before = lookout.metrics("figures", |_| true).await.all_calls("ok");
    lookout.metrics("calls after the restart", |it| it.all_calls("ok") > before + 50).await;

    assert_eq!(demo.terminate().await, Some(0));
    lookout.terminate();
    let (code, said) = lookout.end().await;
    assert_eq!(code, Some(0));
    let dead = said.iter().find(|(_, it)| it["params"]["type"] == "service_unavailable");
    let (_, dead) = dead.unwrap_or_else(|| panic!("{said:#?}"));
    assert_eq!(dead["params"]["service"], "UserManagement");
}

#[tokio::test]
async fn what_keeps_the_players_from_their_broker_is_said() {
    let users = &[("platform", "for-platform")];
    let broker = Mosquitto::with(&Setup { users, ..Setup::default() });
    let url = format!("mqtt://platform:wrong@127.0.0.1:{}", broker.port());
    let mut demo = Demo::start(&["--broker", &url]);
    let said = demo.line("broker", |line| line["connected"] == false).await;
    let problem = said["problem"].as_str().unwrap();
    assert!(problem.contains("NotAuthorized"), "{problem}");
    assert_eq!(demo.terminate().await, Some(0));
}

#[test]
fn addresses_that_the_players_have_no_way_to_are_refused() {
    for (arguments, what) in [
        (
            &["--broker", "mqtts://h"][..],
            "command line: --broker: found an address that the players",
        ),
        (&["--broker", "mqtt://a,mqtt://b"], "allowed: one address"),
        (&["--broker", "mqtt://u:se/cret@h"], "command line: broker.url: found"),
        (&["--broker", "mqtt://u@h", "--password-file", "/nowhere"], "broker.password_file"),
        (&["--broker", "mqtt://h", "--port", "1"], "cannot be used with"),
        (&["--password-file", "/nowhere"], "--broker"),
    ] {
        let ended =
            Command::new(env!("CARGO_BIN_EXE_lookout")).arg("demo").args(arguments).output();
        let ended = ended.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(64), "{arguments:?}: {said}");
        assert!(said.contains(what), "{arguments:?}: {said}");
        assert!(!said.contains("cret"), "{said}");
    }
}
