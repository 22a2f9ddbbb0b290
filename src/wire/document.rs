//! A document ready to be published.

use super::cloudevent::CloudEvent;
use crate::observer::Instant;

/// A document as a line of `lookout replay`; `payload` is JSON, and nothing clears the topic.
pub fn line(at: Instant, topic: &str, retain: bool, payload: Option<&str>) -> String {
    let topic = serde_json::Value::from(topic);
    let payload = payload.unwrap_or("null");
    format!(r#"{{"ts":{},"topic":{topic},"retain":{retain},"payload":{payload}}}"#, at.micros())
}

/// One publication that lookout wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// When the event happened.
    pub at: Instant,
    /// Where it goes.
    pub topic: String,
    /// Whether the broker keeps it for those who join late.
    pub retain: bool,
    /// Whether it is the last to be dropped when the outbox is full.
    pub critical: bool,
    /// Its JSON; `None` clears a retained topic.
    pub payload: Option<String>,
    /// The Correlation Data of the call that it answers.
    pub correlation: Option<Box<[u8]>>,
    /// What routers may know of it; nothing if it clears a topic.
    pub event: Option<Box<CloudEvent>>,
}
