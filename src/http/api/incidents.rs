//! `/api/v1/incidents`: what is and was wrong, each with its story.

use super::actions::{Action, action};
use super::attack::{Attack, attack};
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

/// All that is known of one incident.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Record {
    /// Of when this is.
    at: String,
    /// The incident, with what was said in it.
    incident: Incident,
    /// The attack, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    attack: Option<Attack>,
    /// What is and was done about it, in order.
    actions: Vec<Action>,
    /// What was seen and what was said, in order.
    timeline: Vec<Moment>,
}

/// Something that happened in an incident.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Moment {
    /// When.
    at: String,
    /// What it is: `evidence` was seen; anything else is the kind of event that was said.
    kind: &'static str,
    /// What happened; names in it may be written by strangers.
    what: String,
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

/// The record of an incident of this id.
pub(in super::super) fn record(view: &View, id: &str, links: &Links) -> Option<Record> {
    let known = view.incidents().latest().find(|it| correlation_id(it.id) == id)?;
    let seen = known.attack.iter().flat_map(|attack| &attack.evidence);
    let seen = seen.map(|it| (it.at, "evidence", it.what.to_string()));
    let said = known.lines.iter().map(|(at, line)| (*at, line.kind, line.text.clone()));
    let mut moments: Vec<_> = seen.chain(said).collect();
    moments.sort_by_key(|(at, ..)| *at);
    let moments = moments.into_iter().map(|(at, kind, what)| Moment { at: time(at), kind, what });
    Some(Record {
        at: time(view.turn().snapshot.at),
        incident: incident(known, links),
        attack: known.attack.as_deref().map(attack),
        actions: view.measures().of(known.id).into_iter().map(action).collect(),
        timeline: moments.collect(),
    })
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
