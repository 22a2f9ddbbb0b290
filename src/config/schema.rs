//! The JSON Schema of the configuration file, from the table of settings.
//!
//! It says what an editor can use: which settings there are, their types, ranges, defaults and
//! meanings, and that there are no others. What is checked by a function (that a URL is one, that a
//! template parses) and what values say about each other it does not say: `lookout check-config`
//! does, and an empty value is the one thing that such a function is asked about here.

use super::draft::Draft;
use super::kind::{Kind, MOST_URLS};
use super::raw::{self, Form, Node};
use super::table::{self, SECTIONS, Section, Setting, Slot};
use super::walk::PAIRS;
use serde_json::{Map, Value, json};

/// The schema, without its head.
pub fn schema() -> Value {
    let mut draft = Draft::default();
    let mut members = Map::new();
    for section in SECTIONS {
        let place = match section.name {
            "" => {
                members.extend(settings(section, &mut draft));
                continue;
            }
            // The one table in a table comes after the outer one.
            table::PAIR => {
                let traffic = members.get_mut("traffic").and_then(|it| it.get_mut("properties"));
                traffic.and_then(Value::as_object_mut).map(|traffic| (traffic, "pair"))
            }
            name => Some((&mut members, name)),
        };
        if let Some((place, name)) = place {
            place.insert(name.to_owned(), whole(section, &mut draft));
        }
    }
    json!({ "type": "object", "properties": members, "additionalProperties": false })
}

/// What stands under the name of a section.
fn whole(section: &Section, draft: &mut Draft) -> Value {
    let mut settings = settings(section, draft);
    let services = json!({ "type": "string", "minLength": 1, "maxLength": 256 });
    let closed = |settings| json!({ "type": "object", "properties": settings, "additionalProperties": false });
    let mut schema = match section.name {
        table::PAIR => json!({ "type": "array", "items": closed(settings), "maxItems": PAIRS }),
        _ if let Some(repeated) = section.repeated() => {
            let mut item = closed(settings);
            item["required"] = json!(repeated.needs);
            if section.name == table::CHECK {
                of_kinds(&mut item, section);
            }
            json!({ "type": "array", "items": item, "maxItems": repeated.most })
        }
        table::DEPENDENCIES => json!({
            "type": "object",
            "propertyNames": services,
            "additionalProperties": settings.remove("NAME").unwrap_or_default(),
        }),
        table::SERVICE => json!({
            "type": "object",
            "propertyNames": services,
            "additionalProperties": closed(settings),
        }),
        _ => closed(settings),
    };
    schema["description"] = section.meaning.into();
    schema
}

/// Settings that make sense for some kinds of components only, and those without which a check of
/// a kind is none.
fn of_kinds(item: &mut Value, section: &Section) {
    let mut only = Map::new();
    let mut needed = Vec::new();
    for setting in section.settings {
        let Slot::Check(kinds) = setting.slot else { continue };
        if kinds.len() == table::KINDS.len() {
            continue;
        }
        let of_kind = json!({ "properties": { "kind": { "enum": kinds } } });
        if setting.unset.is_some_and(|(_, otherwise)| otherwise == "refused") {
            needed.push(json!({ "if": of_kind.clone(), "then": { "required": [setting.name] } }));
        }
        only.insert(setting.name.to_owned(), of_kind);
    }
    item["dependentSchemas"] = only.into();
    item["allOf"] = needed.into();
}

fn settings(section: &Section, draft: &mut Draft) -> Map<String, Value> {
    let one = |setting: &'static Setting| (setting.name.to_owned(), of_setting(setting, draft));
    section.settings.iter().map(one).collect()
}

fn of_setting(setting: &Setting, draft: &mut Draft) -> Value {
    let mut schema = match setting.kind {
        Kind::Form(_) => form(setting.name),
        ref kind => of_kind(kind),
    };
    let mut meaning = format!("{} Allowed: {}.", setting.meaning, setting.kind.allowed());
    match (setting.show(draft).and_then(|text| value(&text)), setting.unset) {
        (Some(default), _) => schema["default"] = default,
        (None, Some((example, otherwise))) => {
            meaning = format!("{meaning} Not set: {otherwise}.");
            schema["examples"] = value(example).into_iter().collect();
        }
        (None, None) => {}
    }
    schema["description"] = meaning.into();
    schema
}

