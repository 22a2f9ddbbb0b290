//! Alerts and moments for the tests of this room.

use crate::observer::alert::{Alert, Context, Key, Severity};
use crate::observer::incident::IncidentId;
use crate::observer::{Instant, Span};
use std::sync::Arc;

/// So many seconds after the beginning.
pub(super) fn at(secs: u64) -> Instant {
    Instant::from_micros(1_000_000_000) + Span::from_secs(secs)
}

/// An alert about a service that began at the beginning and fires.
pub(super) fn alert(name: &str, service: &str, severity: Severity) -> Arc<Alert> {
    Arc::new(Alert {
        key: Key::new(name).with("service", service.into()),
        severity,
        starts: at(0),
        ends: None,
        summary: String::new(),
        description: String::new(),
        event: "",
        reason: None,
        value: None,
        context: Context::default(),
        runbook: None,
        repeat: 0,
        incident: IncidentId(1),
        explained: None,
        trace: None,
    })
}
