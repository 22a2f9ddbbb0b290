//! Alerts: what there is to be told of, and who is told.
//!
//! `[[rule]]` tables stand beside the built-in rules, and one of the same name takes the place of a
//! built-in one. Receivers are `receivers`' affair.

use super::draft::Draft;
use super::duration;
use super::gather::Gathered;
use super::mistake::quoted;
use super::row::{Place, Row};
use super::table;
use crate::alert::expression::Expression;
use crate::alert::rule::Rule;
use crate::alert::{NAMES, Policy};
use crate::observer::Span;
use crate::observer::alert::Severity;
use crate::observer::trace::TraceId;
use crate::wire::glob::Glob;
use std::sync::Arc;

/// What stands in every alert, and where people look further.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Labels that every alert gets.
    pub labels: Vec<(String, String)>,
    /// Where people reach the live page.
    pub page: Option<String>,
    /// Where runbooks can be read.
    pub runbooks: Option<String>,
    /// Where a trace can be looked at: an address with `{traceId}` in it.
    pub trace: Option<String>,
}

impl Links {
    /// Where this trace can be looked at. Its id is nothing but hexadecimal digits.
    pub fn trace(&self, trace: TraceId) -> Option<String> {
        Some(self.trace.as_ref()?.replace("{traceId}", &trace.to_string()))
    }
}

/// Alerts, if there are to be any: `Some(None)` is none, `None` a mistake.
pub(super) fn policy(
    gathered: &mut Gathered,
    draft: &Draft,
    pairs: &[String],
) -> Option<Option<Policy>> {
    let rules = rules(gathered, draft);
    let off = off(gathered, draft, rules.as_deref().unwrap_or_default());
    let (rules, ()) = (rules?, off?);
    let alerts = &draft.alerts;
    Some(alerts.enabled.then(|| Policy {
        every: alerts.every,
        clear_for: alerts.clear_for,
        repeat_every: alerts.repeat_every,
        off: alerts.off.clone(),
        rules,
        pairs: pairs.iter().map(|name| Arc::from(name.as_str())).collect(),
        seed: draft.settings.seed,
    }))
}

/// What stands in every alert.
pub(super) fn links(draft: &Draft) -> Links {
    let pairs = draft.alerts.labels.iter().filter_map(|label| label.split_once('='));
    let base =
        |url: &Option<String>| url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    Links {
        labels: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        page: base(&draft.alerts.page_url),
        runbooks: base(&draft.alerts.runbook_url),
        trace: draft.trace.link.clone(),
    }
}

/// An alert that is off has to be one: a misspelt name would keep waking people.
fn off(gathered: &mut Gathered, draft: &Draft, rules: &[Rule]) -> Option<()> {
    let mut good = Some(());
    for (index, name) in draft.alerts.off.iter().enumerate() {
        let known = NAMES.iter().any(|(known, _)| known == name)
            || rules.iter().any(|rule| *rule.name == **name);
        if !known && !gathered.is_bad("alerts.off") {
            let spot = gathered.spot(&format!("alerts.off[{index}]"));
            gathered.mistake(spot, quoted(name), "the name of an alert, see docs/ALERTS.md");
            good = None;
        }
    }
    good
}

fn rules(gathered: &mut Gathered, draft: &Draft) -> Option<Vec<Rule>> {
    let mut rules = Rule::built_in(duration::parse);
    for rule in &mut rules {
        rule.clear_for = draft.alerts.clear_for;
    }
    let mut own: Vec<Arc<str>> = Vec::new();
    let mut whole = Some(());
    for (index, row) in draft.rows(table::RULE).iter().enumerate() {
        let at = format!("{}[{index}]", table::RULE);
        let Some(rule) = rule(&mut Place { gathered, at: &at, row }, draft.alerts.clear_for) else {
            whole = None;
            continue;
        };
        let taken = own.contains(&rule.name) || NAMES.iter().any(|(name, _)| **name == *rule.name);
        if taken {
            let spot = gathered.spot(&format!("{at}.name"));
            let allowed = "a name that no other rule and no alert that is no rule has";
            gathered.mistake(spot, quoted(&rule.name), allowed);
            whole = None;
            continue;
        }
        own.push(rule.name.clone());
        rules.retain(|known| known.name != rule.name);
        rules.push(rule);
    }
    whole.map(|()| rules)
}

fn rule(place: &mut Place<'_>, clear_for: Span) -> Option<Rule> {
    let name = place.needed("name", "a name for the alert");
    let text = place.needed("expr", "a comparison such as service_failure_rate > 0.1");
    let (name, text) = (name?, text?);
    let expression = match Expression::read(&text, duration::parse) {
        Ok(expression) => expression,
        Err(problem) => {
            place.mistake("expr", quoted(&text), problem);
            return None;
        }
    };
    let row = place.row;
    let clear = row.number("clear", expression.threshold);
    if !expression.comparison.eases(expression.threshold, clear) {
        let allowed = match expression.comparison.sign() {
            ">" | ">=" => {
                format!("at most {}, or the alert would end while it begins", expression.threshold)
            }
            "<" | "<=" => {
                format!("at least {}, or the alert would end while it begins", expression.threshold)
            }
            sign => format!("no such setting with {sign}"),
        };
        place.mistake("clear", clear.to_string(), allowed);
        return None;
    }
    for (setting, label) in
        [("services", "service"), ("components", "component"), ("min_calls", "service")]
    {
        if row.has(setting) && !expression.metric.labels.contains(&label) {
            let found = format!("{setting} of a rule on {}", expression.metric.name);
            place.mistake(
                setting,
                found,
                format!("such a setting only for figures with the label {label}"),
            );
            return None;
        }
    }
    let globs = |row: &Row, name| {
        let texts = row.texts(name).unwrap_or_default().iter();
        texts.filter_map(|text| Glob::new(text).ok()).collect()
    };
    Some(Rule {
        name: name.into(),
        expression,
        lasting: row.span("for", Span::from_secs(120)),
        clear,
        clear_for: row.span("clear_for", clear_for),
        severity: row.text("severity").and_then(Severity::read).unwrap_or(Severity::Warning),
        services: globs(row, "services"),
        components: globs(row, "components"),
        min_calls: row.count("min_calls").unwrap_or(0),
        reason: None,
        summary: row.text("summary").map(str::to_owned),
        yields: false,
    })
}
