//! The scenario corpus: traffic files, and what the manual says `lookout replay` makes of them.
//!
//! `tests/scenarios/NAME.ndjson` and `NAME.toml` are written by an author below
//! `scenarios_support` (`UPDATE=1 cargo test --test scenarios` writes them anew), and
//! `NAME.expected` by hand, from the manual: what the program prints is never copied there. Each
//! is replayed twice by the real program, and the bytes must be the same.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/schemas.rs"]
mod schemas;
#[path = "scenarios_support/mod.rs"]
mod support;

use lookout::schema::contract::{self, Channel};
use schemas::Schemas;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::tape::Tape;
use support::{check, diff, transcript};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn file(name: &str, extension: &str) -> PathBuf {
    folder().join(format!("{name}.{extension}"))
}

/// The names of the files with this extension, in order.
fn names(extension: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of scenarios");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// Runs the program on a file. Returns what it printed and the summary.
fn replay(name: &str) -> (String, Value) {
    let config = file(name, "toml");
    replay_file(&file(name, "ndjson"), config.exists().then_some(&config))
}

fn replay_file(file: &Path, config: Option<&PathBuf>) -> (String, Value) {
    replay_with(file, config, &[])
}

fn replay_with(
    file: &Path,
    config: Option<&PathBuf>,
    variables: &[(&str, &str)],
) -> (String, Value) {
    let name = file.display();
    let directory = tempfile::tempdir().unwrap();
    let summary = directory.path().join("summary.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    command.env_clear().envs(variables.iter().copied());
    command.arg("replay").arg(file).arg("--summary").arg(&summary);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    let output = command.output().expect("the program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{stderr}", output.status);
    let mut summary: Value =
        serde_json::from_slice(&std::fs::read(summary).expect("a summary")).expect("JSON");
    assert!(summary.as_object_mut().unwrap().remove("wall_s").is_some());
    (String::from_utf8(output.stdout).expect("UTF-8"), summary)
}

/// One document of each shape: a schema is compiled anew for each check, and a hundred health
/// summaries have one shape.
fn shapes(documents: &[Value]) -> impl Iterator<Item = &Value> {
    let mut seen = BTreeSet::new();
    let shape = |value: &Value| match value.as_object() {
        Some(members) => members.keys().cloned().collect::<Vec<_>>().join(","),
        None => String::new(),
    };
    documents.iter().map(|line| &line["payload"]).filter(move |document| {
        let params = &document["params"];
        let kind = format!("{} {} {}", params["type"], shape(params), shape(&params["details"]));
        !document.is_null() && seen.insert(kind)
    })
}

/// What is wrong with where a document is said: its contract names the topics, and whether the broker
/// keeps what is said there.
fn misplaced(line: &Value) -> Option<String> {
    let (topic, retain) = (line["topic"].as_str().unwrap(), line["retain"].as_bool().unwrap());
    let keys = match line["payload"]["method"].as_str() {
        Some(method) => contract::contract(method).map_or(&[][..], |it| it.channels),
        // What stood is cleared.
        None => &["circuit", "service"],
    };
    let fits = |channel: &Channel| {
        let address = channel.address.unwrap_or_default();
        // Names of services may have several levels, and stand at the end.
        let (begin, named) = match address.strip_suffix("/{service}") {
            Some(begin) => (begin, true),
            None => (address, false),
        };
        let mut levels = topic.split('/');
        let mut wanted = begin.split('/');
        let begins = wanted.all(|wanted| {
            levels.next().is_some_and(|level| wanted == "{cluster}" || wanted == level)
        });
        begins && levels.next().is_some() == named && channel.retain == retain && channel.sent
    };
    let known = keys.iter().filter_map(|key| contract::channel(key)).any(fits);
    (!known).then(|| format!("{topic} (retained: {retain}) is no topic of {line}"))
}

/// What is wrong with a scenario; `None` if it goes as the manual says.
fn trouble(name: &str, schemas: &Schemas) -> Option<String> {
    let (stdout, summary) = replay(name);
    let again = replay(name);
    let documents: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut faults = check::faults(&documents, &summary);
    if again != (stdout, summary.clone()) {
        faults.push("the second run differs from the first".to_owned());
    }
    for document in shapes(&documents) {
        faults.extend(schemas.check("notification.json", document).err());
    }
    faults.extend(documents.iter().filter_map(misplaced));
    if let Some(line) = documents.first() {
        faults.extend(schemas.check("replay_line.json", line).err());
    }
    let mut whole = summary.clone();
    whole["wall_s"] = 0.5.into();
    faults.extend(schemas.check("replay_summary.json", &whole).err());
    let expected = std::fs::read_to_string(file(name, "expected")).unwrap_or_default();
    if !expected.starts_with("# ") {
        faults.push("the transcript does not begin with what it proves".to_owned());
    }
    let show = transcript::Show::asked_for(&expected);
    let found = transcript::condense(&documents, &summary, &show);
    let difference = diff::diff(&expected, &found);
    if faults.is_empty() && difference.is_none() {
        return None;
    }
    let mut text = format!("{name}\n");
    for fault in faults {
        text.push_str(&format!("    ! {fault}\n"));
    }
    text.push_str(&difference.unwrap_or_default());
    Some(text)
}

#[test]
fn replays_say_what_the_manual_says() {
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let schemas = Schemas::load();
    let names = names("ndjson");
    assert!(names.len() >= 36, "a corpus of {} scenarios", names.len());
    let troubles: Vec<String> = names
        .iter()
        .filter(|name| name.contains(&only))
        .filter_map(|name| trouble(name, &schemas))
        .collect();
    let (bad, all) = (troubles.len(), names.len());
    assert!(
        troubles.is_empty(),
        "{bad} of {all} (- as the manual says, + as the program says)\n\n{}",
        troubles.join("\n")
    );
}

#[test]
fn a_compressed_file_says_the_same() {
    let (stdout, summary) = replay("verdict_silent");
    let directory = tempfile::tempdir().unwrap();
    let packed = directory.path().join("packed.ndjson.zst");
    let plain = std::fs::read(file("verdict_silent", "ndjson")).unwrap();
    std::fs::write(&packed, zstd::encode_all(plain.as_slice(), 3).unwrap()).unwrap();
    assert!(!stdout.is_empty());
    let config = file("verdict_silent", "toml");
    let config = config.exists().then_some(&config);
    assert_eq!(replay_file(&packed, config), (stdout, summary));
}

#[test]
fn a_bare_document_is_what_the_envelope_held() {
    let (name, schemas) = ("verdict_silent", Schemas::load());
    let config = file(name, "toml");
    let config = config.exists().then_some(&config);
    let bare = [("LOOKOUT_EVENTS_ENVELOPE", "bare")];
    let (stdout, summary) = replay_with(&file(name, "ndjson"), config, &bare);
    let (wrapped, same) = replay(name);
    assert_eq!((stdout.lines().count(), summary), (wrapped.lines().count(), same));
    for (bare, wrapped) in stdout.lines().zip(wrapped.lines()) {
        let [bare, mut wrapped]: [Value; 2] =
            [bare, wrapped].map(|line| serde_json::from_str(line).unwrap());
        let schema = format!("{}.json", wrapped["payload"]["method"].as_str().unwrap());
        schemas.check(&schema, &bare["payload"]).unwrap();
        wrapped["payload"] = wrapped["payload"]["params"].take();
        assert_eq!(bare, wrapped);
    }
}

#[test]
fn the_files_are_what_their_authors_write() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut differ = Vec::new();
    for scenario in support::all() {
        let mut tape = Tape::new();
        (scenario.write)(&mut tape);
        for (extension, text) in [("ndjson", tape.text()), ("toml", scenario.config.to_owned())] {
            let path = file(scenario.name, extension);
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            if there != text && update {
                std::fs::write(&path, text).unwrap();
            } else if there != text {
                differ.push(path.display().to_string());
            }
        }
    }
    assert!(differ.is_empty(), "UPDATE=1 writes them anew:\n{}", differ.join("\n"));
}

#[test]
fn every_scenario_has_its_author_and_its_transcript() {
    let authors: BTreeSet<String> =
        support::all().iter().map(|scenario| scenario.name.to_owned()).collect();
    assert_eq!(authors.len(), support::all().len(), "two scenarios share a name");
    assert_eq!(names("ndjson"), authors);
    assert_eq!(names("expected"), authors);
    assert!(names("toml").is_subset(&authors));
}
