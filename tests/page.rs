//! The live page in a real browser: the demo's outage appears on it, evolves and ends; and a thousand
//! services are there at once, whatever their names are.
//!
//! What is looked for is in `tests/page/`, scripts for Debian's Chromium, driven by playwright-core,
//! which `scripts/browser` brings.

#![cfg(all(feature = "daemon", feature = "demo"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;
#[path = "support/served.rs"]
mod served;
#[path = "support/traced.rs"]
mod traced;

use line::{Line, Message, Trouble, Version};
use mosquitto::Mosquitto;
use program::Lookout;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Services of the crowd with ordinary names, and those that mean harm.
const CROWD: usize = 1_000;
const HARM: [&str; 4] = [
    "<img src=x onerror=globalThis.harm=1>",
    "\"><svg onload=globalThis.harm=2>",
    "\u{202e}gnp.exe\u{200f}",
    "{{globalThis.harm=3}} ${globalThis.harm=4} javascript:globalThis.harm=5",
];

/// A process that ends with the value, and its output.
struct Running(Child, BufReader<ChildStdout>);

impl Running {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("a process");
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }

    fn succeeds(mut self) {
        let rest: Vec<_> = self.1.by_ref().lines().map_while(Result::ok).collect();
        assert!(self.0.wait().unwrap().success(), "{}", rest.join("\n"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A script of `tests/page/`.
fn script(name: &str, arguments: &[&str]) -> Running {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = root.join("target/browser");
    assert!(tools.join("node_modules").is_dir(), "run scripts/browser");
    let mut node = Command::new("node");
    node.arg(root.join("tests/page").join(name)).args(arguments).env("BROWSER_TOOLS", tools);
    Running::start(&mut node)
}

#[test]
fn the_demos_outage_appears_evolves_and_ends() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_lookout"));
    let mut demo = Running::start(demo.args(["demo", "--json", "--pages", "0"]));
    let opening: Value = serde_json::from_str(&demo.line()).unwrap();
    let url = format!("http://{}/", opening["pages"].as_str().unwrap());
    script("demo.mjs", &[&url]).succeeds();
}

/// A call to each service and its reply.
fn crowd(broker: (Version, u16)) -> Line {
    let names = (0..CROWD).map(|at| format!("s{at:04}"));
    let long = "x".repeat(250);
    let names: Vec<_> = names.chain(HARM.map(str::to_owned)).chain([long]).collect();
    let caller = Line::open(broker, "crowd", "nothing", &Trouble::default(), |_, _| {});
    let post = caller.post().clone();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(2));
        for (id, name) in (0_u64..).zip(names.iter().cycle()) {
            pace.tick().await;
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "sessionId": "s" });
            let reply = json!({ "jsonrpc": "2.0", "id": id, "result": 1 });
            for (topic, body) in
                [(format!("service/{name}"), call), ("session/s/response".to_owned(), reply)]
            {
                let payload = body.to_string().into();
                post.send(Message { topic, payload, ..Message::default() });
            }
        }
    });
    caller
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_services_are_there_at_once_whatever_their_names_are() {
    let mosquitto = Mosquitto::start();
    let config = format!(
        "[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        mosquitto.port()
    );
    let mut lookout = Lookout::start(&config).await;
    lookout.log("subscribed to ").await;
    let caller = crowd((Version::V5, mosquitto.port()));
    caller.ready().await;
    let all = CROWD + HARM.len() + 1;
    let url = format!("http://{}/", lookout.host());
    let mut looking = script("crowd.mjs", &[&url, &all.to_string()]);
    let measured = looking.line();
    assert!(measured.starts_with("usable "), "{measured}");
    println!("{measured}");
    assert_eq!(looking.line(), "ready\n");
    let listen = lookout.host().to_owned();
    lookout.kill();
    assert_eq!(looking.line(), "stale\n");
    let again = config.replace("127.0.0.1:0", &listen);
    let _lookout = Lookout::start(&again).await;
    looking.succeeds();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runbook_is_shown_and_a_hostile_name_in_it_is_text() {
    let mosquitto = Mosquitto::start();
    let config = format!(
        "[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        mosquitto.port()
    );
    let mut lookout = Lookout::start(&config).await;
    lookout.log("subscribed to ").await;
    let caller = Line::open(
        (Version::V5, mosquitto.port()),
        "caller",
        "nothing",
        &Trouble::default(),
        |_, _| {},
    );
    caller.ready().await;
    let name = "<img src=x onerror=globalThis.harm=1>'; touch pwned";
    let post = caller.post().clone();
    // It answers for a while, so that it is known to be able to, and then no more.
    let calls = tokio::spawn(async move {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(50));
        for id in 0_u64.. {
            pace.tick().await;
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": "m", "sessionId": "s" });
            let (topic, payload) = (format!("service/{name}"), call.to_string().into());
            post.send(Message { topic, payload, ..Message::default() });
            if id < 100 {
                let reply = json!({ "jsonrpc": "2.0", "id": id, "result": 1 });
                let topic = "session/s/response".to_owned();
                let payload = reply.to_string().into();
                post.send(Message { topic, payload, ..Message::default() });
            }
        }
    });
    let url = format!("http://{}/", lookout.host());
    let word = r"'<img src=x onerror=globalThis.harm=1>'\''; touch pwned'";
    script("runbook.mjs", &[&url, name, word]).succeeds();
    calls.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_and_incidents_show_their_traces() {
    let name = HARM[0];
    let link = "https://traces.example/<b>/'\"/{traceId}?a=<img src=x onerror=globalThis.harm=9>";
    let linked = traced::Scene::start(name, Some(link));
    let plain = traced::Scene::start(name, None);
    let [one, two] = [&linked, &plain].map(|scene| format!("http://{}/", scene.address));
    let url = link.replace("{traceId}", traced::TRACE);
    script("traces.mjs", &[&one, &two, name, traced::TRACE, &url]).succeeds();
}
