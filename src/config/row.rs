//! One table of a section whose tables repeat (`[[check]]`), as far as it says something: values by
//! the name of their setting.
//!
//! Most settings are for some of the tables only, so that a struct of them all would be mostly empty.

use super::broker::password_from;
use super::check::is_encrypted;
use super::gather::Gathered;
use super::kind::{Fault, Kind as Sort};
use super::mistake::quoted;
use super::raw::Node;
use super::{Secret, Tls, tls};
use crate::observer::Span;
use std::collections::BTreeMap;
use url::Url;

/// One table, as far as it says something.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Row(BTreeMap<&'static str, Value>);

/// A value as it was read. Deliberately without `Debug`: passwords lie here in the open.
#[derive(Clone, PartialEq)]
enum Value {
    Text(String),
    Texts(Vec<String>),
    Span(Span),
    Integer(i64),
    Integers(Vec<i64>),
    Number(f64),
    Flag(bool),
}

impl Row {
    /// The texts that are there.
    pub(super) fn of(texts: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Self {
        let texts = texts.into_iter();
        Self(texts.filter_map(|(name, text)| Some((name, Value::Text(text?)))).collect())
    }

    /// Takes a value of a sort.
    pub(super) fn take(
        &mut self,
        name: &'static str,
        sort: &Sort,
        node: &Node,
    ) -> Result<(), Vec<Fault>> {
        let value = match sort {
            Sort::Span { .. } => Value::Span(sort.span(node)?),
            Sort::Integer { .. } => Value::Integer(sort.integer(node)?),
            Sort::Number { .. } => Value::Number(sort.number(node)?),
            Sort::Flag => Value::Flag(sort.flag(node)?),
            Sort::Texts { .. } => Value::Texts(sort.texts(node)?),
            Sort::Integers { .. } => Value::Integers(sort.integers(node)?),
            _ => Value::Text(sort.text(node)?),
        };
        self.0.insert(name, value);
        Ok(())
    }

    /// The settings that are there.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Whether a setting is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whole numbers, if the setting is there.
    pub(super) fn integers(&self, name: &str) -> Option<&[i64]> {
        match self.0.get(name) {
            Some(Value::Integers(integers)) => Some(integers),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.0.get(name) {
            Some(Value::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    pub(super) fn span(&self, name: &str, otherwise: Span) -> Span {
        match self.0.get(name) {
            Some(Value::Span(span)) => *span,
            _ => otherwise,
        }
    }

    pub(super) fn number(&self, name: &str, otherwise: f64) -> f64 {
        match self.0.get(name) {
            Some(Value::Number(number)) => *number,
            _ => otherwise,
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Value::Integer(integer)) => Some(*integer),
            _ => None,
        }
    }

    /// The ranges of the table lie within the type.
    pub(super) fn count(&self, name: &str) -> Option<u32> {
        self.integer(name).and_then(|count| u32::try_from(count).ok())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Flag(true)))
    }
}

/// One table in the making: what is wrong with it is said at its settings.
pub(super) struct Place<'a> {
    pub(super) gathered: &'a mut Gathered,
    /// Which table: `check[0]`.
    pub(super) at: &'a str,
    pub(super) row: &'a Row,
}

impl Place<'_> {
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.at)
    }

    pub(super) fn is_bad(&self, name: &str) -> bool {
        self.gathered.is_bad(self.at) || self.gathered.is_bad(&self.key(name))
    }

    pub(super) fn mistake(
        &mut self,
        name: &str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let spot = self.gathered.spot(&self.key(name));
        self.gathered.mistake(spot, found, allowed);
    }

    /// A text that has to be there.
    pub(super) fn needed(&mut self, name: &str, allowed: &str) -> Option<String> {
        let text = self.row.text(name).map(str::to_owned);
        if text.is_none() && !self.is_bad(name) {
            self.mistake(name, "nothing", allowed);
        }
        text
    }

    /// A secret that stands here or in a file: `Some(None)` is none, `None` a mistake.
    pub(super) fn secret(&mut self, here: &str, file: &str) -> Option<Option<Secret>> {
        match (self.row.text(here), self.row.text(file)) {
            (Some(_), Some(_)) => {
                let what = if here == "password" { "password" } else { "secret" };
                self.mistake(file, format!("a {what} here and in {here}"), "only one of them");
                None
            }
            (Some(word), None) => Some(Some(Secret(word.to_owned()))),
            (None, Some(path)) => {
                let key = self.key(file);
                password_from(self.gathered, &key, path).map(|word| Some(Secret(word)))
            }
            (None, None) => Some(None),
        }
    }

    /// How to speak TLS, where the address in a setting asks for it; elsewhere nobody is trusted.
    pub(super) fn encryption(&mut self, name: &str, url: &Url) -> Option<Tls> {
        let (key, at) = (self.key("ca_file"), self.key(name));
        let ca = self.row.text("ca_file");
        if is_encrypted(url) {
            return tls::trusting(self.gathered, (&key, ca), &at);
        }
        if let Some(path) = ca {
            let allowed = "such a setting only beside an address with TLS";
            self.mistake("ca_file", quoted(path), allowed);
            return None;
        }
        Tls::distrusting()
    }
}
