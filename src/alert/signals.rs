//! What Alertmanager alone is told: that alerts get through, and which are explained.
//!
//! The latter silence the alerts of a service by an inhibition. So no label of theirs has to change
//! when their cause becomes known, which would end one alert and begin another.

use super::sources::{EXPLAINED, WATCHDOG};
use crate::observer::Instant;
use crate::observer::alert::{Alert, Context, Key, Severity};
use crate::observer::incident::IncidentId;
use crate::wire::line::tame;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The signals that go with those that fire; `start` is when it all began.
pub(super) fn signals(firing: &[Arc<Alert>], start: Instant, off: &[String]) -> Vec<Arc<Alert>> {
    let signal = |key: Key, starts: Instant, summary: String| Alert {
        key,
        severity: Severity::Info,
        starts,
        ends: None,
        summary,
        description: String::new(),
        event: "signal",
        reason: None,
        value: None,
        context: Context::default(),
        runbook: None,
        repeat: 0,
        incident: IncidentId(0),
        explained: None,
        trace: None,
    };
    let mut signals = BTreeMap::new();
    if !off.iter().any(|off| off == WATCHDOG) {
        let summary = "Alerts of lookout get through".to_owned();
        signals.insert(Key::new(WATCHDOG), signal(Key::new(WATCHDOG), start, summary));
    }
    for alert in firing {
        let (Some(service), Some(by)) = (alert.key.service(), &alert.explained) else {
            continue;
        };
        let key = Key::new(EXPLAINED).with("service", service.clone());
        let summary = format!("{} is explained by {}", tame(service), tame(by));
        signals.insert(key.clone(), signal(key, alert.starts, summary));
    }
    signals.into_values().map(Arc::new).collect()
}
