//! Holds the schemas to the samples of what lookout publishes.
//!
//! Other programs are written against `schemas`, so a schema that lets a document without its
//! subject pass is as wrong as one that refuses what lookout says: the samples must be accepted,
//! and refused as soon as any one required member is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/schemas.rs"]
mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::Schemas;

/// The samples with their file names.
fn samples() -> Vec<(String, Value)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples");
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The others are calls and replies, which have no schema: they are not ours.
        if !name.starts_with("event.") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        samples.push((name, serde_json::from_str(&text).unwrap()));
    }
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn every_schema_is_one() {
    for (name, schema) in Schemas::load().all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
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
    let text = include_str!("samples/direct-answer.json");
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
