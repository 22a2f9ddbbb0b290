//! The schema of the configuration: every configuration of the repository is accepted, and what
//! `lookout check-config` refuses by the table of settings is refused.

use crate::support::Schemas;
use serde_json::{Map, Value, json};
use std::path::Path;
use toml_edit::{Document, Item};

/// TOML as JSON.
fn parsed(text: &str) -> Value {
    let document: Document<String> = Document::parse(text.to_owned()).unwrap();
    item(document.as_item())
}

fn item(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        let members = table.iter().map(|(key, value)| (key.to_owned(), self::item(value)));
        return Value::Object(members.collect::<Map<_, _>>());
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|table| self::item(&Item::Table(table.clone()))).collect();
    }
    value(item.as_value().unwrap())
}

fn value(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(text) => text.value().as_str().into(),
        Toml::Integer(integer) => (*integer.value()).into(),
        Toml::Float(number) => (*number.value()).into(),
        Toml::Boolean(flag) => (*flag.value()).into(),
        Toml::Array(elements) => elements.iter().map(self::value).collect(),
        Toml::InlineTable(table) => {
            let members = table.iter().map(|(key, value)| (key.to_owned(), self::value(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Toml::Datetime(_) => panic!("no setting is a time"),
    }
}

/// The configurations of the repository.
fn files() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("lookout.example.toml")];
    let entries = std::fs::read_dir(root.join("tests/scenarios")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    files.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "toml")));
    files
}

#[test]
fn configurations_of_the_repository_are_accepted() {
    let schemas = Schemas::load();
    let files = files();
    assert!(files.len() > 20, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let done = schemas.check("configuration.json", &parsed(&text));
        done.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// Every setting at its default, and every one that has none at its example.
#[test]
fn defaults_and_examples_are_accepted() {
    let schema: Value =
        serde_json::from_str(&lookout::schema::print("configuration").unwrap()).unwrap();
    let validator = |schema: &Value| jsonschema::draft202012::new(schema).unwrap();
    let mut checked = 0;
    let mut waiting = vec![&schema];
    while let Some(schema) = waiting.pop() {
        let examples = schema["examples"].as_array().into_iter().flatten();
        for value in schema.get("default").into_iter().chain(examples) {
            validator(schema).validate(value).unwrap_or_else(|e| panic!("{schema}: {e}"));
            checked += 1;
        }
        waiting.extend(schema["properties"].as_object().into_iter().flat_map(Map::values));
        waiting.extend(["items", "additionalProperties"].iter().filter_map(|it| schema.get(it)));
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn what_the_table_accepts_or_refuses_is_accepted_or_refused() {
    let schemas = Schemas::load();
    for text in [
        "",
        "[broker]\nurl = ['mqtt://a', 'mqtt://b']\n",
        "[[check]]\nname = 'a'\nkind = 'disk'\npath = '/'\nwarn_at = 0.5\n",
        "[service.'a b']\npatience = '1.5s'\n[dependencies]\nA = ['B']\n",
        "[[traffic.pair]]\ncall = 'a/{service}'\nreply = { ok = 'b', failed = ['c'] }\n",
    ] {
        schemas.check("configuration.json", &parsed(text)).unwrap();
        lookout_accepts(text, true);
    }
    for text in [
        "clutser = 'a'\n",
        "cluster = 1\n",
        "[borker]\n",
        "[broker]\nport = 1\n",
        "[broker]\nurl = []\n",
        "[broker]\nprotocol = 5\n",
        "[events]\nrepeat = 30\n",
        "[events]\nrepeat = '30'\n",
        "[events]\nenvelope = 'naked'\n",
        "[circuit]\nfailure_rate = 1.5\n",
        "[circuit]\nfailure_rate = -0.1\n",
        "[limits]\nservices = -1\n",
        "[http]\nlisten = true\n",
        "[check]\n",
        "[[check]]\nname = 'a'\n",
        "[[check]]\nname = 'a'\nkind = 'disk'\n",
        "[[check]]\nname = 'a'\nkind = 'disk'\npath = '/'\nurl = 'http://a'\n",
        "[[check]]\nname = 'a'\nkind = 'disc'\npath = '/'\n",
        "[service.A]\ncircuit = 'shut'\n",
        "[service.A]\nmood = 1\n",
        "[dependencies]\nA = 'B'\n",
        "[[traffic.pair]]\ncall = 'a'\nreply = { bad = 'b' }\n",
        "[[traffic.pair]]\noutcome = [{ ok = ['a'] }]\n",
    ] {
        assert!(schemas.check("configuration.json", &parsed(text)).is_err(), "{text}");
        lookout_accepts(text, false);
    }
}

/// The schema and the program agree.
fn lookout_accepts(text: &str, wanted: bool) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lookout"));
    let output = command.env_clear().arg("check-config").arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), wanted, "{text}: {said}");
}

#[test]
fn the_addresses_that_are_heard_are_the_default() {
    use lookout::schema::contract::{SUBSCRIBED, channel};
    let text = std::fs::read_to_string(&files()[0]).unwrap();
    let file = parsed(&text);
    let of = |key| json!(channel(key).unwrap().address.unwrap());
    assert_eq!(file["broker"]["qos"], SUBSCRIBED);
    let pair = &file["traffic"]["pair"][0];
    assert_eq!([&pair["call"], &pair["reply"]], [&of("calls"), &of("replies")]);
    assert_eq!(file["traffic"]["activity"], json!([of("activity")]));
    let security = ["authentication", "authorization", "serviceSecurity"].map(of);
    assert_eq!(file["traffic"]["security"], json!(security));
}
