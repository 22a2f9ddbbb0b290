//! What a look at a component found: facts, and what is wrong with it.
//!
//! A look finds any number of troubles. The worst of them is what is said, the others stand behind
//! it; the facts go along with either as details, so that whoever reads an alarm sees what it rests
//! on. Texts may hold what a stranger said: they are bounded, and what a check must keep secret is
//! taken out of them before anybody sees them.

use crate::observer::input::Severity;
use crate::platform::words::cut;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Advices that are kept.
const ADVICES: usize = 8;

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    troubles: Vec<Trouble>,
    details: Map<String, Value>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    severity: Severity,
    /// Whether one look is enough for it to begin, and to end.
    definite: (bool, bool),
    message: String,
    impact: &'static str,
    advice: Vec<Cow<'static, str>>,
}

impl Trouble {
    /// It works, and is close to where it no longer does. `impact` is a word such as
    /// `possible_message_delays`.
    pub fn warning(impact: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, impact, message.into())
    }

    /// A part of it does not work.
    pub fn error(impact: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, impact, message.into())
    }

    /// It does not do its work: critical, if the platform cannot do without it.
    pub fn down(impact: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Critical, impact, message.into())
    }

    fn new(severity: Severity, impact: &'static str, message: String) -> Self {
        Self { severity, definite: (false, false), message, impact, advice: Vec::new() }
    }

    /// It is certain: one look is enough. For what a component says of itself, not for an answer
    /// that did not come.
    #[must_use]
    pub fn definite(self) -> Self {
        Self { definite: (true, true), ..self }
    }

    /// It happened for certain, and may go on: one look is enough to say so, and not enough to say
    /// that it is over. For what is counted from look to look.
    #[must_use]
    pub fn counted(self) -> Self {
        Self { definite: (true, false), ..self }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

impl Found {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// One trouble, and no facts.
    pub fn only(trouble: Trouble) -> Self {
        Self { troubles: vec![trouble], ..Self::default() }
    }

    /// Adds a fact; names are in camelCase. Texts are cut.
    pub fn detail(&mut self, name: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::String(text) => Value::String(cut(&text)),
            value => value,
        };
        self.details.insert(name.to_owned(), value);
    }

    /// Adds a trouble.
    pub fn trouble(&mut self, trouble: Trouble) {
        self.troubles.push(trouble);
    }

    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.troubles.is_empty()
    }

    /// What is wrong, the worst first; among equals in the order in which they were found.
    fn sorted(&self) -> Vec<&Trouble> {
        let mut troubles: Vec<_> = self.troubles.iter().collect();
        troubles.sort_by_key(|it| std::cmp::Reverse(it.severity));
        troubles
    }

    /// How bad it is; `None` if nothing is wrong.
    pub fn severity(&self) -> Option<Severity> {
        self.troubles.iter().map(|it| it.severity).max()
    }

    /// Whether the worst of it is certain.
    pub fn is_definite(&self) -> bool {
        self.worst().any(|it| it.definite.0)
    }

    /// Whether a look that does not find it any more is enough to say that it is over.
    pub fn ends_at_once(&self) -> bool {
        !self.is_well() && self.worst().all(|it| it.definite.1)
    }

    fn worst(&self) -> impl Iterator<Item = &Trouble> {
        let worst = self.severity();
        self.troubles.iter().filter(move |it| Some(it.severity) == worst)
    }

    /// All that is wrong, in one line.
    pub fn message(&self) -> String {
        let messages: Vec<_> = self.sorted().iter().map(|it| cut(&it.message)).collect();
        cut(&messages.join("; "))
    }

    /// What follows from the worst of it.
    pub fn impact(&self) -> Option<&'static str> {
        self.sorted().first().map(|it| it.impact)
    }

    /// What to do, the most urgent first.
    pub fn advice(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for advice in self.sorted().into_iter().flat_map(|it| &it.advice) {
            let advice = cut(advice);
            if all.len() < ADVICES && !all.contains(&advice) {
                all.push(advice);
            }
        }
        all
    }

    /// The facts as a JSON object; `None` if there are none.
    pub fn details(&self) -> Option<String> {
        (!self.details.is_empty()).then(|| Value::Object(self.details.clone()).to_string())
    }

    /// One fact.
    #[cfg(test)]
    pub(super) fn fact(&self, name: &str) -> Option<&Value> {
        self.details.get(name)
    }

    /// The same without a text that must stay secret.
    #[must_use]
    pub fn without(mut self, secret: &str) -> Self {
        if secret.is_empty() {
            return self;
        }
        for trouble in &mut self.troubles {
            hide(&mut trouble.message, secret);
            for advice in trouble.advice.iter_mut().filter(|advice| advice.contains(secret)) {
                hide(advice.to_mut(), secret);
            }
        }
        for value in self.details.values_mut() {
            hide_in(value, secret);
        }
        self
    }
}

fn hide(text: &mut String, secret: &str) {
    if text.contains(secret) {
        *text = text.replace(secret, "***");
    }
}

fn hide_in(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) => hide(text, secret),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_in(value, secret)),
        Value::Object(members) => members.values_mut().for_each(|value| hide_in(value, secret)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::words::LONGEST;
    use serde_json::json;

    #[test]
    fn the_worst_is_said_first_and_secrets_are_not() {
        let mut found = Found::new();
        assert_eq!((found.is_well(), found.severity(), found.details()), (true, None, None));
        found.detail("address", "db1 with hunter2");
        found.detail("list", json!(["hunter2", { "deep": "hunter2!" }]));
        found.trouble(Trouble::warning("slow", "slow").advice("wait").definite());
        found.trouble(Trouble::down("gone", "no answer to hunter2\nat all").advice("wait"));
        found.trouble(Trouble::error("partly", "one of two").advice(String::from("say hunter2")));
        assert!(!found.is_definite(), "what is certain is not the worst");
        let ends = |trouble: Trouble| {
            let found = Found::only(trouble);
            (found.is_definite(), found.ends_at_once())
        };
        assert_eq!(ends(Trouble::error("x", "gone").definite()), (true, true));
        assert_eq!(ends(Trouble::error("x", "3 lost").counted()), (true, false));
        assert_eq!(ends(Trouble::error("x", "no answer")), (false, false));
        let found = found.without("hunter2").without("");
        assert_eq!(found.message(), "no answer to *** at all; one of two; slow");
        assert_eq!(found.impact(), Some("gone"));
        assert_eq!(found.advice(), ["wait", "say ***"]);
        let details = json!({"address": "db1 with ***", "list": ["***", {"deep": "***!"}]});
        assert_eq!(found.details(), Some(details.to_string()));
    }

    #[test]
    fn texts_are_bounded() {
        let mut found = Found::only(Trouble::error("x", "é".repeat(10_000)));
        found.detail("text", "é".repeat(10_000));
        assert!(found.message().len() <= LONGEST);
        assert!(found.details().is_some_and(|text| text.len() < LONGEST + 20));
    }
}
