//! Holds the schemas to what is printed, and to the samples of what lookout reads and publishes.
//!
//! Other programs are written against `schemas`, so a schema that lets a document without its
//! subject pass is as wrong as one that refuses what lookout says: the samples must be accepted,
//! and refused as soon as any one required member is missing.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "schemas/api.rs"]
mod api;
#[path = "schemas/configuration.rs"]
mod configuration;
#[path = "schemas/released.rs"]
mod released;
#[path = "schemas/subset.rs"]
mod subset;
#[path = "support/schemas.rs"]
mod support;

use lookout::observer::Instant;
use lookout::schema::{self, CONTRACTS};
use lookout::wire::presence::{Presence, Song};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use support::Schemas;

/// The samples with their file names.
fn samples() -> Vec<(String, Value)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema/samples");
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The others have no envelope.
        if !name.starts_with("event.") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        samples.push((name, serde_json::from_str(&text).unwrap()));
    }
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

fn lookout(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookout")).args(arguments).output().unwrap()
}

#[test]
fn the_checked_in_files_are_what_is_printed() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let directory = tempfile::tempdir().unwrap();
    assert!(lookout(&["schema", "--all", directory.path().to_str().unwrap()]).status.success());
    let names = |directory: &Path| -> BTreeSet<_> {
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names(&home), names(directory.path()));
    for file in schema::files() {
        let name = format!("{}.{}", file.name, file.kind);
        let printed = String::from_utf8(lookout(&["schema", file.name]).stdout).unwrap();
        assert_eq!(std::fs::read_to_string(directory.path().join(&name)).unwrap(), printed);
        let copy = std::fs::read_to_string(home.join(&name)).unwrap();
        assert!(copy == printed, "{name} is out of date: lookout schema --all schemas");
    }
}

#[test]
fn the_page_is_what_is_printed() {
    let printed = String::from_utf8(lookout(&["schema", "--docs"]).stdout).unwrap();
    let wanted = "run `lookout schema --docs > docs/EVENTS.md`";
    assert!(include_str!("../docs/EVENTS.md") == printed, "{wanted}");
}

#[test]
fn what_there_is_is_listed_and_nothing_else_is_known() {
    let listed = String::from_utf8(lookout(&["schema"]).stdout).unwrap();
    let names: Vec<_> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.iter().eq(schema::files().map(|file| file.name).collect::<Vec<_>>().iter()));
    let refused = lookout(&["schema", "service_unvailable\u{1b}"]);
    assert_eq!(refused.status.code(), Some(64));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("`service_unvailable\\u{1b}`"), "{said}");
    assert!(names.iter().all(|name| said.contains(name)), "{said}");
}

