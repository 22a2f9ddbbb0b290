//! The words for components: how they are, what is found on them, what is said.

use super::incident::IncidentId;
use super::input::Severity;
use super::time::{Instant, Span};
use std::sync::Arc;

/// The state of a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Its checks pass.
    Healthy,
    /// A finding of severity info or warning.
    Degraded,
    /// A finding of severity error or critical.
    Unhealthy,
    /// No check has ended yet.
    #[default]
    Starting,
}

impl Condition {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Starting => "starting",
        }
    }

    /// That of a finding.
    pub(super) const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Info | Severity::Warning => Self::Degraded,
            Severity::Error | Severity::Critical => Self::Unhealthy,
        }
    }
}

/// A finding on a component, as it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The component's name.
    pub component: Arc<str>,
    /// Its kind.
    pub kind: Arc<str>,
    /// Whether the platform cannot do without it.
    pub critical: bool,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it does not do its work at all: only then does it explain that others do not.
    pub down: bool,
    /// What the probe found.
    pub message: Arc<str>,
    /// What follows from it, in a word.
    pub impact: Option<Arc<str>>,
    /// Its details, as the probe gave them.
    pub details: Option<Arc<str>>,
    /// What to do about it.
    pub advice: Vec<Arc<str>>,
    /// Services whose trouble it explains, in order of their names.
    pub affected: Vec<Arc<str>>,
    /// From the lengths of its past outages.
    pub estimate: Option<(Span, Span)>,
    /// Whether people have to see to it: it is critical, or lasts longer than its like.
    pub escalate: bool,
    /// How often it was said before.
    pub repeat: u32,
    /// The incident.
    pub incident: IncidentId,
}

/// Something to say about a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A finding, new or repeated.
    Error(Finding),
    /// It is over, after so long.
    Recovered(Arc<str>, IncidentId, Span),
}

/// A component as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: Arc<str>,
    /// What kind of component.
    pub kind: Arc<str>,
    /// Whether the platform cannot do without it.
    pub critical: bool,
    /// How it is.
    pub condition: Condition,
    /// What is wrong with it, and since when.
    pub finding: Option<(Finding, Instant)>,
    /// When it was last reported on.
    pub checked: Option<Instant>,
    /// Checks that the shares rest on: the last hundred.
    pub checks: u32,
    /// Share of them that passed.
    pub success_rate: Option<f64>,
    /// From 0, as bad as can be, to 1.
    pub score: Option<f64>,
    /// How long the last check took.
    pub took: Option<Span>,
    /// 95th percentile of how long they took.
    pub took_p95: Option<Span>,
}

/// The beginning of a text, of at most so many bytes.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
