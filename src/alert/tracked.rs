//! Something that is or was wrong, and the alert that is made of it.

use super::condition::Condition;
use super::context::{self, Past};
use crate::observer::alert::Alert;
use crate::observer::incident::IncidentId;
use crate::observer::{Instant, Snapshot, Span};
use crate::wire::line::tame;
use std::sync::Arc;

/// Something that is or was wrong.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) condition: Condition,
    /// Since when, without a break that counts.
    pub(super) since: Instant,
    /// Since when it is gone.
    pub(super) gone: Option<Instant>,
    /// The alert, once it was told, and when it last was.
    pub(super) alert: Option<(Arc<Alert>, Instant)>,
    /// Whether it was found in this turn.
    pub(super) here: bool,
}

/// Whether an alert is to be made or made anew: how often it was told before, and whether it is told.
pub(super) fn due(tracked: &Tracked, now: Instant, repeat_every: Span) -> Option<(u32, bool)> {
    let condition = &tracked.condition;
    let Some((alert, told)) = &tracked.alert else {
        return (now.since(tracked.since) >= condition.lasting).then_some((0, true));
    };
    let other_reason = condition.reason.is_some() && alert.reason != condition.reason;
    if other_reason || alert.severity != condition.severity {
        return Some((alert.repeat, true));
    }
    if repeat_every > Span::ZERO && now.since(*told) >= repeat_every {
        return Some((alert.repeat.saturating_add(1), true));
    }
    (alert.explained != condition.explained).then_some((alert.repeat, false))
}

pub(super) fn make(
    snapshot: &Snapshot,
    past: &Past,
    tracked: &Tracked,
    incident: IncidentId,
    repeat: u32,
) -> Alert {
    let condition = &tracked.condition;
    Alert {
        key: condition.key.clone(),
        severity: condition.severity,
        starts: tracked.since,
        ends: None,
        summary: tame(&condition.summary),
        description: condition.description.clone(),
        event: condition.event,
        reason: condition.reason.clone(),
        value: condition.value,
        context: context::context(snapshot, past, &condition.key, Some(incident)),
        runbook: None,
        repeat,
        incident,
        explained: condition.explained.clone(),
        trace: None,
    }
}