#[test]
fn every_sample_is_accepted_by_the_schema_of_its_contract() {
    let schemas = Schemas::load();
    let mut checked = 0;
    for contract in CONTRACTS {
        for (name, text) in contract.samples {
            let sample: Value = serde_json::from_str(text).unwrap();
            // An event is shown in its envelope.
            let document = sample.get("params").filter(|_| name.starts_with("event."));
            let file = format!("{}.json", contract.name);
            let done = schemas.check(&file, document.unwrap_or(&sample));
            done.unwrap_or_else(|error| panic!("{name}: {error}"));
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn what_is_promised_is_a_member() {
    for (name, schema) in Schemas::load().all() {
        let (Some(required), Some(members)) =
            (schema["required"].as_array(), schema["properties"].as_object())
        else {
            continue;
        };
        for member in required {
            assert!(members.contains_key(member.as_str().unwrap()), "{name}: {member}");
        }
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn every_schema_is_one() {
    for (name, schema) in Schemas::load().all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("{}v{}/{name}", schema::HOME, schema::VERSION));
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_document_has_its_schema_its_sample_and_what_is_always_there() {
    let schemas = Schemas::load();
    let get = |name: &str| schemas.all().find(|(file, _)| *file == name).unwrap().1;
    let types: Vec<&str> = get("notification.json")["properties"]["method"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    for name in &types {
        let schema = get(&format!("{name}.json"));
        let required = required(schema);
        for member in ["type", "clusterId", "timestamp"] {
            assert!(required.contains(&member), "{name} needs {member}");
        }
        // What stands, stands between incidents too.
        let standing = matches!(*name, "service_verdict" | "health");
        assert_eq!(required.contains(&"correlationId"), !standing, "{name}");
        assert_eq!(schema["properties"]["type"]["const"], *name);
    }
    let documents: BTreeSet<&str> = types.into_iter().collect();
    let samples = samples();
    let sampled: BTreeSet<&str> =
        samples.iter().map(|(_, sample)| sample["method"].as_str().unwrap()).collect();
    assert_eq!(sampled, documents);
}

#[test]
fn the_direct_answer_is_a_response_and_needs_what_it_needs() {
    let schemas = Schemas::load();
    let text = include_str!("../src/schema/samples/direct-answer.json");
    let sample: Value = serde_json::from_str(text).unwrap();
    schemas.check("direct_answer.json", &sample).unwrap();
    for member in ["errorType", "serviceName", "reason", "timestamp", "source"] {
        let mut less = sample.clone();
        less["error"]["data"].as_object_mut().unwrap().remove(member).unwrap();
        assert!(schemas.check("direct_answer.json", &less).is_err(), "without {member}");
    }
}

#[test]
fn samples_are_accepted_and_may_carry_more() {
    let schemas = Schemas::load();
    for (name, mut sample) in samples() {
        schemas.check("notification.json", &sample).unwrap_or_else(|e| panic!("{name}: {e}"));
        sample["params"]["somethingNew"] = json!({ "of": "a later release" });
        schemas.check("notification.json", &sample).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn samples_are_refused_without_any_one_required_member() {
    let schemas = Schemas::load();
    for (name, sample) in samples() {
        let file = format!("{}.json", sample["method"].as_str().unwrap());
        let (_, schema) = schemas.all().find(|(name, _)| *name == file).unwrap();
        for member in required(schema) {
            let mut less = sample.clone();
            less["params"].as_object_mut().unwrap().remove(member).unwrap();
            let refused = schemas.check("notification.json", &less);
            assert!(refused.is_err_and(|e| e.contains(member)), "{name} without {member}");
        }
        for member in ["jsonrpc", "method", "params"] {
            let mut less = sample.clone();
            less.as_object_mut().unwrap().remove(member).unwrap();
            assert!(schemas.check("notification.json", &less).is_err(), "{name} without {member}");
        }
    }
}

#[test]
fn samples_are_refused_with_wrong_members() {
    let schemas = Schemas::load();
    let (_, sample) = samples().into_iter().find(|(name, _)| name.contains("degraded")).unwrap();
    let wrong = [
        ("/params/timestamp", json!("2026-01-15 10:30:00")),
        ("/params/timestamp", json!("2026-01-15T10:30:00Z")),
        ("/params/type", json!("service_recovered")),
        ("/params/correlationId", json!("")),
        ("/params/service", json!(7)),
        ("/params/reason", json!("bad_mood")),
        ("/params/details/responseRate", json!(1.5)),
        ("/params/repeat", json!(-1)),
        ("/method", json!("service_recovered")),
        ("/jsonrpc", json!("1.0")),
    ];
    for (place, value) in wrong {
        let mut sample = sample.clone();
        *sample.pointer_mut(place).unwrap() = value.clone();
        assert!(schemas.check("notification.json", &sample).is_err(), "{place} = {value}");
    }
    let mut call = sample;
    call["id"] = json!(1);
    assert!(schemas.check("notification.json", &call).is_err(), "with an id it is a call");
}

#[test]
fn presence_is_accepted_or_refused() {
    let schemas = Schemas::load();
    let online = json!({ "online": true, "timestamp": 1_732_270_200_123_u64 });
    schemas.check("observer.json", &online).unwrap();
    assert!(schemas.check("observer.json", &json!({ "online": true })).is_err());
}

#[test]
fn what_an_observer_says_of_itself_is_accepted() {
    let (schemas, now) = (Schemas::load(), Instant::from_micros(1_732_270_200_123_456));
    for (name, text) in [
        ("observer.json", Presence::new(true, now).json()),
        ("observer.json", Presence::new(false, Instant::from_micros(0)).json()),
        ("canary.json", Song::new("5b1f0c9a7d3e2846", u64::MAX, now).json()),
    ] {
        schemas.check(name, &serde_json::from_str(&text).unwrap()).unwrap();
    }
}

#[test]
fn lines_of_traffic_files_are_accepted_or_refused() {
    let schemas = Schemas::load();
    let good = [
        json!({ "ts": 1_732_270_200_123_456_u64, "topic": "service/A", "payload": "{}" }),
        json!({ "ts": 1, "topic": "a", "payload": "", "unknown": true }),
        json!({ "ts": 1, "topic": "a", "payload_b64": "e30=", "qos": 1, "retain": true, "props": {
            "response_topic": "b", "correlation_data_b64": "AQ==", "message_expiry_s": 5,
            "content_type": "application/json", "user": [["traceparent", "00-1"]], "new": 1 } }),
        json!({ "ts": 1, "link": "down" }),
        json!({ "ts": 1, "paused_s": 12 }),
        json!({ "ts": 1, "replicas": {
            "service": "A", "running": 0, "ready": 0, "total": 3, "cause": "image_pull_failed" } }),
        json!({ "ts": 1, "component": { "name": "postgresql_cluster", "kind": "postgresql",
            "healthy": false, "definite": true, "severity": "critical", "message": "gone",
            "details": {} } }),
    ];
    for line in good {
        schemas.check("traffic_line.json", &line).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    let bad = [
        json!({ "topic": "a", "payload": "" }),
        json!({ "ts": -1, "topic": "a", "payload": "" }),
        json!({ "ts": 1 }),
        json!({ "ts": 1, "topic": "a" }),
        json!({ "ts": 1, "topic": "a", "payload": "", "payload_b64": "" }),
        json!({ "ts": 1, "topic": "a", "payload_b64": "no base64!" }),
        json!({ "ts": 1, "link": "sideways" }),
        json!({ "ts": 1, "link": "up", "paused_s": 12 }),
        json!({ "ts": 1, "replicas": { "service": "A" } }),
    ];
    for line in bad {
        assert!(schemas.check("traffic_line.json", &line).is_err(), "{line}");
    }
}

#[test]
fn calls_and_replies_are_accepted_or_refused() {
    let schemas = Schemas::load();
    let good = [
        ("request", json!({ "jsonrpc": "2.0", "id": 1, "method": "m" })),
        ("request", json!({ "jsonrpc": "2.0", "method": "m", "params": [1], "more": true })),
        ("service_call", json!({ "serviceName": "A", "methodName": "m", "messageId": null })),
        ("reply", json!({ "jsonrpc": "2.0", "id": null, "result": null })),
        ("reply", json!({ "jsonrpc": "2.0", "id": "a", "error": { "code": 1, "message": "" } })),
        ("canary", json!({ "run": "00000000000000ff", "number": 0, "timestamp": 0 })),
    ];
    for (name, value) in good {
        schemas.check(&format!("{name}.json"), &value).unwrap_or_else(|e| panic!("{value}: {e}"));
    }
    let bad = [
        ("request", json!({ "jsonrpc": "2.0", "id": 1 })),
        ("request", json!({ "jsonrpc": "1.0", "id": 1, "method": "m" })),
        ("request", json!({ "jsonrpc": "2.0", "id": 1.5, "method": "m" })),
        ("request", json!({ "jsonrpc": "2.0", "id": 1, "method": "m", "replyTo": 1 })),
        ("service_call", json!({ "serviceName": "A" })),
        ("reply", json!({ "jsonrpc": "2.0", "id": 1 })),
        ("reply", json!({ "jsonrpc": "2.0", "id": 1, "result": 1, "error": { "code": 1 } })),
        ("reply", json!({ "jsonrpc": "2.0", "result": 1 })),
        ("canary", json!({ "run": "x", "number": 0, "timestamp": 0 })),
    ];
    for (name, value) in bad {
        assert!(schemas.check(&format!("{name}.json"), &value).is_err(), "{name}: {value}");
    }
}
