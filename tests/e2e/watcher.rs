//! Reads everything under `system/test/` and holds each document to its schema.

use crate::line::{Line, Message, PATIENCE, Trouble, Version};
use crate::schemas::Schemas;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Where lookout speaks.
const PREFIX: &str = "system/test/";

/// Topics below it that are not retained.
pub const SPOKEN: [&str; 3] = ["errors", "emergency", "circuit-breaker"];

/// What may be said where, by the beginning of the topic.
const KINDS: [(&str, &[&str]); 8] = [
    (
        "errors",
        &[
            "service_unavailable",
            "service_degraded",
            "service_recovered",
            "cascading_failure_prevented",
            "pair_deaf",
            "infrastructure_error",
            "infrastructure_recovered",
        ],
    ),
    ("emergency", &["infrastructure_error", "alert"]),
    ("alerts", &["alert"]),
    ("actions", &["remedy_action", "security_action"]),
    ("security", &["security_alert"]),
    ("circuit-breaker", &["circuit_breaker"]),
    ("services/", &["service_verdict"]),
    ("health", &["health"]),
];

/// A document as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its topic below `system/test/`.
    pub topic: String,
    /// Whether the broker had kept it.
    pub retain: bool,
    /// With its envelope.
    pub whole: Value,
}

impl Document {
    /// A member of the document; of presence, which has no envelope, as well.
    pub fn get(&self, name: &str) -> &Value {
        self.whole.get("params").unwrap_or(&self.whole).get(name).unwrap_or(&Value::Null)
    }

    /// A member that is text; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// A member that is a number.
    pub fn number(&self, name: &str) -> f64 {
        self.get(name).as_f64().unwrap_or_else(|| panic!("no {name} in {}", self.whole))
    }

    /// A member that is a time, in milliseconds since the epoch.
    pub fn time(&self, name: &str) -> i64 {
        millis(self.text(name))
    }

    /// What it says, in a line.
    pub fn gist(&self) -> String {
        let origin = self.text("originService");
        let service = if origin.is_empty() { self.text("service") } else { origin };
        let kind = match self.text("type") {
            "circuit_breaker" => format!("{}>{}", self.text("previous"), self.text("state")),
            kind => kind.to_owned(),
        };
        format!("{} {service} {kind} {}", self.topic, self.text("reason")).trim_end().to_owned()
    }
}

/// A time in a document, in milliseconds since the epoch.
pub fn millis(text: &str) -> i64 {
    let time: jiff::Timestamp = text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"));
    time.as_millisecond()
}

/// Reads along, from its start.
pub struct Watcher {
    version: Version,
    /// The ids of events, by what they are about.
    ids: BTreeMap<String, String>,
    heard: UnboundedReceiver<Message>,
    schemas: Schemas,
    log: Vec<Document>,
    line: Line,
}

impl Watcher {
    /// Connects and subscribes.
    pub async fn start(broker: (Version, u16), id: &str) -> Self {
        let (tell, heard) = unbounded_channel();
        let hook = move |_: &_, message: Message| {
            // lookout's talk with itself.
            if !message.topic.ends_with("/canary") {
                let _ = tell.send(message);
            }
        };
        let line = Line::open(broker, id, &format!("{PREFIX}#"), &Trouble::default(), hook);
        line.ready().await;
        let (version, schemas) = (broker.0, Schemas::load());
        Self { version, ids: BTreeMap::new(), heard, schemas, log: Vec::new(), line }
    }

    /// Waits until it is subscribed, after the broker was away.
    pub async fn ready(&self) {
        self.line.ready().await;
    }

    /// Everything read so far.
    pub fn log(&self) -> &[Document] {
        &self.log
    }

    /// Everything read so far of the topics of the moment, but for what people are told of it.
    pub fn spoken(&self) -> Vec<Document> {
        let spoken =
            |it: &&Document| SPOKEN.contains(&it.topic.as_str()) && it.text("type") != "alert";
        self.log.iter().filter(spoken).cloned().collect()
    }

    /// Everything read so far of one topic.
    pub fn on(&self, topic: &str) -> Vec<&Document> {
        self.log.iter().filter(|it| it.topic == topic).collect()
    }

