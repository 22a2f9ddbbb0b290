//! Pairs from an AsyncAPI 3 document: its operations that have a reply say where calls go, where
//! replies come back, and which methods there are.
//!
//! Operations on the same channels make one pair. A method is what the payload's `method` property
//! can be, by its schema; where there is none and the channel serves one operation only, that
//! operation's name stands for it. What a document says beside that (security, bindings, traits) is
//! not needed here. Documents are files of strangers: references are followed so far and no further,
//! and what is too large is refused.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Largest document, in bytes.
const LARGEST: usize = 4 << 20;
/// References that are followed from one place, and schemas within schemas.
const HOPS: usize = 32;
/// Most methods of a pair.
const METHODS: usize = 10_000;
/// Longest name of a method, in bytes.
const NAME: usize = 256;

/// What is known of the calls between two channels.
#[derive(Default)]
struct Calls {
    operations: Vec<String>,
    methods: BTreeSet<String>,
}

/// The pairs of a document as lines of a configuration.
///
/// # Errors
///
/// What is wrong with it, and where; also that no operation in it has a reply.
pub fn pairs(text: &str) -> Result<String, String> {
    if text.len() > LARGEST {
        return Err(format!("a document of at most {} MiB", LARGEST >> 20));
    }
    let document = Document(read(text)?);
    document.check_version()?;
    let operations = document.0.get("operations").and_then(Value::as_object);
    let mut pairs: BTreeMap<(String, Option<String>), Calls> = BTreeMap::new();
    for (name, operation) in operations.into_iter().flatten() {
        let place = format!("operations.{name}");
        let operation = document.resolve(operation, &place)?;
        let Some(reply) = operation.get("reply") else { continue };
        let reply = document.resolve(reply, &format!("{place}.reply"))?;
        let channel = operation.get("channel").ok_or(format!("{place}.channel: there is none"))?;
        let channel = document.resolve(channel, &format!("{place}.channel"))?;
        let call = address(channel, &format!("{place}.channel"))?
            .ok_or(format!("{place}.channel: it has no address, so nothing can be heard of it"))?;
        let told = match reply.get("channel") {
            None => None,
            Some(channel) => {
                let place = format!("{place}.reply.channel");
                address(document.resolve(channel, &place)?, &place)?
            }
        };
        let calls = pairs.entry((call, told)).or_default();
        calls.operations.push(name.clone());
        calls.methods.extend(document.methods(operation, channel, &place)?);
        if calls.methods.len() > METHODS {
            return Err(format!("{place}: at most {METHODS} methods on one channel"));
        }
    }
    if pairs.is_empty() {
        return Err("no operation in it has a reply".to_owned());
    }
    let mut names = BTreeSet::new();
    let lines: String = pairs
        .iter()
        .map(|((call, reply), calls)| lines(call, reply.as_deref(), calls, &mut names))
        .collect();
    match super::from_text(&lines) {
        Ok(_) => Ok(lines),
        Err(mistakes) => Err(mistakes.first().map(ToString::to_string).unwrap_or_default()),
    }
}

/// JSON, which YAML is more than.
fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|_| {
        serde_saphyr::from_str::<Value>(text)
            .map_err(|error| format!("neither JSON nor YAML: {error}"))
    })
}

struct Document(Value);

