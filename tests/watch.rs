//! `lookout watch`: what it knows from documents, what it shows of it, and the real program in a pipe
//! and in a terminal beside a real lookout.
//!
//! Pictures are in `tests/watch/`; `WRITE_PICTURES=1` writes them anew, to be looked at.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "http/kit.rs"]
mod kit;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;

use kit::{Platform, TOKEN, read};
use lookout::observer::{Instant, Span};
use lookout::watch::draw::{Palette, draw};
use lookout::watch::state::Filter;
use lookout::watch::{Key, State};
use lookout::wire::heard;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};

/// 2026-01-15T10:30:00Z.
fn at(seconds: u64) -> Instant {
    Instant::from_micros(1_768_473_000_000_000) + Span::from_secs(seconds)
}

fn hear(state: &mut State, seconds: u64, topic: &str, payload: &Value) {
    let text = payload.to_string();
    let payload = if payload.is_null() { "" } else { &text };
    let said = heard::read("plant", &format!("system/plant/{topic}"), payload.as_bytes());
    state.hear(at(seconds), said.unwrap_or_else(|| panic!("{topic} {payload}")), true);
}

fn verdict(name: &str, verdict: &str, reason: Option<&str>, circuit: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": "service_verdict", "params": {
        "type": "service_verdict", "clusterId": "plant", "service": name, "verdict": verdict, "reason": reason,
        "since": "2026-01-15T10:28:30.000Z", "circuit": circuit, "responseRate": 0.9876, "failureRate": 0.0124,
        "p95Ms": 1234.5, "correlationId": "incident-01", "timestamp": "2026-01-15T10:30:00.000Z" } })
}

/// A platform with an outage.
fn outage() -> State {
    let mut state = State::new(Filter::All);
    state.problem = None;
    hear(&mut state, 0, "observer/lookout-1", &json!({ "online": true, "timestamp": 1 }));
    hear(
        &mut state,
        0,
        "health",
        &json!({ "status": "unhealthy", "services": { "healthy": 2, "degraded": 1, "unavailable": 1,
        "unknown": 1 }, "openCircuits": 1, "openIncidents": 2, "inDoubt": false }),
    );
    for (name, reads, reason, circuit) in [
        ("Catalogue", "degraded", Some("slow_responses"), "closed"),
        ("Billing", "unavailable", Some("not_responding"), "open"),
        ("Orders", "healthy", None, "closed"),
        ("Archive", "unknown", None, "closed"),
        ("Users", "healthy", None, "half_open"),
    ] {
        hear(&mut state, 0, &format!("services/{name}"), &verdict(name, reads, reason, circuit));
    }
    hear(
        &mut state,
        0,
        "circuit-breaker/Billing",
        &json!({ "service": "Billing", "state": "open",
        "retryAfter": "2026-01-15T10:30:30.000Z" }),
    );
    for (topic, document) in [
        (
            "circuit-breaker",
            json!({ "type": "circuit_breaker", "service": "Billing", "previous": "closed", "state": "open",
            "reason": "consecutive_unanswered", "timestamp": "2026-01-15T10:28:30.000Z" }),
        ),
        (
            "errors",
            json!({ "type": "service_unavailable", "service": "Billing", "reason": "not_responding", "repeat": 0,
            "timestamp": "2026-01-15T10:28:30.500Z" }),
        ),
        (
            "errors",
            json!({ "type": "service_degraded", "service": "Catalogue", "reason": "slow_responses", "repeat": 0,
            "timestamp": "2026-01-15T10:28:31.000Z" }),
        ),
    ] {
        hear(&mut state, 0, topic, &document);
    }
    state
}

fn emergency(component: &str) -> Value {
    json!({ "params": { "type": "infrastructure_error", "component": component, "severity": "critical",
        "message": "connection refused", "repeat": 0, "timestamp": "2026-01-15T10:29:00.000Z" } })
}

/// The screen as text.
fn screen(state: &State, width: u16, height: u16, now: Instant) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, "plant", now, Palette::Colour)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        line.trim_end().to_owned() + "\n"
    };
    (0..height).map(line).collect()
}

fn compare(name: &str, picture: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watch").join(name);
    if std::env::var_os("WRITE_PICTURES").is_some() {
        std::fs::write(&file, picture).unwrap();
    }
    assert_eq!(picture, std::fs::read_to_string(&file).unwrap_or_default(), "{name}");
}

#[test]
fn what_is_wrong_is_on_top_of_every_screen() {
    let mut state = outage();
    compare("outage-80x24.txt", &screen(&state, 80, 24, at(10)));
    compare("outage-120x30.txt", &screen(&state, 120, 30, at(10)));
    hear(&mut state, 11, "emergency", &emergency("db"));
    hear(
        &mut state,
        11,
        "health",
        &json!({ "status": "unhealthy", "services": { "healthy": 2, "degraded": 1, "unavailable": 1,
        "unknown": 1 }, "components": { "healthy": 2, "degraded": 0, "unhealthy": 1, "starting": 0 },
        "openCircuits": 1, "openIncidents": 3, "inDoubt": false }),
    );
    compare("emergency-80x24.txt", &screen(&state, 80, 24, at(20)));
    state.press(Key::Enter);
    compare("alone-80x24.txt", &screen(&state, 80, 24, at(20)));
    state.press(Key::Escape);
    state.press(Key::Char('?'));
    compare("help-80x24.txt", &screen(&state, 80, 24, at(20)));
    // However small it is, nothing breaks.
    for (width, height) in [(1, 1), (10, 3), (40, 8), (20, 50), (300, 100)] {
        screen(&state, width, height, at(20));
    }
}