    /// The first document from the place `from` in the log on that `wanted` takes, waited for
    /// if need be; with its place.
    pub async fn find(
        &mut self,
        from: usize,
        what: &str,
        wanted: impl Fn(&Document) -> bool,
    ) -> (usize, Document) {
        match tokio::time::timeout(PATIENCE, self.seek(from, wanted)).await {
            Ok(at) => (at, self.log[at].clone()),
            Err(_) => {
                let line = |it: &Document| format!("{} {}", it.topic, it.whole);
                let log: Vec<String> = self.log.iter().map(line).collect();
                panic!("no {what} in {PATIENCE:?}, but:\n{}", log.join("\n"));
            }
        }
    }

    async fn seek(&mut self, from: usize, wanted: impl Fn(&Document) -> bool) -> usize {
        let mut at = from;
        loop {
            while at >= self.log.len() {
                let message = self.heard.recv().await.expect("a line that mends itself");
                let document = self.read(&message);
                self.log.push(document);
            }
            if wanted(&self.log[at]) {
                return at;
            }
            at += 1;
        }
    }

    fn read(&mut self, message: &Message) -> Document {
        let text = String::from_utf8_lossy(&message.payload);
        let topic = message.topic.strip_prefix(PREFIX).expect("what was subscribed to").to_owned();
        if topic.starts_with("actions/") && message.payload.is_empty() {
            // What is no longer in force.
            return Document { topic, retain: message.retain, whole: Value::Null };
        }
        let whole: Value =
            serde_json::from_slice(&message.payload).unwrap_or_else(|e| panic!("{topic}: {e}"));
        let presence = topic.starts_with("observer/");
        let schema = if presence { "observer.json" } else { "notification.json" };
        self.schemas.check(schema, &whole).unwrap_or_else(|e| panic!("{topic}: {e}: {text}"));
        if !presence {
            let kind = whole["method"].as_str().unwrap();
            let expected = KINDS.iter().find(|(begin, _)| topic.starts_with(begin));
            assert!(expected.is_some_and(|(_, kinds)| kinds.contains(&kind)), "{topic}: {text}");
            assert_eq!(whole["params"]["type"], kind, "{topic}: {text}");
            assert_eq!(whole["params"]["clusterId"], "test", "{topic}: {text}");
            // What a scenario forges has no attributes, as its line sends none.
            let forged = whole["params"]["service"] == "Forged";
            if self.version == Version::V5 && !forged {
                self.check_event(&topic, message, &whole["params"]);
            }
        }
        Document { topic, retain: message.retain, whole }
    }
}

impl Watcher {
    /// The CloudEvents attributes are those of the document, and its id is its own.
    fn check_event(&mut self, topic: &str, message: &Message, document: &Value) {
        let told: BTreeMap<_, _> = message
            .properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let attribute = |name| told.get(name).copied().unwrap_or_default();
        let about = ["service", "originService", "pair", "component", "attack"];
        let target = ["user", "address", "client", "session"];
        let target = target.iter().find_map(|name| document["target"][*name].as_str());
        let subject = about.iter().find_map(|name| document[*name].as_str()).unwrap_or_default();
        let is_action = document["type"] == "security_action";
        let subject = if is_action { target.unwrap_or_default() } else { subject };
        for (name, value) in [
            ("specversion", "1.0"),
            ("source", "/lookout/test/lookout-e2e"),
            ("type", document["type"].as_str().unwrap_or_default()),
            ("time", document["timestamp"].as_str().unwrap_or_default()),
            ("subject", subject),
        ] {
            assert_eq!(attribute(name), value, "{name} on {topic}: {told:?}");
        }
        assert_eq!(message.content_type.as_deref(), Some("application/json"));
        let first = self.ids.entry(attribute("id").to_owned()).or_insert(document.to_string());
        assert_eq!(*first, document.to_string(), "one id, one event");
    }
}

/// What somebody finds who joins now: the documents that the broker keeps on `topics`.
pub async fn kept<const N: usize>(broker: (Version, u16), topics: [&str; N]) -> [Document; N] {
    let mut late = Watcher::start(broker, "late").await;
    let mut found = Vec::new();
    for topic in topics {
        let (_, document) = late.find(0, topic, |it| it.topic == topic).await;
        assert!(document.retain, "{topic} is kept");
        found.push(document);
    }
    let transient = |it: &&Document| it.retain && SPOKEN.contains(&it.topic.as_str());
    assert_eq!(late.log().iter().find(transient), None, "events are not kept");
    found.try_into().expect("one for each topic")
}
