//! The error of a reply: its code, and whether lookout itself gave it.

use super::keys::{Key, Seen};
use super::number::integer;
use crate::observer::call::{Answer, Malformed};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An answer of the service.
    Answer(Answer),
    /// A direct answer that lookout itself gave.
    Own,
}

/// What an error says where any shape of it will do: a code that is a number counts too.
pub(super) fn error_says(raw: &RawValue) -> Answer {
    if matches!(raw.get().as_bytes().first(), Some(b'-' | b'0'..=b'9')) {
        return Answer::Error(integer(raw.get()).and_then(|code| i64::try_from(code).ok()));
    }
    match read_error(raw, "") {
        Ok(Reading::Answer(answer)) => answer,
        Ok(Reading::Own) | Err(_) => Answer::Error(None),
    }
}

#[derive(Debug, Default)]
struct ErrorMembers<'a> {
    code: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    duplicate: bool,
}

/// Reads an error; `own` is the id by which lookout knows its own.
pub(super) fn read_error(raw: &RawValue, own: &str) -> Result<Reading, Malformed> {
    match raw.get().as_bytes().first() {
        Some(b'"') => return Ok(Reading::Answer(Answer::Error(None))),
        Some(b'{') => {}
        _ => return Err(Malformed::BadError),
    }
    let mut parser = serde_json::Deserializer::from_str(raw.get());
    let error = parser.deserialize_map(ErrorVisitor).map_err(|_| Malformed::NotJson)?;
    if error.duplicate {
        return Err(Malformed::DuplicateKey);
    }
    let code = error.code.filter(|code| matches!(code.get().as_bytes()[0], b'-' | b'0'..=b'9'));
    let code = code.and_then(|code| integer(code.get())).and_then(|code| i64::try_from(code).ok());
    if code == Some(crate::observer::call::SERVICE_UNAVAILABLE)
        && error.data.is_some_and(|data| is_own(data, own))
    {
        return Ok(Reading::Own);
    }
    Ok(Reading::Answer(Answer::Error(code)))
}

/// Whether an error is a direct answer that lookout itself gave.
pub(super) fn is_own_error(error: &RawValue, own: &str) -> bool {
    read_error(error, own) == Ok(Reading::Own)
}

/// Whether the data of an unavailable error names lookout as its source.
fn is_own(data: &RawValue, own: &str) -> bool {
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        source: Option<Cow<'a, str>>,
    }
    serde_json::from_str::<Data<'_>>(data.get())
        .is_ok_and(|data| data.source.is_some_and(|source| source == own))
}

/// Reads the members of an error object.
struct ErrorVisitor;

impl<'de> Visitor<'de> for ErrorVisitor {
    type Value = ErrorMembers<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut error = ErrorMembers::default();
        let mut seen = Seen::default();
        while let Some(Key(key)) = map.next_key()? {
            error.duplicate |= seen.again(&key);
            match &*key {
                "code" => error.code = Some(map.next_value()?),
                "data" => error.data = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(error)
    }
}
