//! Rules: a figure, what is too much of it, for how long, and how bad that is.
//!
//! A rule has two thresholds, so that a figure that moves around one of them does not begin and end an
//! alert all the time: it begins above the first, and ends below the second.

use super::expression::{Comparison, Expression};
use crate::observer::Span;
use crate::observer::alert::Severity;
use crate::wire::glob::Glob;
use std::sync::Arc;

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The alert's name.
    pub name: Arc<str>,
    /// What is compared.
    pub expression: Expression,
    /// How long that has to hold before there is an alert.
    pub lasting: Span,
    /// What the figure is compared with while the alert fires.
    pub clear: f64,
    /// How long it has to be clear of that before the alert is over.
    pub clear_for: Span,
    /// How bad it is.
    pub severity: Severity,
    /// Services it is for; all if there are none.
    pub services: Vec<Glob>,
    /// Components it is for; all if there are none.
    pub components: Vec<Glob>,
    /// A service with fewer settled calls in five minutes is left out.
    pub min_calls: u32,
    /// The reason that a verdict would give for the same, by which its runbook is found.
    pub reason: Option<&'static str>,
    /// What it means, for people.
    pub summary: Option<String>,
    /// Whether it is silent about a service that is unavailable, and for as long after that as its figure
    /// holds the outage: what it would say was said.
    pub yields: bool,
}

/// A rule that there is without being written: name, expression, clear, seconds,
/// severity, fewest calls, meaning.
type BuiltIn = (&'static str, &'static str, f64, u64, Severity, u32, &'static str);

/// The rules that there are without being written, each with its reason in `docs/ALERTS.md`.
pub const BUILT_IN: [BuiltIn; 14] = [
    (
        "LookoutFailureRate",
        "service_failure_rate > 0.05",
        0.04,
        120,
        Severity::Warning,
        20,
        "More than 5 % of its calls fail or get no reply",
    ),
    (
        "LookoutHighFailureRate",
        "service_failure_rate > 0.1",
        0.08,
        120,
        Severity::Error,
        20,
        "More than 10 % of its calls fail or get no reply",
    ),
    (
        "LookoutSlowReplies",
        "service_response_time_p95 > 5",
        4.0,
        120,
        Severity::Warning,
        20,
        "One reply in twenty takes more than 5 s",
    ),
    (
        "LookoutConcurrency",
        "service_concurrency_per_replica > 10",
        8.0,
        120,
        Severity::Warning,
        0,
        "More than 10 calls wait for each of its ready replicas",
    ),
    (
        "LookoutMessageLatency",
        "mqtt_message_latency_p95_seconds > 0.1",
        0.08,
        120,
        Severity::Warning,
        0,
        "Messages take more than 100 ms through the broker",
    ),
    (
        "LookoutLinkDown",
        "lookout_link_up < 1",
        1.0,
        60,
        Severity::Critical,
        0,
        "lookout has no link to the broker, or a subscription was refused",
    ),
    (
        "LookoutInDoubt",
        "lookout_in_doubt > 0",
        0.0,
        120,
        Severity::Error,
        0,
        "lookout has reason not to trust what it hears",
    ),
    (
        "LookoutCanaryLost",
        "increase(lookout_canary_lost_total[5m]) > 0",
        0.0,
        0,
        Severity::Error,
        0,
        "The broker drops messages that are meant for lookout",
    ),
    (
        "LookoutInboxDropping",
        "increase(lookout_inbox_dropped_total[5m]) > 0",
        0.0,
        0,
        Severity::Error,
        0,
        "More messages arrive than lookout handles",
    ),
    (
        "LookoutOutboxDropping",
        "increase(lookout_outbox_dropped_total[5m]) > 0",
        0.0,
        0,
        Severity::Error,
        0,
        "More is to be published than the broker takes",
    ),
    (
        "LookoutTaskRestarts",
        "increase(lookout_task_restarts_total[15m]) > 2",
        2.0,
        0,
        Severity::Error,
        0,
        "A part of lookout fails again and again",
    ),
    (
        "LookoutMalformedMessages",
        "rate(lookout_malformed_messages_total[5m]) > 1",
        0.5,
        600,
        Severity::Warning,
        0,
        "More than one message a second is not what its topic carries",
    ),
    (
        "LookoutSeriesRefused",
        "increase(lookout_series_refused_total[15m]) > 0",
        0.0,
        0,
        Severity::Info,
        0,
        "There are more services or methods than lookout tells apart",
    ),
    (
        "LookoutNotificationsFailing",
        "increase(lookout_notifications_failed_total[15m]) > 5",
        5.0,
        0,
        Severity::Error,
        0,
        "Alerts do not reach whom they are meant for",
    ),
];

impl Rule {
    /// The rules that there are without being written.
    pub fn built_in(duration: fn(&str) -> Option<Span>) -> Vec<Self> {
        let rule = |(name, text, clear, lasting, severity, min_calls, summary): BuiltIn| {
            // A test holds that each can be read.
            let expression = Expression::read(text, duration).ok()?;
            Some(Self {
                name: name.into(),
                expression,
                lasting: Span::from_secs(lasting),
                clear,
                clear_for: Span::from_secs(60),
                severity,
                services: Vec::new(),
                components: Vec::new(),
                min_calls,
                reason: match name {
                    "LookoutFailureRate" | "LookoutHighFailureRate" => Some("high_failure_rate"),
                    "LookoutSlowReplies" => Some("slow_responses"),
                    _ => None,
                },
                summary: Some(summary.to_owned()),
                yields: true,
            })
        };
        BUILT_IN.into_iter().filter_map(rule).collect()
    }

    /// What the figure is compared with while it fires.
    pub fn keeps(&self, value: f64) -> bool {
        let (comparison, clear) = (self.expression.comparison, self.clear);
        match comparison {
            // With equal thresholds a figure that stands on one would be in and out.
            Comparison::Equal | Comparison::Unequal => comparison.holds(value, clear),
            _ => {
                comparison.holds(value, clear) || comparison.holds(value, self.expression.threshold)
            }
        }
    }
}
