//! What lookout finds, said on stdout as it is published.
//!
//! Whoever reads stdout may be slow or stand still; the observer must not. So a thread of its
//! own writes, and what it cannot take is not said (it is still published). Names come from
//! strangers: what a terminal would obey is escaped.

use crate::wire::Document;
use crate::wire::{document, line};
use anyhow::Context;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

/// Lines that may wait for stdout.
const LINES: usize = 1_024;

/// How long the last lines may take at the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The topics below `system/{cluster}/` whose documents are said.
const TOPICS: [&str; 5] = ["errors", "emergency", "circuit-breaker", "actions", "alerts"];

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
        // What is on `alerts` and on `emergency` is said once.
        let is_alert = document.event.as_ref().is_some_and(|event| event.kind == "alert");
        if !TOPICS.contains(&topic) || (is_alert && topic == "emergency") {
            return;
        }
        let line = if self.json {
            as_json(document)
        } else {
            line::line(topic, document.payload.as_deref().unwrap_or_default())
        };
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
    document::line(*at, topic, *retain, payload.as_deref())
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
    fn json_lines_are_those_of_replay() {
        let line = as_json(&document(r#"{"a":1}"#));
        assert_eq!(line, r#"{"ts":5,"topic":"system/c/errors","retain":false,"payload":{"a":1}}"#);
    }
}
