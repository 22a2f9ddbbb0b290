//! What lookout finds, said on stdout as it is published.
//!
//! Whoever reads stdout may be slow or stand still; the observer must not. So a thread of its
//! own writes, and what it cannot take is not said (it is still published). Names come from
//! strangers: what a terminal would obey is escaped.

use crate::wire::Document;
use anyhow::Context;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

/// Lines that may wait for stdout.
const LINES: usize = 1_024;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The topics below `system/{cluster}/` whose documents are said.
const TOPICS: [&str; 3] = ["errors", "emergency", "circuit-breaker"];

/// Says documents on stdout.
pub(super) struct Printer {
    prefix: String,
    json: bool,
    lines: SyncSender<String>,
    done: Receiver<()>,
}

impl Printer {
    /// A printer for the documents of `cluster`, for people or as JSON.
    pub(super) fn start(cluster: &str, json: bool) -> anyhow::Result<Self> {
        let (lines, waiting) = sync_channel::<String>(LINES);
        let (finished, done) = channel();
        let body = move || {
            for line in waiting {
                // Nobody reads any more: that is no reason to stop observing.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            let _ = finished.send(());
        };
        std::thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(body)
            .context("no thread for stdout")?;
        Ok(Self { prefix: format!("system/{cluster}/"), json, lines, done })
    }

    /// Says a document, if it is one to be said and there is room.
    pub(super) fn show(&mut self, document: &Document) {
        let Some(topic) = document.topic.strip_prefix(&self.prefix) else { return };
        if !TOPICS.contains(&topic) {
            return;
        }
        let line = if self.json { as_json(document) } else { as_text(topic, document) };
        let _ = self.lines.try_send(line);
    }

    /// Waits until all is said, but not for long.
    pub(super) fn finish(self) {
        drop(self.lines);
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

/// A document as a line of `lookout replay`.
fn as_json(document: &Document) -> String {
    let Document { at, topic, retain, payload, .. } = document;
    let topic = Value::from(topic.as_str());
    let payload = payload.as_deref().unwrap_or("null");
    format!(r#"{{"ts":{},"topic":{topic},"retain":{retain},"payload":{payload}}}"#, at.micros())
}

/// A document as a line for people: when, what, who, why.
fn as_text(topic: &str, document: &Document) -> String {
    let payload = document.payload.as_deref().unwrap_or_default();
    let whole: Value = serde_json::from_str(payload).unwrap_or_default();
    // Bare documents have no envelope.
    let facts = whole.get("params").unwrap_or(&whole);
    let fact = |name: &str| facts.get(name).and_then(Value::as_str);
    let mut line = String::new();
    line.push_str(fact("timestamp").unwrap_or("-"));
    if topic == "emergency" {
        line.push_str(" EMERGENCY");
    }
    for name in ["type", "service", "component", "pair", "originService"] {
        if let Some(value) = fact(name) {
            line.push(' ');
            line.push_str(value);
        }
    }
    let change = match (fact("previous"), fact("state")) {
        (Some(from), Some(to)) => Some(format!("{from} -> {to}")),
        _ => None,
    };
    let why = ["reason", "severity", "message", "action"].into_iter().filter_map(fact);
    for (at, part) in change.as_deref().into_iter().chain(why).enumerate() {
        line.push_str(if at == 0 { ": " } else { ", " });
        line.push_str(part);
    }
    if let Some(repeat) = facts.get("repeat").and_then(Value::as_u64).filter(|it| *it > 0) {
        // Writing to a string cannot fail.
        let _ = write!(line, " (still, said {} times)", repeat + 1);
    }
    tame(&line)
}

/// The line with everything escaped that a terminal would obey, or that would make it read
/// another way.
fn tame(line: &str) -> String {
    let mut tame = String::with_capacity(line.len());
    for c in line.chars() {
        let hidden = matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
        if c.is_control() || hidden {
            tame.extend(c.escape_default());
        } else {
            tame.push(c);
        }
    }
    tame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Instant;

    fn document(payload: &str) -> Document {
        Document {
            at: Instant::from_micros(5),
            topic: "system/c/errors".into(),
            retain: false,
            critical: false,
            payload: Some(payload.into()),
            correlation: None,
            event: None,
        }
    }

    #[test]
    fn findings_read_as_sentences() {
        let at = r#""timestamp":"2026-01-15T10:30:00.000Z""#;
        for (topic, payload, line) in [
            (
                "errors",
                r#"{"jsonrpc":"2.0","method":"x","params":{"type":"service_unavailable","service":"A","reason":"no_running_pods","repeat":0,AT}}"#,
                "2026-01-15T10:30:00.000Z service_unavailable A: no_running_pods",
            ),
            (
                "circuit-breaker",
                r#"{"type":"circuit_breaker","service":"A","state":"open","previous":"closed","reason":"failure_rate",AT}"#,
                "2026-01-15T10:30:00.000Z circuit_breaker A: closed -> open, failure_rate",
            ),
            (
                "emergency",
                r#"{"params":{"type":"infrastructure_error","component":"db","severity":"critical","message":"gone","repeat":2,AT}}"#,
                "2026-01-15T10:30:00.000Z EMERGENCY infrastructure_error db: critical, gone (still, said 3 times)",
            ),
        ] {
            assert_eq!(as_text(topic, &document(&payload.replace("AT", at))), line);
        }
    }

    #[test]
    fn names_cannot_play_tricks_on_a_terminal() {
        let payload = r#"{"type":"t","service":"a\u001b[2J\n\u202eb"}"#;
        assert_eq!(as_text("errors", &document(payload)), "- t a\\u{1b}[2J\\n\\u{202e}b");
    }

    #[test]
    fn json_lines_are_those_of_replay() {
        let line = as_json(&document(r#"{"a":1}"#));
        assert_eq!(line, r#"{"ts":5,"topic":"system/c/errors","retain":false,"payload":{"a":1}}"#);
    }
}
