//! What a replay said, condensed for people: one line a document, then the figures.
//!
//! `errors`, `emergency` and `circuit-breaker` are always shown. A transcript that is about
//! more asks for it in a line `#! verdicts health methods latency alerts`: the retained verdicts,
//! the health summary, the figures by method, the reply times, what people are told.

use super::tape::START;
use serde_json::Value;
use std::fmt::Write;

/// Counts of a service in the order in which they are shown; those that are zero are not.
pub(crate) const OUTCOMES: [&str; 7] =
    ["oneway", "ok", "rejected", "failed", "unanswered", "void", "open"];

/// What a transcript shows beside events and figures.
#[derive(Debug, Default)]
pub(crate) struct Show {
    verdicts: bool,
    health: bool,
    methods: bool,
    latency: bool,
    alerts: bool,
}

impl Show {
    /// Reads the `#!` lines of an expected transcript.
    pub(crate) fn asked_for(expected: &str) -> Self {
        let mut show = Self::default();
        for word in
            expected.lines().filter_map(|l| l.strip_prefix("#!")).flat_map(str::split_whitespace)
        {
            match word {
                "verdicts" => show.verdicts = true,
                "health" => show.health = true,
                "methods" => show.methods = true,
                "latency" => show.latency = true,
                "alerts" => show.alerts = true,
                _ => panic!("`#! {word}` shows nothing"),
            }
        }
        show
    }
}

/// The condensed transcript of a replay.
pub(crate) fn condense(documents: &[Value], summary: &Value, show: &Show) -> String {
    let mut text = String::new();
    for document in documents {
        if let Some(line) = line(document, show) {
            let _ = writeln!(text, "{} {line}", since_start(document));
        }
    }
    figures(summary, show, &mut text);
    text
}

/// When a document was said, as `+066.000`.
pub(crate) fn since_start(document: &Value) -> String {
    let micros = document["ts"].as_u64().expect("a time") - START;
    format!("+{:03}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

/// A member as plain text.
pub(crate) fn text<'v>(params: &'v Value, member: &str) -> &'v str {
    params[member].as_str().unwrap_or("?")
}

fn line(document: &Value, show: &Show) -> Option<String> {
    let topic = document["topic"].as_str()?.strip_prefix("system/default/")?;
    let params = &document["payload"]["params"];
    match topic {
        "alerts" | "emergency" if params["type"] == "alert" => {
            show.alerts.then(|| format!("{topic} {}", alert(params)))
        }
        "errors" | "emergency" => Some(format!("{topic} {}", event(params))),
        "circuit-breaker" => Some(format!("{topic} {}", transition(params))),
        "health" if show.health => Some(format!("health {}", health(params))),
        _ if show.verdicts && topic.starts_with("services/") => {
            let reason = params["reason"].as_str().map(|reason| format!(" {reason}"));
            let reason = reason.unwrap_or_default();
            Some(format!(
                "{topic} {}{reason} circuit={}",
                text(params, "verdict"),
                text(params, "circuit")
            ))
        }
        _ => None,
    }
}

/// An alert: whether it fires, its name, its labels, how bad it is.
fn alert(params: &Value) -> String {
    let mut line = format!("{} {}", text(params, "status"), text(params, "alert"));
    for (name, value) in members(&params["labels"]) {
        let _ = write!(line, " {name}={}", value.as_str().unwrap_or("?"));
    }
    let _ = write!(line, " {} repeat={}", text(params, "severity"), params["repeat"]);
    if let Some(by) = params["explainedBy"].as_str() {
        let _ = write!(line, " explained_by={by}");
    }
    line
}

/// The summary of the platform; what is zero is left out.
fn health(params: &Value) -> String {
    let mut line = text(params, "status").to_owned();
    let counts = members(&params["services"]).map(|(name, count)| (name.as_str(), count));
    let totals = ["openCircuits", "openIncidents"].map(|name| (name, &params[name]));
    for (name, count) in counts.chain(totals).filter(|(_, count)| **count != 0) {
        let _ = write!(line, " {name}={count}");
    }
    if params["inDoubt"] == true {
        line.push_str(" in_doubt");
    }
    line
}

