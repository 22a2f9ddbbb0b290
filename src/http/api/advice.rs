//! `/api/v1/advice`: what the last day says about services, the most urgent first.
//!
//! `lookout advise` prints the same shape, from this address or from a recording.

use super::time;
use crate::advice;
use crate::observer::Span;
use schemars::JsonSchema;
use serde::Serialize;

/// What the last day says.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Advice {
    /// When it was drawn up: every five minutes; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Services whose traffic was enough to judge by.
    judged: u32,
    /// Services with too little traffic.
    too_little: u32,
    /// Services that were in an incident, or out of lookout's hearing, most of the time.
    troubled: u32,
    /// Findings that are less urgent and not told.
    left_out: u32,
    /// The most urgent first; at most 200.
    findings: Vec<Finding>,
}

/// One piece of advice.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Finding {
    /// What it is about, such as `slow_replies`.
    kind: &'static str,
    /// Whom it is about.
    service: String,
    /// Which of its methods, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// high, medium or low.
    priority: &'static str,
    /// By which findings are ranked: from 1 for low to below 4, within a priority by calls concerned.
    score: f64,
    /// When the traffic began that it rests on.
    from: String,
    /// How many hours of traffic it rests on, without what was left out.
    hours: f64,
    /// The figures it rests on.
    evidence: Vec<Figure>,
    /// What it means.
    impact: String,
    /// What may help.
    suggestion: String,
}

/// A figure that a finding rests on.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Figure {
    /// What it is.
    name: &'static str,
    /// How much.
    value: f64,
    /// Of what: count, share (0 to 1), ms or per_minute.
    unit: &'static str,
}

/// Advice as it is told, with at most so many findings.
pub(in super::super) fn advice(advice: &advice::Advice, most: usize) -> Advice {
    let more = u32::try_from(advice.findings.len().saturating_sub(most)).unwrap_or(u32::MAX);
    Advice {
        at: (advice.at.micros() > 0).then(|| time(advice.at)),
        judged: advice.judged,
        too_little: advice.too_little,
        troubled: advice.troubled,
        left_out: advice.left_out.saturating_add(more),
        findings: advice.findings.iter().take(most).map(finding).collect(),
    }
}

fn finding(finding: &advice::Finding) -> Finding {
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    let figures = finding.evidence.iter().map(|figure| Figure {
        name: figure.name,
        value: rounded(figure.value),
        unit: figure.unit.name(),
    });
    let hour = Span::from_secs(3_600).as_secs_f64();
    Finding {
        kind: finding.kind.name(),
        service: finding.service.to_string(),
        method: finding.method.as_deref().map(str::to_owned),
        priority: finding.priority.name(),
        score: finding.score,
        from: time(finding.from),
        hours: (finding.span.as_secs_f64() / hour * 100.0).round() / 100.0,
        evidence: figures.collect(),
        impact: finding.impact.clone(),
        suggestion: finding.suggestion.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::{Finding as Found, Kind, Priority};
    use crate::observer::Instant;

    #[test]
    fn what_is_not_told_is_counted() {
        let found = |priority| Found {
            kind: Kind::FailureRate,
            service: "A".into(),
            method: None,
            priority,
            score: 1.0,
            from: Instant::default(),
            span: Span::from_secs(5_400),
            evidence: Vec::new(),
            impact: String::new(),
            suggestion: String::new(),
        };
        let known = advice::Advice {
            findings: Priority::ALL.map(found).to_vec(),
            left_out: 7,
            ..advice::Advice::default()
        };
        for (most, told, left_out) in [(0, 0, 10), (2, 2, 8), (3, 3, 7), (usize::MAX, 3, 7)] {
            let shape = advice(&known, most);
            assert_eq!((shape.findings.len(), shape.left_out), (told, left_out));
            assert!(shape.findings.iter().all(|it| it.hours.to_bits() == 1.5_f64.to_bits()));
            assert_eq!(shape.at, None, "it was never drawn up");
        }
    }
}
