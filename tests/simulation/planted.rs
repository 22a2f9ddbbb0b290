//! Each rule catches what it is there for: a good story breaks none, and the same story with one
//! violation planted breaks the rule it was planted for.

use crate::check::Checker;
use crate::doubts::Doubts;
use crate::figures;
use crate::messages::{Answer, Count, Request};
use crate::oracle::Oracle;
use crate::plan::{Phase, Plan, Role, S, Trouble};
use crate::rules::{Book, Rule};
use crate::settings;
use crate::shell::START;
use crate::traces::{self, Told};
use lookout::observer::{Instant, Snapshot};
use lookout::wire::Document;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A document as lookout would publish it, so many seconds after the start.
fn document(second: u64, topic: &str, mut params: Value) -> Document {
    let at = START + second * S;
    let time = jiff::Timestamp::from_microsecond(at as i64).unwrap();
    params["clusterId"] = "main".into();
    params["timestamp"] = format!("{time:.3}").into();
    let payload = json!({"jsonrpc": "2.0", "method": params["type"], "params": params});
    Document {
        at: Instant::from_micros(at),
        topic: format!("system/main/{topic}"),
        retain: topic == "health" || topic.contains('/'),
        critical: false,
        payload: Some(payload.to_string()),
        correlation: None,
        event: None,
    }
}

fn bad(second: u64, service: &str, id: &str, repeat: u64) -> Document {
    let kind = "service_unavailable";
    let params = json!({"type": kind, "service": service, "reason": "not_responding",
        "repeat": repeat, "correlationId": id});
    document(second, "errors", params)
}

fn recovered(second: u64, id: &str) -> Document {
    let params = json!({"type": "service_recovered", "service": "A", "previous": "unavailable",
        "correlationId": id});
    document(second, "errors", params)
}

fn reading(second: u64, verdict: &str, circuit: &str, id: Option<&str>) -> Document {
    let reason = (verdict == "unavailable").then_some("not_responding");
    let params = json!({"type": "service_verdict", "service": "A", "verdict": verdict,
        "reason": reason, "circuit": circuit, "correlationId": id});
    document(second, "services/A", params)
}

/// A transition, said and left standing.
fn moved(second: u64, from: &str, to: &str, why: &str) -> [Document; 2] {
    ["circuit-breaker", "circuit-breaker/A"].map(|topic| {
        let due = (to == "open").then_some("2023-11-14T22:20:01.000Z");
        let params = json!({"type": "circuit_breaker", "service": "A", "previous": from,
            "state": to, "reason": why, "correlationId": "i1", "retryAfter": due});
        document(second, topic, params)
    })
}

fn ill(second: u64, id: &str) -> Document {
    let params = json!({"type": "infrastructure_error", "component": "db", "repeat": 0,
        "severity": "error", "correlationId": id});
    document(second, "errors", params)
}

/// An outage from its first sign to its end.
fn story() -> Vec<Document> {
    let mut story = vec![bad(100, "A", "i1", 0)];
    story.extend(moved(101, "closed", "open", "consecutive_unanswered"));
    story.push(reading(101, "unavailable", "open", Some("i1")));
    story.push(bad(400, "A", "i1", 1));
    story.extend(moved(401, "open", "half_open", "open_timeout"));
    story.extend(moved(402, "half_open", "closed", "trial_succeeded"));
    story.push(recovered(403, "i1"));
    story.push(reading(403, "healthy", "closed", None));
    story
}

/// What a subscriber finds wrong with a story. A doubt lasts from 50 s to 60 s.
fn wrong(story: &[Document]) -> BTreeSet<Rule> {
    let mut checker = Checker::default();
    let mut doubts = Doubts::default();
    doubts.reason(START + 50 * S, 2, true);
    doubts.reason(START + 60 * S, 2, false);
    for document in story {
        checker.called("A", document.at.micros());
        checker.called("B", document.at.micros());
        checker.hear(document, &doubts);
    }
    let end = story.last().map_or(START, |document| document.at.micros());
    checker.called("A", end);
    checker.calm(end, &mut doubts);
    checker.book.0.iter().map(|broken| broken.rule).collect()
}

