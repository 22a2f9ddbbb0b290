//! JSON Schemas, made from the shapes of the documents.
//!
//! Each stands alone but for `notification.json`, which names the others beside it. Members that no
//! schema names are allowed wherever a document may grow; in the configuration they are mistakes. An
//! `enum` stays as it is within a version, unless `x-open` says that it may grow.

use super::contract::{Contract, Side};
use super::{HOME, VERSION};
use crate::config;
use crate::wire::schema::{EVENTS, shape};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The draft that all of them are written in.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a document.
pub fn schema(contract: &Contract) -> Value {
    let mut schema = match contract.name {
        "configuration" => config::schema(),
        "notification" => notification(),
        "replay_line" => replay_line(),
        name => of_type(name, contract.side),
    };
    schema["$schema"] = DRAFT.into();
    schema["$id"] = format!("{HOME}v{VERSION}/{}.json", contract.name).into();
    schema["title"] = contract.title.into();
    schema["description"] = contract.description.into();
    schema
}

/// What the type of a document says.
fn of_type(name: &str, side: Side) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = match side {
        Side::Written => settings.for_serialize(),
        Side::Read => settings.for_deserialize(),
    };
    let mut generator = settings.into_generator();
    let schema = shape(name, &mut generator);
    let mut schema = schema.map(schemars::Schema::to_value).unwrap_or_default();
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema["$defs"] = definitions.into();
    }
    tidy(&mut schema, side);
    schema
}

/// Takes out what a type says and a document does not: the size of a number in memory, and that a
/// member that is left out when it is unknown could be null.
fn tidy(schema: &mut Value, side: Side) {
    let Value::Object(members) = schema else {
        if let Value::Array(elements) = schema {
            elements.iter_mut().for_each(|element| tidy(element, side));
        }
        return;
    };
    let sized = |format: &Value| {
        format
            .as_str()
            .is_some_and(|it| it.starts_with(['u', 'i']) && it != "uri" || it == "double")
    };
    if members.get("format").is_some_and(sized) {
        members.remove("format");
    }
    if members.get("required").is_some_and(|it| it.as_array().is_some_and(Vec::is_empty)) {
        members.remove("required");
    }
    // A comment breaks lines where the source does.
    if let Some(Value::String(text)) = members.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    if members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
    let required = members.get("required").cloned().unwrap_or_default();
    if let (Side::Written, Some(Value::Object(properties))) = (side, members.get_mut("properties"))
    {
        let is_required =
            |name: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        for (name, property) in properties {
            if !is_required(name) {
                never_null(property);
            }
        }
    }
    members.values_mut().for_each(|value| tidy(value, side));
}

fn never_null(property: &mut Value) {
    let Value::Object(members) = property else { return };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|it| it != "null");
        if let [one] = types.as_mut_slice() {
            let one = one.take();
            members.insert("type".to_owned(), one);
        }
    }
    let Some(Value::Array(any)) = members.get_mut("anyOf") else { return };
    any.retain(|it| it["type"] != "null");
    if let [one] = any.as_mut_slice() {
        let Value::Object(one) = one.take() else { return };
        members.remove("anyOf");
        for (key, value) in one {
            // What the member means says more than what its type means.
            members.entry(key).or_insert(value);
        }
    }
}

/// The envelope: which document it holds follows from its method.
fn notification() -> Value {
    let one = |name: &&str| {
        json!({
            "if": { "properties": { "method": { "const": name } } },
            "then": { "properties": { "params": { "$ref": format!("{name}.json") } } },
        })
    };
    json!({
        "type": "object",
        "required": ["jsonrpc", "method", "params"],
        "properties": {
            "jsonrpc": { "description": "The version of JSON-RPC.", "const": "2.0" },
            "method": {
                "description": "The type of the document. A later release may know more of them: leave \
                                alone what you do not know.",
                "enum": EVENTS,
                "x-open": true,
            },
            "params": { "description": "The document.", "type": "object" },
        },
        "allOf": EVENTS.iter().map(one).collect::<Vec<_>>(),
        "not": {
            "description": "A notification has no id: nobody answers it.",
            "required": ["id"],
        },
    })
}

/// A line of `lookout replay`.
fn replay_line() -> Value {
    json!({
        "type": "object",
        "required": ["ts", "topic", "retain", "payload"],
        "properties": {
            "ts": {
                "description": "When it would be said, in microseconds since the Unix epoch.",
                "type": "integer",
                "minimum": 0,
            },
            "topic": { "description": "Where it would be said.", "type": "string", "minLength": 1 },
            "retain": { "description": "Whether the broker would keep it.", "type": "boolean" },
            "payload": {
                "description": "The document, in its envelope or bare as `events.envelope` says; null \
                                clears a retained topic.",
                "type": ["object", "null"],
            },
        },
    })
}

/// A schema without its head, with its definitions moved to `into` and its references along with
/// them, for documents that hold several schemas.
pub(super) fn within(mut schema: Value, path: &str, into: &mut Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut schema {
        members.remove("$schema");
        members.remove("$id");
        if let Some(Value::Object(definitions)) = members.remove("$defs") {
            for (name, mut definition) in definitions {
                redirect(&mut definition, path);
                into.insert(name, definition);
            }
        }
    }
    redirect(&mut schema, path);
    schema
}

fn redirect(schema: &mut Value, path: &str) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                    Some(name) if key == "$ref" => *value = format!("{path}{name}").into(),
                    _ => redirect(value, path),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|it| redirect(it, path)),
        _ => {}
    }
}
