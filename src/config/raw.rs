//! The file exactly as it was written: a tree of keys and values with their lines.
//!
//! The parser's tree is copied into a plain one, for two reasons: the rest of the room is then
//! the same for a file, a variable and a flag, and only this file knows the parser. The parser
//! bounds nesting (80 levels), so the recursion here ends. A syntax error's own rendering quotes
//! the line it stands on, which may hold a password: only its message and line are taken.

use super::mistake::shown;
use toml_edit::{Document, Item, TableLike, Value};

/// A value with its place.
pub(super) struct Node {
    /// Its line, from 1; 0 if it has none.
    pub(super) line: usize,
    /// The value as it was written, fit to be shown. May hold a secret.
    pub(super) written: String,
    /// What it is.
    pub(super) form: Form,
}

/// What a value is.
pub(super) enum Form {
    /// Text of a variable or flag: the setting decides what it is.
    Loose(String),
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A number with a point or an exponent.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A time: no setting takes one.
    Other,
    /// An array, or an array of tables.
    List(Vec<Node>),
    /// A table, inline or not.
    Table(Vec<Entry>),
}

/// A key with its value.
pub(super) struct Entry {
    /// The key, unquoted.
    pub(super) key: String,
    /// Its line, from 1; 0 if it has none.
    pub(super) line: usize,
    /// Its value.
    pub(super) value: Node,
}

/// Why a text is no TOML.
pub(super) struct SyntaxError {
    /// The line, from 1; 0 if it is not known.
    pub(super) line: usize,
    /// What the parser says.
    pub(super) message: String,
}

impl Node {
    /// The value of a variable or flag.
    pub(super) fn loose(text: &str) -> Self {
        Self { line: 0, written: super::mistake::quoted(text), form: Form::Loose(text.to_owned()) }
    }

    /// Its text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.form {
            Form::Loose(text) | Form::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What sort of thing it is, without saying what is in it.
    pub(super) fn sort(&self) -> &'static str {
        match self.form {
            Form::Loose(_) | Form::Text(_) => "a string",
            Form::Integer(_) => "an integer",
            Form::Number(_) => "a number",
            Form::Flag(_) => "a boolean",
            Form::Other => "a time",
            Form::List(_) => "an array",
            Form::Table(_) => "a table",
        }
    }
}

/// Reads a TOML text.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let lines = Lines::new(text);
    let document = Document::parse(text).map_err(|error| SyntaxError {
        line: lines.at(error.span()),
        message: shown(error.message()),
    })?;
    Ok(lines.entries(document.as_table(), 0))
}

/// Reads an array as a variable or flag spells it in TOML: `["a", "b"]`.
pub(super) fn parse_list(text: &str) -> Option<Node> {
    let mut entries = parse(&format!("list = {text}")).ok()?;
    // A text with a line break could smuggle in a second key.
    let only = entries.pop().filter(|_| entries.is_empty())?;
    Some(Node { line: 0, ..only.value })
}

/// Takes a dotted key such as `service."a.b".patience` apart.
pub(super) fn parse_key(text: &str) -> Option<Vec<String>> {
    let parts = toml_edit::Key::parse(text).ok()?;
    Some(parts.iter().map(|key| key.get().to_owned()).collect())
}

/// The text with the starts of its lines.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The line on which a span starts; 0 if there is no span.
    fn at(&self, span: Option<std::ops::Range<usize>>) -> usize {
        span.map_or(0, |span| self.starts.partition_point(|start| *start <= span.start))
    }

    fn entries(&self, table: &dyn TableLike, line: usize) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, item) in table.iter() {
            let span = table.key(key).and_then(|key| key.span()).or_else(|| item.span());
            let line = match self.at(span) {
                0 => line,
                known => known,
            };
            if let Some(value) = self.item(item, line) {
                entries.push(Entry { key: key.to_owned(), line, value });
            }
        }
        entries
    }

    fn item(&self, item: &Item, line: usize) -> Option<Node> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, line)),
            Item::Table(table) => Some(self.table(table, table.span(), line)),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| self.table(table, table.span(), line));
                Some(Node {
                    line,
                    written: "an array of tables".to_owned(),
                    form: Form::List(tables.collect()),
                })
            }
        }
    }

    fn table(
        &self,
        table: &dyn TableLike,
        span: Option<std::ops::Range<usize>>,
        line: usize,
    ) -> Node {
        let line = match self.at(span) {
            0 => line,
            known => known,
        };
        Node { line, written: "a table".to_owned(), form: Form::Table(self.entries(table, line)) }
    }

    fn value(&self, value: &Value, line: usize) -> Node {
        let span = value.span();
        let line = match self.at(span.clone()) {
            0 => line,
            known => known,
        };
        let form = match value {
            Value::String(text) => Form::Text(text.value().clone()),
            Value::Integer(integer) => Form::Integer(*integer.value()),
            Value::Float(number) => Form::Number(*number.value()),
            Value::Boolean(flag) => Form::Flag(*flag.value()),
            Value::Datetime(_) => Form::Other,
            Value::Array(array) => {
                Form::List(array.iter().map(|value| self.value(value, line)).collect())
            }
            Value::InlineTable(table) => return self.table(table, span, line),
        };
        let written = span.and_then(|span| self.text.get(span)).unwrap_or_default();
        Node { line, written: shown(written), form }
    }
}