/// Stories in which one thing is wrong.
fn spoiled() -> Vec<(Rule, Vec<Document>)> {
    let with = |change: &dyn Fn(&mut Vec<Document>)| {
        let mut story = story();
        change(&mut story);
        story
    };
    let elsewhere = |topic: &str| Document { topic: topic.to_owned(), ..bad(1, "A", "i1", 0) };
    let cascade = json!({"type": "cascading_failure_prevented", "originService": "A",
        "affectedServices": ["B"], "correlationId": "i1"});
    let deaf = || {
        let params =
            json!({"type": "pair_deaf", "pair": "deaf", "calls": 20, "correlationId": "d"});
        document(5, "errors", params)
    };
    vec![
        (Rule::Envelope, with(&|it| it[0].payload = Some("{}".to_owned()))),
        (Rule::Topic, vec![elsewhere("session/s1/response")]),
        (Rule::Retain, with(&|it| it[0].retain = true)),
        (Rule::Order, with(&|it| it.insert(4, bad(99, "B", "i2", 0)))),
        (Rule::Transition, with(&|it| drop(it.drain(5..7)))),
        (
            Rule::Transition,
            with(&|it| it[5] = moved(402, "open", "half_open", "open_timeout")[0].clone()),
        ),
        (Rule::Transition, with(&|it| it.extend(moved(500, "closed", "half_open", "manual")))),
        (Rule::Incident, with(&|it| it[4] = bad(400, "A", "i2", 1))),
        (Rule::Incident, with(&|it| it.push(bad(500, "A", "i1", 0)))),
        (Rule::Incident, with(&|it| it[10] = reading(403, "healthy", "closed", Some("i1")))),
        (Rule::Once, with(&|it| it[4] = bad(400, "A", "i1", 0))),
        (Rule::Once, with(&|it| it.insert(10, recovered(403, "i1")))),
        (Rule::Repeat, with(&|it| it[4] = bad(390, "A", "i1", 1))),
        (Rule::Repeat, with(&|it| it[4] = bad(400, "A", "i1", 2))),
        (Rule::Doubt, with(&|it| it[0] = bad(55, "A", "i1", 0))),
        (Rule::Doubt, moved(55, "closed", "open", "failure_rate").into()),
        (Rule::Standing, with(&|it| drop(it.pop()))),
        (Rule::Standing, with(&|it| drop(it.remove(8)))),
        (Rule::Cascade, vec![bad(100, "A", "i1", 0), document(100, "errors", cascade)]),
        (Rule::Component, vec![ill(1, "c1"), ill(2, "c2")]),
        (Rule::Component, vec![ill(1, "c1"), ill(2, "c1")]),
        (Rule::Deaf, vec![deaf(), deaf()]),
        (Rule::Deaf, vec![bad(1, "Deaf", "i1", 0)]),
    ]
}

/// A snapshot of a lookout that heard one call and its answer, and one call that is open.
fn snapshot() -> (Snapshot, Count) {
    let plan = Plan::new(0);
    let now = Instant::from_micros(START);
    let mut pipeline = settings::pipeline(&settings::of(&plan), now);
    let service = &plan.services.iter().find(|it| it.role == Role::Failing).unwrap();
    let mut chance = crate::chance::Chance::new(1);
    let mut count = Count::default();
    for number in 1..3 {
        let request = Request::new(0, service, number, &mut chance);
        pipeline.hear(now, &request.heard(service.role).message());
        count.calls += 1;
        if number == 1 {
            let reply = request.reply(0, Answer::Result, 0).unwrap();
            pipeline.hear(now, &reply.message());
            count.others += 1;
        }
    }
    (pipeline.snapshot(now), count)
}

/// Snapshots in which one figure is wrong.
fn falsified() -> Vec<(Rule, Snapshot, Count)> {
    let (good, count) = snapshot();
    let with = |rule: Rule, change: &dyn Fn(&mut Snapshot)| {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        (rule, snapshot, count)
    };
    let service = |snapshot: &Snapshot| snapshot.services[0].clone();
    vec![
        with(Rule::Conservation, &|it| it.services[0].figures.totals.ok += 1),
        with(Rule::Methods, &|it| {
            drop(std::sync::Arc::make_mut(&mut it.services[0].methods).pop())
        }),
        with(Rule::OpenCalls, &|it| it.open_calls += 1),
        with(Rule::Bounds, &|it| it.services = vec![service(it); 20_000]),
        with(Rule::Counted, &|it| it.duplicate += 1),
        (Rule::Counted, good.clone(), Count { calls: 1, ..count }),
    ]
}