fn of_kind(kind: &Kind) -> Value {
    match *kind {
        // As `duration` reads it. No keyword gives the range of a text, so it has names of its own.
        Kind::Span { min, max } => json!({
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]{1,6})?(ms|s|m|h)$",
            "x-minimumMs": min.as_millis_f64(),
            "x-maximumMs": max.as_millis_f64(),
        }),
        Kind::Integer { min, max } => integer(min, max),
        Kind::Number { min, max, above: true } => {
            json!({ "type": "number", "exclusiveMinimum": min, "maximum": max })
        }
        Kind::Number { min, max, above: false } => {
            json!({ "type": "number", "minimum": min, "maximum": max })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Form(_) => json!({}),
        Kind::Text { check, .. } => text(check("")),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Secret | Kind::Web | Kind::Server => text(false),
        Kind::Urls => one_or_several(Some(MOST_URLS)),
        Kind::Texts { check, .. } | Kind::Secrets { check, .. } => {
            json!({ "type": "array", "items": text(check("")) })
        }
        Kind::Integers { min, max } => json!({ "type": "array", "items": integer(min, max) }),
    }
}

fn integer(min: i64, max: i64) -> Value {
    let mut schema = json!({ "type": "integer" });
    if min > i64::MIN {
        schema["minimum"] = min.into();
    }
    if max < i64::MAX {
        schema["maximum"] = max.into();
    }
    schema
}

fn text(may_be_empty: bool) -> Value {
    if may_be_empty {
        json!({ "type": "string" })
    } else {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// A text or a list of them.
fn one_or_several(most: Option<usize>) -> Value {
    let mut list = json!({ "type": "array", "items": text(false), "minItems": 1 });
    if let Some(most) = most {
        list["maxItems"] = most.into();
    }
    json!({ "anyOf": [text(false), list] })
}

/// What is read by a function of its own, in `pair`.
fn form(name: &str) -> Value {
    let texts = || json!({ "anyOf": [text(false), { "type": "array", "items": text(false) }] });
    let table = |members: &[&str], value: &dyn Fn() -> Value| {
        let members: Map<_, _> = members.iter().map(|it| ((*it).to_owned(), value())).collect();
        json!({ "type": "object", "properties": members, "additionalProperties": false })
    };
    match name {
        "reply" => {
            let by_outcome = table(&["ok", "rejected", "failed"], &texts);
            let mut any = one_or_several(None);
            if let Some(any) = any["anyOf"].as_array_mut() {
                any.push(by_outcome);
            }
            any
        }
        "methods" => texts(),
        "outcome" => {
            let mut rule = table(&["ok", "rejected", "failed"], &texts);
            rule["properties"]["from"] = text(false);
            rule["required"] = json!(["from"]);
            json!({ "type": "array", "items": rule })
        }
        "codes" => {
            let list = || json!({ "type": "array", "items": { "type": "integer" } });
            table(&["rejected", "failed"], &list)
        }
        "body" => table(&["id", "method", "result", "error"], &texts),
        "sender_property" => {
            let mut sender = table(&["client", "server"], &texts);
            sender["properties"]["name"] = text(false);
            sender["required"] = json!(["name", "client", "server"]);
            sender
        }
        "only_addressed" => json!({ "type": "boolean" }),
        _ => json!({}),
    }
}

/// A value in TOML as JSON; `None` if it is none.
fn value(toml: &str) -> Option<Value> {
    let node = raw::parse_list(&format!("[{toml}]"))?;
    let Form::List(elements) = node.form else { return None };
    elements.first().map(json)
}

fn json(node: &Node) -> Value {
    match &node.form {
        Form::Loose(text) | Form::Text(text) => text.as_str().into(),
        Form::Integer(integer) => (*integer).into(),
        Form::Number(number) => (*number).into(),
        Form::Flag(flag) => (*flag).into(),
        Form::Other => Value::Null,
        Form::List(elements) => elements.iter().map(json).collect(),
        Form::Table(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_type_and_a_default_or_an_example() {
        let mut draft = Draft::default();
        for section in SECTIONS {
            for setting in section.settings {
                let schema = of_setting(setting, &mut draft);
                let key = section.key(setting.name);
                let typed = ["type", "enum", "anyOf"].iter().any(|it| schema.get(it).is_some());
                assert!(typed, "{key}: {schema}");
                let shown = schema.get("default").is_some()
                    || schema["examples"].as_array().is_some_and(|it| it.len() == 1);
                assert!(shown, "{key}: {schema}");
            }
        }
    }
}
