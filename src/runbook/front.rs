//! The front matter of a runbook: its title, and what it is for.

use super::criteria::{Criteria, EVENTS, KINDS, NAMES, SEVERITIES};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Most values of one criterion, and most characters of one.
const VALUES: usize = 64;
const LENGTH: usize = 256;

/// The front matter.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) title: String,
    pub(super) criteria: Criteria,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    #[serde(default, rename = "match")]
    wanted: Wanted,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    alert: Values,
    service: Values,
    component: Values,
    reason: Values,
    kind: Values,
    event: Values,
    severity: Values,
}

/// One value or several.
#[derive(Default)]
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, value: &str) -> Result<Values, E> {
                Ok(Values(vec![value.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<String>()? {
                    values.push(value);
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// What the reader of YAML found, without what it says of lines and of itself.
fn brief(said: &str) -> String {
    let ends = [" at line ", ", expected ", ", set Duplicate", "\n"];
    let end = ends.iter().filter_map(|end| said.find(end)).min();
    said.get(..end.unwrap_or(said.len())).unwrap_or_default().to_owned()
}

/// Reads a front matter. Errors: the line, counted from 1 in it, what was found, and what would be
/// right.
pub(super) fn read(text: &str) -> Result<Front, (usize, String, String)> {
    let options = serde_saphyr::options! { with_snippet: false };
    let read: Result<Written, _> = serde_saphyr::from_str_with_options(text, options);
    let written = read.map_err(|error| {
        let line = error.location().map_or(1, |at| at.line() as usize);
        let allowed = format!(
            "title (in quotes if it begins with a brace), and under match any of {}, each with a text \
             or a list of texts",
            NAMES.join(", ")
        );
        (line, brief(&error.to_string()), allowed)
    })?;
    // Where a value stands is known from the text alone once it was read.
    let line_of = |what: &str| {
        let found = text.lines().position(|line| line.contains(what));
        found.map_or(1, |at| at + 1)
    };
    if written.title.trim().is_empty() || written.title.contains('\n') {
        return Err((line_of("title"), "no title".to_owned(), "one line of text".to_owned()));
    }
    let Wanted { alert, service, component, reason, kind, event, severity } = written.wanted;
    let all = [alert, service, component, reason, kind, event, severity].map(|values| values.0);
    for (name, values) in NAMES.into_iter().zip(&all) {
        let known: &[&str] = match name {
            "event" => &EVENTS,
            "kind" => &KINDS,
            "severity" => &SEVERITIES,
            _ => &[],
        };
        if values.len() > VALUES {
            let found = format!("{} values of {name}", values.len());
            return Err((line_of(name), found, format!("at most {VALUES}")));
        }
        for value in values {
            let begin = value.strip_suffix('*').unwrap_or(value);
            let may_be = |known: &&str| {
                if begin.len() < value.len() { known.starts_with(begin) } else { *known == value }
            };
            if !known.is_empty() && !known.iter().any(may_be) {
                return Err((line_of(value), format!("{name} {value:?}"), known.join(", ")));
            }
            if begin.is_empty() || value.chars().nth(LENGTH).is_some() || begin.contains('*') {
                let allowed =
                    format!("1 to {LENGTH} characters, of which the last may be a * for any end");
                return Err((line_of(name), format!("{name} {value:?}"), allowed));
            }
        }
    }
    Ok(Front { title: written.title.trim().to_owned(), criteria: Criteria(all) })
}
