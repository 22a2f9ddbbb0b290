//! What advice consists of: findings, each with its evidence, what it means and what may help.
//!
//! Texts name nobody: services and methods come from strangers, and whoever shows a finding knows
//! how to show a name.

use crate::observer::{Instant, Span};
use std::cmp::Ordering;
use std::sync::Arc;

/// How much a finding matters, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Callers suffer from it all day.
    High,
    /// It costs callers or replicas something.
    Medium,
    /// It could be better.
    Low,
}

impl Priority {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    const fn rank(self) -> f64 {
        match self {
            Self::High => 3.0,
            Self::Medium => 2.0,
            Self::Low => 1.0,
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Replies are slow, of the service or of one method.
    SlowReplies,
    /// Calls fail or are not answered.
    FailureRate,
    /// Calls are refused for reasons of the callers' doing.
    RejectionRate,
    /// Calls are refused by a rate limit.
    RateLimited,
    /// More calls are in progress at once than the replicas are good for.
    Concurrency,
    /// One method takes most of the time or of the calls.
    DominantMethod,
    /// Calls are given up that would have been answered.
    PatienceShort,
    /// Calls are waited for long after any reply would have come.
    PatienceLong,
    /// Each caller calls very often.
    ChattyCallers,
    /// The circuit closes and opens again and again.
    CircuitFlaps,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SlowReplies,
        Self::FailureRate,
        Self::RejectionRate,
        Self::RateLimited,
        Self::Concurrency,
        Self::DominantMethod,
        Self::PatienceShort,
        Self::PatienceLong,
        Self::ChattyCallers,
        Self::CircuitFlaps,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlowReplies => "slow_replies",
            Self::FailureRate => "failure_rate",
            Self::RejectionRate => "rejection_rate",
            Self::RateLimited => "rate_limited",
            Self::Concurrency => "concurrency",
            Self::DominantMethod => "dominant_method",
            Self::PatienceShort => "patience_short",
            Self::PatienceLong => "patience_long",
            Self::ChattyCallers => "chatty_callers",
            Self::CircuitFlaps => "circuit_flaps",
        }
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share, from 0 to 1.
    Share,
    /// Milliseconds.
    Millis,
    /// A number a minute.
    PerMinute,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Count, Self::Share, Self::Millis, Self::PerMinute];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Millis => "ms",
            Self::PerMinute => "per_minute",
        }
    }
}

/// A figure that a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: Unit,
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// Whom.
    pub service: Arc<str>,
    /// Which of its methods, if it is about one.
    pub method: Option<Arc<str>>,
    /// How much it matters.
    pub priority: Priority,
    /// By which findings are ranked: from 1 (low) to below 4, within a priority by how many calls
    /// of the day it is about.
    pub score: f64,
    /// When the traffic began that it rests on.
    pub from: Instant,
    /// How much traffic it rests on; what is left out of it is not counted.
    pub span: Span,
    /// What it rests on.
    pub evidence: Vec<Figure>,
    /// What it means, in a sentence.
    pub impact: String,
    /// What may help, in a sentence or two.
    pub suggestion: String,
}

impl Finding {
    /// The order of findings: the highest score first, then by name.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let by_name = || {
            (&self.service, self.kind, &self.method).cmp(&(
                &other.service,
                other.kind,
                &other.method,
            ))
        };
        other.score.total_cmp(&self.score).then_with(by_name)
    }
}

/// The score of a finding of this priority about so many calls.
pub(super) fn score(priority: Priority, calls: f64) -> f64 {
    // A day has fewer than 10^10 calls, so priority always comes first.
    let size = (calls.max(0.0) + 1.0).log10() / 10.0;
    let score = priority.rank() + size.min(0.999);
    (score * 1e3).floor() / 1e3
}

/// Everything there is to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// When it was drawn up.
    pub at: Instant,
    /// Services whose traffic was enough to judge by.
    pub judged: u32,
    /// Services with too little traffic.
    pub too_little: u32,
    /// Services that were in an incident, or out of lookout's hearing, for most of the time.
    pub troubled: u32,
    /// The findings, the most urgent first.
    pub findings: Vec<Finding>,
    /// Findings that there was no room for.
    pub left_out: u32,
}

/// A span for people: `40 ms`, `5.2 s`.
pub(super) fn shown(span: Span) -> String {
    let millis = span.as_millis_f64();
    if millis < 1_000.0 {
        format!("{} ms", (millis * 10.0).round() / 10.0)
    } else {
        format!("{} s", (millis / 100.0).round() / 10.0)
    }
}

/// A share for people: `12.5 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", (share * 1e3).round() / 10.0)
}
