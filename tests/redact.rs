//! Redacted messages mean what they meant: row by row, for every scenario, and for thousands of
//! made-up ones; and nothing of their content is left.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "wire/lcg.rs"]
mod lcg;

use lcg::Lcg;
use lookout::config::{self, Sources};
use lookout::observer::Input;
use lookout::observer::digest::DigestKey;
use lookout::wire::capture::{Line, What};
use lookout::wire::{Message, Properties, Reader, Redactor, Traffic, recording};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Traffic rules with everything that redaction has to look at: a member of the body, one topic
/// for both directions, topics that are counted only.
const RULES: &str = r#"
id = "lookout-1"
[traffic]
ignore = ["noise/#"]
max_payload = 1024
[[traffic.pair]]
name = "default"
call = "service/{service}"
reply = "session/{session}/response"
[[traffic.pair]]
name = "members"
call = "rpc/{service}"
reply = "{body.src}/rpc"
[[traffic.pair]]
name = "both"
call = "bus/{service}"
reply = "bus/{service}"
"#;

/// A topic, a payload, and what is left of it.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "service/A",
        r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"card":"secret"},"replyTo":"session/s/response","userContext":{"userId":"secret"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"m","replyTo":"session/s/response"}"#,
    ),
    (
        "service/A",
        r#" {"ServiceName":"A","methodName":"m","MessageId":"i","Parameters":["secret"],"sessionId":"s","correlationId":"c","traceparent":"t"}"#,
        r#"{"ServiceName":"A","methodName":"m","MessageId":"i","sessionId":"s","correlationId":"c","traceparent":"t"}"#,
    ),
    ("service/A", r#"{"id":{"secret":1},"method":["secret"]}"#, r#"{"id":[],"method":0}"#),
    ("service/A", r#"{"id":1.5,"jsonrpc":"secret"}"#, r#"{"id":[],"jsonrpc":0}"#),
    ("service/A", r#"{"id":1,"src":"x","method":"m"}"#, r#"{"id":1,"method":"m"}"#),
    ("rpc/A", r#"{"id":1,"src":"x","method":"m"}"#, r#"{"id":1,"src":"x","method":"m"}"#),
    ("rpc/A", r#"{"id":1,"src":["secret"],"method":"m"}"#, r#"{"id":1,"src":[],"method":"m"}"#),
    ("session/s/response", r#"{"id":1,"result":{"name":"secret"}}"#, r#"{"id":1,"result":0}"#),
    ("session/s/response", r#"{"id":1,"result":null}"#, r#"{"id":1,"result":null}"#),
    (
        "session/s/response",
        r#"{"id":1,"error":{"code":-32001,"message":"secret","data":{"secret":1}}}"#,
        r#"{"id":1,"error":{"code":-32001}}"#,
    ),
    ("session/s/response", r#"{"id":1,"error":"secret"}"#, r#"{"id":1,"error":""}"#),
    ("session/s/response", r#"{"id":1,"error":["secret"]}"#, r#"{"id":1,"error":0}"#),
    (
        "session/s/response",
        r#"{"id":1,"error":{"code":"secret"},"result":null}"#,
        r#"{"id":1,"error":{},"result":null}"#,
    ),
    (
        "session/s/response",
        r#"{"id":1,"error":{"code":-32503,"data":{"source":"lookout-1","reason":"secret"}}}"#,
        r#"{"id":1,"error":{"code":-32503,"data":{"source":"lookout-1"}}}"#,
    ),
    (
        "session/s/response",
        r#"{"id":1,"error":{"code":-32503,"data":{"source":"secret"}}}"#,
        r#"{"id":1,"error":{"code":-32503}}"#,
    ),
    (
        "session/s/response",
        r#"{"id":1,"error":{"code":1,"message":"secret","message":"secret"}}"#,
        r#"{"id":1,"error":{"":0,"":0}}"#,
    ),
    ("session/s/response", r#"{"id":1,"id":"secret","result":1}"#, r#"{"id":1,"id":0,"result":0}"#),
    (
        "session/s/response",
        r#"{"id":1,"secret":1,"secret":2,"result":1}"#,
        r#"{"id":1,"":0,"":0,"result":0}"#,
    ),
    (
        "service/A",
        r#"[{"id":1,"method":"m","params":"secret"},"secret",{"id":2,"result":"secret"}]"#,
        r#"[{"id":1,"method":"m"},0,{"id":2,"result":0}]"#,
    ),
    ("service/A", "[]", "[]"),
    ("service/A", r#"["secret"]"#, "0"),
    ("service/A", r#""secret""#, "0"),
    ("service/A", "secret", "?"),
    ("service/A", r#"{"id":1,"method":"secret""#, "?"),
    ("service/A", "", ""),
    ("noise/x", "secret", ""),
    ("ui/change/x", "secret", ""),
    ("elsewhere", "secret", ""),
];

fn traffic() -> Traffic {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rules.toml");
    std::fs::write(&file, RULES).unwrap();
    load(Some(file))
}

fn load(file: Option<PathBuf>) -> Traffic {
    let sources = Sources { file, ..Sources::default() };
    config::load_for(&sources, Some("lookout-1")).unwrap().traffic
}

/// All that a message says, in words.
fn inputs(reader: &mut Reader, message: &Message<'_>) -> Vec<String> {
    let mut inputs = Vec::new();
    reader.read(message, &mut |mut input: Input<'_>| {
        // How large an answer is may be redacted.
        if let Input::Reply(reply) = &mut input {
            reply.bytes = 0;
        }
        inputs.push(format!("{input:?}"));
    });
    inputs
}

/// Redaction and what it must not change.
struct Bench {
    reader: Reader,
    redactor: Redactor,
    max: usize,
}

impl Bench {
    fn new(traffic: Traffic) -> Self {
        let max = traffic.max_payload;
        let redactor = Redactor::new(traffic.clone());
        Self { reader: Reader::new(traffic, DigestKey::new(1, 2)).with_parts(true), redactor, max }
    }

    /// Redacts a message and holds the result to everything that is promised of it.
    fn redact(&mut self, message: &Message<'_>) -> Vec<u8> {
        let redacted = self.redactor.payload(message);
        let again = Message { payload: &redacted, ..*message };
        let shown = || {
            let was = String::from_utf8_lossy(message.payload).into_owned();
            format!("{}: {was} became {}", message.topic, String::from_utf8_lossy(&redacted))
        };
        let (was, is) = (inputs(&mut self.reader, message), inputs(&mut self.reader, &again));
        assert_eq!(is, was, "{}", shown());
        assert_eq!(self.redactor.payload(&again), redacted, "twice: {}", shown());
        assert!(redacted.len() <= message.payload.len().min(self.max + 1), "{}", shown());
        redacted
    }
}

#[test]
fn content_goes_and_meaning_stays() {
    let mut bench = Bench::new(traffic());
    for (topic, payload, wanted) in ROWS {
        let message = Message { topic, payload: payload.as_bytes(), ..Message::default() };
        let redacted = bench.redact(&message);
        assert_eq!(String::from_utf8_lossy(&redacted), *wanted, "{topic} {payload}");
        assert!(!wanted.contains("secret"), "a row that keeps what it should not: {wanted}");
    }
    let deep = format!(r#"{{"id":1,"method":{}"secret"{}}}"#, "[".repeat(200), "]".repeat(200));
    let large = format!(r#"{{"id":1,"method":"m","params":"{}"}}"#, "secret".repeat(1_000));
    let batch = format!("[{deep},{{\"\\ud800\":\"secret\"}}]");
    let rows: [&[u8]; 4] = [deep.as_bytes(), large.as_bytes(), batch.as_bytes(), b"secret\xff"];
    for payload in rows {
        let redacted = bench.redact(&Message { topic: "service/A", payload, ..Message::default() });
        assert!(!String::from_utf8_lossy(&redacted).contains("secret"));
    }
    let retained =
        Message { topic: "service/A", payload: b"{}", retain: true, ..Message::default() };
    assert_eq!(bench.redact(&retained), b"");
}

/// Values of members, good and bad.
const VALUES: [&str; 26] = [
    "1",
    "-7",
    "1.0",
    "1e2",
    "1.5",
    "99999999999999999999",
    "null",
    "true",
    r#""""#,
    r#""i""#,
    r#""2.0""#,
    r#""\ud800""#,
    r#""\u0069""#,
    "[]",
    "{}",
    "[[1]]",
    r#"{"code":1}"#,
    r#"{"code":1.5}"#,
    r#"{"code":-32503,"data":{"source":"lookout-1"}}"#,
    r#"{"code":-32503,"data":{"source":1}}"#,
    r#"{"code":1,"code":2}"#,
    r#"{"\ud800":1}"#,
    r#""session/s/response""#,
    r#""a/+""#,
    r#""a.b""#,
    r#"{"code":-32503,"data":{"source":"lookout-1","source":"x"}}"#,
];

/// Names of members, read and not.
const NAMES: [&str; 20] = [
    "jsonrpc",
    "id",
    r"\u0069d",
    "method",
    "result",
    "error",
    "replyTo",
    "ReplyTo",
    "sessionId",
    "SessionId",
    "serviceName",
    "methodName",
    "messageId",
    "MessageId",
    "correlationId",
    "traceparent",
    "src",
    "params",
    "x",
    "",
];

fn object(random: &mut Lcg) -> String {
    let mut members = Vec::new();
    for _ in 0..random.below(7) {
        let name = random.pick(&NAMES);
        let value = if name == "jsonrpc" && random.below(3) > 0 {
            r#""2.0""#
        } else {
            random.pick(&VALUES)
        };
        members.push(format!("\"{name}\":{value}"));
    }
    format!("{{{}}}", members.join(","))
}

fn payload(random: &mut Lcg) -> Vec<u8> {
    let mut text = match random.below(10) {
        0..6 => object(random),
        6 | 7 => {
            let element = |random: &mut Lcg| match random.below(4) {
                0 => random.pick(&VALUES).to_owned(),
                _ => object(random),
            };
            let elements: Vec<_> = (0..random.below(4)).map(|_| element(random)).collect();
            format!("[{}]", elements.join(","))
        }
        8 => random.pick(&VALUES).to_owned(),
        _ => {
            let deep = 124 + random.below(8) as usize;
            let nested = format!(r#"{{"id":1,"m":{}{}}}"#, "[".repeat(deep), "]".repeat(deep));
            if random.below(2) == 0 { nested } else { format!("[{nested}]") }
        }
    };
    match random.below(20) {
        0 => text.truncate(random.below(text.len() as u64 + 1) as usize),
        1 => text += &" ".repeat(1_020),
        2 => text.insert(0, '\n'),
        3 => text.push('}'),
        _ => {}
    }
    let mut bytes = text.into_bytes();
    if random.below(30) == 0 {
        bytes.push(0xfe);
    }
    bytes
}

#[test]
fn made_up_messages_mean_the_same() {
    let mut bench = Bench::new(traffic());
    let mut random = Lcg::new(11);
    for _ in 0..60_000 {
        let topic =
            random.pick(&["service/A", "session/s/response", "rpc/A", "x/rpc", "bus/A", "noise/x"]);
        let payload = payload(&mut random);
        let response = ["session/s/response", "", "a/+"];
        let properties = Properties {
            response_topic: (random.below(4) == 0).then(|| random.pick(&response)),
            correlation_data: (random.below(4) == 0).then_some(&b"c"[..]),
            ..Properties::default()
        };
        let retain = random.below(50) == 0;
        bench.redact(&Message { topic, payload: &payload, retain, properties });
    }
}

/// The scenarios, each with its configuration if it has one.
fn scenarios() -> Vec<(PathBuf, Option<PathBuf>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "ndjson"));
    let mut found: Vec<_> = files
        .map(|file| {
            let rules = file.with_extension("toml");
            let rules = rules.exists().then_some(rules);
            (file, rules)
        })
        .collect();
    found.sort();
    found
}

/// A traffic file with every payload redacted.
fn redacted(file: &Path, traffic: Traffic) -> Vec<u8> {
    let mut bench = Bench::new(traffic);
    let mut out = Vec::new();
    for line in std::fs::read(file).unwrap().split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        match Line::read(text) {
            Some(Line { at, what: What::Message(recorded) }) => {
                let message = recorded.message();
                let payload = bench.redact(&message);
                let message = Message { payload: &payload, ..message };
                recording::message(at, &message, &mut out);
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// What a replay prints, and its summary without the time it took.
fn replay(file: &Path, rules: Option<&PathBuf>, directory: &Path) -> (Vec<u8>, serde_json::Value) {
    let summary = directory.join("summary.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    command.env_clear().arg("replay").arg(file).arg("--summary").arg(&summary);
    if let Some(rules) = rules {
        command.arg("--config").arg(rules);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = std::fs::read(summary).unwrap();
    let mut summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    summary.as_object_mut().unwrap().remove("wall_s").unwrap();
    (output.stdout, summary)
}

#[test]
fn every_scenario_redacted_replays_as_before() {
    let scenarios = scenarios();
    assert!(scenarios.len() > 70, "{} scenarios", scenarios.len());
    for (file, rules) in scenarios {
        let traffic = load(rules.clone());
        // The recorder refuses to redact what is no JSON.
        if traffic.unredactable().is_some() {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        let after = directory.path().join("redacted.ndjson");
        std::fs::write(&after, redacted(&file, traffic)).unwrap();
        let was = replay(&file, rules.as_ref(), directory.path());
        let is = replay(&after, rules.as_ref(), directory.path());
        assert_eq!(is.1, was.1, "{}", file.display());
        assert!(is.0 == was.0, "{}: other documents", file.display());
    }
}
