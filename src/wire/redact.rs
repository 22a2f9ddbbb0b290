//! Takes the content out of payloads and leaves what correlation and the figures need.
//!
//! The rule is exact: a redacted message gives the same inputs as the message itself, read under
//! the same traffic rules. So what stays is what is read: ids, names of services and methods,
//! where replies go, session, correlation id and trace, which of `result` and `error` is there,
//! the code of an error, members that a reply template asks for. Everything else goes, and what
//! cannot be read is replaced by the shortest payload that cannot be read for the same reason.
//! On topics that are only counted or ignored, and of retained messages, nothing stays.
//!
//! No payload grows, or a batch near the limit would become too large by being redacted; so
//! values that only have to be there become `0`.

use super::envelope::{Body, Envelope, is_own_error, is_string, raw_id, string};
use super::keys::{Key, Seen};
use super::message::{Message, UserProperty};
use super::number::integer;
use super::traffic::{Sorted, Traffic};
use crate::observer::call::Malformed;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value that is no JSON where it is decoded, and where it is skipped is some string.
const UNDECODABLE: &str = r#""\ud800""#;
/// An object that is no JSON where its keys are read.
const UNREADABLE: &str = r#"{"\ud800":0}"#;
/// Two members of one name that nobody reads.
const TWICE: &str = r#""":0,"":0"#;
/// An id that is none.
const NO_ID: &str = "[]";

/// Takes the content out of messages.
#[derive(Clone, Debug)]
pub struct Redactor {
    traffic: Traffic,
}

impl Redactor {
    /// A redactor for these traffic rules.
    pub fn new(traffic: Traffic) -> Self {
        Self { traffic }
    }

    /// The payload of a message without its content; at most as long as before.
    pub fn payload(&self, message: &Message<'_>) -> Vec<u8> {
        let Sorted::Pairs(place) = self.traffic.sort(message.topic) else { return Vec::new() };
        if message.retain {
            return Vec::new();
        }
        let wanted = place.call.as_ref().map_or(&[][..], |(pair, _)| pair.members.as_slice());
        let work = Work { wanted, own: &self.traffic.observer_id };
        let payload = message.payload;
        let text = match Body::read(payload, self.traffic.max_payload, wanted) {
            Body::Bad(kind) => return self.unreadable(payload, kind),
            Body::Object(_) => work.object(std::str::from_utf8(payload).unwrap_or_default()),
            Body::Batch(elements) => {
                let elements: Vec<_> =
                    elements.iter().map(|element| work.element(element)).collect();
                format!("[{}]", elements.join(","))
            }
        };
        text.into_bytes()
    }

    /// The user properties of a message that are read.
    pub fn user<'a>(&self, message: &Message<'a>) -> Vec<UserProperty<'a>> {
        let read = |(name, _): &&UserProperty<'_>| self.traffic.reads_property(name);
        message.properties.user.iter().filter(read).cloned().collect()
    }

    /// A payload without content that cannot be read for the same reason.
    fn unreadable(&self, payload: &[u8], kind: Malformed) -> Vec<u8> {
        match kind {
            Malformed::TooLarge => vec![b' '; self.traffic.max_payload.saturating_add(1)],
            Malformed::NotUtf8 => vec![0xff],
            // Depth is judged before the rest, so that nothing needs to be closed.
            Malformed::TooDeep => too_deep(),
            Malformed::NotObject => b"0".to_vec(),
            Malformed::EmptyBatch => b"[]".to_vec(),
            // `not_json`; no other kind is one of a whole payload.
            _ if payload.is_empty() => Vec::new(),
            _ => b"?".to_vec(),
        }
    }
}

/// Brackets that nest one deeper than is read.
fn too_deep() -> Vec<u8> {
    let mut text = vec![b'{'];
    text.resize(super::envelope::MAX_DEPTH + 1, b'[');
    text
}

/// What the redaction of one payload needs to know.
#[derive(Clone, Copy)]
struct Work<'r> {
    /// Members that a reply template asks for.
    wanted: &'r [(u8, String)],
    /// lookout's own id.
    own: &'r str,
}

