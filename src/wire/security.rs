//! Security documents: what an authentication or authorization service says of an attempt.
//!
//! There is no standard for them, so members are found under the names that are in use, and what is
//! missing is taken from the topic. Whoever may publish on such a topic may write anything: bodies
//! are bounded, texts are cut where they are kept, times that a document names are not believed.

use super::message::Message;
use super::template::{Captures, MAX_NAMES, Template};
use super::who::{host, name};
use crate::observer::digest::{DigestKey, Kind};
use crate::security::sign::{Attempt, Sign, Who};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;

/// Largest body that is read, in bytes.
const LARGEST: usize = 64 * 1_024;

/// What a topic says of what is published on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'t> {
    /// The last level that is a name: `login`, `denied`, …
    pub kind: &'t str,
    /// The service that it is about.
    pub service: Option<&'t str>,
    /// Whether rights are asked for on it, by its own name.
    pub rights: bool,
}

impl<'t> Place<'t> {
    /// That of a topic that this template matches.
    pub(super) fn new(
        topic: &'t str,
        template: &Template,
        kind: Option<u8>,
        service: Option<u8>,
    ) -> Option<Self> {
        let mut values: Captures<'t> = [None; MAX_NAMES];
        if !template.captures(topic, &mut values) {
            return None;
        }
        let value = |at: Option<u8>| at.and_then(|at| values[usize::from(at)]);
        let rights = topic.split('/').any(|level| matches!(level, "authz" | "authorization"));
        Some(Self { kind: value(kind).unwrap_or(topic), service: value(service), rights })
    }
}

/// The members of a document, each the first of its names that is there.
#[derive(Debug, Default)]
struct Document<'a> {
    user: Option<Cow<'a, str>>,
    address: Option<Cow<'a, str>>,
    client: Option<Cow<'a, str>>,
    session: Option<Cow<'a, str>>,
    granted: Option<bool>,
    reason: Option<Cow<'a, str>>,
    service: Option<Cow<'a, str>>,
    right: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
}

/// What a message on a security topic says; `None` if nothing of it can be used.
pub(super) fn read<R>(
    key: &DigestKey,
    message: &Message<'_>,
    place: Place<'_>,
    tell: impl FnOnce(Sign<'_>) -> R,
) -> Option<R> {
    let body = Some(message.payload).filter(|body| body.len() <= LARGEST)?;
    let said: Document<'_> = serde_json::from_slice(body).ok()?;
    let who = Who {
        user: name(key, Kind::User, said.user.as_deref()),
        address: name(key, Kind::Address, said.address.as_deref().map(host)),
        client: name(key, Kind::Client, said.client.as_deref()),
        session: name(key, Kind::Session, said.session.as_deref()),
    };
    if who.user.is_none() && who.address.is_none() && who.client.is_none() {
        return None;
    }
    let kind = said.kind.as_deref().unwrap_or(place.kind);
    let service = said.service.as_deref().or(place.service);
    let attempt = Attempt {
        who,
        granted: said.granted.or_else(|| granted(kind)).or_else(|| granted(place.kind))?,
        reason: said.reason.as_deref(),
        service: name(key, Kind::Service, service),
        right: name(key, Kind::Right, said.right.as_deref()),
    };
    let login = kind.contains("login") || kind.contains("logon") || kind.contains("authn");
    let rights = !login && (place.rights || place.service.is_some() || attempt.right.is_some());
    Some(tell(if rights { Sign::Access(attempt) } else { Sign::Login(attempt) }))
}

/// Whether a word says that something was granted, if it says anything.
fn granted(word: &str) -> Option<bool> {
    // `unsuccessful` is no success, and `not_allowed` nothing that is allowed.
    const NO: [&str; 11] = [
        "fail",
        "denied",
        "deny",
        "denial",
        "reject",
        "refus",
        "invalid",
        "unsuccess",
        "unauth",
        "forbid",
        "block",
    ];
    const YES: [&str; 7] =
        ["success", "succeed", "grant", "allow", "accept", "authorized", "authenticated"];
    let word = word.to_ascii_lowercase();
    if let Ok(status) = word.parse::<u16>() {
        // As HTTP has them.
        return match status {
            200..=299 => Some(true),
            400..=599 => Some(false),
            _ => None,
        };
    }
    let has = |words: &[&str]| words.iter().any(|it| word.contains(it));
    let no =
        has(&NO) || word.contains("disallow") || word.contains("not_") || word.contains("not ");
    if no {
        return Some(false);
    }
    (word == "ok" || word == "permit" || word == "permitted" || has(&YES)).then_some(true)
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members { depth: 0 })
    }
}

/// Reads members, and those of an object within one level.
struct Members {
    depth: u8,
}

impl<'de> Visitor<'de> for Members {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut said = Document::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let slot = match &*key {
                "user" | "userId" | "user_id" | "username" | "userName" | "principal" | "sub" => {
                    &mut said.user
                }
                "address" | "ip" | "ipAddress" | "ip_address" | "clientIp" | "clientIpAddress"
                | "remoteAddress" | "sourceIp" | "peerhost" | "peername" => &mut said.address,
                "client" | "clientId" | "client_id" | "clientid" => &mut said.client,
                "session" | "sessionId" | "session_id" => &mut said.session,
                "reason" | "message" | "error" | "detail" => &mut said.reason,
                "service" | "serviceName" | "target" => &mut said.service,
                "right" | "permission" | "action" | "scope" | "role" | "resource" => {
                    &mut said.right
                }
                "event" | "eventType" | "type" | "kind" => &mut said.kind,
                "success" | "granted" | "allowed" | "authorized" | "authenticated" | "result"
                | "outcome" | "status" => {
                    let value: Value<'de> = map.next_value()?;
                    let read = match value {
                        Value::Flag(flag) => Some(flag),
                        Value::Text(text) => granted(&text),
                        Value::Object(_) | Value::Other => None,
                    };
                    said.granted = said.granted.or(read);
                    continue;
                }
                "userContext" | "context" | "details" | "data" | "params" if self.depth == 0 => {
                    if let Value::Object(within) = map.next_value()? {
                        said.add(*within);
                    }
                    continue;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value: Value<'de> = map.next_value()?;
            if let (None, Value::Text(text)) = (&slot, value) {
                *slot = Some(text);
            }
        }
        Ok(said)
    }
}

impl<'a> Document<'a> {
    /// Adds what stands within, where nothing is said outside.
    fn add(&mut self, within: Self) {
        let Self { user, address, client, session, granted, reason, service, right, kind } = within;
        self.granted = self.granted.or(granted);
        for (own, other) in [
            (&mut self.user, user),
            (&mut self.address, address),
            (&mut self.client, client),
            (&mut self.session, session),
            (&mut self.reason, reason),
            (&mut self.service, service),
            (&mut self.right, right),
            (&mut self.kind, kind),
        ] {
            if own.is_none() {
                *own = other;
            }
        }
    }
}

/// A member's value, as far as it is of use.
enum Value<'a> {
    Flag(bool),
    Text(Cow<'a, str>),
    Object(Box<Document<'a>>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        // One level: what is deeper is skipped.
        Members { depth: 1 }.visit_map(map).map(|within| Value::Object(Box::new(within)))
    }
}
