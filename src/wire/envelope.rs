//! The tolerant envelope: just the members that correlation needs, borrowed from the payload.
//!
//! `jsonrpsee-types` rejects what real servers send (a null error beside a result, negative
//! ids) and copies `params`; here every member is optional and read as raw JSON, so that what
//! nobody asks for is skipped at full speed. Members that are read are decoded later, one by
//! one. Any member twice is noted. Depth is bounded before the parser sees the text: counting
//! brackets is cheap, and only a payload with more than the limit is looked at more closely.

use super::error::{Reading, read_error};
use super::keys::{Key, Seen, is_too_deep};
use super::number::integer;
use crate::observer::call::{Answer, Malformed};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::borrow::Cow;

/// Deepest nesting of a payload that is read.
pub const MAX_DEPTH: usize = 128;

/// An id in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A 64-bit integer, signed or unsigned.
    Integer(i128),
}

/// The names of a service-call document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCall<'a> {
    /// Who is called.
    pub service: Cow<'a, str>,
    /// What is called.
    pub method: Cow<'a, str>,
}

/// The members of an envelope, undecoded.
#[derive(Debug, Default)]
pub struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    reply_to: Option<&'a RawValue>,
    session_id: Option<&'a RawValue>,
    service_name: Option<&'a RawValue>,
    method_name: Option<&'a RawValue>,
    message_id: Option<&'a RawValue>,
    correlation_id: Option<&'a RawValue>,
    traceparent: Option<&'a RawValue>,
    tracestate: Option<&'a RawValue>,
    /// The members that were asked for, in that order.
    members: SmallVec<[Option<&'a RawValue>; 2]>,
    /// A member stands there twice.
    duplicate: bool,
}

/// A payload, taken apart as far as its outermost shape.
#[derive(Debug)]
// Made and taken apart once per message, on the stack; a box would cost more than the size.
#[allow(clippy::large_enum_variant)]
pub enum Body<'a> {
    /// An object.
    Object(Envelope<'a>),
    /// An array with at least one object in it.
    Batch(Vec<&'a RawValue>),
    /// Neither.
    Bad(Malformed),
}

impl<'a> Body<'a> {
    /// Takes a payload apart; `wanted` are further members to keep.
    pub fn read(payload: &'a [u8], max: usize, wanted: &[String]) -> Self {
        if payload.len() > max {
            return Self::Bad(Malformed::TooLarge);
        }
        let Ok(text) = std::str::from_utf8(payload) else {
            return Self::Bad(Malformed::NotUtf8);
        };
        match text.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first() {
            Some(b'{') => match Envelope::read(text, MAX_DEPTH, wanted) {
                Ok(envelope) => Self::Object(envelope),
                Err(kind) => Self::Bad(kind),
            },
            Some(b'[') => Self::batch(text),
            _ => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Self::Bad(Malformed::NotObject),
                Err(_) => Self::Bad(Malformed::NotJson),
            },
        }
    }

    fn batch(text: &'a str) -> Self {
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Err(_) if is_too_deep(text, MAX_DEPTH) => Self::Bad(Malformed::TooDeep),
            Err(_) => Self::Bad(Malformed::NotJson),
            Ok(elements) if elements.is_empty() => Self::Bad(Malformed::EmptyBatch),
            Ok(elements) if elements.iter().any(|e| e.get().starts_with('{')) => {
                Self::Batch(elements)
            }
            Ok(_) => Self::Bad(Malformed::NotObject),
        }
    }
}

impl<'a> Envelope<'a> {
    /// Reads one element of a batch.
    pub fn element(element: &'a RawValue, wanted: &[String]) -> Result<Self, Malformed> {
        if !element.get().starts_with('{') {
            return Err(Malformed::NotObject);
        }
        // The batch itself is one level.
        Self::read(element.get(), MAX_DEPTH - 1, wanted)
    }

