//! One `[[check]]` as far as it says something: values by the name of their setting.
//!
//! Most settings are for some kinds only, so that a struct of them all would be mostly empty.

use super::super::kind::{Fault, Kind as Sort};
use super::super::raw::Node;
use crate::observer::Span;
use std::collections::BTreeMap;

/// One `[[check]]`, as far as it says something.
#[derive(Clone, Default, PartialEq)]
pub(in super::super) struct CheckDraft(pub(super) BTreeMap<&'static str, Value>);

/// A value as it was read. Deliberately without `Debug`: passwords lie here in the open.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Texts(Vec<String>),
    Span(Span),
    Integer(i64),
    Integers(Vec<i64>),
    Number(f64),
    Flag(bool),
}

impl CheckDraft {
    /// Takes a value of a sort.
    pub(in super::super) fn take(
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
