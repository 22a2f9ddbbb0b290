//! What was promised stays so, or the version of the contracts becomes another.
//!
//! `tests/schemas_released/vN` is what version N promised when it came out. For what lookout writes,
//! whoever reads by the old schema must understand what the new program says: no member goes, none
//! that was always there may be missing, no type, range or `enum` grows. A word that is no `enum` but
//! a string with examples, such as most reasons, may be any word, today as well; an `enum` with
//! `x-open` may grow. For what lookout reads, nothing that was accepted may be refused. Members may be
//! added to both. At a release `UPDATE=1 cargo test --test schemas` takes what was added into the
//! promise; it does not take what breaks it.

use super::subset::{beyond, dropped};
use lookout::schema::{CONTRACTS, Side, VERSION, print};
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) fn folder() -> PathBuf {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(format!("tests/schemas_released/v{VERSION}"))
}

/// What a change breaks.
fn broken(side: Side, old: &Value, new: &Value) -> Vec<String> {
    let mut broken = match side {
        Side::Written => beyond(new, old),
        Side::Read => beyond(old, new),
    };
    broken.extend(dropped(old, new));
    broken
}

#[test]
fn nothing_that_was_promised_is_broken() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut all = Vec::new();
    let mut promised = 0;
    for file in
        lookout::schema::files().filter(|file| file.kind == "json" && file.name != "openapi")
    {
        let path = folder().join(format!("{}.json", file.name));
        let text = print(file.name).unwrap();
        // What has no promise yet is new in this version.
        if let Ok(old) = std::fs::read_to_string(&path) {
            promised += 1;
            let [old, new] = [&old, &text].map(|text| serde_json::from_str::<Value>(text).unwrap());
            let side = CONTRACTS.iter().find(|it| it.name == file.name).unwrap().side;
            let broken = broken(side, &old, &new);
            all.extend(broken.iter().map(|it| format!("{}{it}", file.name)));
            if !broken.is_empty() {
                continue;
            }
        }
        if update {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let there = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let there = there
        .filter(|name| name.to_str().unwrap().ends_with(".json") && name != "openapi.json")
        .count();
    assert!(update || there == promised, "a document that was promised is not printed any more");
    let advice = "mend it, or make VERSION in src/schema/mod.rs another";
    assert!(all.is_empty(), "{advice}:\n{}", all.join("\n"));
    assert!(update || promised >= 20, "UPDATE=1 makes the promise of a new version");
}

/// Topics are promised as well: where something is said, whether it is kept, and what is said there.
#[test]
fn no_topic_that_was_promised_is_gone() {
    let path = folder().join("asyncapi.yaml");
    let new = print("asyncapi").unwrap();
    let update = std::env::var_os("UPDATE").is_some();
    if update && !path.exists() {
        std::fs::write(&path, &new).unwrap();
    }
    let (old, text) = (std::fs::read_to_string(&path).unwrap(), new.clone());
    let [old, new] = [&old, &new].map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    let mut broken = Vec::new();
    for (name, old_operation) in old["operations"].as_object().unwrap() {
        for place in [
            "/action",
            "/channel/$ref",
            "/bindings/mqtt/qos",
            "/bindings/mqtt/retain",
            "/reply/address/location",
            "/reply/channel/$ref",
        ] {
            let (was, is) = (old_operation.pointer(place), new["operations"][name].pointer(place));
            if was != is {
                broken.push(format!("{name}{place}: {was:?} is now {is:?}"));
            }
        }
    }
    for (name, channel) in old["channels"].as_object().unwrap() {
        let now = &new["channels"][name];
        if channel["address"] != now["address"] {
            broken.push(format!("{name}: {} is now {}", channel["address"], now["address"]));
        }
        for message in channel["messages"].as_object().unwrap().keys() {
            if now["messages"].get(message).is_none() {
                broken.push(format!("{name}: {message} is not said any more"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    if update {
        std::fs::write(&path, text).unwrap();
    }
}

/// A change of one member `m`, and for whom it is one that breaks nothing: `w` for those who read
/// what lookout writes, `r` for those who write what lookout reads.
const CHANGES: &[(&str, &str, &str)] = &[
    // Meanings and examples.
    (r#"{"type":"string","description":"a","examples":["a"]}"#, r#"{"type":"string"}"#, "wr"),
    // Types.
    (r#"{"type":"integer"}"#, r#"{"type":"number"}"#, "r"),
    (r#"{"type":"number"}"#, r#"{"type":"integer"}"#, "w"),
    (r#"{"type":"string"}"#, r#"{"type":["string","null"]}"#, "r"),
    (r#"{"type":"string"}"#, r#"{"type":"boolean"}"#, ""),
    (r#"{"type":"string"}"#, "{}", "r"),
    (r#"{"type":"string"}"#, r##"{"$ref":"#/$defs/text"}"##, "w"),
    (r##"{"$ref":"#/$defs/text"}"##, r#"{"type":"string","minLength":1}"#, "wr"),
    // Words.
    (r#"{"enum":["a"]}"#, r#"{"enum":["a","b"]}"#, "r"),
    (r#"{"enum":["a"],"x-open":true}"#, r#"{"enum":["a","b"],"x-open":true}"#, "wr"),
    (r#"{"enum":["a","b"]}"#, r#"{"const":"a"}"#, "w"),
    (r#"{"enum":["a"]}"#, r#"{"type":"string"}"#, "r"),
    (r#"{"type":"string","examples":["a"]}"#, r#"{"type":"string","examples":["a","b"]}"#, "wr"),
    // Ranges.
    (r#"{"type":"number","maximum":1}"#, r#"{"type":"number","maximum":2}"#, "r"),
    (r#"{"type":"number","minimum":0}"#, r#"{"type":"number","exclusiveMinimum":0}"#, "w"),
    (r#"{"type":"number","minimum":0}"#, r#"{"type":"number"}"#, "r"),
    (r#"{"type":"string","x-maximumMs":9}"#, r#"{"type":"string","x-maximumMs":8}"#, "w"),
    (r#"{"type":"string","pattern":"a"}"#, r#"{"type":"string","pattern":"b"}"#, ""),
    (r#"{"type":"string"}"#, r#"{"type":"string","format":"uri"}"#, "w"),
    // Lists.
    (r#"{"type":"array","items":{"type":"string"}}"#, r#"{"type":"array"}"#, "r"),
    (
        r#"{"type":"array","items":{"type":"string"}}"#,
        r#"{"type":"array","items":{"type":"string","minLength":1}}"#,
        "w",
    ),
    // Members.
    (r#"{"properties":{"a":{}}}"#, r#"{"properties":{"a":{},"b":{}}}"#, "wr"),
    (r#"{"properties":{"a":{},"b":{}}}"#, r#"{"properties":{"a":{}}}"#, ""),
    (r#"{"properties":{"a":{}},"required":["a"]}"#, r#"{"properties":{"a":{}}}"#, "r"),
    (r#"{"properties":{"a":{}}}"#, r#"{"properties":{"a":{}},"required":["a"]}"#, "w"),
    (
        r#"{"properties":{"a":{}},"additionalProperties":false}"#,
        r#"{"properties":{"a":{},"b":{}},"additionalProperties":false}"#,
        "r",
    ),
    (r#"{"additionalProperties":false}"#, "{}", "r"),
    (
        r#"{"additionalProperties":{"type":"integer"}}"#,
        r#"{"additionalProperties":{"type":"number"}}"#,
        "r",
    ),
    (r#"{"propertyNames":{"maxLength":9}}"#, r#"{"propertyNames":{"maxLength":8}}"#, "w"),
    // Alternatives and conditions.
    (r#"{"anyOf":[{"type":"string"}]}"#, r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "r"),
    (r#"{"type":"string"}"#, r#"{"anyOf":[{"type":"string"},{"type":"array"}]}"#, "r"),
    (
        r#"{"oneOf":[{"required":["a"]}]}"#,
        r#"{"oneOf":[{"required":["a"]},{"required":["b"]}]}"#,
        "r",
    ),
    (
        r#"{"dependentSchemas":{"a":{"properties":{"k":{"enum":["x"]}}}}}"#,
        r#"{"dependentSchemas":{"a":{"properties":{"k":{"enum":["x","y"]}}}}}"#,
        "r",
    ),
    (r#"{"properties":{"a":{}}}"#, r#"{"properties":{"a":{}},"allOf":[{"required":["a"]}]}"#, "w"),
    (
        r#"{"properties":{"k":{"enum":["x"]}}}"#,
        r#"{"properties":{"k":{"enum":["x","y"]}},
            "allOf":[{"if":{"properties":{"k":{"enum":["y"]}}},"then":{"required":["a"]}}]}"#,
        "r",
    ),
    (r#"{"not":{"required":["a"]}}"#, r#"{"not":{"required":["b"]}}"#, ""),
];

#[test]
fn changes_that_break_someone_are_told_from_the_others() {
    for (old, new, harmless) in CHANGES {
        let whole = |text: &str| {
            json!({
                "type": "object",
                "properties": { "m": serde_json::from_str::<Value>(text).unwrap() },
                "$defs": { "text": { "type": "string", "minLength": 1 } },
            })
        };
        for (side, sign) in [(Side::Written, 'w'), (Side::Read, 'r')] {
            let broken = broken(side, &whole(old), &whole(new));
            assert_eq!(
                broken.is_empty(),
                harmless.contains(sign),
                "{side:?} {old} {new}: {broken:?}"
            );
            assert!(broken.iter().all(|it| it.starts_with("/m")), "{broken:?}");
        }
        // What does not change breaks nothing, whatever it says.
        assert_eq!(broken(Side::Read, &whole(old), &whole(old)), [""; 0], "{old}");
    }
}
