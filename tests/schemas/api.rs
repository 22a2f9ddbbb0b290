//! The API keeps what it promised, as documents do: paths, parameters, and members of answers.
//!
//! The schemas of the API are closed, so that a test finds a member that they do not name. Whoever
//! reads an answer leaves alone what they do not know; so that they are closed is left out here.

use super::released::folder;
use super::subset::{beyond_within, dropped_within};
use serde_json::{Value, json};

/// A document whose objects are open.
fn opened(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        if members.get("additionalProperties") == Some(&Value::Bool(false)) {
            members.remove("additionalProperties");
        }
        members.values_mut().for_each(|it| *it = opened(it.take()));
    } else if let Value::Array(elements) = &mut value {
        elements.iter_mut().for_each(|it| *it = opened(it.take()));
    }
    value
}

/// What a change of the API breaks.
fn broken(old: &Value, new: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, methods) in old["paths"].as_object().unwrap() {
        for (method, was) in methods.as_object().unwrap() {
            let now = &new["paths"][path][method];
            let mut say = |what: String| broken.push(format!("{method} {path}{what}"));
            if now.is_null() {
                say(" is gone".to_owned());
                continue;
            }
            for (kind, content) in was["responses"]["200"]["content"].as_object().unwrap() {
                let (was, now) =
                    (&content["schema"], &now["responses"]["200"]["content"][kind]["schema"]);
                if now.is_null() {
                    say(format!(" does not answer with {kind} any more"));
                    continue;
                }
                beyond_within((new, now), (old, was)).into_iter().for_each(&mut say);
                dropped_within((old, was), (new, now)).into_iter().for_each(&mut say);
            }
            let body = "/requestBody/content/application~1json/schema";
            if let (Some(was), Some(now)) = (was.pointer(body), now.pointer(body)) {
                beyond_within((old, was), (new, now)).into_iter().for_each(&mut say);
            }
            let none = Vec::new();
            let of = |it: &Value| it["parameters"].as_array().unwrap_or(&none).clone();
            let same = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
            for was in of(was) {
                match of(now).iter().find(|now| same(now, &was)) {
                    None => say(format!(" does not know {} any more", was["name"])),
                    Some(now) => {
                        let found = beyond_within((old, &was["schema"]), (new, &now["schema"]));
                        found.into_iter().for_each(&mut say);
                    }
                }
            }
            for now in of(now).iter().filter(|it| it["required"] == true) {
                if !of(was).iter().any(|was| same(was, now)) {
                    say(format!(" needs {} now", now["name"]));
                }
            }
        }
    }
    broken
}

#[test]
fn the_api_keeps_what_it_promised() {
    let path = folder().join("openapi.json");
    let text = lookout::schema::print("openapi").unwrap();
    let update = std::env::var_os("UPDATE").is_some();
    if update && !path.exists() {
        std::fs::write(&path, &text).unwrap();
    }
    let old = std::fs::read_to_string(&path).unwrap();
    let [old, new] = [&old, &text].map(|it| opened(serde_json::from_str(it).unwrap()));
    let broken = broken(&old, &new);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    if update {
        std::fs::write(&path, text).unwrap();
    }
}

#[test]
fn changes_of_the_api_that_break_someone_are_told_from_the_others() {
    let api = |parameters: Value, answer: Value| {
        let content = json!({ "application/json": { "schema": answer } });
        let get =
            json!({ "parameters": parameters, "responses": { "200": { "content": content } } });
        opened(json!({ "paths": { "/a": { "get": get } } }))
    };
    let object = |members: Value| json!({ "type": "object", "properties": members, "additionalProperties": false });
    let query = |name: &str, required: bool| json!({ "name": name, "in": "query", "required": required, "schema": { "enum": ["x"] } });
    let old = api(json!([query("q", false)]), object(json!({ "m": { "type": "integer" } })));
    let same = object(json!({ "m": { "type": "integer" } }));
    for (new, harmless) in [
        (
            api(json!([query("q", false)]), object(json!({ "m": { "type": "integer" }, "n": {} }))),
            true,
        ),
        (api(json!([query("q", false), query("p", false)]), same.clone()), true),
        (api(json!([query("q", false), query("p", true)]), same.clone()), false),
        (api(json!([]), same), false),
        (api(json!([query("q", false)]), object(json!({}))), false),
        (api(json!([query("q", false)]), object(json!({ "m": { "type": "number" } }))), false),
        (json!({ "paths": {} }), false),
    ] {
        assert_eq!(broken(&old, &new).is_empty(), harmless, "{new}: {:?}", broken(&old, &new));
    }
}
