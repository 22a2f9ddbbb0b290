//! Holds the walls of the house: which room may import which, and what no room may do.
//!
//! The walls are what makes the observer testable under a made-up clock and a replay repeatable,
//! and nothing in the language holds them: one `use` in the wrong file, and they are gone without
//! a sound. So this test reads the sources. The rules are data, each with its reason; a line that
//! breaks one is named with file, line and that reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "house/code.rs"]
mod code;

use code::{Path, Token};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path as FilePath;

/// A room: a directory or file directly under `src`.
struct Room {
    name: &'static str,
    /// What it may import from this crate; an entry can name a whole room or one item of it.
    imports: &'static [&'static str],
    /// The other crates it may name; `None` is any.
    crates: Option<&'static [&'static str]>,
    /// What it must never name beside that.
    never: &'static [&'static [&'static str]],
    why: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        name: "observer",
        imports: &[],
        crates: Some(&["hashbrown", "siphasher", "smallvec"]),
        never: &[FILES, &["std::io"], TIME, SHARING, CHANCE],
        why: "the judge is pure: no bytes on the wire, files, time of day, locks or tasks",
    },
    Room {
        name: "security",
        imports: &["observer"],
        crates: Some(&["smallvec"]),
        never: &[FILES, &["std::io"], TIME, SHARING, CHANCE],
        why: "what is an attack follows from what was heard and when, in a replay as well",
    },
    Room {
        name: "wire",
        imports: &["observer", "security"],
        crates: None,
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK, &["tracing", "metrics"]],
        why: "wire turns bytes into inputs and events into bytes; it knows no socket and no setting",
    },
    Room {
        name: "pipeline",
        imports: &["observer", "security", "wire", "alert", "telemetry::Figures"],
        crates: None,
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK, &["tracing", "metrics"]],
        why: "run and replay share the pipeline, so it does the same under a made-up clock",
    },
    Room {
        name: "alert",
        imports: &["observer", "wire", "telemetry", "view::story", "runbook"],
        crates: Some(&[]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "which alerts there are follows from what is known, in a replay as well",
    },
    Room {
        name: "clock",
        imports: &["observer"],
        crates: Some(&[]),
        never: &[FILES],
        why: "the clock knows what a moment is, and nothing else",
    },
    Room {
        name: "runbook",
        imports: &[],
        crates: Some(&["schemars", "serde", "serde_saphyr"]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "a runbook is text that is read and filled in, wherever it lies and whoever shows it",
    },
    Room {
        name: "config",
        imports: &["observer", "security", "wire", "alert", "runbook"],
        crates: None,
        never: &[NETWORK],
        why: "configuration is what the operator meant, read before any network or runtime exists",
    },
    Room {
        name: "telemetry",
        imports: &["observer"],
        crates: Some(&[]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "metrics are told of the other rooms' doings, they do not reach for them",
    },
    Room {
        name: "logs",
        imports: &["config"],
        crates: None,
        never: &[],
        why: "where logs go is set once, before anything else begins",
    },
    Room {
        name: "mqtt",
        imports: &["observer", "wire", "config", "clock", "telemetry"],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "advice",
        imports: &["observer"],
        crates: Some(&[]),
        never: &[FILES, &["std::io"], TIME, SHARING, CHANCE, NETWORK],
        why: "advice follows from what the observer counted and from nothing else, so a recording gives the same",
    },
    Room {
        name: "view",
        imports: &["observer", "wire", "telemetry", "advice", "alert::Board"],
        crates: Some(&[]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "what operators see follows from what the corridor tells, whoever serves it",
    },
    Room {
        name: "watch",
        imports: &["observer", "wire"],
        crates: Some(&["ratatui"]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "what a terminal shows follows from what was published, whoever reads it",
    },
    Room {
        name: "http",
        imports: &[
            "observer",
            "wire",
            "config",
            "clock",
            "telemetry",
            "view",
            "runbook",
            "advice",
            "alert",
        ],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "schema",
        imports: &["wire", "config", "http"],
        crates: Some(&["schemars", "serde_json", "serde_saphyr"]),
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK],
        why: "contracts follow from what is read and written, and from nothing else",
    },
    Room {
        name: "platform",
        imports: &["config"],
        crates: None,
        never: &[],
        why: "the ways to the platforms that run services, and nothing of what is done there",
    },
    Room {
        name: "remedy",
        imports: &[
            "observer",
            "wire",
            "config",
            "clock",
            "telemetry",
            "platform",
            "post",
            "security::spared",
        ],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "post",
        imports: &["wire::line", "config", "observer::Instant"],
        crates: None,
        never: &[],
        why: "one way to others over HTTP, whatever is sent on it",
    },
    Room {
        name: "notify",
        imports: &["observer", "wire", "alert", "config", "clock", "telemetry", "post"],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "trace",
        imports: &["observer", "wire::line", "config", "clock", "telemetry", "post"],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "probe",
        imports: &["observer", "wire", "config", "clock", "telemetry", "platform"],
        crates: None,
        never: &[],
        why: "the edges do not know each other; the corridor (app) joins them",
    },
    Room {
        name: "discover",
        imports: &["observer", "wire", "pipeline", "config"],
        crates: None,
        never: &[FILES, TIME, SHARING, CHANCE, NETWORK, &["tracing", "metrics"]],
        why: "what is found in traffic depends on nothing but the traffic",
    },
    Room {
        name: "client",
        imports: &["observer", "wire", "clock"],
        crates: None,
        never: &[],
        why: "other programs link the client; it must not drag a room of the daemon along",
    },
    Room {
        name: "demo",
        imports: &["client", "wire", "clock", "observer::Instant", "observer::Span"],
        crates: None,
        never: &[],
        why: "the demo proves what lookout says from outside; it must not see the observer's inside",
    },
    Room {
        name: "app",
        imports: &[
            "observer",
            "wire",
            "alert",
            "notify",
            "pipeline",
            "config",
            "clock",
            "telemetry",
            "mqtt",
            "http",
            "probe",
            "remedy",
            "runbook",
            "security::sign",
            "trace",
            "view",
        ],
        crates: None,
        never: &[&["serde", "serde_json", "jsonrpsee_types", "axum"]],
        why: "the corridor starts, joins and stops the rooms; it knows no JSON and no HTTP",
    },
    Room {
        name: "cli",
        imports: &[
            "observer",
            "wire",
            "alert",
            "notify",
            "pipeline",
            "config",
            "clock",
            "telemetry",
            "logs",
            "mqtt",
            "http",
            "probe",
            "client",
            "demo",
            "app",
            "discover",
            "runbook",
            "schema",
            "advice",
            "view",
            "watch",
            "post",
        ],
        crates: None,
        never: &[],
        why: "a command may put any rooms together",
    },
    Room {
        name: "main",
        imports: &["cli"],
        crates: Some(&[]),
        never: &[],
        why: "the front door hands over to the command line and does nothing itself",
    },
];

const FILES: &[&str] = &["std::fs", "std::net", "std::env", "std::process", "std::os"];
const TIME: &[&str] = &["std::time", "core::time"];
const SHARING: &[&str] = &["std::sync", "core::sync", "std::thread"];
/// Not sharing but owning together: no task waits for it.
const SHARED_OWNERSHIP: &str = "std::sync::Arc";
const CHANCE: &[&str] = &["std::random", "std::hash::RandomState", "rand"];
const NETWORK: &[&str] = &["tokio", "rumqttc", "mqtt5", "axum", "std::thread"];

/// Crates that only some rooms may name, so that they can be replaced in one place.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("axum", &["http"], "HTTP details stay in one room"),
    ("mqtt5", &["demo"], "the embedded broker is for the demo alone"),
    ("rumqttc", &["mqtt", "client", "demo"], "the MQTT client has traps that its rooms know"),
    (
        "reqwest",
        &["probe", "post", "notify", "trace", "remedy", "platform"],
        "others are asked over HTTP in one room, and told in one, whose words for it two others use",
    ),
    (
        "rustls",
        &["config", "mqtt", "client"],
        "what is trusted is put together in one place, and used in one; other programs bring theirs",
    ),
    ("rustls_native_certs", &["config"], "the system's authorities are read with the settings"),
    ("opentelemetry_proto", &["trace"], "what a span is on its way is one room's affair"),
    ("prost", &["trace"], "what a span is on its way is one room's affair"),
    (
        "hyper",
        &["trace"],
        "gRPC alone needs HTTP/2; whatever else is sent goes by the way that is shared",
    ),
    (
        "hyper_util",
        &["trace"],
        "gRPC alone needs HTTP/2; whatever else is sent goes by the way that is shared",
    ),
    ("tokio_rustls", &["trace"], "the libraries bring their own, but for the connection of gRPC"),
    ("toml_edit", &["config"], "the syntax of the file is the configuration's own affair"),
];

/// Rooms where nothing may be printed or awaited: they hand out values.
const QUIET: &[&str] = &["observer", "wire", "pipeline"];
const LOUD: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

const NO_CLOCK: &str = "only src/clock.rs asks for the time, or a replay is no longer repeatable";
const NO_UNWRAP: &str = "a hostile message must be counted; it must never end the program";
const NO_SLEEP: &str = "a test that sleeps is slow on a good day and wrong on a bad one";
const NO_IGNORE: &str = "a test that nobody runs holds nothing";
const HEADER: &str = "a file opens with a `//!` header that says why it exists";
const FRONT_DOOR_LINES: usize = 60;

/// A line that breaks a rule.
#[derive(Debug)]
struct Broken {
    file: String,
    line: usize,
    what: String,
    why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.what, self.why)
    }
}

