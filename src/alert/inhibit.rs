//! What need not be told, because something worse that explains it is.
//!
//! The same rules stand in `deploy/alertmanager/alertmanager.yml`, for whom Alertmanager tells; a test
//! holds that both tell the same.

use super::sources::{DEGRADED, MOST, UNAVAILABLE};
use crate::observer::alert::{Alert, Severity};
use std::collections::HashMap;

/// What makes a service's alerts meaningless: most services fail, or lookout cannot hear.
const OF_ALL: [&str; 3] = [MOST, "LookoutLinkDown", "LookoutInDoubt"];
/// What a bad verdict says as well.
const SAID_BY_VERDICT: [&str; 4] =
    ["LookoutFailureRate", "LookoutSlowReplies", "LookoutConcurrency", "LookoutCircuitOpen"];

/// What is told of those that fire, and thereby what need not be.
#[derive(Debug, Default)]
pub struct Inhibitor<'a> {
    of_all: bool,
    /// The worst alert of a service, and whether it has a bad verdict.
    services: HashMap<&'a str, (Severity, bool)>,
}

impl<'a> Inhibitor<'a> {
    /// Looks through those that fire.
    pub fn new(firing: impl IntoIterator<Item = &'a Alert>) -> Self {
        let mut all = Self::default();
        for alert in firing {
            let name = &*alert.key.name;
            let Some(service) = alert.key.service() else {
                all.of_all |= OF_ALL.contains(&name);
                continue;
            };
            let known = all.services.entry(service).or_insert((alert.severity, false));
            known.0 = known.0.max(alert.severity);
            known.1 |= matches!(name, DEGRADED | UNAVAILABLE);
        }
        all
    }

    /// Whether an alert that fires need not be told.
    pub fn inhibits(&self, alert: &Alert) -> bool {
        let Some(service) = alert.key.service() else { return false };
        let (worst, verdict) =
            self.services.get(&**service).copied().unwrap_or((Severity::Info, false));
        self.of_all
            || alert.explained.is_some()
            || (worst >= Severity::Error && worst > alert.severity)
            || (verdict && SAID_BY_VERDICT.contains(&&*alert.key.name))
    }
}