impl Document {
    fn check_version(&self) -> Result<(), String> {
        match self.0.get("asyncapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.") => Ok(()),
            Some(version) if version.starts_with("2.") => {
                Err("AsyncAPI 2 knows no replies: convert it to AsyncAPI 3".to_owned())
            }
            Some(version) => Err(format!("AsyncAPI {version:?}, where 3 is read")),
            None => Err("no AsyncAPI document: `asyncapi` is missing".to_owned()),
        }
    }

    /// What a value stands for: itself, or what it refers to.
    fn resolve<'d>(&'d self, value: &'d Value, place: &str) -> Result<&'d Value, String> {
        let mut value = value;
        for _ in 0..HOPS {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            let pointer = reference
                .strip_prefix('#')
                .ok_or(format!("{place}: {reference:?} is in another document"))?;
            let pointer = unescaped(pointer);
            value = self.0.pointer(&pointer).ok_or(format!("{place}: there is no {reference}"))?;
        }
        Err(format!("{place}: references that lead to no end"))
    }

    /// What an operation's messages can say as their method.
    fn methods(
        &self,
        operation: &Value,
        channel: &Value,
        place: &str,
    ) -> Result<BTreeSet<String>, String> {
        let empty = Map::new();
        let of_channel = channel.get("messages").and_then(Value::as_object).unwrap_or(&empty);
        let messages: Vec<&Value> = match operation.get("messages").and_then(Value::as_array) {
            Some(list) => list.iter().collect(),
            None => of_channel.values().collect(),
        };
        let mut found = BTreeSet::new();
        for message in messages {
            let message = self.resolve(message, &format!("{place}.messages"))?;
            if let Some(payload) = message.get("payload") {
                let payload = payload.get("schema").unwrap_or(payload);
                self.method_values(payload, place, HOPS, &mut found)?;
            }
        }
        let parameter = channel.get("parameters").and_then(|all| all.get("method"));
        if let Some(parameter) = parameter {
            let parameter = self.resolve(parameter, &format!("{place}.channel"))?;
            take(parameter.get("enum"), place, &mut found)?;
        }
        Ok(found)
    }

    /// What the property `method` can be by a schema, or by those that it is made of.
    fn method_values(
        &self,
        schema: &Value,
        place: &str,
        depth: usize,
        found: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let schema = self.resolve(schema, place)?;
        if let Some(method) = schema.get("properties").and_then(|all| all.get("method")) {
            let method = self.resolve(method, place)?;
            take(method.get("const"), place, found)?;
            take(method.get("enum"), place, found)?;
        }
        for parts in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(parts).and_then(Value::as_array).into_iter().flatten() {
                let deeper = depth.checked_sub(1).ok_or(format!("{place}: schemas without end"))?;
                self.method_values(part, place, deeper, found)?;
            }
        }
        Ok(())
    }
}

