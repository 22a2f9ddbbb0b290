//! Documents in, alarms out.

use super::*;
use serde_json::{Value, json};

/// A document said so many seconds into the recording.
fn document(second: u64, topic: &str, payload: Option<String>) -> Document {
    Document {
        at: Instant::from_micros(second * 1_000_000),
        topic: topic.to_owned(),
        retain: false,
        critical: false,
        payload,
        correlation: None,
        event: None,
    }
}

/// Alarms as `kind subject reason begin..end`.
fn shown(alarms: &Alarms) -> Vec<String> {
    let second = |at: Instant| (at.micros() / 1_000_000).to_string();
    let line = |Alarm { key: Key { kind, subject, reason }, begin, end }: &Alarm| {
        let end = end.map(second).unwrap_or_default();
        format!("{kind} {subject} {reason} {}..{end}", second(*begin))
    };
    alarms.kept().iter().map(line).collect()
}

/// The alarms of documents that are said on `topic`, in both envelopes.
fn check(said: &[(u64, &str, Value)], wanted: &[&str]) {
    for bare in [false, true] {
        let mut alarms = Alarms::new("c");
        for (second, topic, params) in said {
            let payload = if bare {
                params.to_string()
            } else {
                json!({"jsonrpc": "2.0", "method": params["type"], "params": params}).to_string()
            };
            alarms.hear(&document(*second, topic, Some(payload)));
        }
        assert_eq!(shown(&alarms), wanted, "bare: {bare}");
        assert_eq!(alarms.count(), wanted.len() as u64);
        assert_eq!(alarms.kept_until(), None);
    }
}

const ERRORS: &str = "system/c/errors";
const CIRCUITS: &str = "system/c/circuit-breaker";
const ALERTS: &str = "system/c/alerts";

#[test]
fn a_service_has_one_alarm_for_each_reason_in_turn() {
    let bad = |kind: &str, reason: &str, repeat: u32| json!({"type": kind, "service": "A", "reason": reason, "repeat": repeat});
    check(
        &[
            (1, ERRORS, bad("service_degraded", "slow_responses", 0)),
            (2, ERRORS, json!({"type": "service_degraded", "service": "B", "reason": "flapping"})),
            (5, ERRORS, bad("service_degraded", "slow_responses", 1)),
            (6, ERRORS, bad("service_unavailable", "not_responding", 0)),
            (7, ERRORS, bad("service_unavailable", "no_running_pods", 0)),
            (9, ERRORS, json!({"type": "service_recovered", "service": "A"})),
            (9, ERRORS, json!({"type": "service_recovered", "service": "A"})),
            (10, ERRORS, json!({"type": "cascading_failure_prevented", "originService": "A"})),
        ],
        &[
            "service_degraded A slow_responses 1..6",
            "service_degraded B flapping 2..",
            "service_unavailable A not_responding 6..7",
            "service_unavailable A no_running_pods 7..9",
        ],
    );
}

#[test]
fn components_circuits_pairs_and_alerts_have_alarms_too() {
    let ill = |severity: &str| json!({"type": "infrastructure_error", "component": "db", "severity": severity});
    let circuit = |state: &str, reason: &str| json!({"type": "circuit_breaker", "service": "A", "state": state, "reason": reason});
    let alert = |status: &str, alert: &str| json!({"type": "alert", "alert": alert, "status": status, "severity": "critical", "labels": {"service": "A", "cluster": "c"}, "startsAt": "2026-01-15T10:30:00.000Z"});
    check(
        &[
            (1, ERRORS, ill("critical")),
            // The same on another topic is no second one, and what stands is none either.
            (1, "system/c/emergency", ill("critical")),
            (2, "system/c/circuit-breaker/A", circuit("open", "failure_rate")),
            (3, ERRORS, ill("warning")),
            (4, ERRORS, json!({"type": "infrastructure_recovered", "component": "db"})),
            (5, CIRCUITS, circuit("open", "failure_rate")),
            (6, CIRCUITS, circuit("half_open", "open_timeout")),
            (7, CIRCUITS, circuit("open", "trial_failed")),
            (8, CIRCUITS, circuit("half_open", "open_timeout")),
            (9, CIRCUITS, circuit("closed", "trial_succeeded")),
            (10, ERRORS, json!({"type": "pair_deaf", "pair": "p"})),
            (11, ALERTS, alert("firing", "LookoutServiceUnavailable")),
            (12, ALERTS, alert("firing", "LookoutCircuitOpen")),
            (13, ALERTS, alert("firing", "LookoutServiceUnavailable")),
            (14, ALERTS, alert("resolved", "LookoutServiceUnavailable")),
            (15, "system/d/errors", ill("critical")),
        ],
        &[
            "infrastructure_error db critical 1..3",
            "infrastructure_error db warning 3..4",
            "circuit_open A failure_rate 5..9",
            "pair_deaf p  10..",
            "alert cluster=c,service=A LookoutServiceUnavailable 11..14",
            "alert cluster=c,service=A LookoutCircuitOpen 12..",
        ],
    );
}

#[test]
fn what_is_forgotten_is_over() {
    let mut alarms = Alarms::new("c");
    let bad = json!({"type": "service_degraded", "service": "a/b", "reason": "flapping"});
    alarms.hear(&document(1, ERRORS, Some(bad.to_string())));
    alarms.hear(&document(2, "system/c/services/a%2Fb", None));
    alarms.hear(&document(3, ERRORS, Some("{".to_owned())));
    assert_eq!(shown(&alarms), ["service_degraded a/b flapping 1..2"]);
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let mut alarms = Alarms::new("c");
    for n in 0..MOST as u64 + 5 {
        let bad = json!({"type": "service_degraded", "service": format!("s{n}"), "reason": "x"});
        // Said twice, it counts once.
        alarms.hear(&document(n, ERRORS, Some(bad.to_string())));
        alarms.hear(&document(n, ERRORS, Some(bad.to_string())));
    }
    assert_eq!(alarms.kept().len(), MOST);
    assert_eq!(alarms.count(), MOST as u64 + 5);
    assert_eq!(alarms.kept_until(), Some(Instant::from_micros(MOST as u64 * 1_000_000)));
    // One that was left out ends without a word.
    let well = json!({"type": "service_recovered", "service": format!("s{}", MOST + 1)});
    alarms.hear(&document(1 << 20, ERRORS, Some(well.to_string())));
    assert!(alarms.kept().iter().all(|alarm| alarm.end.is_none()));
}
