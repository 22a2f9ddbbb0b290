//! An alert as a document: for `alerts`, for `emergency`, and for whoever is told over HTTP.

use super::cloudevent::source;
use super::documents::{AlertDocument, NoticeData, NoticeDocument, Related, Time};
use super::speak::{correlation_id, json};
use crate::observer::Instant;
use crate::observer::alert::{Alert, Severity};
use std::sync::Arc;

/// What an alert says at a moment.
pub(super) fn shape<'a>(cluster: &'a str, at: Instant, alert: &'a Alert) -> AlertDocument<'a> {
    let context = &alert.context;
    let related = context.related.iter().map(|(at, text)| Related { at: Time(*at), text });
    AlertDocument {
        r#type: "alert",
        cluster_id: cluster,
        alert: &alert.key.name,
        status: if alert.fires() { "firing" } else { "resolved" },
        severity: alert.severity.name(),
        service: alert.key.service().map(|it| &**it),
        component: alert.key.component().map(|it| &**it),
        labels: alert.key.labels.iter().map(|(name, value)| (*name, &**value)).collect(),
        summary: &alert.summary,
        description: &alert.description,
        event: alert.event,
        reason: alert.reason.as_deref(),
        value: alert.value,
        starts_at: Time(alert.starts),
        ends_at: alert.ends.map(Time),
        impact: (&context.impact).into(),
        infrastructure: (&context.infrastructure).into(),
        related: related.collect(),
        likely_causes: &context.causes,
        suggested_actions: &context.actions,
        runbook: alert.runbook.as_ref().map(Into::into),
        explained_by: alert.explained.as_deref(),
        trace_id: alert.trace.map(|trace| trace.to_string()),
        repeat: alert.repeat,
        timestamp: Time(at),
        correlation_id: correlation_id(alert.incident),
    }
}

/// Whether everybody is told.
pub(super) fn is_for_all(alert: &Alert) -> bool {
    alert.severity >= Severity::Critical
}

/// Alerts in one notification that are told in full; the others are counted.
const IN_FULL: usize = 50;

/// A group of alerts for whoever is told over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// The platform that is observed.
    pub cluster: &'a str,
    /// lookout's id.
    pub observer: &'a str,
    /// The same for each attempt.
    pub id: &'a str,
    /// When it is told.
    pub at: Instant,
    /// The severity of all of them.
    pub severity: Severity,
    /// The name of all of them.
    pub alert: &'a str,
    /// Those that fire, and those that are over.
    pub alerts: &'a [Arc<Alert>],
    /// Where it is written what to do.
    pub runbook_url: Option<&'a str>,
    /// Where the live page is.
    pub page_url: Option<&'a str>,
}

/// A group of alerts as a CloudEvent in JSON.
pub fn notice_json(notice: &Notice<'_>) -> String {
    let firing = notice.alerts.iter().filter(|alert| alert.fires()).count();
    let resolved = notice.alerts.len() - firing;
    let mut all: Vec<_> = notice.alerts.iter().collect();
    // Those that fire first, and of these the oldest.
    all.sort_by_key(|alert| (alert.ends.is_some(), alert.starts));
    let shown = all.iter().take(IN_FULL);
    json(&NoticeDocument {
        specversion: "1.0",
        id: notice.id,
        source: source(notice.cluster, notice.observer),
        r#type: "alert_notification",
        time: Time(notice.at),
        subject: notice.alert,
        datacontenttype: "application/json",
        data: NoticeData {
            cluster_id: notice.cluster,
            alert: notice.alert,
            severity: notice.severity.name(),
            status: if firing > 0 { "firing" } else { "resolved" },
            firing,
            resolved,
            left_out: all.len().saturating_sub(IN_FULL),
            runbook_url: notice.runbook_url,
            page_url: notice.page_url,
            alerts: shown.map(|alert| shape(notice.cluster, notice.at, alert)).collect(),
        },
    })
}
