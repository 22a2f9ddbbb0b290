//! `/api/v1/incidents`: what is and was wrong, each with its story.

use super::time;
use crate::config::Links;
use crate::observer::trace::TraceId;
use crate::view::View;
use crate::view::incidents::Incident as Known;
use crate::wire::correlation_id;
use schemars::JsonSchema;
use serde::Serialize;

/// Incidents.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Incidents {
    /// Of when this is.
    at: String,
    /// The latest first.
    incidents: Vec<Incident>,
}

/// One incident.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Incident {
    /// Its id: the `correlationId` of all that was said in it.
    id: String,
    /// Whose it is: the service or component of the first sign.
    subject: String,
    /// When it began.
    began: String,
    /// When it ended; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// A trace in which it is told, the latest that was named: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Where that can be looked at, if `trace.link` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_url: Option<String>,
    /// What happened, in order.
    story: Vec<Line>,
    /// Lines that were left out from the middle.
    left_out: u32,
}

/// A line of a story.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    /// When.
    at: String,
    /// What kind of event, as on the wire.
    r#type: &'static str,
    /// Whom it is about.
    subject: String,
    /// info, warning, error or critical.
    severity: &'static str,
    /// What happened.
    text: String,
    /// The trace in which it is told, if it is: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Where that can be looked at, if `trace.link` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_url: Option<String>,
}

/// Incidents that are open, or that are not, or all.
pub(in super::super) fn incidents(view: &View, open: Option<bool>, links: &Links) -> Incidents {
    let wanted = |it: &&Known| open.is_none_or(|open| it.ended.is_none() == open);
    let known = view.incidents().latest().filter(wanted);
    let incidents = known.map(|it| incident(it, links)).collect();
    Incidents { at: time(view.turn().snapshot.at), incidents }
}

fn incident(known: &Known, links: &Links) -> Incident {
    let id = |trace: Option<TraceId>| trace.map(|trace| trace.to_string());
    let url = |trace: Option<TraceId>| links.trace(trace?);
    let lines = known.lines.iter().map(|(at, line)| Line {
        at: time(*at),
        r#type: line.kind,
        subject: line.subject.clone(),
        severity: line.severity.name(),
        text: line.text.clone(),
        trace_id: id(line.trace),
        trace_url: url(line.trace),
    });
    Incident {
        id: correlation_id(known.id),
        subject: known.subject.clone(),
        began: time(known.began),
        ended: known.ended.map(time),
        trace_id: id(known.told_in()),
        trace_url: url(known.told_in()),
        story: lines.collect(),
        left_out: known.left_out,
    }
}