/// Takes the names in a value: one, or a list.
fn take(value: Option<&Value>, place: &str, found: &mut BTreeSet<String>) -> Result<(), String> {
    let names = match value {
        Some(Value::Array(names)) => names.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for name in names.iter().filter_map(Value::as_str) {
        if name.len() > NAME || has_quotes(name) {
            return Err(format!("{place}: {name:?} is no name of a method"));
        }
        found.insert(name.to_owned());
    }
    Ok(())
}

/// The address of a channel as a template; `None` if it is known at run time only.
fn address(channel: &Value, place: &str) -> Result<Option<String>, String> {
    let Some(address) = channel.get("address").and_then(Value::as_str) else { return Ok(None) };
    if has_quotes(address) {
        return Err(format!("{place}: {address:?} is no topic"));
    }
    // Parameters may have more characters in their names than templates.
    let (mut template, mut inside) = (String::new(), false);
    for c in address.chars() {
        inside = (inside || c == '{') && c != '}';
        let plain = !inside || c == '{' || c.is_ascii_alphanumeric() || c == '_';
        template.push(if plain { c } else { '_' });
    }
    Ok(Some(template))
}

/// What would have to be escaped in a configuration, and is in no topic or name.
fn has_quotes(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'))
}

/// A pointer without what a fragment of a URI escapes.
fn unescaped(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn lines(call: &str, reply: Option<&str>, calls: &Calls, names: &mut BTreeSet<String>) -> String {
    let level = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let operation = calls.operations.first().map_or("asyncapi", String::as_str);
    let mut name: String = operation.chars().take(100).map(level).collect();
    while !names.insert(name.clone()) {
        name.push('-');
    }
    let mut out = String::from("[[traffic.pair]]\n");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "name = \"{name}\"\ncall = \"{call}\"");
    match reply {
        Some(reply) => {
            let _ = writeln!(out, "reply = \"{reply}\"");
        }
        None => out.push_str(
            "# The document does not say where replies go. Put what their topics begin with in front.\n\
             reply = \"{session...}\"\n",
        ),
    }
    let single = calls.operations.len() == 1 && !call.contains("{method");
    if !calls.methods.is_empty() {
        let methods: Vec<_> = calls.methods.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = writeln!(out, "methods = [{}]", methods.join(", "));
    } else if single && !has_quotes(operation) && !operation.contains(['{', '}']) {
        let _ = writeln!(out, "method = \"{operation}\"");
    }
    out.push('\n');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::pairs;

    const STATIC: &str = "
asyncapi: 3.0.0
info: { title: Lights, version: 1.0.0 }
channels:
  commands:
    address: lights/{lamp-id}/cmd
    parameters: { lamp-id: {} }
    messages:
      on: { $ref: '#/components/messages/on' }
      off: { payload: { allOf: [ { $ref: '#/components/schemas/off~1it' } ] } }
  answers: { address: 'lights/{lamp-id}/done' }
  telemetry: { address: lights/measured }
operations:
  switch:
    action: receive
    channel: { $ref: '#/channels/commands' }
    reply: { channel: { $ref: '#/channels/answers' } }
  measured: { action: send, channel: { $ref: '#/channels/telemetry' } }
components:
  messages:
    on:
      payload:
        schemaFormat: application/schema+json
        schema: { properties: { method: { enum: [ turn.on, blink ] } } }
  schemas:
    off/it: { properties: { method: { const: turn.off } } }
";

    const DYNAMIC: &str = r##"{"asyncapi":"3.0.0","channels":{"ping":{"address":"ping"},"pong":{"address":null}},
"operations":{"ask":{"action":"send","channel":{"$ref":"#/channels/ping"},
"reply":{"address":{"location":"$message.header#/replyTo"},"channel":{"$ref":"#/channels/pong"}}}}}"##;

    #[test]
    fn operations_with_a_reply_become_pairs() {
        assert_eq!(
            pairs(STATIC).unwrap(),
            "[[traffic.pair]]\nname = \"switch\"\ncall = \"lights/{lamp_id}/cmd\"\n\
             reply = \"lights/{lamp_id}/done\"\nmethods = [\"blink\", \"turn.off\", \"turn.on\"]\n\n"
        );
        let dynamic = pairs(DYNAMIC).unwrap();
        assert!(dynamic.contains("call = \"ping\"\n# The document does not say where replies go."));
        assert!(dynamic.contains("reply = \"{session...}\"\nmethod = \"ask\"\n"), "{dynamic}");
        for lines in [pairs(STATIC).unwrap(), dynamic] {
            super::super::from_text(&lines).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let with = |from: &str, to: &str| STATIC.replace(from, to);
        for (document, wanted) in [
            ("{", "neither JSON nor YAML"),
            ("a: 1", "`asyncapi` is missing"),
            ("asyncapi: 2.6.0", "convert it to AsyncAPI 3"),
            ("asyncapi: 3.1.0\noperations: {}", "no operation in it has a reply"),
            (
                &with("$ref: '#/channels/answers'", "$ref: '#/channels/nothing'"),
                "operations.switch.reply.channel: there is no #/channels/nothing",
            ),
            (
                &with("$ref: '#/channels/answers'", "$ref: 'https://example.com/x'"),
                "operations.switch.reply.channel: \"https://example.com/x\" is in another document",
            ),
            (
                &with(
                    "answers: { address: 'lights/{lamp-id}/done' }",
                    "answers: { $ref: '#/channels/answers' }",
                ),
                "operations.switch.reply.channel: references that lead to no end",
            ),
            (
                &with(
                    "off/it: { properties",
                    "off/it: { allOf: [ { $ref: '#/components/schemas/off~1it' } ], properties",
                ),
                "operations.switch: schemas without end",
            ),
            (&with("lights/{lamp-id}/cmd", "\"lights/\\\"\""), "is no topic"),
            (
                &with("address: lights/{lamp-id}/cmd", "address: lights/+/cmd"),
                "wildcards have names",
            ),
            (&with("[ turn.on, blink ]", "[ \"a\\\"b\" ]"), "is no name of a method"),
            (
                &with("    address: lights/{lamp-id}/cmd\n", ""),
                "operations.switch.channel: it has no address",
            ),
        ] {
            let said = pairs(document).unwrap_err();
            assert!(said.contains(wanted), "{wanted:?} in {said:?}");
        }
        assert!(pairs(&" ".repeat(5 << 20)).is_err());
        // Aliases that double with each line are refused, not followed.
        let mut bomb = String::from("asyncapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for at in 1..12 {
            let before = format!("*a{}, ", at - 1).repeat(10);
            bomb += &format!("a{at}: &a{at} [{}]\n", before.trim_end_matches(", "));
        }
        assert!(pairs(&bomb).unwrap_err().contains("neither JSON nor YAML"));
    }
}