/// A world with one healthy service and one that is down from 100 s to 200 s.
fn oracle() -> Oracle {
    let mut plan = Plan::new(0);
    plan.tight = false;
    let phase = Phase { from: 100 * S, to: 200 * S, trouble: Trouble::Down };
    for service in &mut plan.services {
        service.phases = if service.role == Role::Failing { vec![phase] } else { Vec::new() };
    }
    Oracle::new(&plan)
}

/// What the oracle says of words at their seconds.
fn judged(words: &[(u64, &str, &str)]) -> BTreeSet<Rule> {
    let (mut oracle, mut book) = (oracle(), Book::default());
    for second in 0..300 {
        for (_, service, kind) in words.iter().filter(|(at, ..)| *at == second) {
            let params = json!({"type": kind, "service": service, "repeat": 0});
            oracle.hear(second * S, &params, &mut book);
        }
        oracle.second(second * S, |_| false, &mut book);
    }
    book.0.iter().map(|broken| broken.rule).collect()
}

#[test]
fn a_good_story_breaks_no_rule() {
    assert_eq!(wrong(&story()), BTreeSet::new());
    let (snapshot, count) = snapshot();
    let mut book = Book::default();
    figures::check(&snapshot, &Default::default(), &count, &mut book);
    assert!(book.0.is_empty(), "{book:?}");
    let found = [(107, "Users", "service_unavailable"), (212, "Users", "service_recovered")];
    assert_eq!(judged(&found), BTreeSet::new());
}

#[test]
fn each_rule_catches_its_violation() {
    let mut caught = BTreeSet::new();
    let mut expect = |rule: Rule, found: BTreeSet<Rule>| {
        assert!(found.contains(&rule), "planted {rule:?}, found {found:?}");
        caught.insert(rule);
    };
    for (rule, story) in spoiled() {
        expect(rule, wrong(&story));
    }
    for (rule, snapshot, count) in falsified() {
        let mut book = Book::default();
        figures::check(&snapshot, &Default::default(), &count, &mut book);
        expect(rule, book.0.iter().map(|broken| broken.rule).collect());
    }
    let (snapshot, _) = snapshot();
    let mut book = Book::default();
    traces::check(&snapshot, &Told::default(), &mut book);
    expect(Rule::Traced, book.0.iter().map(|broken| broken.rule).collect());
    let mut book = Book::default();
    figures::deadline(7, 7, &mut book);
    expect(Rule::Deadline, book.0.iter().map(|broken| broken.rule).collect());
    expect(Rule::Healthy, judged(&[(50, "Archive", "service_degraded")]));
    expect(Rule::Healthy, judged(&[(50, "Users", "service_unavailable")]));
    expect(Rule::Outage, judged(&[(190, "Users", "service_unavailable")]));
    let early = [(107, "Users", "service_unavailable"), (150, "Users", "service_recovered")];
    expect(Rule::Recovery, judged(&early));
    expect(Rule::Health, unhealthy());
    assert_eq!(caught, BTreeSet::from(Rule::ALL), "a rule that nothing was planted for");
}

/// A summary that counts a service too many.
fn unhealthy() -> BTreeSet<Rule> {
    let (snapshot, _) = snapshot();
    let none = json!({"healthy": 0, "degraded": 0, "unhealthy": 0});
    let params = json!({"type": "health", "status": "healthy", "components": none,
        "services": {"healthy": 0, "degraded": 0, "unavailable": 0, "unknown": 2},
        "openCircuits": 0, "openIncidents": 0, "inDoubt": false});
    let mut checker = Checker::default();
    let mut doubts = Doubts::default();
    checker.hear(&document(0, "health", params), &doubts);
    checker.agrees(&snapshot, &mut doubts);
    checker.book.0.iter().map(|broken| broken.rule).collect()
}