/// Checks one file of `src`; `name` is its path from the repository, `test` whether the whole of
/// it is only compiled for tests, `crates` the crates that the package depends on.
fn check(name: &str, source: &str, test: bool, crates: &BTreeSet<String>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut say = |line, what: String, why| {
        broken.push(Broken { file: name.to_owned(), line, what, why });
    };
    if !source.starts_with("//!") {
        say(1, "no header".to_owned(), HEADER);
    }
    let module = module_of(name);
    if module.is_empty() {
        return broken; // lib.rs is the map: it names every room and does nothing.
    }
    let Some(room) = ROOMS.iter().find(|room| room.name == module[0]) else {
        say(1, format!("`{}` is no known room", module[0]), "a new room gets a row in ROOMS");
        return broken;
    };
    if room.name == "main" && source.lines().count() > FRONT_DOOR_LINES {
        say(FRONT_DOOR_LINES, format!("more than {FRONT_DOOR_LINES} lines"), room.why);
    }

    let tokens = code::tokens(source);
    for path in code::paths(&tokens, &module) {
        let shown = || path.segments.join("::");
        if path.inside && !may_import(room, &path) {
            say(path.line, format!("{} imports crate::{}", room.name, shown()), room.why);
        }
        if !path.inside && must_not_name(room, &path, crates) {
            say(path.line, format!("{} names {}", room.name, shown()), room.why);
        }
        for (owned, homes, why) in HOMES {
            if !path.inside && covers(&path, owned) && !homes.contains(&room.name) {
                say(path.line, format!("{} names {owned}", room.name), *why);
            }
        }
        if room.name != "clock" && asks_for_time(&path) {
            say(path.line, format!("asks {}", shown()), NO_CLOCK);
        }
        if (test || path.test) && sleeps(&path) {
            say(path.line, format!("a test calls {}", shown()), NO_SLEEP);
        }
    }
    for (line, what, in_test) in calls(&tokens) {
        // The demo is a show, not the daemon.
        if room.name != "demo" && !test && !in_test && ends_the_program(what) {
            say(line, format!("`{what}` outside tests"), NO_UNWRAP);
        }
        if QUIET.contains(&room.name) && !test && !in_test && LOUD.contains(&what) {
            say(line, format!("{} prints", room.name), room.why);
        }
    }
    for token in tokens.iter().filter(|token| matches!(token.text, "async" | "await")) {
        if QUIET.contains(&room.name) {
            say(token.line, format!("{} is {}", room.name, token.text), room.why);
        }
    }
    for line in ignores(&tokens) {
        say(line, "an ignored test".to_owned(), NO_IGNORE);
    }
    broken
}

