//! From a service's day to findings: one function for each kind, and first whether there is enough
//! to go by.
//!
//! Every rule has a minimum of cases of its own beside the rate, so that a service with two hundred
//! calls is not judged by one of them. Findings are about traffic that was fine, but for the circuit
//! that flaps.

mod load;
mod outcomes;
mod waiting;

use super::day::Summary;
use super::finding::{Figure, Finding, Kind, Priority, Unit, score};
use super::limits::{FLAPS, FLAPS_HIGH, MIN_CALLS, MIN_SPELLS, spell};
use std::sync::Arc;

/// Whether there is enough to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enough {
    /// There is.
    Yes,
    /// Too few calls or minutes.
    TooLittle,
    /// Most of the day there was an incident or doubt.
    Troubled,
}

type Rule = fn(&Case<'_>) -> Option<Finding>;

/// All rules about traffic that was fine.
const RULES: [Rule; 9] = [
    waiting::slow_replies,
    outcomes::failures,
    outcomes::rejections,
    outcomes::rate_limited,
    load::concurrency,
    load::dominant_method,
    waiting::patience_short,
    waiting::patience_long,
    load::chatty_callers,
];

/// A service and its day.
struct Case<'a> {
    service: &'a Arc<str>,
    sum: &'a Summary,
}

impl Case<'_> {
    /// A finding about so many calls of the day.
    fn finding(&self, kind: Kind, priority: Priority, calls: f64) -> Finding {
        Finding {
            kind,
            service: self.service.clone(),
            method: None,
            priority,
            score: score(priority, calls),
            from: self.sum.from,
            span: spell().times(u64::from(self.sum.clean)),
            evidence: Vec::new(),
            impact: String::new(),
            suggestion: String::new(),
        }
    }

    fn settled(&self) -> u64 {
        self.sum.tally.settled()
    }

    /// A part of the settled calls.
    fn share(&self, part: u64) -> f64 {
        part as f64 / self.settled().max(1) as f64
    }
}

fn count(name: &'static str, value: impl Into<f64>) -> Figure {
    Figure { name, value: value.into(), unit: Unit::Count }
}

fn calls(name: &'static str, value: u64) -> Figure {
    Figure { name, value: value as f64, unit: Unit::Count }
}

fn share(name: &'static str, value: f64) -> Figure {
    Figure { name, value, unit: Unit::Share }
}

fn time(name: &'static str, value: crate::observer::Span) -> Figure {
    Figure { name, value: value.as_millis_f64(), unit: Unit::Millis }
}

fn per_minute(name: &'static str, value: f64) -> Figure {
    Figure { name, value, unit: Unit::PerMinute }
}

/// Adds what there is to say about a service.
pub(super) fn judge(service: &Arc<str>, sum: &Summary, into: &mut Vec<Finding>) -> Enough {
    let case = Case { service, sum };
    if sum.doubtful > sum.clean + sum.troubled {
        return Enough::Troubled;
    }
    into.extend(circuit_flaps(&case));
    if sum.doubtful + sum.troubled >= sum.clean.max(1) {
        return Enough::Troubled;
    }
    if sum.clean < MIN_SPELLS || sum.tally.settled() < MIN_CALLS {
        return Enough::TooLittle;
    }
    into.extend(RULES.iter().filter_map(|rule| rule(&case)));
    Enough::Yes
}

fn circuit_flaps(case: &Case<'_>) -> Option<Finding> {
    let closed = case.sum.closed;
    if closed < FLAPS {
        return None;
    }
    let priority = if closed >= FLAPS_HIGH { Priority::High } else { Priority::Medium };
    let spells = case.sum.clean + case.sum.troubled;
    Some(Finding {
        span: spell().times(u64::from(spells)),
        evidence: vec![count("closed_in_an_hour", closed)],
        impact: format!(
            "its circuit closed {closed} times within one hour: callers are let in, lose their calls, and \
             are sent away again"
        ),
        suggestion:
            "look why it fails as soon as it is called: a cold start, a full queue, one replica \
                     of several that is ill; until then let it come back more slowly (a longer \
                     `circuit.open_timeout`, more `circuit.trial_calls`)"
                .to_owned(),
        ..case.finding(Kind::CircuitFlaps, priority, case.sum.tally.calls as f64)
    })
}
