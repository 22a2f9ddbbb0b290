//! A rule at work: which of its figures are too much now.
//!
//! Counters have a past: of each at most [`POINTS`] readings within the rule's span, and what it lost by
//! being reset is added back. A series that is seen for the first time has grown by nothing.

use super::condition::{Condition, Source};
use super::expression::View;
use super::rule::Rule;
use crate::observer::alert::Key;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::{Instant, Snapshot, Span};
use crate::telemetry::Sample;
use crate::wire::glob::Glob;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Readings of a counter that are kept for a span.
const POINTS: u64 = 30;
/// Series that one rule can tell apart; those beyond are not watched, and counted.
pub(super) const SERIES: usize = 20_000;

/// A rule and the past of its counters.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) rule: Rule,
    pasts: BTreeMap<Vec<String>, Past>,
    /// Series that were left out the last time.
    pub(super) left_out: u64,
}

/// What a counter was.
#[derive(Debug, Default)]
struct Past {
    /// When, and how much it had grown by then.
    points: VecDeque<(Instant, f64)>,
    last: f64,
    /// What resets took away.
    lost: f64,
    seen: Instant,
}

impl Watch {
    pub(super) const fn new(rule: Rule) -> Self {
        Self { rule, pasts: BTreeMap::new(), left_out: 0 }
    }

    /// What is too much now; `fires` says of which there is an alert.
    pub(super) fn look(
        &mut self,
        now: Instant,
        samples: &[Sample],
        snapshot: &Snapshot,
        fires: impl Fn(&Key) -> bool,
        found: &mut Vec<Condition>,
    ) {
        self.left_out = 0;
        let Self { rule, pasts, left_out } = self;
        for sample in samples.iter().filter(|sample| rule.expression.selects(sample)) {
            let value = match rule.expression.view {
                View::Plain => sample.value,
                View::Increase(span) | View::Rate(span) => {
                    if !pasts.contains_key(&sample.labels) && pasts.len() >= SERIES {
                        *left_out += 1;
                        continue;
                    }
                    let past = pasts.entry(sample.labels.clone()).or_default();
                    let grown = past.grown(now, sample.value, span);
                    match rule.expression.view {
                        View::Rate(_) => grown / span.as_secs_f64(),
                        _ => grown,
                    }
                }
            };
            let key = key(rule, sample);
            // An alert that there is does not end because fewer call.
            let bad = if fires(&key) {
                rule.keeps(value)
            } else {
                rule.expression.comparison.holds(value, rule.expression.threshold)
                    && has_calls(rule, &key, snapshot)
            };
            if bad && is_meant(rule, &key) {
                found.push(condition(rule, key, value, now));
            }
        }
        // A series that is gone is forgotten.
        pasts.retain(|_, past| past.seen == now);
    }
}

impl Past {
    /// Takes a reading; how much it grew within the span.
    fn grown(&mut self, now: Instant, value: f64, span: Span) -> f64 {
        if self.points.is_empty() {
            self.last = value;
        }
        if value < self.last {
            self.lost += self.last;
        }
        (self.last, self.seen) = (value, now);
        let total = value + self.lost;
        let step = Span::from_micros(span.micros() / POINTS);
        if self.points.back().is_none_or(|(at, _)| now.since(*at) >= step) {
            self.points.push_back((now, total));
        }
        // The latest reading at or before the beginning of the span stays: what grew since is counted.
        while self.points.get(1).is_some_and(|(at, _)| now.since(*at) >= span) {
            self.points.pop_front();
        }
        self.points.front().map_or(0.0, |(_, first)| total - first)
    }
}

fn key(rule: &Rule, sample: &Sample) -> Key {
    let labels = sample.metric.labels.iter().zip(&sample.labels);
    let mut labels: Vec<_> =
        labels.map(|(name, value)| (*name, Arc::from(value.as_str()))).collect();
    labels.sort_unstable();
    Key { name: rule.name.clone(), labels }
}

/// Whether a rule is for this one.
fn is_meant(rule: &Rule, key: &Key) -> bool {
    let named = |globs: &[Glob], name: Option<&Arc<str>>| {
        globs.is_empty() || name.is_some_and(|name| globs.iter().any(|glob| glob.matches(name)))
    };
    named(&rule.services, key.service()) && named(&rule.components, key.component())
}

/// Whether there is enough to go by.
fn has_calls(rule: &Rule, key: &Key, snapshot: &Snapshot) -> bool {
    let service = key.service().and_then(|name| service(snapshot, name));
    let settled = service.map_or(0, |service| service.figures.recent.settled());
    settled >= u64::from(rule.min_calls)
}

/// A service among those in order of their names.
pub(super) fn service<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s ServiceFigures> {
    let at = snapshot.services.binary_search_by(|service| (*service.name).cmp(name)).ok()?;
    snapshot.services.get(at)
}

fn condition(rule: &Rule, key: Key, value: f64, now: Instant) -> Condition {
    let expression = &rule.expression;
    let source = match (key.service(), key.component()) {
        (Some(_), _) => Source::Service,
        (None, Some(_)) => Source::Ground,
        (None, None) => Source::Own,
    };
    let meaning = rule.summary.clone().unwrap_or_else(|| {
        format!("{} {} {}", expression.left, expression.comparison.sign(), expression.threshold)
    });
    let summary = match key.subject() {
        Some(subject) => format!("{subject}: {meaning}"),
        None => meaning,
    };
    let description = format!(
        "{} is {}, and the rule says {} {}. {}",
        expression.left,
        rounded(value),
        expression.comparison.sign(),
        expression.threshold,
        expression.metric.help
    );
    Condition {
        severity: rule.severity,
        source,
        since: now,
        lasting: rule.lasting,
        clear_for: rule.clear_for,
        only_keeps: false,
        yields: rule.yields,
        summary,
        description,
        event: "rule",
        reason: rule.reason.map(Into::into),
        value: Some(value),
        incident: None,
        explained: None,
        key,
    }
}

/// A figure with as many digits as people read.
fn rounded(value: f64) -> f64 {
    let size = if value.abs() < 1.0 { 10_000.0 } else { 100.0 };
    (value * size).round() / size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::default() + Span::from_secs(secs)
    }

    #[test]
    fn a_counter_grows_within_its_span_and_through_resets() {
        let mut past = Past::default();
        let five = Span::from_secs(300);
        for (secs, value, grown) in [
            (0, 100.0, 0.0),
            (10, 103.0, 3.0),
            (60, 103.0, 3.0),
            (100, 2.0, 5.0), // It was reset: 2 more.
            (300, 2.0, 5.0),
            (309, 2.0, 5.0),
            (310, 2.0, 2.0),
            (401, 2.0, 0.0),
            (10_000, 9.0, 7.0),
        ] {
            assert_eq!(past.grown(at(secs), value, five), grown, "at {secs} s");
        }
        for second in 10_001..20_000 {
            past.grown(at(second), 9.0, five);
            assert!(past.points.len() <= POINTS as usize + 2);
        }
    }
}