/// The module of a file of `src`: `["mqtt", "inlet"]`; that of `lib.rs` is empty.
fn module_of(name: &str) -> Vec<String> {
    let name = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    let name = name.strip_suffix("/mod").unwrap_or(name);
    if name == "lib" { Vec::new() } else { name.split('/').map(str::to_owned).collect() }
}

fn may_import(room: &Room, path: &Path) -> bool {
    let within = |allowed: &&str| {
        let mut allowed = allowed.split("::");
        path.segments.iter().map(Some).chain([None]).all(|segment| match allowed.next() {
            None => true,
            Some(allowed) => segment.is_some_and(|segment| segment == allowed),
        })
    };
    path.segments.first().is_some_and(|first| first == room.name) || room.imports.iter().any(within)
}

fn must_not_name(room: &Room, path: &Path, crates: &BTreeSet<String>) -> bool {
    let first = &path.segments[0];
    let foreign = room
        .crates
        .is_some_and(|allowed| crates.contains(first) && !allowed.contains(&first.as_str()));
    let banned = room.never.iter().copied().flatten().any(|banned| covers(path, banned));
    // A `*` takes along what is banned beside it.
    let owned = covers(path, SHARED_OWNERSHIP) && !path.segments.iter().any(|s| s == "*");
    foreign || banned && !owned
}

