//! Commands of shipped runbooks against what they are for: real servers, lookout's own API, its
//! metrics and its command line. A command that is wrong is worse than none at three in the morning.

use crate::mosquitto::Mosquitto;
use crate::postgresql::Postgresql;
use crate::redis::Redis;
use lookout::runbook::{Book, FilledStep, Subject};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// The steps of a runbook that change nothing and have a command.
fn steps(name: &str, subject: &Subject<'_>, broker: &str) -> Vec<FilledStep> {
    let constants = BTreeMap::from([("broker".to_owned(), broker.to_owned())]);
    let filled = Book::shipped().get(name).unwrap().fill(subject, &constants);
    let steps = filled.steps.into_iter();
    steps.filter(|step| step.command.is_some() && !step.needs_approval).collect()
}

/// Runs a command with these variables; gives what it printed.
#[track_caller]
fn run(command: &str, variables: &[(&str, &str)]) -> String {
    let mut shell = Command::new("sh");
    let ended = shell.arg("-c").arg(command).envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{command}: {ended:?}");
    text
}

#[test]
fn those_of_postgresql_run() {
    let server = Postgresql::start("");
    let port = server.port().to_string();
    let of = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGDATABASE", "postgres"),
    ];
    let mut said = Vec::new();
    for step in steps("component-postgresql", &Subject::default(), "x") {
        let command = step.command.unwrap();
        if command.starts_with("ps") || command.starts_with("pg_") {
            said.push(run(&command, &of));
        }
    }
    assert_eq!(said.len(), 4);
    for (said, wanted) in said.iter().zip(["accepting connections", "active", "since", "slot_name"])
    {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn those_of_redis_run() {
    let server = Redis::start(&[]);
    let mut said = Vec::new();
    for step in steps("component-redis", &Subject::default(), "x") {
        // The port is this test's own.
        let port = format!("redis-cli -p {}", server.port());
        let command = step.command.unwrap().replace("redis-cli", &port);
        said.push(run(&command, &[("REDIS_HOST", "127.0.0.1")]));
    }
    let wanted = ["PONG", "maxmemory_policy:", "role:master", "", ""];
    assert_eq!(said.len(), wanted.len());
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted) && !said.contains("unknown command"), "{wanted}: {said}");
    }
}

#[test]
fn those_of_mosquitto_run() {
    let server = Mosquitto::start();
    let here = format!("-h 127.0.0.1 -p {}", server.port());
    let steps = steps("component-mosquitto", &Subject::default(), "127.0.0.1");
    let commands: Vec<_> = steps.into_iter().filter_map(|step| step.command).collect();
    let uptime = commands.iter().find(|command| command.contains("uptime")).unwrap();
    let said = run(&uptime.replace("-h 127.0.0.1", &here), &[]);
    assert!(said.starts_with("$SYS/broker/uptime ") && said.contains("seconds"), "{said}");
    // Publishing asks for an acknowledgement.
    let outbox = Book::shipped();
    let outbox = outbox.get("LookoutOutboxDropping").unwrap();
    let constants = BTreeMap::from([("broker".to_owned(), "127.0.0.1".to_owned())]);
    let filled = outbox.fill(&Subject::default(), &constants);
    let publish = filled.steps.iter().filter_map(|step| step.command.as_ref());
    let publish = publish.clone().find(|command| command.starts_with("mosquitto_pub")).unwrap();
    let said = run(&publish.replace("-h 127.0.0.1", &here), &[]);
    assert!(said.contains("PUBACK"), "{said}");
}

/// All commands and texts of all shipped runbooks.
fn all() -> Vec<(String, Vec<String>, String)> {
    let subject = Subject { service: Some("Orders"), ..Subject::default() };
    let filled = Book::shipped();
    let filled = filled.all().map(|runbook| runbook.fill(&subject, &BTreeMap::new()));
    filled
        .map(|filled| {
            let commands = filled.steps.iter().filter_map(|step| step.command.clone()).collect();
            (filled.name, commands, filled.markdown)
        })
        .collect()
}

#[test]
fn addresses_of_lookout_are_those_it_has() {
    let document: Value = serde_json::from_str(include_str!("../../schemas/openapi.json")).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let mut asked = 0;
    for (name, commands, _) in all() {
        for command in &commands {
            for rest in command.split("http://localhost:9464").skip(1) {
                let path = rest.split([' ', '\n']).next().unwrap();
                let is_known = paths.iter().any(|known| match known.split_once('{') {
                    Some((before, _)) => path.len() > before.len() && path.starts_with(before),
                    None => path == known.as_str(),
                });
                assert!(is_known, "{name}: {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "{asked}");
}

#[test]
fn metrics_that_are_named_are_there() {
    let known = include_str!("../../docs/METRICS.md");
    let mut named = 0;
    for (name, _, markdown) in all() {
        for part in markdown.split('`').skip(1).step_by(2) {
            let word = part.split(['{', ' ']).next().unwrap();
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            let is_ours = word.starts_with("lookout_") || word.starts_with("function_");
            if !is_ours || !word.chars().all(plain) {
                continue;
            }
            named += 1;
            assert!(
                known.contains(&format!("`{word}`")) || known.contains(&format!("`{word}{{")),
                "{name}: {word}"
            );
        }
    }
    assert!(named > 3, "{named}");
}

#[test]
fn commands_of_lookout_are_those_it_has() {
    let mut tried = 0;
    for (name, commands, _) in all() {
        for line in commands.iter().flat_map(|command| command.lines()) {
            let Some(arguments) = line.strip_prefix("lookout ") else { continue };
            // What is not known is refused before help is given.
            let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
            let ended = command.args(arguments.split(' ')).arg("--help").output().unwrap();
            assert!(ended.status.success(), "{name}: {line}: {ended:?}");
            tried += 1;
        }
    }
    assert!(tried >= 5, "{tried}");
}
