//! What lookout publishes, as lines for people: when, what, who, why.
//!
//! Names come from strangers: what a terminal would obey is escaped.

use serde_json::Value;
use std::fmt::Write;

/// A document as a line for people: when, what, who, why.
///
/// `topic` is what stands below `system/{cluster}/`.
pub fn line(topic: &str, payload: &str) -> String {
    let whole: Value = serde_json::from_str(payload).unwrap_or_default();
    // Bare documents have no envelope.
    let facts = whole.get("params").unwrap_or(&whole);
    let fact = |name: &str| facts.get(name).and_then(Value::as_str);
    let mut line = String::new();
    line.push_str(fact("timestamp").unwrap_or("-"));
    // That an alert is over is good news.
    if topic == "emergency" && fact("status") != Some("resolved") {
        line.push_str(" EMERGENCY");
    }
    for name in ["type", "alert", "service", "component", "pair", "originService"] {
        if let Some(value) = fact(name) {
            line.push(' ');
            line.push_str(value);
        }
    }
    if fact("type") == Some("security_action")
        && let Some(target) = facts.get("target")
    {
        let names = ["user", "address", "client", "session", "service"].into_iter();
        let whom = names.filter_map(|it| target.get(it)).find_map(Value::as_str);
        line.push(' ');
        line.push_str(whom.unwrap_or("-"));
    }
    let change = match (fact("previous"), fact("state"), fact("action")) {
        (Some(from), Some(to), _) => Some(format!("{from} -> {to}")),
        (None, Some(state), Some(action)) => Some(format!("{action} {state}")),
        (_, _, action) => action.map(str::to_owned),
    };
    let why = ["reason", "status", "severity", "message", "summary"].into_iter().filter_map(fact);
    for (at, part) in change.as_deref().into_iter().chain(why).enumerate() {
        line.push_str(if at == 0 { ": " } else { ", " });
        line.push_str(part);
    }
    let because = facts.get("causedBy").and_then(|cause| cause.get("component"));
    if let Some(component) = because.and_then(Value::as_str) {
        line.push_str(", because of ");
        line.push_str(component);
    }
    if facts.get("dryRun").and_then(Value::as_bool) == Some(true) {
        line.push_str(" (dry run)");
    }
    if let Some(repeat) = facts.get("repeat").and_then(Value::as_u64).filter(|it| *it > 0) {
        // Writing to a string cannot fail.
        let _ = write!(line, " (still, said {} times)", repeat + 1);
    }
    let trace = facts.get("details").and_then(|it| it.get("traceId")).and_then(Value::as_str);
    let trace = trace.or(fact("traceId"));
    // Anybody may publish, and this is worth its room only as what it is.
    let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit());
    if let Some(trace) = trace.filter(is_id) {
        line.push_str(", trace ");
        line.push_str(trace);
    }
    tame(&line)
}

/// The line with everything escaped that a terminal would obey, or that would make it read
/// another way.
pub fn tame(line: &str) -> String {
    let mut tame = String::with_capacity(line.len());
    for c in line.chars() {
        let hidden = matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || hidden {
            tame.extend(c.escape_default());
        } else {
            tame.push(c);
        }
    }
    tame
}

#[cfg(test)]
mod tests {
    #[test]
    fn findings_read_as_sentences() {
        let at = r#""timestamp":"2026-01-15T10:30:00.000Z""#;
        for (topic, payload, line) in [
            (
                "errors",
                r#"{"jsonrpc":"2.0","method":"x","params":{"type":"service_unavailable","service":"A","reason":"no_running_pods","repeat":0,AT}}"#,
                "2026-01-15T10:30:00.000Z service_unavailable A: no_running_pods",
            ),
            (
                "circuit-breaker",
                r#"{"type":"circuit_breaker","service":"A","state":"open","previous":"closed","reason":"failure_rate",AT}"#,
                "2026-01-15T10:30:00.000Z circuit_breaker A: closed -> open, failure_rate",
            ),
            (
                "emergency",
                r#"{"params":{"type":"infrastructure_error","component":"db","severity":"critical","message":"gone","repeat":2,AT}}"#,
                "2026-01-15T10:30:00.000Z EMERGENCY infrastructure_error db: critical, gone (still, said 3 times)",
            ),
            (
                "errors",
                r#"{"params":{"type":"service_unavailable","service":"A","reason":"not_responding","causedBy":{"component":"db"},AT}}"#,
                "2026-01-15T10:30:00.000Z service_unavailable A: not_responding, because of db",
            ),
            (
                "errors",
                r#"{"params":{"type":"service_degraded","service":"A","reason":"high_failure_rate","details":{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"},AT}}"#,
                "2026-01-15T10:30:00.000Z service_degraded A: high_failure_rate, trace 4bf92f3577b34da6a3ce929d0e0e4736",
            ),
            (
                "errors",
                r#"{"params":{"type":"service_degraded","service":"A","details":{"traceId":"4bf92f3577b34da6a3ce929d0e0e473 "},AT}}"#,
                "2026-01-15T10:30:00.000Z service_degraded A",
            ),
            (
                "emergency",
                r#"{"params":{"type":"alert","alert":"A","status":"resolved","severity":"critical",AT}}"#,
                "2026-01-15T10:30:00.000Z alert A: resolved, critical",
            ),
            (
                "alerts",
                r#"{"params":{"type":"alert","alert":"LookoutServiceUnavailable","service":"A","status":"firing","severity":"critical","summary":"A is unavailable",AT}}"#,
                "2026-01-15T10:30:00.000Z alert LookoutServiceUnavailable A: firing, critical, A is unavailable",
            ),
            (
                "actions",
                r#"{"params":{"type":"remedy_action","service":"A","action":"restart","state":"started","dryRun":true,AT}}"#,
                "2026-01-15T10:30:00.000Z remedy_action A: restart started (dry run)",
            ),
            (
                "actions",
                r#"{"params":{"type":"security_action","action":"block_ip","state":"done","target":{"address":"192.0.2.7"},"dryRun":false,"message":"banned",AT}}"#,
                "2026-01-15T10:30:00.000Z security_action 192.0.2.7: block_ip done, banned",
            ),
        ] {
            assert_eq!(super::line(topic, &payload.replace("AT", at)), line);
        }
    }

    #[test]
    fn names_cannot_play_tricks_on_a_terminal() {
        let payload = r#"{"type":"t","service":"a\u001b[2J\n\u202eb"}"#;
        assert_eq!(super::line("errors", payload), "- t a\\u{1b}[2J\\n\\u{202e}b");
    }
}