/// Whether a path leads to or through `what`, or takes it along with a `*`.
fn covers(path: &Path, what: &str) -> bool {
    let mut what = what.split("::");
    for segment in &path.segments {
        match what.next() {
            None => return true,
            Some(_) if segment == "*" => return true,
            Some(what) if what != segment => return false,
            Some(_) => {}
        }
    }
    what.next().is_none()
}

/// `Instant::now`, `SystemTime::now`, and their like in any library.
fn asks_for_time(path: &Path) -> bool {
    let [.., owner, last] = path.segments.as_slice() else { return false };
    last == "now" && owner.starts_with(char::is_uppercase) && owner != "Self"
}

fn sleeps(path: &Path) -> bool {
    let [.., owner, last] = path.segments.as_slice() else { return false };
    matches!(owner.as_str(), "thread" | "time") && last.starts_with("sleep")
}

/// Method calls (`.name(`) and macros (`name!`), with their lines and whether tests make them.
fn calls<'a>(tokens: &[Token<'a>]) -> Vec<(usize, &'a str, bool)> {
    let method = |three: &[Token<'a>]| {
        let [before, name, after] = three else { return None };
        let method = before.text == "." && after.text == "(";
        // `a != b` is no macro: the sign after a macro's `!` opens its arguments.
        let makro = name.text == "!" && matches!(after.text, "(" | "[" | "{");
        let name = if makro { before } else { name };
        (method || makro).then_some((name.line, name.text, name.test))
    };
    tokens.windows(3).filter_map(method).collect()
}

fn ends_the_program(call: &str) -> bool {
    matches!(call, "unwrap" | "expect" | "panic" | "todo" | "unimplemented")
}

fn ignores(tokens: &[Token<'_>]) -> Vec<usize> {
    let ignored = |three: &[Token<'_>]| {
        (three[0].text == "#" && three[1].text == "[" && three[2].text == "ignore")
            .then_some(three[2].line)
    };
    tokens.windows(3).filter_map(ignored).collect()
}

/// Checks a file of `tests`.
fn check_test(name: &str, source: &str) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut say = |line, what: String, why| {
        broken.push(Broken { file: name.to_owned(), line, what, why });
    };
    if !source.starts_with("//!") {
        say(1, "no header".to_owned(), HEADER);
    }
    let tokens = code::tokens(source);
    for path in code::paths(&tokens, &[]).iter().filter(|path| sleeps(path)) {
        say(path.line, format!("calls {}", path.segments.join("::")), NO_SLEEP);
    }
    for line in ignores(&tokens) {
        say(line, "an ignored test".to_owned(), NO_IGNORE);
    }
    broken
}

/// All Rust files below a directory of the repository, by their path from it, in order.
fn sources(directory: &str) -> Vec<(String, String)> {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut waiting = vec![root.join(directory)];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).expect("a path in the repository");
                let name = name.to_str().expect("a path in UTF-8").replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).expect("a source in UTF-8")));
            }
        }
    }
    found.sort();
    found
}

