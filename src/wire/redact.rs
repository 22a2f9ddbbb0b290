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

use super::dialect::Kept;
use super::encoding::Encoding;
use super::envelope::{Body, Envelope, is_string, raw_id, string};
use super::error::is_own_error;
use super::keys::{Key, Seen};
use super::message::{Message, UserProperty};
use super::number::integer;
use super::pair::Outer;
use super::read::encoding;
use super::source::Path;
use super::traffic::{Place, Sorted, Traffic};
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
        let payload = message.payload;
        if encoding(&place) != Encoding::Json {
            // It was not read but for its length; a recorder refuses what would have to be.
            let long = payload.len() > self.traffic.max_payload;
            return if long { self.unreadable(payload, Malformed::TooLarge) } else { Vec::new() };
        }
        let wanted = self.traffic.members();
        let wants = wants(&place, wanted);
        let work = Work { wanted, wants: &wants, own: &self.traffic.observer_id };
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

/// What a pair asks of a member.
#[derive(Clone, Copy)]
struct Want<'r> {
    member: &'r str,
    /// The members within it.
    rest: &'r [Box<str>],
    kept: Kept,
}

/// What the pairs of a topic ask of its bodies.
fn wants<'r>(place: &Place<'r, '_>, members: &'r [String]) -> Vec<Want<'r>> {
    let called = place.call.as_ref().map(|(pair, _)| *pair);
    let pairs = called.into_iter().chain(place.replies.iter().map(|reply| reply.pair));
    let paths = pairs.flat_map(|pair| {
        let outer = pair.outer.iter().filter_map(|(_, outer)| match outer {
            Outer::Body(path) => Some((path, Kept::Scalar)),
            Outer::Property(_) => None,
        });
        outer.chain(pair.dialect.iter().flat_map(|dialect| dialect.paths()))
    });
    let want = |(path, kept): (&'r Path, Kept)| {
        let (first, rest) = path.parts();
        Some(Want { member: members.get(first)?, rest, kept })
    };
    paths.filter_map(want).collect()
}

/// What is read of a member that every envelope has.
fn standard(key: &str) -> Option<Kept> {
    match key {
        "result" => Some(Kept::Presence),
        "error" => Some(Kept::Error),
        key if Envelope::reads(key, &[]) => Some(Kept::Scalar),
        _ => None,
    }
}

/// A value without what nobody asks for; of an object only the members on the way to what is.
fn skeleton(value: &RawValue, asked: &[(&[Box<str>], Kept)]) -> String {
    let text = value.get();
    let here = |kept: Kept| asked.iter().any(|(rest, own)| rest.is_empty() && *own == kept);
    match text.as_bytes().first() {
        Some(b'{') => {
            let mut parser = serde_json::Deserializer::from_str(text);
            let Ok(members) = parser.deserialize_map(Skeleton(asked)) else {
                return UNREADABLE.to_owned();
            };
            format!("{{{}}}", members.join(","))
        }
        Some(b'[') => "[]".to_owned(),
        Some(b'"') if here(Kept::Scalar) => text.to_owned(),
        Some(b'"') => r#""""#.to_owned(),
        _ if here(Kept::Scalar) || here(Kept::Error) || matches!(text, "null" | "false") => {
            text.to_owned()
        }
        _ => "0".to_owned(),
    }
}

/// Reads the members of an object on the way to what is asked for.
struct Skeleton<'r>(&'r [(&'r [Box<str>], Kept)]);

impl<'de> Visitor<'de> for Skeleton<'_> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<String> = Vec::new();
        let error = self.0.iter().any(|(rest, kept)| rest.is_empty() && *kept == Kept::Error);
        // Who made an error stands within its data.
        let source: [Box<str>; 1] = ["source".into()];
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            let within = self.0.iter().filter_map(|(rest, kept)| {
                let (first, rest) = rest.split_first()?;
                (**first == *key).then_some((rest, *kept))
            });
            let mut asked: Vec<_> = within.collect();
            match &*key {
                "code" if error => asked.push((&[][..], Kept::Scalar)),
                "data" if error => asked.push((&source[..], Kept::Scalar)),
                _ => {}
            }
            if !asked.is_empty() {
                let value = skeleton(value, &asked);
                members.push(format!("{}:{value}", serde_json::Value::from(&*key)));
            }
        }
        Ok(members)
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
    /// Members that some pair asks for.
    wanted: &'r [String],
    /// What the pairs of this topic ask for.
    wants: &'r [Want<'r>],
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
        let members = Members(self).deserialize(&mut parser).unwrap_or_default();
        format!("{{{}}}", members.join(","))
    }

    /// The value of a member with its content taken out; `None` if nobody reads it.
    fn value(self, key: &str, value: &RawValue) -> Option<String> {
        let text = value.get();
        let asked = self.wants.iter().filter(|want| want.member == key);
        let mut asked: Vec<_> = asked.map(|want| (want.rest, want.kept)).collect();
        if !asked.is_empty() {
            asked.extend(standard(key).map(|kept| (&[][..], kept)));
            return Some(skeleton(value, &asked));
        }
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
struct Members<'r>(Work<'r>);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
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
