//! What a runbook is for, and which of several fits best.
//!
//! Every criterion that is given must match. Among those that do, the most specific wins: each
//! criterion weighs more than all after it together, in the order alert, service, component,
//! reason, kind, event, severity. So what was written for one service goes before what was written
//! for a reason, and an alert of one's own before both.

use super::subject::Subject;

/// Kinds of events that a runbook can be for, as on the wire.
pub const EVENTS: [&str; 7] = [
    "cascading_failure_prevented",
    "circuit_breaker",
    "infrastructure_error",
    "pair_deaf",
    "remedy_action",
    "service_degraded",
    "service_unavailable",
];
/// Kinds of components.
pub const KINDS: [&str; 12] = [
    "disk",
    "docker",
    "emqx",
    "http",
    "kubernetes",
    "loopback",
    "memory",
    "mongodb",
    "mosquitto",
    "postgresql",
    "redis",
    "tcp",
];
/// Severities of events and alerts.
pub const SEVERITIES: [&str; 5] = ["info", "warning", "error", "critical", "emergency"];

/// The names of the criteria, the heaviest first.
pub(super) const NAMES: [&str; 7] =
    ["alert", "service", "component", "reason", "kind", "event", "severity"];

/// What must match: for each criterion the values of which one must; an empty list matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria(pub(super) [Vec<String>; 7]);

impl Criteria {
    /// Whether there are none: a general runbook.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// How specific they are, if all of them match.
    pub(super) fn weigh(&self, subject: &Subject<'_>) -> Option<u8> {
        let mut weight = 0;
        for (name, wanted) in NAMES.into_iter().zip(&self.0) {
            weight <<= 1;
            if wanted.is_empty() {
                continue;
            }
            let value = subject.value(name)?;
            if !wanted.iter().any(|wanted| means(wanted, value)) {
                return None;
            }
            weight |= 1;
        }
        Some(weight)
    }
}

/// Whether a value is meant: it is the same, or begins with what stands before a `*` at the end.
fn means(wanted: &str, value: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(begin) => value.starts_with(begin),
        None => wanted == value,
    }
}