    fn read(text: &'a str, depth: usize, wanted: &[String]) -> Result<Self, Malformed> {
        if is_too_deep(text, depth) {
            return Err(Malformed::TooDeep);
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        let envelope =
            Members { wanted }.deserialize(&mut parser).map_err(|_| Malformed::NotJson)?;
        parser.end().map_err(|_| Malformed::NotJson)?;
        Ok(envelope)
    }

    /// Whether a member of this name is read; `wanted` are further members that are.
    pub fn reads(name: &str, wanted: &[String]) -> bool {
        let mut envelope = Self::default();
        envelope.slot(name).is_some() || wanted.iter().any(|member| member == name)
    }

    /// Where the member of this name is kept.
    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "jsonrpc" => &mut self.jsonrpc,
            "id" => &mut self.id,
            "method" => &mut self.method,
            "result" => &mut self.result,
            "error" => &mut self.error,
            "replyTo" | "ReplyTo" => &mut self.reply_to,
            "sessionId" | "SessionId" => &mut self.session_id,
            "serviceName" | "ServiceName" => &mut self.service_name,
            "methodName" | "MethodName" => &mut self.method_name,
            "messageId" | "MessageId" => &mut self.message_id,
            "correlationId" | "CorrelationId" => &mut self.correlation_id,
            "traceparent" => &mut self.traceparent,
            "tracestate" => &mut self.tracestate,
            _ => return None,
        })
    }

    /// Whether it says which version of JSON-RPC it is.
    pub const fn is_jsonrpc(&self) -> bool {
        self.jsonrpc.is_some()
    }

    /// Whether it has a method, whatever its type.
    pub const fn has_method(&self) -> bool {
        self.method.is_some()
    }

    /// Whether it is a service-call document: both its names are strings.
    pub fn is_service_call(&self) -> bool {
        is_string(self.service_name) && is_string(self.method_name)
    }

    /// Whether it has a result, or an error that is not null.
    pub fn is_response(&self) -> bool {
        self.has_result() || self.error().is_some()
    }

    /// Whether it has a result, be it null.
    pub const fn has_result(&self) -> bool {
        self.result.is_some()
    }

    /// Its error, if it is not null.
    pub fn error(&self) -> Option<&'a RawValue> {
        self.error.filter(|error| error.get() != "null")
    }

    /// A member that was asked for, by its place.
    pub fn raw(&self, at: usize) -> Option<&'a RawValue> {
        self.members.get(at).copied().flatten()
    }

    /// Whether `jsonrpc`, if it is there, is `"2.0"`, and no member stands there twice.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.duplicate {
            return Err(Malformed::DuplicateKey);
        }
        match self.jsonrpc {
            Some(version) if string(version)? != "2.0" => Err(Malformed::BadVersion),
            _ => Ok(()),
        }
    }

    /// Its id; `None` if it is null or absent.
    pub fn id(&self) -> Result<Option<Id<'a>>, Malformed> {
        raw_id(self.id)
    }

    /// Whether the id is there, null or not.
    pub const fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// The id of a service-call document.
    pub fn message_id(&self) -> Result<Option<Id<'a>>, Malformed> {
        raw_id(self.message_id)
    }

    /// Its method; `None` if it is absent.
    pub fn method(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.method {
            None => Ok(None),
            Some(method) if is_string(Some(method)) => string(method).map(Some),
            Some(_) => Err(Malformed::BadMethod),
        }
    }

    /// The names of a service-call document, if it is one.
    pub fn service_call(&self) -> Result<Option<ServiceCall<'a>>, Malformed> {
        let (Some(service), Some(method)) = (self.service_name, self.method_name) else {
            return Ok(None);
        };
        if !self.is_service_call() {
            return Ok(None);
        }
        Ok(Some(ServiceCall { service: string(service)?, method: string(method)? }))
    }

    /// Its `replyTo`; a value that is no string counts as absent.
    pub fn reply_to(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        optional(self.reply_to)
    }

    /// Its `sessionId`; a value that is no string counts as absent.
    pub fn session_id(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        optional(self.session_id)
    }

    /// Its `correlationId`; a value that is no string counts as absent.
    pub fn correlation_id(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        optional(self.correlation_id)
    }

    /// Its `traceparent`; a value that is no string counts as absent.
    pub fn traceparent(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        optional(self.traceparent)
    }

    /// Its `tracestate`; a value that is no string counts as absent.
    pub fn tracestate(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        optional(self.tracestate)
    }

    /// What it says as a JSON-RPC response; `own` is the id by which lookout knows its own.
    pub fn answer(&self, own: &str) -> Result<Reading, Malformed> {
        let absent = |value: Option<&RawValue>| value.is_none_or(|value| value.get() == "null");
        match (self.result, self.error) {
            (None, None) => Err(Malformed::Ambiguous),
            (Some(_), error) if absent(error) => Ok(Reading::Answer(Answer::Result)),
            (None, error) if absent(error) => Err(Malformed::Ambiguous),
            (result, Some(error)) if absent(result) => read_error(error, own),
            _ => Err(Malformed::Ambiguous),
        }
    }

    /// What it says to a call that takes any payload.
    pub fn lenient_answer(&self) -> Answer {
        match self.error() {
            None => Answer::Result,
            Some(error) => match read_error(error, "") {
                Ok(Reading::Answer(answer)) => answer,
                Ok(Reading::Own) | Err(_) => Answer::Error(None),
            },
        }
    }
}

/// Reads an id; `None` if it is null or absent.
pub(super) fn raw_id(raw: Option<&RawValue>) -> Result<Option<Id<'_>>, Malformed> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => Ok(Some(Id::Text(string(raw)?))),
        Some(b'-' | b'0'..=b'9') => {
            integer(raw.get()).map(|id| Some(Id::Integer(id))).ok_or(Malformed::BadId)
        }
        _ => Err(Malformed::BadId),
    }
}

/// Whether a member is there and a string.
pub(super) fn is_string(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| raw.get().starts_with('"'))
}

/// Decodes a member that must be a string; one that is none reads as empty.
pub(super) fn string(raw: &RawValue) -> Result<Cow<'_, str>, Malformed> {
    let text = raw.get();
    if !text.starts_with('"') {
        return Ok(Cow::Borrowed(""));
    }
    match text.get(1..text.len() - 1) {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => {
            Ok(Cow::Borrowed(plain))
        }
        // A lone surrogate is the one thing that the skipping parser lets through.
        _ => serde_json::from_str(text).map(Cow::Owned).map_err(|_| Malformed::NotJson),
    }
}

fn optional(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, Malformed> {
    raw.filter(|raw| is_string(Some(raw))).map(string).transpose()
}

/// Reads the members of an envelope.
struct Members<'w> {
    wanted: &'w [String],
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Envelope<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        envelope.members.resize(self.wanted.len(), None);
        let mut seen = Seen::default();
        while let Some(Key(key)) = map.next_key()? {
            let again = seen.again(&key);
            envelope.duplicate |= again;
            let slot = envelope.slot(&key);
            let asked = self.wanted.iter().position(|member| *member == key);
            if slot.is_none() && asked.is_none() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value()?;
            if let Some(slot) = slot {
                slot.get_or_insert(value);
            }
            if let Some(slot) = asked.and_then(|at| envelope.members.get_mut(at)) {
                slot.get_or_insert(value);
            }
        }
        Ok(envelope)
    }
}
