//! Something that is wrong now, of which an alert may be made.

use crate::observer::alert::{Key, Severity};
use crate::observer::incident::IncidentId;
use crate::observer::{Instant, Span};
use std::sync::Arc;

/// What a condition is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The calls: while lookout doubts its ears it begins nothing and ends nothing.
    Service,
    /// Checks of components.
    Ground,
    /// lookout itself.
    Own,
}

/// Something that is wrong now.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Of which alert.
    pub(super) key: Key,
    /// How bad.
    pub(super) severity: Severity,
    /// What it is known from.
    pub(super) source: Source,
    /// Since when, as far as that is known; no later than now.
    pub(super) since: Instant,
    /// How long it has to last before it is told.
    pub(super) lasting: Span,
    /// How long it has to be gone before the alert is over.
    pub(super) clear_for: Span,
    /// Whether it keeps an alert that there is, and begins none.
    pub(super) only_keeps: bool,
    /// Whether it is silent about a service that is, or just was, unavailable.
    pub(super) yields: bool,
    /// In a line.
    pub(super) summary: String,
    /// In a few sentences.
    pub(super) description: String,
    /// The event that stands behind it, as on the wire.
    pub(super) event: &'static str,
    /// The reason that the event gives.
    pub(super) reason: Option<Arc<str>>,
    /// A rule's figure.
    pub(super) value: Option<f64>,
    /// The incident it belongs to.
    pub(super) incident: Option<IncidentId>,
    /// What explains it.
    pub(super) explained: Option<Arc<str>>,
}