/// The crates that `Cargo.toml` names as dependencies, as code spells them.
fn dependencies() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let mut crates = BTreeSet::new();
    let mut inside = false;
    for line in manifest.expect("a manifest").lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (inside, line.split_once('=')) {
            crates.insert(name.trim().replace('-', "_"));
        }
    }
    crates
}

#[track_caller]
fn assert_none(broken: &[Broken]) {
    let lines: Vec<String> = broken.iter().map(Broken::to_string).collect();
    assert!(lines.is_empty(), "{} broken rules:\n{}\n", lines.len(), lines.join("\n"));
}

#[test]
fn the_walls_stand() {
    let crates = dependencies();
    assert!(crates.contains("serde_json"), "the manifest was not understood");
    let files = sources("src");
    assert!(files.iter().any(|(name, _)| name == "src/observer/mod.rs"), "no sources were read");
    // Files that belong to a `#[cfg(test)] mod name;`, and all below them.
    let mut tests = Vec::new();
    for (name, source) in &files {
        let module = module_of(name).join("/");
        let directory = name.trim_start_matches("src/").rsplit_once('/').map_or("", |(d, _)| d);
        for (test, file) in code::test_modules(&code::tokens(source)) {
            let test = match file {
                Some(file) => format!("{directory}/{}", file.trim_end_matches(".rs")),
                None => format!("{module}/{test}"),
            };
            tests.push(test.trim_start_matches('/').to_owned());
        }
    }
    let is_test = |name: &str| {
        let module = module_of(name).join("/");
        tests.iter().any(|test| {
            module.strip_prefix(test.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        })
    };
    let broken: Vec<Broken> = files
        .iter()
        .flat_map(|(name, source)| check(name, source, is_test(name), &crates))
        .collect();
    assert_none(&broken);
}

#[test]
fn tests_open_with_a_header_and_neither_sleep_nor_rest() {
    let broken: Vec<Broken> =
        sources("tests").iter().flat_map(|(name, source)| check_test(name, source)).collect();
    assert_none(&broken);
}

#[test]
fn files_that_hold_only_tests_are_known() {
    let source = "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n#[cfg(test)] mod b; mod c;";
    let found = code::test_modules(&code::tokens(source));
    assert_eq!(found, [("tests", Some("a_tests.rs")), ("b", None)]);
}

/// What the rules say about a made-up file, as `line: what`.
fn said(name: &str, source: &str) -> Vec<String> {
    let crates = ["serde_json", "tokio", "siphasher", "axum"].map(str::to_owned);
    let source = format!("//! Made up.\n{source}");
    let broken = check(name, &source, false, &BTreeSet::from(crates));
    broken.iter().map(|broken| format!("{}: {}", broken.line, broken.what)).collect()
}

#[test]
fn a_wall_that_is_broken_is_seen() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "src/wire/read.rs",
            "use crate::config::Config;",
            &["2: wire imports crate::config::Config"],
        ),
        (
            "src/wire/read.rs",
            "use crate::{\n    observer::Input,\n    mqtt::{self, inlet as ears},\n};",
            &["4: wire imports crate::mqtt", "4: wire imports crate::mqtt::inlet"],
        ),
        ("src/wire/read.rs", "fn f() { crate::app::run() }", &["2: wire imports crate::app::run"]),
        ("src/wire/mod.rs", "use super::http::page;", &["2: wire imports crate::http::page"]),
        (
            "src/wire/read.rs",
            "mod inner { use super::super::super::http; }",
            &["2: wire imports crate::http"],
        ),
        ("src/wire/read.rs", "use crate::*;", &["2: wire imports crate::*"]),
        ("src/http.rs", "use crate::mqtt::Session;", &["2: http imports crate::mqtt::Session"]),
        (
            "src/demo/mod.rs",
            "use crate::observer::{Instant, Span, event::Event};",
            &["2: demo imports crate::observer::event::Event"],
        ),
        ("src/demo/mod.rs", "use crate::observer;", &["2: demo imports crate::observer"]),
        ("src/observer/mod.rs", "use serde_json::Value;", &["2: observer names serde_json::Value"]),
        (
            "src/observer/mod.rs",
            "fn f() { ::tokio::spawn(g()) }",
            &["2: observer names tokio::spawn"],
        ),
        (
            "src/observer/mod.rs",
            "use std::sync::{Arc, Mutex};",
            &["2: observer names std::sync::Mutex"],
        ),
        ("src/observer/mod.rs", "use std::*;", &["2: observer names std::*"]),
        ("src/observer/mod.rs", "async fn f() {}", &["2: observer is async"]),
        ("src/observer/mod.rs", "fn f() { println!(\"x\") }", &["2: observer prints"]),
        (
            "src/mqtt/mod.rs",
            "use std::time;\nfn f() { time::Instant::now(); }",
            &["3: asks time::Instant::now"],
        ),
        ("src/app.rs", "use axum::Router;", &["2: app names axum::Router", "2: app names axum"]),
        ("src/mqtt/mod.rs", "fn f() { g().unwrap(); }", &["2: `unwrap` outside tests"]),
        ("src/mqtt/mod.rs", "fn f() { g()\n.expect(\"x\"); }", &["3: `expect` outside tests"]),
        ("src/mqtt/mod.rs", "fn f() { todo!() }", &["2: `todo` outside tests"]),
        (
            "src/mqtt/mod.rs",
            "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); tokio::time::sleep(x) } }",
            &["3: a test calls tokio::time::sleep"],
        ),
        ("src/mqtt/mod.rs", "#[test]\n#[ignore]\nfn f() {}", &["3: an ignored test"]),
        ("src/attic.rs", "", &["1: `attic` is no known room"]),
    ];
    for (name, source, expected) in cases {
        assert_eq!(&said(name, source), expected, "{name}: {source}");
    }
    assert_eq!(check("src/app.rs", "fn f() {}", false, &BTreeSet::new())[0].what, "no header");
    let long = "//! Long.\n".repeat(FRONT_DOOR_LINES + 1);
    assert_eq!(check("src/main.rs", &long, false, &BTreeSet::new()).len(), 1);
    let sleepy = "use std::thread;\nfn f() { thread::sleep(x) }";
    assert_eq!(check_test("tests/a.rs", sleepy).len(), 2, "a header and a sleep");
}

