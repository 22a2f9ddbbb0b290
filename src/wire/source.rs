//! Where in a message a value stands: a user property, a member of the body, a level of the topic.
//!
//! Settings write a place as `property:NAME`, `body:PATH` or `topic:NAME`. A path is a member's
//! name, or several with dots between them for members within members. All pairs together have
//! one list of the outermost members that any of them reads (`Members`), so that a body is taken
//! apart once, whoever reads it; what lies deeper is looked for only when it is asked for. A value
//! that is `null` counts as absent everywhere.

use super::envelope::{Envelope, string};
use super::keys::Key;
use super::message::Message;
use super::template::Captures;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most outermost members that the pairs may ask for together: each member of each body is
/// compared with all of them.
const MAX_MEMBERS: usize = 64;
/// Most members within members.
const MAX_DEPTH: usize = 8;

/// The outermost members that pairs read beside those that every envelope has.
#[derive(Clone, Debug, Default)]
pub struct Members(Vec<String>);

impl Members {
    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    fn index(&mut self, name: &str) -> Result<usize, String> {
        if let Some(at) = self.0.iter().position(|known| known == name) {
            return Ok(at);
        }
        if self.0.len() == MAX_MEMBERS {
            return Err(format!("at most {MAX_MEMBERS} outermost members are read in all pairs"));
        }
        self.0.push(name.to_owned());
        Ok(self.0.len() - 1)
    }
}

/// Where a member of the body stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Index of the outermost member.
    first: usize,
    /// The members within it.
    rest: Box<[Box<str>]>,
}

impl Path {
    /// A path such as `data.id`, or what is wrong with it.
    pub fn new(text: &str, members: &mut Members) -> Result<Self, String> {
        let mut names = text.split('.');
        let first = names.next().unwrap_or_default();
        let rest: Box<[Box<str>]> = names.map(Into::into).collect();
        if first.is_empty() || rest.iter().any(|name| name.is_empty()) {
            return Err("a member's name is not empty; names are joined by single dots".into());
        }
        if rest.len() >= MAX_DEPTH {
            return Err(format!("a path has at most {MAX_DEPTH} names"));
        }
        Ok(Self { first: members.index(first)?, rest })
    }

    /// The value at this place; `None` if there is none, or `null`.
    pub fn find<'a>(&self, envelope: &Envelope<'a>) -> Option<&'a RawValue> {
        let mut value = envelope.raw(self.first)?;
        for name in &self.rest {
            value = within(value, name)?;
        }
        (value.get() != "null").then_some(value)
    }

    /// Index of the outermost member, and the names within it.
    pub fn parts(&self) -> (usize, &[Box<str>]) {
        (self.first, &self.rest)
    }
}

/// The first of these places where there is something.
pub fn first<'a>(paths: &[Path], envelope: &Envelope<'a>) -> Option<&'a RawValue> {
    paths.iter().find_map(|path| path.find(envelope))
}

/// A member of an object; the first, if there are several.
pub(super) fn within<'a>(object: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    if !object.get().starts_with('{') {
        return None;
    }
    let mut parser = serde_json::Deserializer::from_str(object.get());
    parser.deserialize_map(One(name)).ok().flatten()
}

/// Reads one member of an object.
struct One<'n>(&'n str);

impl<'de> Visitor<'de> for One<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Key(key)) = map.next_key()? {
            if found.is_none() && key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A value as text: a string without its quotes, numbers, `true` and `false` as they are written;
/// what has something in it is `{}` or `[]`.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    match raw.get().as_bytes().first()? {
        b'"' => string(raw).ok(),
        b'{' => Some(Cow::Borrowed("{}")),
        b'[' => Some(Cow::Borrowed("[]")),
        _ => Some(Cow::Borrowed(raw.get())),
    }
}

/// The index of a name that stands in a reply template; `None` if it stands in none.
pub type Told<'t> = &'t dyn Fn(&str) -> Option<u8>;

/// A place in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A user property of MQTT 5.
    Property(Box<str>),
    /// A member of the body.
    Body(Path),
    /// What a name in a reply template stands for.
    Topic(u8),
    /// Which reply template it is.
    Template,
}

impl Source {
    /// A place as a setting writes it, or what is wrong with it.
    pub fn new(text: &str, told: Told<'_>, members: &mut Members) -> Result<Self, String> {
        if text == "template" {
            return Ok(Self::Template);
        }
        match text.split_once(':') {
            Some(("property", name)) if !name.is_empty() => Ok(Self::Property(name.into())),
            Some(("body", path)) => Path::new(path, members).map(Self::Body),
            Some(("topic", name)) => told(name)
                .map(Self::Topic)
                .ok_or_else(|| format!("{{{name}}} is not a name in the reply template")),
            _ => Err("property:NAME, body:PATH or topic:NAME".into()),
        }
    }

    /// The value at this place, if there is one; `template` has none.
    pub fn value<'a>(
        &self,
        message: &Message<'a>,
        envelope: Option<&Envelope<'a>>,
        values: &Captures<'a>,
    ) -> Option<Cow<'a, str>> {
        match self {
            Self::Property(name) => message.properties.user(name).map(Cow::Borrowed),
            Self::Body(path) => path.find(envelope?).and_then(text),
            Self::Topic(name) => values[usize::from(*name)].map(Cow::Borrowed),
            Self::Template => None,
        }
    }

    /// The user property it reads.
    pub fn property(&self) -> Option<&str> {
        if let Self::Property(name) = self { Some(name) } else { None }
    }

    /// The member it reads.
    pub fn path(&self) -> Option<&Path> {
        if let Self::Body(path) = self { Some(path) } else { None }
    }
}
