//! Text with placeholders: `{service} does not answer, see `service.{service}.patience``.
//!
//! A placeholder is `{`, a name of lower-case letters and `_`, and `}`, with nothing else between.
//! Braces that hold anything else are themselves, so `{print $1}`, `{ end }` and `{"a":1}` need no
//! care; `${name}` is a variable of the shell and `%{name}` one of curl, and all between `{{` and `}}` stays as it is, which is
//! how Docker and Go write templates.
//!
//! What stands between backticks may be copied into a terminal, so values there are quoted as in
//! commands. Elsewhere they are shown as they are, and in Markdown escaped.

use super::shell;
use super::values::Values;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As written.
    Literal(String),
    /// The name of a placeholder.
    Place(String),
}

/// Takes a line apart into literals and placeholders.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(next) = text.get(at..).and_then(|rest| rest.find('{')) {
        at += next;
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("{{") {
            at += rest.find("}}").map_or(2, |end| end + 2);
            continue;
        }
        match place(rest)
            .filter(|_| !text.get(..at).is_some_and(|before| before.ends_with(['$', '%'])))
        {
            None => at += 1,
            Some(name) => {
                if from < at {
                    pieces.push(Piece::Literal(text.get(from..at).unwrap_or_default().to_owned()));
                }
                pieces.push(Piece::Place(name.to_owned()));
                at += name.len() + 2;
                from = at;
            }
        }
    }
    match text.get(from..) {
        Some(rest) if !rest.is_empty() => pieces.push(Piece::Literal(rest.to_owned())),
        _ => {}
    }
    pieces
}

/// The name of the placeholder that a text begins with.
fn place(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// A text, and which of its pieces stand between backticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(Vec<(Piece, bool)>);

impl Text {
    /// Reads a text. Errors: what is wrong with it, and what would be right.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        if text.contains("``") {
            return Err(("two backticks in a row".to_owned(), "single ones".to_owned()));
        }
        let mut all = Vec::new();
        let mut is_code = false;
        for (at, part) in text.split('`').enumerate() {
            is_code = at % 2 == 1;
            if is_code {
                shell::check_span(part)?;
            }
            all.extend(pieces(part).into_iter().map(|piece| (piece, is_code)));
        }
        if is_code {
            return Err(("a backtick without a second one".to_owned(), "pairs of `".to_owned()));
        }
        Ok(Self(all))
    }

    /// The names of its placeholders.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(piece, _)| match piece {
            Piece::Place(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// Filled in, with what is code still between backticks.
    pub(super) fn plain(&self, values: &Values<'_>) -> String {
        self.fill(values, |value| value)
    }

    /// Filled in as Markdown, in which no value is more than text.
    pub(super) fn markdown(&self, values: &Values<'_>) -> String {
        self.fill(values, |value| escape(&value))
    }

    fn fill(&self, values: &Values<'_>, show: impl Fn(String) -> String) -> String {
        let mut text = String::new();
        let mut was_code = false;
        for (piece, is_code) in &self.0 {
            if *is_code != was_code {
                text.push('`');
                was_code = *is_code;
            }
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Place(name) => {
                    let value = values.get(name);
                    let shown = match (value, is_code) {
                        (Some(value), true) => shell::word(&value, true),
                        (None, true) => name.to_uppercase(),
                        (Some(value), false) => value,
                        (None, false) => format!("<{name}>"),
                    };
                    // A backtick would begin or end what is code.
                    let shown = shown.replace('`', "ˋ");
                    text.push_str(&if *is_code { shown } else { show(shown) });
                }
            }
        }
        if was_code {
            text.push('`');
        }
        text
    }
}

/// A value as Markdown that is nothing but text: no HTML, link, emphasis, table or heading.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut before = None;
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        let is_plain = match c {
            // Between letters these mean nothing, and names are full of them.
            '-' | '_' | '.' => {
                let within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                within(before) && within(rest.peek().copied()) && before != Some('w')
            }
            c => !c.is_ascii_punctuation(),
        };
        if !is_plain {
            escaped.push('\\');
        }
        escaped.push(c);
        before = Some(c);
    }
    escaped
}
