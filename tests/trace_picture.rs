//! The picture of a trace: whatever its spans are called, an SVG that shows all of them, or a refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs Python with what it reads.
fn python(arguments: &[&str], input: &str) -> Output {
    let mut python = Command::new("python3");
    python.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut python = python.spawn().expect("python3");
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    python.wait_with_output().unwrap()
}

fn draw(spans: &[Value]) -> Output {
    let lines: Vec<_> = spans.iter().map(Value::to_string).collect();
    python(&["scripts/trace-picture"], &lines.join("\n"))
}

/// The picture, which is well-formed.
fn picture(spans: &[Value]) -> String {
    let output = draw(spans);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = String::from_utf8(output.stdout).unwrap();
    let read = "import sys, xml.dom.minidom as xml; xml.parseString(sys.stdin.buffer.read())";
    assert!(python(&["-c", read], &picture).status.success(), "{picture}");
    picture
}

fn span(id: u64, parent: u64, name: &str, (start, end): (u64, u64)) -> Value {
    json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": format!("{id:016x}"),
        "parentSpanId": format!("{parent:016x}"), "service": "Billing", "name": name, "kind": "SERVER",
        "startUs": 1_796_000_000_000_000_u64 + start, "endUs": 1_796_000_000_000_000_u64 + end,
        "status": "unset", "attributes": {},
    })
}

#[test]
fn errors_are_marked_and_late_replies_go_beyond_their_callers_end() {
    let mut caller = span(1, 9, "pay", (0, 5_000_000));
    caller["kind"] = "CLIENT".into();
    caller["status"] = "error".into();
    caller["attributes"] = json!({ "error.type": "timeout" });
    let mut late = span(2, 1, "pay", (0, 6_250_000));
    late["attributes"] = json!({ "lookout.late": true });
    let shown = picture(&[late, caller.clone()]);
    assert!(shown.contains("5.00 s ✕ timeout") && shown.contains("class=\"fault\""), "{shown}");
    assert!(shown.contains("6.25 s late") && shown.contains("url(#late)"), "{shown}");
    assert!(shown.contains("1000 ms") && shown.contains("prefers-color-scheme:dark"), "{shown}");
    let usual = picture(&[caller, span(2, 1, "pay", (0, 4_000_000))]);
    assert!(!usual.contains("url(#late)"), "{usual}");
}

#[test]
fn names_are_text_whatever_they_are() {
    let name = "</text><script>alert(1)</script>&\u{202e}\u{0}\u{ffff}";
    let mut one = span(1, 0, name, (0, 0));
    one["service"] = name.into();
    // Spans that are each other's parents are drawn once each.
    let shown = picture(&[one, span(2, 3, "a", (1, 2)), span(3, 2, "b", (1, 2))]);
    assert!(!shown.contains("<script") && !shown.contains('\u{202e}'), "{shown}");
    assert_eq!(shown.matches("<g>").count(), 3, "{shown}");
}

#[test]
fn otlp_is_read_as_a_collector_gets_it() {
    let attribute = |key: &str, value: Value| json!({ "key": key, "value": value });
    let request = json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.name", json!({ "stringValue": "Billing" }))] },
        "scopeSpans": [{ "spans": [{
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "pay",
            "kind": 3, "startTimeUnixNano": "1796000000000000000", "endTimeUnixNano": "1796000000020000000",
            "status": { "code": 2 },
            "attributes": [attribute("error.type", json!({ "stringValue": "-32603" }))],
        }] }],
    }] });
    let shown = picture(&[request]);
    assert!(shown.contains("Billing: pay, CLIENT 20 ms, -32603"), "{shown}");
}

#[test]
fn what_is_no_trace_is_refused_in_a_line() {
    let other = json!({ "traceId": "1" });
    let mut second = span(2, 1, "b", (0, 1));
    second["traceId"] = "00000000000000000000000000000001".into();
    let mut listed = span(1, 0, "a", (0, 1));
    listed["service"] = json!(["a"]);
    let many: Vec<_> = (1..=501).map(|id| span(id, 0, "a", (0, 1))).collect();
    for (spans, wanted) in [
        (vec![], "there is no span"),
        (vec![other], "line 1 is no span"),
        (vec![json!([1])], "line 1 is no span"),
        (vec![listed], "line 1 is no span"),
        (vec![span(1, 0, "a", (0, 1)), second], "several traces"),
        (many, "more than 500 spans"),
    ] {
        let output = draw(&spans);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(wanted), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
