//! Real libraries speak their dialects over a real Mosquitto. `lookout record` writes down what they
//! say; a replay of that, and `lookout run` beside it, count what the clients counted; and `lookout
//! discover`, which is told nothing and hears lookout as well, finds the pair.
//!
//! The libraries are brought by `scripts/dialects`, which `scripts/test` runs.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;
#[allow(dead_code)]
#[path = "record/recorder.rs"]
mod recorder;

use mosquitto::Mosquitto;
use program::{Lookout, Metrics};
use recorder::{PATIENCE, Publisher, Recorder, command};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Tells that everything before it was heard: counted as activity, and otherwise without meaning.
const END: &str = "ui/change/end";

const ANY: &str = "[[traffic.pair]]\nprofile = \"mqtt5-request-response\"\n";

/// A library: the maker's file and arguments, the configuration that counts it, what `discover`
/// has to propose.
struct Case {
    maker: &'static [&'static str],
    config: &'static str,
    found: &'static [&'static str],
}

const CASES: [Case; 7] = [
    Case {
        maker: &["mqtt-json-rpc.mjs"],
        config: "[traffic]\nprofiles = [\"mqtt-json-rpc\"]\n",
        found: &["[[traffic.pair]]\nprofile = \"mqtt-json-rpc\"\n"],
    },
    Case {
        maker: &["mqtt-json-rpc.mjs", "cbor"],
        config: "[[traffic.pair]]\nprofile = \"mqtt-json-rpc\"\nencoding = \"cbor\"\n",
        found: &["profile = \"mqtt-json-rpc\"\nencoding = \"cbor\"\n"],
    },
    Case {
        maker: &["mqtt-json-rpc.mjs", "msgpack"],
        config: "[[traffic.pair]]\nprofile = \"mqtt-json-rpc\"\nencoding = \"msgpack\"\n",
        found: &["profile = \"mqtt-json-rpc\"\nencoding = \"msgpack\"\n"],
    },
    Case {
        maker: &["jayson.mjs"],
        config: ANY,
        found: &["call = \"calc/{service}\"\nreply = \"answers/{session}\"\n"],
    },
    Case {
        maker: &["mqttjs5.mjs"],
        config: ANY,
        found: &["call = \"plant/{service}/set\"\n", "\"reply/panel\"", "\"reply/panel/"],
    },
    Case {
        maker: &["paho5.py"],
        config: ANY,
        found: &["call = \"tools/{service}/run\"\nreply = \"inbox/paho\"\n"],
    },
    Case {
        maker: &["aiomqtt5.py"],
        config: ANY,
        found: &["call = \"store/books\"\nreply = \"inbox/aio\"\n"],
    },
];

/// The folder of the libraries.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dialects")
}

/// Has a library make its traffic. Gives what its client side counted.
fn make(arguments: &[&str], port: u16) -> Value {
    let folder = folder();
    let file = folder.join(arguments[0]);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    for name in ["count.mjs", arguments[0]] {
        let copied = std::fs::copy(here.join(name), folder.join(name));
        copied.expect("run scripts/dialects first: it brings the libraries");
    }
    let python = folder.join("venv/bin/python");
    let program = if arguments[0].ends_with(".py") { python } else { "node".into() };
    let mut maker = Command::new(program);
    maker.arg(file).arg(port.to_string()).args(&arguments[1..]).stdin(Stdio::null());
    let output = maker.output().expect("run scripts/dialects first: it needs node and python3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {said}"))
}

