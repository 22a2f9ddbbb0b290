//! `docs/EVENTS.md`: the documents for people, from the same contracts as the schemas.
//!
//! A row says of a member what its schema says, in words; `always` means that every document of this
//! version has it. Tables begin with what is always there, in the order in which it is promised.

use super::contract::{CONTRACTS, Contract, Side, channel};
use super::make::schema;
use serde_json::Value;
use std::fmt::{Arguments, Write};

const HEAD: &str = "# Documents

<!-- Printed by `lookout schema --docs`; a test compares it. -->

For whoever reads what lookout publishes, or writes what it hears. The same for programs: JSON Schemas and an
[AsyncAPI document](../schemas/asyncapi.yaml) in [schemas](../schemas), which `lookout schema` prints.

- Documents of events are in a JSON-RPC 2.0 notification ([notification.json](../schemas/notification.json)): \
`method` is the type of the document, `params` the document. `events.envelope = \"bare\"` leaves the envelope away.
- What is not known is absent. Only what the tables call *always* may be relied on, and *with it* if what holds it is \
there; members may be added at any time, so leave alone what you do not know.
- Times are RFC 3339 in UTC with milliseconds, such as `2026-01-15T10:30:00.000Z`. A share is from 0 to 1.
- Intervals are the default; each is a setting. So are the topics of what is heard, and the QoS of its subscriptions.
- Over MQTT 5 the user properties of events carry CloudEvents 1.0 attributes.
- The schemas have a version, which their `$id` names. Within one, nothing is taken away from what is published, \
and nothing refused of what is read.
";

/// The page.
pub fn docs() -> String {
    let mut out = HEAD.to_owned();
    for (side, title) in
        [(Side::Written, "What lookout publishes"), (Side::Read, "What lookout hears")]
    {
        put(&mut out, format_args!("\n## {title}\n"));
        let there = |it: &&Contract| it.side == side && !it.channels.is_empty();
        for contract in CONTRACTS.iter().filter(there) {
            section(&mut out, contract);
        }
    }
    out.push_str("\n## The envelope, and files\n\n");
    for contract in CONTRACTS.iter().filter(|it| it.channels.is_empty()) {
        let Contract { name, title, description, .. } = contract;
        put(
            &mut out,
            format_args!("- [{name}.json](../schemas/{name}.json). {title}: {description}\n"),
        );
    }
    out
}

fn section(out: &mut String, contract: &Contract) {
    let Contract { name, title, description, readers, .. } = contract;
    put(out, format_args!("\n### `{name}`\n\n{title}. {description}\n\n"));
    out.push_str("| topic | QoS | retained |\n|---|---|---|\n");
    for channel in contract.channels.iter().filter_map(|key| channel(key)) {
        let address = channel
            .address
            .map_or("the reply topic of the call".to_owned(), |it| format!("`{it}`"));
        let retained = if channel.retain { "yes" } else { "no" };
        put(out, format_args!("| {address} | {} | {retained} |\n", channel.qos));
    }
    if contract.side == Side::Written {
        put(out, format_args!("\nFor: {readers}\n"));
    }
    out.push_str("\n| member | type | unit | there | meaning |\n|---|---|---|---|---|\n");
    let schema = schema(contract);
    rows(out, &schema, "", true);
    if let Some((_, sample)) = contract.samples.first() {
        put(out, format_args!("\n```json\n{}\n```\n", sample.trim_end()));
    }
}

/// A row for each member, and after it for each of its members.
fn rows(out: &mut String, schema: &Value, before: &str, always: bool) {
    let empty = Vec::new();
    let required = schema["required"].as_array().unwrap_or(&empty);
    let required: Vec<_> = required.iter().filter_map(Value::as_str).collect();
    let Some(members) = schema["properties"].as_object() else { return };
    let others = members.keys().map(String::as_str).filter(|name| !required.contains(name));
    for name in required.iter().copied().chain(others) {
        let member = &members[name];
        let there = match (required.contains(&name), always) {
            (true, true) => "always",
            (true, false) => "with it",
            (false, _) => "",
        };
        let (kind, unit) = (kind(member), unit(name, member));
        let meaning = member["description"].as_str().unwrap_or_default().replace('|', "\\|");
        put(out, format_args!("| `{before}{name}` | {kind} | {unit} | {there} | {meaning} |\n"));
        let always = there == "always";
        rows(out, member, &format!("{before}{name}."), always);
    }
}

/// The type of a member, in words.
fn kind(schema: &Value) -> String {
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    }
    if schema["$ref"] == "#/$defs/time" {
        return "time".to_owned();
    }
    let one = |kind: &str| match kind {
        "array" => format!("list of {}s", kind_of_items(schema)),
        kind => kind.to_owned(),
    };
    let kinds: Vec<_> = match &schema["type"] {
        Value::String(kind) => vec![one(kind)],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(one).collect(),
        _ => vec!["any".to_owned()],
    };
    let mut kind = kinds.join(" or ");
    if let Some(words) = schema["examples"].as_array() {
        let words: Vec<_> =
            words.iter().filter_map(Value::as_str).map(|it| format!("`{it}`")).collect();
        put(&mut kind, format_args!(", such as {}", words.join(", ")));
    }
    kind
}

fn kind_of_items(schema: &Value) -> String {
    schema["items"]["type"].as_str().unwrap_or("value").to_owned()
}

/// The unit of a number; its name or its range tells.
fn unit(name: &str, schema: &Value) -> &'static str {
    let is_number = matches!(schema["type"].as_str(), Some("number" | "integer"));
    match name {
        _ if !is_number => "",
        "timestamp" => "ms",
        _ if name.ends_with("Seconds") => "s",
        _ if name.ends_with("Ms") => "ms",
        _ if schema["maximum"].as_f64() == Some(1.0) => "share",
        _ => "",
    }
}

/// Writing to a string cannot fail.
fn put(out: &mut String, text: Arguments<'_>) {
    let _ = out.write_fmt(text);
}
