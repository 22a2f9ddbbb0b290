//! What lookout publishes, as an ordinary subscriber reads it.
//!
//! Only `errors`, `emergency` and `circuit-breaker` count as *said*: they tell of a change.
//! `services/…`, `health` and `circuit-breaker/{service}` show how things stand, and repeat.
//! The observer's presence is read as well, because the demo waits for it and cuts its link.

use serde_json::Value;

/// The topics, below `system/{cluster}/`, on which lookout says something.
const SAID: [&str; 3] = ["errors", "emergency", "circuit-breaker"];

/// One publication that matters to the demo.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// lookout is there, or is not.
    Presence(bool),
    /// lookout said something.
    Said(Said),
}

/// Something that lookout said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The last part of its topic.
    pub topic: String,
    /// Its type; empty if it cannot be read.
    pub kind: String,
    /// The service, component or pair it is about.
    pub subject: String,
    /// The state of a circuit.
    pub state: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// The document, without its envelope; a string of the bytes if they are no JSON.
    pub document: Value,
}

/// Reads a publication; `None` if it does not matter here.
pub fn read(cluster: &str, topic: &str, payload: &[u8]) -> Option<Notice> {
    let rest = topic.strip_prefix("system/")?.strip_prefix(cluster)?.strip_prefix('/')?;
    if SAID.contains(&rest) {
        return Some(Notice::Said(said(rest, payload)));
    }
    let id = rest.strip_prefix("observer/")?;
    if id.contains('/') {
        return None;
    }
    let document: Value = serde_json::from_slice(payload).ok()?;
    document.get("online")?.as_bool().map(Notice::Presence)
}

fn said(topic: &str, payload: &[u8]) -> Said {
    let topic = topic.to_owned();
    let Ok(mut document) = serde_json::from_slice::<Value>(payload) else {
        let document = Value::String(String::from_utf8_lossy(payload).into_owned());
        return Said { topic, document, ..Said::default() };
    };
    // In an envelope, or bare: both are settings of lookout.
    if let Some(params) = document.get_mut("params") {
        document = params.take();
    }
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let subject = ["service", "originService", "component", "pair"].into_iter().find_map(text);
    Said {
        topic,
        kind: text("type").unwrap_or_default(),
        subject: subject.unwrap_or_default(),
        state: text("state"),
        reason: text("reason"),
        document,
    }
}

impl Said {
    /// One readable line.
    pub fn line(&self) -> String {
        let subject = &self.subject;
        let reason = self.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let seconds = |name| self.document.get(name).and_then(Value::as_f64);
        match self.kind.as_str() {
            "service_unavailable" => format!("{subject} unavailable{reason}"),
            "service_degraded" => format!("{subject} degraded{reason}"),
            "service_recovered" => match seconds("outageSeconds") {
                Some(outage) => format!("{subject} recovered after {outage:.1} s"),
                None => format!("{subject} recovered"),
            },
            "circuit_breaker" => {
                let state = self.state.as_deref().unwrap_or("?").replace('_', "-");
                format!("circuit of {subject} {state}{reason}")
            }
            "cascading_failure_prevented" => {
                let affected = self.document.get("affectedServices").and_then(Value::as_array);
                let names = affected.into_iter().flatten().filter_map(Value::as_str);
                let names = names.collect::<Vec<_>>().join(", ");
                let list = if names.is_empty() { names } else { format!(" for {names}") };
                format!("cascade from {subject} held off: circuits opened ahead{list}")
            }
            "alert" => {
                let text = |name| self.document.get(name).and_then(Value::as_str).unwrap_or("?");
                let over = if text("status") == "resolved" { " is over" } else { "" };
                format!("alert {} ({}){over}: {}", text("alert"), text("severity"), text("summary"))
            }
            "" => format!("unreadable on {}: {}", self.topic, self.document),
            kind => format!("{kind} {subject}{reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn line(topic: &str, payload: &str) -> String {
        match read("demo", topic, payload.as_bytes()) {
            None => "-".to_owned(),
            Some(Notice::Presence(online)) => format!("online {online}"),
            Some(Notice::Said(said)) => said.line(),
        }
    }

    #[test]
    fn documents_become_lines() {
        let cases = [
            (
                "errors",
                r#"{"jsonrpc":"2.0","method":"service_unavailable","params":{"type":"service_unavailable","service":"Billing","reason":"not_responding"}}"#,
                "Billing unavailable: not_responding",
            ),
            (
                "errors",
                r#"{"type":"service_recovered","service":"Billing","outageSeconds":18.24}"#,
                "Billing recovered after 18.2 s",
            ),
            (
                "circuit-breaker",
                r#"{"params":{"type":"circuit_breaker","service":"Billing","state":"half_open","reason":"open_timeout"}}"#,
                "circuit of Billing half-open: open_timeout",
            ),
            (
                "errors",
                r#"{"params":{"type":"cascading_failure_prevented","originService":"A","affectedServices":["B","C"]}}"#,
                "cascade from A held off: circuits opened ahead for B, C",
            ),
            (
                "emergency",
                r#"{"params":{"type":"infrastructure_error","component":"disk"}}"#,
                "infrastructure_error disk",
            ),
            ("errors", "oh", "unreadable on errors: \"oh\""),
        ];
        for (topic, payload, expected) in cases {
            assert_eq!(line(&format!("system/demo/{topic}"), payload), expected);
        }
    }

    #[test]
    fn what_shows_how_things_stand_is_not_said() {
        let document = r#"{"params":{"type":"circuit_breaker","service":"A","state":"open"}}"#;
        for topic in ["circuit-breaker/A", "services/A", "health", "observer/x/canary", "alerts"] {
            assert_eq!(line(&format!("system/demo/{topic}"), document), "-", "{topic}");
        }
        assert_eq!(line("system/other/errors", document), "-");
        assert_eq!(line("system/demonstration/errors", document), "-");
    }

    #[test]
    fn presence_is_read() {
        assert_eq!(
            line("system/demo/observer/x", r#"{"online":true,"timestamp":1}"#),
            "online true"
        );
        assert_eq!(line("system/demo/observer/x", r#"{"online":false}"#), "online false");
        assert_eq!(line("system/demo/observer/x", ""), "-");
    }
}
