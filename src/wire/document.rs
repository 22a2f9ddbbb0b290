//! A document ready to be published.

use super::cloudevent::CloudEvent;
use crate::observer::Instant;

/// A document as a line of `lookout replay`; `payload` is JSON, and nothing clears the topic.
pub fn line(at: Instant, topic: &str, retain: bool, payload: Option<&str>) -> String {
    let topic = serde_json::Value::from(topic);
    let payload = payload.unwrap_or("null");
    format!(r#"{{"ts":{},"topic":{topic},"retain":{retain},"payload":{payload}}}"#, at.micros())
}

/// What kind of document a payload says it is: the method of its envelope, or its own type; `None` if it says
/// nothing that can be read.
pub fn kind(payload: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Read<'a> {
        #[serde(borrow, default)]
        method: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow, default)]
        r#type: Option<std::borrow::Cow<'a, str>>,
    }
    let short = payload.len() <= 1 << 16;
    let read: Read<'_> = short.then(|| serde_json::from_slice(payload).ok()).flatten()?;
    read.method.or(read.r#type).map(|it| it.chars().take(64).collect())
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