/// Observes and records what a library says, and listens to it without knowing anything. Gives the
/// recording, what was proposed, and what the library's client counted, which is what was observed.
async fn hear(case: &Case, directory: &Path) -> (PathBuf, String, Value) {
    let broker = Mosquitto::start();
    let port = broker.port();
    let config = directory.join("lookout.toml");
    std::fs::write(&config, case.config).unwrap();
    let config = config.to_str().unwrap();
    let mut recorder = Recorder::spawn(port, &["--config", config, "-o", "-"]);
    recorder.line("subscribed to ");
    let lines = recorder.stdout.take().unwrap();
    let here =
        format!("[broker]\nurl = \"mqtt://127.0.0.1:{port}\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    let mut live = Lookout::start(&format!("{here}{}", case.config)).await;
    live.log("subscribed to ").await;
    let mut listener = command();
    let at = format!("broker.url=mqtt://127.0.0.1:{port}");
    listener.args(["discover", "--for", "10m", "--set", &at]);
    let mut listener = Recorder::of(listener.stdout(Stdio::piped()));
    listener.line("subscribed to ");
    let proposed = listener.read();

    let counted = make(case.maker, port);
    let same = |metrics: &Metrics| {
        let mut outcomes = ["ok", "rejected", "failed"].into_iter();
        outcomes.all(|it| Some(metrics.all_calls(it)) == counted[it].as_u64())
    };
    live.metrics("what the client counted", same).await;
    Publisher::connect(port).say(END, "").await;
    let file = directory.join("traffic.ndjson");
    let mut text = String::new();
    while !text.contains(END) {
        text += &lines.recv_timeout(PATIENCE).expect("the last message in the recording");
        text.push('\n');
    }
    std::fs::write(&file, text).unwrap();
    recorder.interrupt();
    listener.interrupt();
    (file, proposed.iter().collect::<Vec<_>>().join("\n"), counted)
}

/// The outcomes of all services together, as a replay under a configuration counts them.
fn replayed(file: &Path, directory: &Path) -> (Value, Value) {
    let summary = directory.join("summary.json");
    let mut replay = command();
    replay.arg("replay").arg(file).arg("--config").arg(directory.join("lookout.toml"));
    assert!(replay.arg("--summary").arg(&summary).output().unwrap().status.success());
    let summary: Value = serde_json::from_slice(&std::fs::read(summary).unwrap()).unwrap();
    let services = summary["services"].as_object().unwrap();
    let sum =
        |outcome: &str| services.values().map(|it| it[outcome].as_u64().unwrap()).sum::<u64>();
    let counts = ["calls", "ok", "rejected", "failed"].map(|it| (it.to_owned(), sum(it).into()));
    (Value::Object(counts.into_iter().collect()), summary)
}

/// `scripts/azure-mrpc` takes 140 crates and the headers of OpenSSL for 40 calls, so what it said
/// was recorded once, by `lookout record` over Mosquitto 2.0.11, beside what its invoker counted.
#[test]
fn what_azure_iot_operations_said_is_counted_as_its_invoker_counted_and_discovered() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    let directory = tempfile::tempdir().unwrap();
    let config = "[traffic]\nprofiles = [\"azure-mrpc\"]\n";
    std::fs::write(directory.path().join("lookout.toml"), config).unwrap();
    let file = here.join("azure-mrpc.ndjson");
    let counted = std::fs::read(here.join("azure-mrpc.json")).unwrap();
    let (seen, summary) = replayed(&file, directory.path());
    assert_eq!(seen, serde_json::from_slice::<Value>(&counted).unwrap(), "{summary}");
    let found = command().arg("discover").arg(&file).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("profile = \"azure-mrpc\"\n"), "{found}");
}

#[tokio::test]
async fn what_a_library_says_is_counted_as_its_client_counts_and_discovered_unaided() {
    for case in CASES {
        let directory = tempfile::tempdir().unwrap();
        let (file, proposed, counted) = hear(&case, directory.path()).await;
        assert!(counted["calls"].as_u64() >= Some(30), "{:?}: {counted}", case.maker);
        let (seen, summary) = replayed(&file, directory.path());
        assert_eq!(seen, counted, "{:?}: {summary}", case.maker);
        for what in ["unmatched", "duplicate", "late"] {
            assert_eq!(summary[what], 0, "{:?}: {what}: {summary}", case.maker);
        }
        for line in case.found {
            let said = format!("{proposed}\n");
            assert!(said.contains(line), "{:?}: {line} in\n{proposed}", case.maker);
        }
        assert_eq!(proposed.matches("[[traffic.pair]]").count(), 1, "{:?}: {proposed}", case.maker);
        // What it proposes is a configuration.
        let config = directory.path().join("proposed.toml");
        std::fs::write(&config, &proposed).unwrap();
        let check = command().arg("check-config").arg(&config).output().unwrap();
        assert!(check.status.success(), "{proposed}\n{}", String::from_utf8_lossy(&check.stderr));
    }
}

#[test]
fn who_hears_nothing_says_why() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = format!("broker.url=mqtt://127.0.0.1:{port}");
    for (arguments, code, said) in [
        (&["--set", &closed, "--for", "300ms"][..], 1, "no link to the broker: mqtt://127.0.0.1:"),
        (&["--topic", "a/#/b"], 64, "# is allowed only at the end"),
        (&["--for", "5"], 64, "expected a duration such as 90s"),
        (&["no-such-file.ndjson"], 1, "no-such-file.ndjson: No such file"),
        (&["traffic.ndjson", "--topic", "a/#"], 64, "cannot be used with"),
    ] {
        let output = command().arg("discover").args(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said) && output.stdout.is_empty(), "{arguments:?}: {stderr}");
    }
}

#[test]
fn profiles_are_listed_shown_and_imported() {
    let run = |arguments: &[&str]| {
        let output = command().arg("profile").args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, list, _) = run(&["list"]);
    assert_eq!((code, list.lines().count()), (Some(0), 13));
    let directory = tempfile::tempdir().unwrap();
    for name in list.lines().filter_map(|line| line.split_whitespace().next()) {
        let (code, text, _) = run(&["show", name]);
        assert!(code == Some(0) && text.contains("\n# Source: "), "{name}: {text}");
        let file = directory.path().join("lookout.toml");
        std::fs::write(&file, text).unwrap();
        assert!(command().arg("check-config").arg(&file).status().unwrap().success(), "{name}");
    }
    let (code, _, said) = run(&["show", "wirenbord"]);
    assert!(code == Some(64) && said.contains("wirenboard"), "{said}");
    let file = directory.path().join("asyncapi.yaml");
    std::fs::write(&file, "asyncapi: 2.6.0\n").unwrap();
    let (code, _, said) = run(&["import", file.to_str().unwrap()]);
    assert!(code == Some(64) && said.contains("convert it to AsyncAPI 3"), "{said}");
}
