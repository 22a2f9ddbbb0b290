//! The Python program of `docs/CLIENTS.md`, as it stands there, against a real Mosquitto.
//!
//! `scripts/dialects` brings paho-mqtt.

use crate::advice::Teller;
use crate::kit::options;
use crate::line::{Version, soon};
use crate::mosquitto::Mosquitto;
use lookout::client::Service;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, in a file of its own.
fn program(directory: &Path) -> PathBuf {
    let page = include_str!("../../docs/CLIENTS.md");
    let (_, rest) = page.split_once("```python\n").expect("a program in Python");
    let (program, _) = rest.split_once("```\n").expect("its end");
    let file = directory.join("client.py");
    std::fs::write(&file, program).unwrap();
    file
}

async fn run(file: &Path, port: u16) -> Output {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/dialects/venv/bin/python");
    let mut command = Command::new(python);
    command.arg(file).args(["127.0.0.1", &port.to_string(), "test"]);
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = soon("the program", run).await.unwrap();
    output.unwrap_or_else(|error| panic!("{python}: {error}; run scripts/dialects"))
}

#[tokio::test]
async fn what_is_written_by_hand_lives_with_failure_too() {
    let mosquitto = Mosquitto::start();
    let broker = (Version::V5, mosquitto.port());
    let charge = |_, params: Value| async move { Ok(params) };
    let service = Service::builder("Billing").method("charge", charge);
    let service = service.serve(&options(broker, "service-billing").endpoint).unwrap();
    soon("service", service.ready()).await.unwrap();
    let teller = Teller::start(broker).await;
    let directory = tempfile::tempdir().unwrap();
    let file = program(directory.path());
    let answered = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout);
        let answer: Value = serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(answer["result"], json!({"amount": 7}));
    };

    // What anybody may have left there ends nothing.
    for garbage in ["{", "[7]"] {
        teller.say(&format!("services/{garbage}"), true, garbage);
    }
    teller.present(true);
    teller.verdict("Billing", "healthy", "");
    answered(&run(&file, broker.1).await);

    let until = teller.time(20);
    teller.circuit("Billing", "open", json!({"retryAfter": until}));
    teller.said(broker).await;
    let refused = run(&file, broker.1).await;
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains(&format!("Billing: failure_rate, retry after {until}")), "{text}");

    // Nobody keeps the circuit any more.
    teller.present(false);
    teller.said(broker).await;
    answered(&run(&file, broker.1).await);
}
