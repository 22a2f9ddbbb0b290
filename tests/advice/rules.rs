//! Each kind of finding: a day that gives it, and one that nearly does.

use crate::made_up::{Load, snapshot};
use lookout::advice::{Advice, Advisor, Finding, Kind, Priority};
use lookout::observer::incident::IncidentId;
use std::sync::Arc;

/// The advice after so many minutes of these services.
fn advice(loads: &[(&str, Load)], minutes: u64) -> Arc<Advice> {
    let mut advisor = Advisor::default();
    for minute in 0..=minutes {
        let services = loads.iter().map(|(name, load)| load.after(minute, name)).collect();
        advisor.look(&snapshot(minute, services));
    }
    advisor.advice().clone()
}

/// What is found of one service, as `kind` or `kind:method`, with its priority.
fn found(load: &Load, minutes: u64) -> Vec<(String, Priority)> {
    let shown = |finding: &Finding| {
        let method = finding.method.as_ref().map_or(String::new(), |method| format!(":{method}"));
        (format!("{}{method}", finding.kind.name()), finding.priority)
    };
    advice(&[("A", load.clone())], minutes).findings.iter().map(shown).collect()
}

/// A name, what a service does, and what is found of it.
type Case = (&'static str, Load, &'static [(&'static str, Priority)]);

/// A day of each rule, just beyond its threshold and just within.
fn cases() -> Vec<Case> {
    use Priority::{High, Low, Medium};
    let usual = Load::default;
    let of =
        |methods: &[(&'static str, u64, u64, u64)]| Load { methods: methods.to_vec(), ..usual() };
    let hundred = |methods| Load { methods, ..usual() };
    let even = || vec![("a", 40, 20, 60), ("b", 30, 20, 60), ("c", 30, 20, 60)];
    vec![
        ("nothing", usual(), &[]),
        // Replies.
        ("slow", of(&[("a", 60, 1_000, 6_000)]), &[("slow_replies", High)]),
        ("nearly slow", of(&[("a", 60, 1_000, 4_500)]), &[]),
        (
            "slow beside others",
            of(&[("a", 30, 100, 300), ("b", 30, 100, 300), ("c", 5, 300, 2_000)]),
            &[("slow_replies:c", Medium)],
        ),
        (
            "as slow as others",
            of(&[("a", 30, 100, 500), ("b", 30, 100, 500), ("c", 5, 300, 2_000)]),
            &[],
        ),
        (
            "slow beside others and still quick",
            of(&[("a", 30, 10, 30), ("b", 30, 10, 30), ("c", 5, 90, 900)]),
            &[],
        ),
        // Outcomes, of 100 calls a minute.
        (
            "failures",
            Load { failed: 3, unanswered: 2, ..hundred(even()) },
            &[("failure_rate", High)],
        ),
        ("some failures", Load { failed: 2, ..hundred(even()) }, &[("failure_rate", Medium)]),
        (
            "few failures",
            Load { failed: 1, ..of(&[("a", 41, 20, 60), ("b", 40, 20, 60), ("c", 40, 20, 60)]) },
            &[],
        ),
        (
            "failures of one method",
            Load { failed: 5, ..of(&[("a", 70, 20, 60), ("b", 30, 20, 60)]) },
            &[("failure_rate:a", High)],
        ),
        ("rejections", Load { rejected: 20, ..hundred(even()) }, &[("rejection_rate", Medium)]),
        ("some rejections", Load { rejected: 6, ..hundred(even()) }, &[("rejection_rate", Low)]),
        ("few rejections", Load { rejected: 4, ..hundred(even()) }, &[]),
        (
            "rate limits, which are no rejections",
            Load { rejected: 14, limited: 10, ..hundred(even()) },
            &[("rate_limited", High)],
        ),
        (
            "some rate limits",
            Load { rejected: 1, limited: 1, ..hundred(even()) },
            &[("rate_limited", Medium)],
        ),
        // Load.
        (
            "42 at once for 2 replicas",
            Load { ready: Some(2), ..of(&[("a", 1_260, 2_000, 2_000)]) },
            &[("concurrency", High)],
        ),
        (
            "21 at once for 2 replicas",
            Load { ready: Some(2), ..of(&[("a", 630, 2_000, 2_000)]) },
            &[("concurrency", Medium)],
        ),
        (
            "19 at once for 2 replicas",
            Load { ready: Some(2), ..of(&[("a", 570, 2_000, 2_000)]) },
            &[],
        ),
        ("42 at once, replicas unknown", of(&[("a", 1_260, 2_000, 2_000)]), &[]),
        (
            "one takes the time",
            of(&[("a", 30, 20, 20), ("b", 30, 20, 20), ("c", 30, 140, 140)]),
            &[("dominant_method:c", Low)],
        ),
        (
            "one takes the time of a busy service",
            of(&[("a", 300, 90, 90), ("b", 300, 90, 90), ("c", 300, 700, 700)]),
            &[("dominant_method:c", Medium)],
        ),
        (
            "one is called",
            of(&[("a", 1, 300, 300), ("b", 1, 300, 300), ("c", 60, 10, 10)]),
            &[("dominant_method:c", Low)],
        ),
        ("two methods", of(&[("a", 1, 20, 20), ("c", 60, 140, 140)]), &[]),
        (
            "one takes two thirds",
            of(&[("a", 30, 20, 20), ("b", 30, 20, 20), ("c", 30, 75, 75)]),
            &[],
        ),
        ("chatty", Load { callers: 1.0, ..hundred(even()) }, &[("chatty_callers", Low)]),
        (
            "very chatty",
            Load { callers: 1.0, ..of(&[("a", 700, 20, 60)]) },
            &[("chatty_callers", Medium)],
        ),
        ("not chatty", Load { callers: 2.0, ..hundred(even()) }, &[]),
        // Patience.
        (
            "given up too early",
            Load { unanswered: 2, late: 1, ..of(&[("a", 250, 20, 1_000)]) },
            &[("patience_short", Medium)],
        ),
        (
            "many given up too early",
            Load { unanswered: 2, late: 2, ..of(&[("a", 150, 20, 1_000)]) },
            &[("patience_short", High), ("failure_rate", Medium)],
        ),
        ("given up for good", Load { unanswered: 4, late: 1, ..of(&[("a", 600, 20, 1_000)]) }, &[]),
        (
            "waited for in vain",
            Load { unanswered: 1, waits: 30_000, ..of(&[("a", 250, 20, 60)]) },
            &[("patience_long", Low)],
        ),
        (
            "waited for as long as it takes",
            Load { unanswered: 1, waits: 30_000, ..of(&[("a", 250, 20, 2_000)]) },
            &[],
        ),
        (
            "not waited for long",
            Load { unanswered: 1, waits: 9_000, ..of(&[("a", 250, 20, 60)]) },
            &[],
        ),
        // Circuits.
        ("flaps", Load { closes_every: 20, ..usual() }, &[("circuit_flaps", Medium)]),
        ("flaps much", Load { closes_every: 10, ..usual() }, &[("circuit_flaps", High)]),
        ("closes twice an hour", Load { closes_every: 30, ..usual() }, &[]),
        (
            "flaps, which is an incident",
            Load { closes_every: 10, troubled: 60, ..usual() },
            &[("circuit_flaps", High)],
        ),
        (
            "flaps because of a component",
            Load { closes_every: 10, troubled: 60, explained: true, ..usual() },
            &[],
        ),
    ]
}

#[test]
fn each_rule_finds_what_it_is_for_and_not_what_is_near() {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, load, wanted) in cases() {
        let wanted: Vec<_> =
            wanted.iter().map(|(kind, priority)| ((*kind).to_owned(), *priority)).collect();
        assert_eq!(found(&load, 24 * 60), wanted, "{name}");
        kinds.extend(
            wanted.into_iter().filter_map(|(kind, _)| kind.split(':').next().map(str::to_owned)),
        );
    }
    let all: Vec<_> =
        Kind::ALL.iter().map(|kind| kind.name()).filter(|kind| !kinds.contains(*kind)).collect();
    assert_eq!(all, [""; 0], "kinds without a case");
}

#[test]
fn nothing_is_said_before_there_is_enough() {
    let failing = Load { failed: 30, ..Load::default() };
    for (name, load, minutes, wanted) in [
        ("half an hour, and the next spell was fine", failing.clone(), 35, 1),
        ("less", failing.clone(), 34, 0),
        (
            "few calls",
            Load { failed: 2, methods: vec![("a", 6, 20, 60)], ..failing.clone() },
            35,
            0,
        ),
        ("in trouble for half of the time", Load { troubled: 30, ..failing.clone() }, 600, 0),
        ("in trouble now and then", Load { troubled: 12, ..failing.clone() }, 600, 1),
    ] {
        let advice = advice(&[("A", load)], minutes);
        assert_eq!(advice.findings.len(), wanted, "{name}");
        assert_eq!(advice.judged as usize, wanted, "{name}");
        assert_eq!(advice.judged + advice.too_little + advice.troubled, 1, "{name}");
    }
}

#[test]
fn what_an_incident_did_is_left_out() {
    // Slow while in trouble, and some minutes before and after: no advice on slowness.
    let quick = Load::default();
    let slow = Load { methods: vec![("get", 60, 9_000, 9_000)], ..Load::default() };
    for (margin, wanted) in
        [(0, &[][..]), (4, &[]), (20, &[Kind::SlowReplies, Kind::DominantMethod])]
    {
        let mut advisor = Advisor::default();
        for minute in 0..=105 {
            let is_slow = (60 - margin..90 + margin).contains(&minute);
            let mut service = if is_slow { &slow } else { &quick }.after(minute, "A");
            if (61..90).contains(&minute) {
                service.incident = Some((IncidentId(1), service.called));
            }
            // What it did before stays as it is: only these minutes are slow.
            let slow_minutes = minute.clamp(60 - margin, 90 + margin) - (60 - margin);
            let bins = quick.after(minute - slow_minutes, "A").replies.bins().collect::<Vec<_>>();
            let slow_bins = slow.after(slow_minutes, "A").replies.bins().collect::<Vec<_>>();
            service.replies = Arc::new(bins.into_iter().chain(slow_bins).collect());
            advisor.look(&snapshot(minute, vec![service]));
        }
        let kinds: Vec<_> = advisor.advice().findings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, wanted, "{margin} min");
        assert_eq!(advisor.advice().judged, 1);
    }
}

#[test]
fn doubt_says_nothing_and_neither_does_who_did_not_look() {
    let failing = Load { failed: 30, ..Load::default() };
    for doubtful in [false, true] {
        let mut advisor = Advisor::default();
        for minute in 0..=120 {
            let mut snapshot = snapshot(minute, vec![failing.after(minute, "A")]);
            snapshot.health.in_doubt = doubtful;
            advisor.look(&snapshot);
        }
        let advice = advisor.advice();
        assert_eq!((advice.findings.is_empty(), advice.troubled), (doubtful, u32::from(doubtful)));
    }
    // Looked at every 17 minutes: nobody knows what was between.
    let mut advisor = Advisor::default();
    for minute in (0..=1_000).step_by(17) {
        advisor.look(&snapshot(minute, vec![failing.after(minute, "A")]));
    }
    assert_eq!(advisor.advice().findings, []);
}

#[test]
fn a_day_is_forgotten_after_a_day() {
    let failing = Load { failed: 30, ..Load::default() };
    let mut advisor = Advisor::default();
    let mut told = Vec::new();
    for minute in 0..=(27 * 60) {
        // Its counts go on from where the failures left them.
        let mut service = failing.after(minute.min(60), "A");
        let more = Load::default().after(minute.saturating_sub(60), "A");
        service.figures.totals.add(&more.figures.totals);
        advisor.look(&snapshot(minute, vec![service]));
        if minute % 60 == 0 && minute > 0 {
            told.push(advisor.advice().findings.iter().any(|it| it.kind == Kind::FailureRate));
        }
    }
    let last = told.iter().rposition(|told| *told).unwrap() + 1;
    assert!(told[0] && (20..=25).contains(&last), "told until hour {last}");
}

#[test]
fn a_service_that_begins_anew_is_not_counted_backwards() {
    let failing = Load { failed: 30, ..Load::default() };
    let mut advisor = Advisor::default();
    for minute in 0..=120 {
        // The observer forgot it and met it again, ten minutes ago.
        let since = if minute < 60 { minute } else { minute - 60 };
        advisor.look(&snapshot(minute, vec![failing.after(since, "A")]));
    }
    let finding = &advisor.advice().findings[0];
    let settled = finding.evidence.iter().find(|figure| figure.name == "settled").unwrap();
    assert_eq!(
        settled.value, 6_600.0,
        "two hours of 60 a minute, less five minutes that nobody knows, and the last five"
    );
}

#[test]
fn a_service_that_is_gone_is_forgotten() {
    let failing = Load { failed: 30, ..Load::default() };
    let mut advisor = Advisor::default();
    for minute in 0..=60 {
        let both = vec![failing.after(minute, "A"), failing.after(minute, "B")];
        advisor.look(&snapshot(minute, both));
    }
    assert_eq!(advisor.advice().findings.len(), 2);
    for minute in 61..=65 {
        advisor.look(&snapshot(minute, vec![failing.after(minute, "B")]));
    }
    let names: Vec<_> = advisor.advice().findings.iter().map(|it| it.service.to_string()).collect();
    assert_eq!(names, ["B"]);
}

#[test]
fn the_most_urgent_comes_first_and_then_what_concerns_most_calls() {
    let usual = Load::default;
    let busy = |failed: u64| Load {
        methods: vec![("a", 3_000, 20, 60)],
        failed: failed * 30,
        callers: 1_000.0,
        ..usual()
    };
    let found = advice(
        &[
            ("quiet-high", Load { failed: 6, methods: vec![("a", 100, 20, 60)], ..usual() }),
            ("busy-high", busy(6)),
            ("busy-medium", busy(2)),
            ("a-quiet-medium", Load { failed: 2, methods: vec![("a", 100, 20, 60)], ..usual() }),
            ("b-quiet-medium", Load { failed: 2, methods: vec![("a", 100, 20, 60)], ..usual() }),
            ("fine", usual()),
        ],
        24 * 60,
    );
    let names: Vec<_> = found.findings.iter().map(|it| it.service.to_string()).collect();
    assert_eq!(
        names,
        ["busy-high", "quiet-high", "busy-medium", "a-quiet-medium", "b-quiet-medium"]
    );
    let scores: Vec<_> = found.findings.iter().map(|it| it.score).collect();
    assert!(scores.is_sorted_by(|one, two| one >= two), "{scores:?}");
    assert!(scores.iter().all(|score| (1.0..4.0).contains(score)), "{scores:?}");
    assert_eq!((found.judged, found.left_out), (6, 0));
}

#[test]
fn every_finding_has_what_it_rests_on() {
    for (name, load, _) in cases() {
        for finding in &advice(&[("A", load)], 24 * 60).findings {
            assert!(!finding.evidence.is_empty(), "{name}");
            assert!(finding.evidence.iter().all(|figure| figure.value.is_finite()), "{name}");
            assert!(finding.span.micros() > 0, "{name}");
            for text in [&finding.impact, &finding.suggestion] {
                assert!(text.len() > 20 && !text.contains("NaN") && !text.contains('\n'), "{name}");
            }
        }
    }
}