#[test]
fn what_only_looks_like_a_broken_wall_is_left_alone() {
    let cases = [
        ("src/wire/read.rs", "// use crate::mqtt;\n/* crate::app /* nested */ tokio::spawn */"),
        ("src/wire/read.rs", "/// See [`crate::mqtt::Session`].\nfn f() {}"),
        ("src/wire/read.rs", "const S: &str = \"crate::mqtt::x \\\" crate::app::y\";"),
        ("src/wire/read.rs", "const S: &str = r#\"crate::mqtt \"quoted\" Instant::now()\"#;"),
        (
            "src/wire/read.rs",
            "fn f<'a>(c: &'a str) -> bool { c == '\"' || c == '\\'' } // crate::app",
        ),
        ("src/wire/read.rs", "use super::message::Message;\nuse self::sub::Thing;"),
        ("src/wire/read.rs", "pub(crate) fn f() { Vec::<u8>::new(); x.parse::<u8>(); }"),
        ("src/observer/mod.rs", "use std::sync::Arc;\nuse siphasher::sip128::SipHasher13;"),
        ("src/demo/mod.rs", "use crate::observer::{Instant, Span};\nuse crate::client::Client;"),
        ("src/demo/mod.rs", "fn f() { g().unwrap(); }"),
        ("src/clock.rs", "fn f() { std::time::Instant::now(); }"),
        ("src/mqtt/mod.rs", "fn f(clock: &Clock) { clock.now(); Self::now(); }"),
        ("src/mqtt/mod.rs", "fn f() { x.unwrap_or_default(); tokio::time::sleep(x); }"),
        ("src/mqtt/mod.rs", "#[cfg(test)]\nmod tests { fn f() { panic!(); } }\nfn g() { a != b; }"),
        ("src/mqtt/mod.rs", "#[tokio::test(start_paused = true)]\nasync fn f() { g().unwrap(); }"),
        ("src/lib.rs", "pub mod anything;"),
    ];
    for (name, source) in cases {
        assert_eq!(said(name, source), [""; 0], "{name}: {source}");
    }
}