#[test]
fn an_emergency_rings_once_and_stays_until_it_is_over_or_seen() {
    let mut state = outage();
    assert!(!state.take_bell());
    hear(&mut state, 1, "emergency", &emergency("db"));
    hear(&mut state, 2, "emergency", &emergency("db"));
    assert!(state.take_bell() && !state.take_bell());
    assert_eq!(state.emergencies.len(), 1);
    let over = json!({ "type": "infrastructure_recovered", "component": "db", "outageSeconds": 5.0,
        "timestamp": "2026-01-15T10:30:00.000Z" });
    hear(&mut state, 3, "errors", &over);
    assert!(state.emergencies.is_empty());
    state.take_bell();
    hear(&mut state, 4, "emergency", &emergency("broker"));
    assert!(state.take_bell());
    state.press(Key::Char('a'));
    assert!(state.emergencies.is_empty());
    // That it lasts is said again, and was seen; the next one was not.
    hear(&mut state, 304, "emergency", &emergency("broker"));
    assert!(!state.take_bell() && state.emergencies.is_empty());
    let over = json!({ "type": "infrastructure_recovered", "component": "broker", "outageSeconds": 5.0,
        "timestamp": "2026-01-15T10:30:00.000Z" });
    hear(&mut state, 400, "errors", &over);
    hear(&mut state, 500, "emergency", &emergency("broker"));
    assert!(state.take_bell());
}

#[test]
fn a_circuit_that_is_heard_of_first_is_not_lost_and_what_was_kept_may_be_old() {
    let mut state = State::new(Filter::All);
    state.problem = None;
    let circuit =
        json!({ "service": "Billing", "state": "open", "retryAfter": "2026-01-15T10:30:30.000Z" });
    hear(&mut state, 0, "circuit-breaker/Billing", &circuit);
    hear(&mut state, 0, "services/Billing", &verdict("Billing", "unavailable", None, "open"));
    assert_eq!(state.shown()[0].1.retry_after, Some(at(30)));
    let health =
        json!({ "status": "healthy", "services": {}, "timestamp": "2026-01-14T10:30:00.000Z" });
    let said =
        || heard::read("plant", "system/plant/health", health.to_string().as_bytes()).unwrap();
    state.hear(at(0), said(), false);
    assert_eq!(state.doubt(at(0)).unwrap(), "no word from lookout for 86400 s");
    // The clocks of two machines may differ: one that was said just now is new.
    state.hear(at(0), said(), true);
    assert_eq!(state.doubt(at(0)), None);
}

#[test]
fn keys_search_filter_and_point() {
    let mut state = outage();
    let names =
        |state: &State| state.shown().iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&state), ["Billing", "Catalogue", "Users", "Archive", "Orders"]);
    state.press(Key::Char('f'));
    assert_eq!(names(&state), ["Billing", "Catalogue"]);
    for _ in 0..9 {
        state.press(Key::Down);
    }
    assert_eq!(state.selected(), 1, "the last one is as far as it goes");
    // Who is pointed at stays so, whatever the order becomes.
    hear(&mut state, 1, "services/Catalogue", &verdict("Catalogue", "unavailable", None, "closed"));
    hear(&mut state, 1, "services/Billing", &verdict("Billing", "degraded", None, "open"));
    assert_eq!((names(&state)[0].as_str(), state.selected()), ("Catalogue", 0));
    hear(&mut state, 1, "services/Catalogue", &verdict("Catalogue", "degraded", None, "closed"));
    hear(&mut state, 1, "services/Billing", &verdict("Billing", "unavailable", None, "open"));
    assert_eq!(state.selected(), 1);
    // The other half of the screen moves by itself.
    state.press(Key::Tab);
    state.press(Key::Down);
    assert_eq!((state.selected(), state.passed), (1, Some(1)));
    state.press(Key::Tab);
    assert_eq!(state.passed, None);
    state.press(Key::Char('f'));
    assert_eq!(names(&state), ["Billing", "Users"]);
    state.press(Key::Char('f'));
    for key in [Key::Char('/'), Key::Char('q'), Key::Backspace, Key::Char('o'), Key::Char('R')] {
        state.press(key);
    }
    assert_eq!(names(&state), ["Orders"]);
    assert!(!state.is_over(), "a q that is looked for is no end");
    state.press(Key::Enter);
    state.press(Key::Escape);
    assert_eq!(names(&state).len(), 5);
    state.press(Key::Char('q'));
    assert!(state.is_over());
    hear(&mut state, 1, "services/Orders", &Value::Null);
    assert_eq!(names(&state).len(), 4, "what is cleared is gone");
}

