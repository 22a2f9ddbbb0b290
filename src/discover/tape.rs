//! What was heard, kept for as long as it takes to understand it, and bounded.
//!
//! Of a body only that is kept in parts in which ids, methods and outcomes are looked for: members
//! and the members within them, short texts, plain names. A name goes into the lines of a
//! configuration and into comments, so one that could end either is none.

use crate::observer::Instant;
use crate::wire::encoding::{Encoding, to_json};
use crate::wire::{Message, Recorded};
use serde_json::{Map, Value};

/// Payloads beyond this are kept, but not looked into.
const LOOKED_INTO: usize = 64 << 10;
/// Bytes of a member's name, and of a text that may be an id or a name.
const NAME: usize = 64;
const TEXT: usize = 256;
/// What a member in parts takes beside its name, and an object beside its members, in bytes.
const MEMBER: usize = 64;
const OBJECT: usize = 640;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeLimits {
    /// Messages. Default 200 000: a minute at more than 3 000 messages/s.
    pub messages: usize,
    /// Bytes of messages, whole and in parts. Default 256 MiB.
    pub bytes: usize,
}

impl Default for TapeLimits {
    fn default() -> Self {
        Self { messages: 200_000, bytes: 256 << 20 }
    }
}

/// A message that was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) at: Instant,
    recorded: Recorded<'static>,
    /// Its body in parts and what it is written in, if it can be read.
    pub(super) body: Option<(Encoding, Value)>,
}

impl Heard {
    pub(super) fn message(&self) -> Message<'_> {
        self.recorded.message()
    }

    pub(super) fn topic(&self) -> &str {
        self.message().topic
    }

    /// Where its reply is to go, if it says so.
    pub(super) fn response_topic(&self) -> Option<&str> {
        self.message().properties.response_topic.filter(|topic| !topic.is_empty())
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
        let body = body(message.payload);
        let user = properties.user.iter().map(|(name, value)| MEMBER + name.len() + value.len());
        let bytes = size_of::<Heard>()
            + message.topic.len()
            + message.payload.len()
            + properties.response_topic.map_or(0, str::len)
            + properties.correlation_data.map_or(0, <[u8]>::len)
            + user.sum::<usize>()
            + body.as_ref().map_or(0, |(_, value)| weight(value));
        if self.heard.len() >= self.limits.messages || self.bytes + bytes > self.limits.bytes {
            self.left_out += 1;
            return;
        }
        self.bytes += bytes;
        self.heard.push(Heard { at, recorded: message.into(), body });
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
        self.heard.iter().enumerate().filter(|(_, heard)| !heard.message().retain).map(|(at, _)| at)
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
    let object = |json: &[u8]| match serde_json::from_slice::<Value>(json) {
        Ok(Value::Object(members)) if !members.is_empty() => Some(members),
        _ => None,
    };
    let parts = |members| Value::Object(parts(members, true));
    if let Some(members) = object(payload) {
        return Some((Encoding::Json, parts(members)));
    }
    if std::str::from_utf8(payload).is_ok() {
        return None;
    }
    [Encoding::Cbor, Encoding::MessagePack].into_iter().find_map(|encoding| {
        let mut json = Vec::new();
        to_json(payload, encoding, &|_| true, &mut json).ok()?;
        let text = |key: &String| key.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let members = object(&json).filter(|members| members.keys().all(text))?;
        Some((encoding, parts(members)))
    })
}

/// The members that are looked at; of those within them, where there are any, one level more.
fn parts(members: Map<String, Value>, within: bool) -> Map<String, Value> {
    let plain = |c: char| !c.is_control() && !matches!(c, '"' | '\\' | '.');
    let named = |name: &str| (1..=NAME).contains(&name.len()) && name.chars().all(plain);
    let part = |value| match value {
        Value::Object(members) if within => Value::Object(parts(members, false)),
        Value::Object(_) | Value::Array(_) => Value::Null,
        Value::String(text) if text.len() > TEXT => Value::Null,
        scalar => scalar,
    };
    let kept = members.into_iter().filter(|(name, _)| named(name));
    kept.map(|(name, value)| (name, part(value))).collect()
}

/// What a value takes in memory, roughly and not too little.
fn weight(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let each = |(name, value): (&String, &Value)| MEMBER + name.len() + weight(value);
            OBJECT + members.iter().map(each).sum::<usize>()
        }
        Value::String(text) => text.len(),
        _ => 0,
    }
}
