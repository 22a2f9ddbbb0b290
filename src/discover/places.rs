//! Where a message may hold an id: members of its body, levels of its topic.

use super::tape::Heard;
use serde_json::Value;

/// Places of one message that are looked at.
const MOST: usize = 24;
/// Bytes of an id; longer ones are taken for content.
const LONGEST: usize = 128;

/// A place that may hold an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    /// A member of the body, by its path.
    Body(String),
    /// A level of the topic, from 0.
    Level(usize),
}

/// The places of a message with what they hold. Texts and integers differ: `1` is not `"1"`, but a
/// level of a topic is both.
pub(super) fn places(heard: &Heard) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    if let Some((_, Value::Object(members))) = &heard.body {
        for (name, value) in members {
            if let Some(id) = id(value) {
                found.push((Place::Body(name.clone()), id));
            }
            for (inner, value) in value.as_object().into_iter().flatten() {
                if let Some(id) = id(value) {
                    found.push((Place::Body(format!("{name}.{inner}")), id));
                }
            }
        }
    }
    for (at, level) in heard.topic().split('/').enumerate() {
        if (1..=LONGEST).contains(&level.len()) && level.bytes().any(|b| b.is_ascii_digit()) {
            found.push((Place::Level(at), level.to_owned()));
        }
    }
    found.truncate(MOST);
    found
}

/// What may be an id: text, or an integer that is no time.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if (1..=LONGEST).contains(&text.len()) => {
            // Dates are shared by whatever happens at once.
            let date = text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-');
            (!date || !text.contains(':')).then(|| text.clone())
        }
        Value::Number(number) => {
            let whole = number.as_i64()?;
            // Seconds, milliseconds and more since 1970 are times, and as such are shared.
            (!(1_000_000_000..).contains(&whole)).then(|| whole.to_string())
        }
        _ => None,
    }
}
