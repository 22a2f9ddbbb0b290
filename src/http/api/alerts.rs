//! `/api/v1/alerts`: what people are told, the worst first.

use super::time;
use crate::alert::{Inhibitor, MOST_ALERTS};
use crate::config::Links;
use crate::observer::alert::Alert as Known;
use crate::view::View;
use crate::wire::correlation_id;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Alerts in one answer; those beyond are counted.
pub(in super::super) const MOST: usize = 1_000;
const _: () = assert!(MOST <= MOST_ALERTS);

/// Alerts.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Alerts {
    /// Of when this is.
    at: String,
    /// Those that fire, the worst first, and then those that ended in the last quarter of an hour, the
    /// latest first; at most 1 000.
    alerts: Vec<Alert>,
    /// Those beyond.
    left_out: usize,
}

/// One alert.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Alert {
    /// Its name.
    alert: String,
    /// `firing` or `resolved`.
    status: &'static str,
    /// info, warning, error, critical or emergency.
    severity: &'static str,
    /// What tells it from others of its name: `service`, `component` and the like.
    labels: BTreeMap<&'static str, String>,
    /// In a line.
    summary: String,
    /// In a few sentences.
    description: String,
    /// The reason that its event gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When its cause began.
    starts_at: String,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// Whether something worse says it already, so that no webhook is told.
    inhibited: bool,
    /// What explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    explained_by: Option<String>,
    /// What probably stands behind it.
    likely_causes: Vec<String>,
    /// What may help.
    suggested_actions: Vec<String>,
    /// The name of its runbook: `lookout runbook NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<String>,
    /// A trace in which the trouble of its service is told: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Where that can be looked at, if `trace.link` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_url: Option<String>,
    /// Its incident.
    correlation_id: String,
}

/// Those of a view, with at most so many alerts.
pub(in super::super) fn alerts(view: &View, most: usize, links: &Links) -> Alerts {
    let turn = view.turn();
    let board = &turn.board;
    let inhibitor = Inhibitor::new(board.firing.iter().map(|it| &**it));
    let mut all: Vec<&Known> = board.firing.iter().map(|it| &**it).collect();
    all.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.starts));
    all.extend(board.ended.iter().rev().map(|it| &**it));
    Alerts {
        at: time(turn.snapshot.at),
        left_out: all.len().saturating_sub(most),
        alerts: all.into_iter().take(most).map(|it| alert(it, &inhibitor, links)).collect(),
    }
}

fn alert(known: &Known, inhibitor: &Inhibitor<'_>, links: &Links) -> Alert {
    let labels = known.key.labels.iter();
    Alert {
        alert: known.key.name.to_string(),
        status: if known.fires() { "firing" } else { "resolved" },
        severity: known.severity.name(),
        labels: labels.map(|(name, value)| (*name, value.to_string())).collect(),
        summary: known.summary.clone(),
        description: known.description.clone(),
        reason: known.reason.as_ref().map(ToString::to_string),
        starts_at: time(known.starts),
        ends_at: known.ends.map(time),
        inhibited: known.fires() && inhibitor.inhibits(known),
        explained_by: known.explained.as_ref().map(ToString::to_string),
        likely_causes: known.context.causes.clone(),
        suggested_actions: known.context.actions.clone(),
        runbook: known.runbook.as_ref().map(|it| it.name.clone()),
        trace_id: known.trace.map(|trace| trace.to_string()),
        trace_url: known.trace.and_then(|trace| links.trace(trace)),
        correlation_id: correlation_id(known.incident),
    }
}
