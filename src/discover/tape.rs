//! What was heard, kept for as long as it takes to understand it, and bounded.

use crate::observer::Instant;
use crate::wire::encoding::{Encoding, to_json};
use crate::wire::{Message, Properties, UserProperty};
use serde_json::Value;

/// Payloads beyond this are kept, but not looked into.
const LOOKED_INTO: usize = 64 << 10;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeLimits {
    /// Messages. Default 200 000: a minute at more than 3 000 messages/s.
    pub messages: usize,
    /// Bytes of topics, payloads and properties. Default 128 MiB.
    pub bytes: usize,
}

impl Default for TapeLimits {
    fn default() -> Self {
        Self { messages: 200_000, bytes: 128 << 20 }
    }
}

/// A message that was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) at: Instant,
    pub(super) topic: Box<str>,
    payload: Box<[u8]>,
    retain: bool,
    pub(super) response_topic: Option<Box<str>>,
    pub(super) correlation: Option<Box<[u8]>>,
    user: Vec<UserProperty<'static>>,
    /// Its body and what it is written in, if it can be read.
    pub(super) body: Option<(Encoding, Value)>,
}

impl Heard {
    pub(super) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            retain: self.retain,
            properties: Properties {
                response_topic: self.response_topic.as_deref(),
                correlation_data: self.correlation.as_deref(),
                message_expiry: None,
                user: &self.user,
            },
        }
    }
}

/// What was heard, in order.
#[derive(Debug, Default)]
pub struct Tape {
    heard: Vec<Heard>,
    limits: TapeLimits,
    bytes: usize,
    left_out: u64,
}

impl Tape {
    /// An empty one.
    pub fn new(limits: TapeLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Keeps a message heard at `at`, if there is room.
    pub fn hear(&mut self, at: Instant, message: &Message<'_>) {
        let properties = &message.properties;
        let user = properties.user.iter().map(|(name, value)| name.len() + value.len());
        let bytes = message.topic.len()
            + message.payload.len()
            + properties.response_topic.map_or(0, str::len)
            + properties.correlation_data.map_or(0, <[u8]>::len)
            + user.sum::<usize>();
        if self.heard.len() >= self.limits.messages || self.bytes + bytes > self.limits.bytes {
            self.left_out += 1;
            return;
        }
        self.bytes += bytes;
        let own =
            |(name, value): &UserProperty<'_>| (name.to_string().into(), value.to_string().into());
        self.heard.push(Heard {
            at,
            topic: message.topic.into(),
            payload: message.payload.into(),
            retain: message.retain,
            response_topic: properties.response_topic.map(Into::into),
            correlation: properties.correlation_data.map(Into::into),
            user: properties.user.iter().map(own).collect(),
            body: body(message.payload),
        });
    }

    /// How many messages are kept.
    pub fn len(&self) -> usize {
        self.heard.len()
    }

    /// Whether nothing was heard.
    pub fn is_empty(&self) -> bool {
        self.heard.is_empty()
    }

    /// How many messages found no room.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Those that are no old messages from the broker's store.
    pub(super) fn live(&self) -> impl Iterator<Item = usize> {
        self.heard.iter().enumerate().filter(|(_, heard)| !heard.retain).map(|(at, _)| at)
    }

    pub(super) fn get(&self, at: usize) -> Option<&Heard> {
        self.heard.get(at)
    }

    /// Whether a payload is written in CBOR or MessagePack.
    pub(super) fn has_binary(&self) -> bool {
        let binary =
            |heard: &Heard| heard.body.as_ref().is_some_and(|(it, _)| *it != Encoding::Json);
        self.heard.iter().any(binary)
    }
}

/// A body that is an object. Almost any bytes are CBOR or MessagePack of something, so only an
/// object with text for its keys counts.
fn body(payload: &[u8]) -> Option<(Encoding, Value)> {
    if payload.len() > LOOKED_INTO {
        return None;
    }
    let object = |json: &[u8]| {
        serde_json::from_slice::<Value>(json).ok().filter(|value| match value {
            Value::Object(members) => !members.is_empty(),
            _ => false,
        })
    };
    if let Some(value) = object(payload) {
        return Some((Encoding::Json, value));
    }
    if std::str::from_utf8(payload).is_ok() {
        return None;
    }
    [Encoding::Cbor, Encoding::MessagePack].into_iter().find_map(|encoding| {
        let mut json = Vec::new();
        to_json(payload, encoding, &|_| true, &mut json).ok()?;
        let named = |value: &Value| {
            let text = |key: &String| key.starts_with(|c: char| c.is_alphabetic() || c == '_');
            value.as_object().is_some_and(|members| members.keys().all(text))
        };
        object(&json).filter(named).map(|value| (encoding, value))
    })
}
