//! The AsyncAPI document is one: AsyncAPI's own parser finds nothing wrong with it.
//!
//! The parser is brought by `scripts/asyncapi`, which `scripts/test` runs. What it warns of counts as
//! wrong, too; that there is a later version of AsyncAPI is only information. It does not hold
//! examples to their schemas, so that is done here, by the draft that AsyncAPI builds upon.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn text() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/asyncapi.yaml");
    std::fs::read_to_string(file).unwrap()
}

/// The document as any reader of YAML has it.
fn document() -> Value {
    serde_saphyr::from_str(&text()).unwrap()
}

/// What the parser says of a document.
fn parsed(text: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: PathBuf = root.join("target/asyncapi");
    let copied = std::fs::copy(root.join("tests/asyncapi/check.mjs"), folder.join("check.mjs"));
    copied.expect("run scripts/asyncapi first: it brings the parser");
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut command = Command::new("node");
    let output = command.arg(folder.join("check.mjs")).arg(file.path()).output();
    let output = output.expect("run scripts/asyncapi first: it needs node");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is an error or a warning.
fn wrong(said: &Value) -> Vec<&Value> {
    let found = said["found"].as_array().unwrap();
    found.iter().filter(|it| it["severity"].as_u64().unwrap() < 2).collect()
}

#[test]
fn the_parser_finds_nothing_wrong() {
    let said = parsed(&text());
    assert_eq!(wrong(&said), [&Value::Null; 0]);
    let count = |name: &str| document()[name].as_object().unwrap().len();
    assert_eq!(said["channels"], count("channels"));
    assert_eq!(said["operations"], count("operations"));
}

#[test]
fn the_parser_would_find_what_is_wrong() {
    let text = text();
    for (right, mistaken) in [
        ("action: send", "action: shout"),
        ("#/components/messages/health", "#/components/messages/wealth"),
        ("location: $message.payload#/replyTo", "location: payload/replyTo"),
    ] {
        assert!(text.contains(right), "{right}");
        let said = parsed(&text.replace(right, mistaken));
        assert!(!wrong(&said).is_empty(), "{mistaken}");
    }
}

/// Checks an example, after a change to it.
fn is_accepted(document: &Value, name: &str, example: &Value) -> bool {
    let schema = serde_json::json!({
        "allOf": [document["components"]["messages"][name]["payload"]],
        "components": document["components"],
    });
    jsonschema::draft7::new(&schema).unwrap().is_valid(example)
}

#[test]
fn examples_are_as_their_schemas_say() {
    let document = document();
    let mut checked = 0;
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        for example in message["examples"].as_array().into_iter().flatten() {
            let payload = &example["payload"];
            assert!(is_accepted(&document, name, payload), "{name}: {payload}");
            // What is asked of a member deep below is asked, too.
            let mut wrong = payload.clone();
            if let Some(time) = wrong.pointer_mut("/params/timestamp") {
                *time = "yesterday".into();
                assert!(!is_accepted(&document, name, &wrong), "{name}: {wrong}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn nothing_leads_out_of_the_document() {
    let document = document();
    let mut waiting = vec![&document];
    let mut references = 0;
    while let Some(value) = waiting.pop() {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let place = target.strip_prefix('#').unwrap_or_else(|| panic!("{target}"));
            assert!(document.pointer(place).is_some(), "{target}");
            references += 1;
        }
        waiting.extend(value.as_object().into_iter().flat_map(serde_json::Map::values));
        waiting.extend(value.as_array().into_iter().flatten());
    }
    assert!(references > 50, "{references}");
}

#[test]
fn the_version_is_that_of_the_schemas() {
    let document = document();
    let version = lookout::schema::VERSION;
    assert_eq!(document["info"]["version"], format!("{version}.0.0"));
    assert!(document["id"].as_str().unwrap().contains(&format!("/v{version}/")));
}