impl Work<'_> {
    /// One element of a batch.
    fn element(self, element: &RawValue) -> String {
        match Envelope::element(element, self.wanted) {
            Ok(_) => self.object(element.get()),
            Err(Malformed::TooDeep) => {
                let inner = super::envelope::MAX_DEPTH - 1;
                format!(r#"{{"":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
            }
            Err(Malformed::NotObject) => "0".to_owned(),
            Err(_) => UNREADABLE.to_owned(),
        }
    }

    /// An object that can be read as an envelope.
    fn object(self, text: &str) -> String {
        let mut parser = serde_json::Deserializer::from_str(text);
        // It was read before.
        let members = Kept(self).deserialize(&mut parser).unwrap_or_default();
        format!("{{{}}}", members.join(","))
    }

    /// The value of a member with its content taken out; `None` if nobody reads it.
    fn value(self, key: &str, value: &RawValue) -> Option<String> {
        let text = value.get();
        Some(match key {
            "jsonrpc" => match string(value) {
                Ok(version) if version == "2.0" => r#""2.0""#.to_owned(),
                Ok(_) => "0".to_owned(),
                Err(_) => UNDECODABLE.to_owned(),
            },
            "id" | "messageId" | "MessageId" => match raw_id(Some(value)) {
                Ok(_) => text.to_owned(),
                Err(Malformed::NotJson) => UNDECODABLE.to_owned(),
                Err(_) => NO_ID.to_owned(),
            },
            "result" if text == "null" => text.to_owned(),
            "result" => "0".to_owned(),
            "error" => self.error(value),
            "method" | "replyTo" | "ReplyTo" | "sessionId" | "SessionId" | "serviceName"
            | "ServiceName" | "methodName" | "MethodName" | "correlationId" | "CorrelationId"
            | "traceparent" => name(value),
            key if self.wanted.iter().any(|(_, member)| member == key) => name(value),
            _ => return None,
        })
    }

    /// An error with its code and nothing else, but for the mark of lookout's own.
    fn error(self, value: &RawValue) -> String {
        match value.get().as_bytes().first() {
            Some(b'n') => return "null".to_owned(),
            Some(b'"') => return r#""""#.to_owned(),
            Some(b'{') => {}
            _ => return "0".to_owned(),
        }
        let mut parser = serde_json::Deserializer::from_str(value.get());
        let Ok((code, twice)) = parser.deserialize_map(Error) else { return UNREADABLE.to_owned() };
        if twice {
            return format!("{{{TWICE}}}");
        }
        let code = code.map(|code| format!(r#""code":{code}"#)).unwrap_or_default();
        if is_own_error(value, self.own) {
            let source = serde_json::Value::from(self.own);
            return format!(r#"{{{code},"data":{{"source":{source}}}}}"#);
        }
        format!("{{{code}}}")
    }
}

/// A string as it is; anything else would not be read.
fn name(value: &RawValue) -> String {
    if is_string(Some(value)) { value.get().to_owned() } else { "0".to_owned() }
}

/// Reads the members of an object that stay, as they will be written.
struct Kept<'r>(Work<'r>);

impl<'de> DeserializeSeed<'de> for Kept<'_> {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut members, mut seen, mut twice) = (Vec::new(), Seen::default(), false);
        while let Some(Key(key)) = map.next_key()? {
            let again = seen.again(&key);
            match self.0.value(&key, map.next_value()?) {
                // Only the first counts; one more of any name is enough to see that it is not alone.
                Some(value) if !again => {
                    members.push(format!("{}:{value}", serde_json::Value::from(&*key)));
                }
                Some(_) if !twice => members.push(format!("{}:0", serde_json::Value::from(&*key))),
                None if again && !twice => members.push(TWICE.to_owned()),
                _ => {}
            }
            twice |= again;
        }
        Ok(members)
    }
}

/// Reads the code of an error as it was written, if it is one, and whether a member stands there
/// twice.
struct Error;

impl<'de> Visitor<'de> for Error {
    type Value = (Option<&'de str>, bool);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut code, mut seen, mut twice) = (None, Seen::default(), false);
        while let Some(Key(key)) = map.next_key()? {
            twice |= seen.again(&key);
            if key == "code" {
                let raw: &RawValue = map.next_value()?;
                let number = matches!(raw.get().as_bytes().first(), Some(b'-' | b'0'..=b'9'));
                let fits = |raw: &str| integer(raw).is_some_and(|code| i64::try_from(code).is_ok());
                code = Some(raw.get()).filter(|raw| number && fits(raw));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok((code, twice))
    }
}
