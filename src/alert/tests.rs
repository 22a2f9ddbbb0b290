//! Alerts from made-up snapshots: what ends, what repeats, what changes, what is bounded.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::observer::component::{Condition as Health, Finding, Standing};
use crate::observer::incident::IncidentId;
use crate::observer::input;

fn at(secs: u64) -> Instant {
    Instant::from_micros(1_000_000_000) + Span::from_secs(secs)
}

fn policy() -> Policy {
    Policy {
        every: Span::from_secs(10),
        clear_for: Span::from_secs(60),
        repeat_every: Span::from_secs(300),
        off: Vec::new(),
        rules: Vec::new(),
        pairs: vec!["functions".into()],
        seed: 1,
    }
}

fn component(name: &str, severity: input::Severity) -> Standing {
    let finding = Finding {
        component: name.into(),
        kind: "postgresql".into(),
        critical: true,
        severity,
        down: true,
        message: "no connection".into(),
        impact: None,
        details: None,
        advice: vec!["Look whether it runs".into()],
        affected: Vec::new(),
        estimate: None,
        escalate: false,
        repeat: 0,
        incident: IncidentId(9),
    };
    Standing {
        name: name.into(),
        kind: "postgresql".into(),
        condition: Health::Unhealthy,
        finding: Some((finding, at(0))),
        ..Standing::default()
    }
}

/// Lets seconds pass; what is told in each, as `second name severity repeat`, `-` before what is over.
fn told(
    alerts: &mut Alerts,
    seconds: impl Iterator<Item = u64>,
    snapshot: impl Fn(u64) -> Snapshot,
) -> Vec<String> {
    let mut told = Vec::new();
    for second in seconds {
        alerts.turn(&Snapshot { at: at(second), ..snapshot(second) }, None, &[]);
        while let Some(event) = alerts.poll() {
            assert_eq!(event.at, at(second));
            let What::Alert(alert) = event.what else { continue };
            let sign = if alert.fires() { "" } else { "-" };
            let (name, severity) = (&alert.key.name, alert.severity.name());
            told.push(format!("{second} {sign}{name} {severity} {}", alert.repeat));
        }
    }
    told
}

fn with(component: Standing) -> Snapshot {
    Snapshot { components: vec![component], ..Snapshot::default() }
}

#[test]
fn a_finding_is_told_repeated_worse_milder_and_over() {
    let mut alerts = Alerts::new(policy(), Box::new(|_, _| None));
    let snapshot = |second| match second {
        0..700 => with(component("db", input::Severity::Error)),
        700..800 => with(component("db", input::Severity::Critical)),
        800..900 => with(component("db", input::Severity::Warning)),
        _ => Snapshot::default(),
    };
    assert_eq!(
        told(&mut alerts, 0..1_000, snapshot),
        [
            "0 LookoutComponentUnhealthy error 0",
            "300 LookoutComponentUnhealthy error 1",
            "600 LookoutComponentUnhealthy error 2",
            "700 LookoutComponentUnhealthy critical 2",
            // A component has thresholds of its own: its alerts end at once.
            "800 LookoutComponentImpaired warning 0",
            "800 -LookoutComponentUnhealthy critical 0",
            "900 -LookoutComponentImpaired warning 0",
        ]
    );
    let board = alerts.board().unwrap();
    assert_eq!((board.firing.len(), board.ended.len()), (0, 2));
    assert!(alerts.board().is_none(), "nothing changed since");
    // The end is told for fifteen minutes.
    told(&mut alerts, 1_000..1_702, |_| Snapshot::default());
    assert_eq!(alerts.board().unwrap().ended.len(), 1);
    told(&mut alerts, 1_702..1_802, |_| Snapshot::default());
    assert_eq!(alerts.board().unwrap().ended.len(), 0);
}

#[test]
fn what_is_off_is_not_made_and_a_pair_is_deaf_until_it_hears() {
    let off = vec!["LookoutComponentUnhealthy".to_owned()];
    let mut alerts = Alerts::new(Policy { off, ..policy() }, Box::new(|_, _| None));
    let snapshot = |second| {
        let deaf = if second < 50 { vec![crate::observer::call::PairId(0)] } else { Vec::new() };
        Snapshot { deaf, ..with(component("db", input::Severity::Error)) }
    };
    assert_eq!(
        told(&mut alerts, 0..200, snapshot),
        ["0 LookoutPairDeaf warning 0", "110 -LookoutPairDeaf warning 0"]
    );
}

#[test]
fn advice_causes_and_the_ground_stand_in_it() {
    let mut alerts = Alerts::new(policy(), Box::new(|_, _| None));
    let hostile = "a\nb\u{202e}";
    let snapshot = |_| with(component(hostile, input::Severity::Error));
    told(&mut alerts, 0..1, snapshot);
    let alert = alerts.firing().next().unwrap();
    assert_eq!(alert.summary, "a\\nb\\u{202e} (postgresql) is down");
    assert_eq!(alert.context.actions, ["Look whether it runs"]);
    assert_eq!(alert.context.infrastructure.unwell.len(), 1);
    assert_eq!(alert.incident, IncidentId(9), "the finding's");
}

#[test]
fn a_storm_has_a_bound_that_is_counted() {
    let mut alerts = Alerts::new(policy(), Box::new(|_, _| None));
    let many = (0..MOST_ALERTS + 7).map(|it| component(&format!("c{it}"), input::Severity::Error));
    let snapshot = Snapshot { components: many.collect(), at: at(0), ..Snapshot::default() };
    alerts.turn(&snapshot, None, &[]);
    assert_eq!((alerts.firing().count(), alerts.refused()), (MOST_ALERTS, 7));
}

#[test]
fn every_built_in_rule_can_be_read_and_is_named_once() {
    let minutes =
        |text: &str| Some(Span::from_secs(60 * text.strip_suffix('m')?.parse::<u64>().ok()?));
    let rules = Rule::built_in(minutes);
    assert_eq!(rules.len(), rule::BUILT_IN.len());
    let names = rules.iter().map(|rule| &*rule.name).chain(NAMES.iter().map(|(name, _)| *name));
    let names: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(names.len(), rules.len() + NAMES.len());
    for rule in &rules {
        let Rule { expression, clear, .. } = rule;
        assert!(expression.comparison.eases(expression.threshold, *clear), "{}", rule.name);
    }
}