fn event(params: &Value) -> String {
    let kind = text(params, "type");
    match kind {
        "service_unavailable" | "service_degraded" => format!(
            "{kind} {} {} repeat={}",
            text(params, "service"),
            text(params, "reason"),
            params["repeat"]
        ),
        "service_recovered" => format!(
            "{kind} {} was={} outage={} unanswered={}",
            text(params, "service"),
            text(params, "previous"),
            seconds(params),
            params["unansweredCalls"]
        ),
        "infrastructure_error" => format!(
            "{kind} {} {} repeat={}",
            text(params, "component"),
            text(params, "severity"),
            params["repeat"]
        ),
        "infrastructure_recovered" => {
            format!("{kind} {} outage={}", text(params, "component"), seconds(params))
        }
        "cascading_failure_prevented" => format!(
            "{kind} {} affected={}",
            text(params, "originService"),
            list(&params["affectedServices"])
        ),
        "pair_deaf" => format!(
            "{kind} {} calls={} topics={}",
            text(params, "pair"),
            params["calls"],
            list(&params["unmatchedTopics"])
        ),
        _ => kind.to_owned(),
    }
}

/// The length of an outage, without the `.0` of whole numbers.
fn seconds(params: &Value) -> f64 {
    params["outageSeconds"].as_f64().unwrap_or(f64::NAN)
}

fn transition(params: &Value) -> String {
    let mut line = format!(
        "{} {}->{} {}",
        text(params, "service"),
        text(params, "previous"),
        text(params, "state"),
        text(params, "reason")
    );
    if let (Some(failures), Some(requests)) =
        (params["failures"].as_u64(), params["requests"].as_u64())
    {
        let _ = write!(line, " failures={failures}/{requests}");
    }
    for (member, name) in [("openCount", "count"), ("openSeconds", "open_for")] {
        if let Some(number) = params[member].as_f64() {
            let _ = write!(line, " {name}={number}");
        }
    }
    line
}

fn list(names: &Value) -> String {
    let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

fn figures(summary: &Value, show: &Show, text: &mut String) {
    for (name, service) in members(&summary["services"]) {
        let _ = write!(text, "{name}");
        counts(service, show, text);
        for standing in ["verdict", "circuit"] {
            if let Some(value) = service[standing].as_str() {
                let _ = write!(text, " {standing}={value}");
            }
        }
        text.push('\n');
        for (method, row) in members(&service["methods"]).filter(|_| show.methods) {
            let _ = write!(text, "  .{method}");
            counts(row, show, text);
            text.push('\n');
        }
    }
    let malformed: Vec<String> =
        members(&summary["malformed"]).map(|(kind, count)| format!(" {kind}={count}")).collect();
    if !malformed.is_empty() {
        let _ = writeln!(text, "malformed{}", malformed.concat());
    }
    let _ = write!(text, "messages={}", summary["messages"]);
    for count in ["bad_lines", "unmatched", "duplicate", "late", "ignored"] {
        if summary[count] != 0 {
            let _ = write!(text, " {count}={}", summary[count]);
        }
    }
    text.push('\n');
}

fn counts(row: &Value, show: &Show, text: &mut String) {
    let _ = write!(text, " calls={}", row["calls"]);
    for outcome in OUTCOMES {
        if row[outcome] != 0 {
            let _ = write!(text, " {outcome}={}", row[outcome]);
        }
    }
    for figure in ["p50_ms", "max_ms"] {
        if show.latency {
            let _ = write!(text, " {figure}={}", row[figure]);
        }
    }
}

/// The members of an object in order of their names.
pub(crate) fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let mut members: Vec<_> = object.as_object().into_iter().flatten().collect();
    members.sort_by_key(|(name, _)| *name);
    members.into_iter()
}