#[test]
fn what_may_be_wrong_is_said() {
    let mut state = State::new(Filter::All);
    assert!(state.doubt(at(0)).unwrap().contains("no link to the broker"));
    state.problem = None;
    assert!(state.doubt(at(0)).unwrap().contains("nothing was heard of a lookout"));
    let mut state = outage();
    assert_eq!(state.doubt(at(75)), None);
    assert_eq!(state.doubt(at(76)).unwrap(), "no word from lookout for 76 s");
    hear(&mut state, 0, "observer/lookout-1", &json!({ "online": false, "timestamp": 1 }));
    assert!(state.doubt(at(1)).unwrap().contains("offline"));
    hear(&mut state, 0, "observer/lookout-2", &json!({ "online": true, "timestamp": 1 }));
    hear(&mut state, 2, "health", &json!({ "status": "healthy", "services": {}, "inDoubt": true }));
    assert!(state.doubt(at(3)).unwrap().contains("doubts its own ears"));
}

#[test]
fn strangers_cannot_fill_it_or_play_with_the_terminal() {
    let mut state = outage();
    let evil = "\u{1b}[2J\u{202e}evil\n";
    hear(&mut state, 0, "services/x", &verdict(evil, evil, Some(evil), evil));
    hear(
        &mut state,
        0,
        "errors",
        &json!({ "type": evil, "service": evil, "reason": evil, "timestamp": evil }),
    );
    hear(&mut state, 0, "emergency", &emergency(evil));
    hear(&mut state, 0, &format!("observer/{}", "x".repeat(5_000)), &json!({ "online": true }));
    for at_second in 0..30 {
        for name in 0..1_000 {
            let name = format!("made-up-{at_second}-{name}");
            hear(
                &mut state,
                0,
                &format!("services/{name}"),
                &verdict(&name, "healthy", None, "closed"),
            );
            hear(&mut state, 0, "emergency", &emergency(&name));
            hear(&mut state, 0, &format!("observer/{name}"), &json!({ "online": true }));
        }
    }
    assert_eq!(
        (state.rows.len(), state.emergencies.len(), state.observers.len()),
        (10_000, 100, 100)
    );
    for _ in 0..600 {
        hear(&mut state, 0, "errors", &json!({ "type": "t", "service": "y".repeat(9_000) }));
    }
    assert_eq!(state.feed.len(), 500);
    assert!(state.feed.iter().all(|it| it.line.chars().count() <= 500));
    for key in [Key::Char('\u{1b}'), Key::Char('/'), Key::Char('\u{7}'), Key::Enter, Key::Enter] {
        state.press(key);
    }
    let picture = screen(&state, 120, 40, at(1));
    assert!(
        !picture.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')),
        "{picture}"
    );
}

/// The arguments that lead to a platform's broker.
fn arguments(platform: &Platform) -> [String; 4] {
    let url = format!("mqtt://127.0.0.1:{}", platform.mosquitto.port());
    ["--broker".to_owned(), url, "--cluster".to_owned(), "web".to_owned()]
}

async fn set(platform: &Platform, state: &str) {
    let request = platform.ask("POST", "/api/v1/circuits/Catalogue").bearer_auth(TOKEN);
    let (status, body) = read(request.json(&json!({ "state": state })).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn in_a_pipe_it_prints_what_stands_and_what_happens() {
    let platform = Platform::healthy("").await;
    let mut watch = tokio::process::Command::new(env!("CARGO_BIN_EXE_lookout"));
    watch
        .arg("watch")
        .args(arguments(&platform))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut watch = watch.spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut find = async |wanted: &str| {
        let looking = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("it goes on");
                assert!(!line.chars().any(char::is_control), "{line:?}");
                if line.contains(wanted) {
                    return line;
                }
            }
        };
        line::soon(wanted, looking).await
    };
    find(" Catalogue healthy").await;
    set(&platform, "forced_open").await;
    find("circuit_breaker Catalogue: closed -> forced_open, manual").await;
    find(" Catalogue healthy, circuit forced_open").await;
    find("- platform degraded").await;
    set(&platform, "automatic").await;
    find("circuit_breaker Catalogue: forced_open -> closed, manual").await;
    find("- platform healthy").await;
    platform.lookout.terminate();
    find("observer lookout-web is offline").await;
    let id = watch.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(watch.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn in_a_terminal_it_shows_the_platform_and_leaves_no_trace() {
    let platform = Platform::healthy("").await;
    for end in ["q", "TERM"] {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watch/terminal.py");
        let mut python = tokio::process::Command::new("python3");
        python
            .arg(script)
            .arg(end)
            .arg(env!("CARGO_BIN_EXE_lookout"))
            .arg("watch")
            .args(arguments(&platform));
        let output = line::soon("terminal", python.output()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{end}: {said}");
    }
}
