//! The page as a whole, from a snapshot in which everything is known.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::observer::alert::Severity;
use crate::observer::attack;
use crate::observer::breaker::State;
use crate::observer::call::{Malformed, Outcome, PairId};
use crate::observer::component;
use crate::observer::counts::Counts;
use crate::observer::errors::{Code, Counted};
use crate::observer::event::Health;
use crate::observer::exemplars::Exemplars;
use crate::observer::histogram::Histogram;
use crate::observer::incident::IncidentId;
use crate::observer::input::Direction;
use crate::observer::latency::{Exact, Latency, bin};
use crate::observer::measure;
use crate::observer::service::Totals;
use crate::observer::snapshot::{self, CircuitFigures, ErrorFigures, ServiceFigures};
use crate::observer::trace::{SpanId, TraceId};
use crate::observer::verdict::{Reason, ReplicaState, Verdict};
use crate::observer::{Instant, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An attack under way.
fn attack() -> attack::Incident {
    attack::Incident {
        id: IncidentId(1),
        kind: attack::Kind::BruteForce,
        severity: Severity::Critical,
        state: attack::State::Opened,
        said: Instant::default(),
        source: attack::Party::default(),
        target: attack::Party::default(),
        since: Instant::default(),
        last: Instant::default(),
        signs: 5,
        measured: 5.0,
        threshold: 5.0,
        evidence: Vec::new(),
    }
}

/// A snapshot in which everything that is exported differs from zero.
fn everything() -> Snapshot {
    let totals = Totals {
        calls: 10,
        oneway: 1,
        ok: 2,
        rejected: 1,
        failed: 1,
        unanswered: 3,
        void: 2,
        open: 1,
        late: 4,
    };
    let recent = Counts { calls: 10, ok: 2, rejected: 1, failed: 1, unanswered: 3, late: 4 };
    let (mut times, mut replies) = (Exact::default(), Histogram::default());
    for millis in [20, 3_000] {
        times.add(millis * 1_000);
        replies.add_one(bin(Span::from_millis(u64::from(millis))));
    }
    let latency = Latency::from(&replies);
    let figures = snapshot::Figures { totals, lifetime: times.figures(&replies), recent, latency };
    let errors = [
        (Outcome::Failed, Code::Number(-32503)),
        (Outcome::Rejected, Code::Number(-32602)),
        (Outcome::Unanswered, Code::None),
        (Outcome::Rejected, Code::Other),
    ];
    let counted = errors.map(|(outcome, code)| Counted { outcome, code, count: 5 }).to_vec();
    let service = ServiceFigures {
        name: "Billing".into(),
        figures,
        topic: "service/Billing".into(),
        called: Instant::default(),
        waits_since: None,
        oldest_open: Some(Instant::from_micros(2_500_000)),
        methods: Arc::new(vec![("pay".into(), figures), ("_other".into(), figures)]),
        replies: Arc::new(replies),
        errors: Arc::new(ErrorFigures { counted, last: Vec::new() }),
        exemplars: None,
        callers: 3.0,
        verdict: Some(Verdict::Degraded),
        reason: Some(Reason::SlowResponses),
        since: Instant::default(),
        incident: Some((IncidentId(1), Instant::from_micros(1_000_000))),
        trace: None,
        replicas: Some(ReplicaState { running: 3, ready: 2, total: 4, restarts: 6, cause: None }),
        blamed: None,
        treated: None,
        circuit: Some(State::HalfOpen),
        breaker: CircuitFigures { transitions: [0, 2, 1, 0, 0, 7], ..CircuitFigures::default() },
    };
    let component = component::Standing {
        name: "db".into(),
        kind: "postgresql".into(),
        critical: true,
        condition: component::Condition::Degraded,
        finding: None,
        checked: Some(Instant::default()),
        checks: 4,
        success_rate: Some(0.75),
        score: Some(0.625),
        took: Some(Span::from_millis(20)),
        took_p95: Some(Span::from_millis(30)),
    };
    Snapshot {
        attacks: vec![Arc::new(attack())],
        measures: Vec::new(),
        responses: Some(measure::Counts { stages: [[3; 8]; 8], in_force: 4 }),
        watch: Some(attack::Figures {
            signs: [1, 2, 3, 4, 5, 6, 7],
            found: [6; attack::Kind::ALL.len()],
            beyond: 7,
            remembered: 8,
            forgotten: 9,
        }),
        deaf: vec![PairId(0)],
        at: Instant::from_micros(4_000_000),
        services: vec![service],
        malformed: vec![(PairId(0), Direction::Call, Malformed::NotJson, 5)],
        unmatched: 6,
        duplicate: 7,
        late: 4,
        ignored: 8,
        answered_directly: 12,
        unanswered_directly: 13,
        activity: vec![("orders".into(), 9)],
        security: vec![("login".into(), 10)],
        open_calls: 1,
        evicted: 11,
        health: Health {
            in_doubt: true,
            open_incidents: 2,
            services: [0, 1, 0, 0],
            ..Health::default()
        },
        components: vec![component],
        score: Some(0.9),
        dependencies: Arc::default(),
    }
}

fn own() -> Figures {
    let link = LinkFigures {
        received: 1,
        inbox_dropped: 2,
        attempts: 3,
        links: 4,
        published: 5,
        refused: 6,
        outbox_dropped: 7,
        unsendable: 8,
        outbox: 9,
        up: true,
    };
    Figures {
        start: Instant::from_micros(1_732_270_200_500_000),
        inbox: 10,
        lag: Span::from_millis(250),
        canary: Span::from_millis(3),
        canary_p95: Some(Span::from_millis(7)),
        canary_lost: 4,
        looks: Looks { somebody: 11, nobody: 12, unknown: 13 },
        restarts: [14, 15, 16, 17, 18, 19, 20],
        link,
        pages: PageFigures { listeners: 17, dropped: 18, reports_dropped: 19 },
        notices: NoticeFigures {
            sent: [20, 21],
            failed: [22, 23],
            waiting: [24, 25],
            dropped: [26, 27],
        },
        traces: TraceFigures { exported: 34, dropped: [35, 36, 37, 38], failed: 39, waiting: 40 },
        alerts: [29, 30, 31, 32, 33],
        alerts_refused: 28,
    }
}

#[test]
fn every_listed_metric_is_written_with_its_help_and_no_other() {
    let page = page(&own(), &everything(), &["functions".to_owned()], Format::Text);
    for metric in metrics() {
        let (name, kind) = (metric.name, metric.kind.name());
        assert!(
            page.contains(&format!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help)),
            "{name}\n{page}"
        );
        // A value that nobody sets stays 0, and none of those above is.
        assert!(!page.contains(&format!("\n{name} 0\n")), "{name}");
        assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert!(metric.help.ends_with('.'), "{name}");
    }
    assert_eq!(page.matches("# TYPE ").count(), metrics().count());
    let names: BTreeSet<_> = metrics().map(|metric| metric.name).collect();
    assert_eq!(names.len(), metrics().count());
}

#[test]
fn figures_are_written_by_service_and_method() {
    let page = page(&own(), &everything(), &["functions".to_owned()], Format::Text);
    for line in [
        "process_start_time_seconds 1732270200.5",
        "lookout_inbox_messages 10",
        r#"lookout_task_restarts_total{task="mqtt"} 15"#,
        r#"lookout_subscriber_looks_total{found="nobody"} 12"#,
        r#"lookout_calls_total{service="Billing",method="pay",outcome="unanswered"} 3"#,
        r#"lookout_oneway_calls_total{service="Billing",method="pay"} 1"#,
        r#"lookout_errors_total{service="Billing",outcome="failed",tier="2",code="-32503"} 5"#,
        r#"lookout_errors_total{service="Billing",outcome="rejected",tier="1",code="other"} 5"#,
        r#"lookout_errors_total{service="Billing",outcome="unanswered",tier="2",code="none"} 5"#,
        r#"lookout_late_replies_total{service="Billing"} 4"#,
        r#"lookout_open_calls{service="Billing"} 1"#,
        r#"lookout_oldest_open_call_seconds{service="Billing"} 1.5"#,
        r#"lookout_incident_seconds{service="Billing"} 3"#,
        r#"lookout_reply_seconds_bucket{service="Billing",le="0.01"} 0"#,
        r#"lookout_reply_seconds_bucket{service="Billing",le="0.025"} 1"#,
        r#"lookout_reply_seconds_bucket{service="Billing",le="2.5"} 1"#,
        r#"lookout_reply_seconds_bucket{service="Billing",le="5"} 2"#,
        r#"lookout_reply_seconds_bucket{service="Billing",le="+Inf"} 2"#,
        r#"lookout_reply_seconds_count{service="Billing"} 2"#,
        r#"lookout_service_verdict{service="Billing",verdict="degraded"} 1"#,
        r#"lookout_service_verdict{service="Billing",verdict="healthy"} 0"#,
        r#"lookout_circuit_open{service="Billing"} 0.5"#,
        r#"lookout_circuit_transitions_total{service="Billing",to="closed"} 0"#,
        r#"lookout_circuit_transitions_total{service="Billing",to="observe_only"} 7"#,
        r#"lookout_services{verdict="degraded"} 1"#,
        r#"lookout_component_condition{component="db",kind="postgresql"} 0.5"#,
        r#"lookout_component_score{component="db",kind="postgresql"} 0.625"#,
        r#"lookout_component_check_success_ratio{component="db",kind="postgresql"} 0.75"#,
        r#"lookout_component_check_seconds{component="db",kind="postgresql"} 0.02"#,
        "lookout_components_score 0.9",
        r#"lookout_service_replica_restarts{service="Billing"} 6"#,
        r#"lookout_malformed_messages_total{pair="functions",template="call",kind="not_json"} 5"#,
        "lookout_series_refused_total 11",
        r#"lookout_activity_messages_total{channel="orders"} 9"#,
        r#"service_pod_count{service="Billing",state="ready"} 2"#,
        r#"service_health_status{service="Billing"} 0.5"#,
        r#"function_concurrency{service="Billing",function="pay"} 1"#,
        "mqtt_message_latency_seconds 0.003",
    ] {
        assert!(page.contains(&format!("\n{line}\n")), "{line} is missing in\n{page}");
    }
    assert!(!page.contains("to=\"disabled\""));
}

#[test]
fn a_rate_without_settled_calls_is_absent_and_not_zero() {
    let mut snapshot = everything();
    snapshot.services[0].figures.recent = Counts::default();
    snapshot.services[0].figures.latency = Latency::default();
    let page = page(&own(), &snapshot, &[], Format::Text);
    for absent in [
        "lookout_response_ratio",
        "lookout_error_ratio",
        "service_error_rate",
        "service_response_time_p95",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn samples_are_what_the_page_says() {
    let (own, mut snapshot, pairs) = (own(), everything(), ["functions".to_owned()]);
    snapshot.services[0].name = "a\"b\\c\nd".into();
    let page = page(&own, &snapshot, &pairs, Format::Text);
    let names: Vec<_> = metrics().map(|metric| metric.name).collect();
    let samples = samples(names, Some(&own), &snapshot, &pairs);
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let histogram = |line: &&str| line.starts_with("lookout_reply_seconds_");
    assert_eq!(samples.len(), lines.filter(|line| !histogram(line)).count());
    for Sample { metric, labels, value } in &samples {
        let escape =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels = metric.labels.iter().zip(labels);
        let labels: Vec<_> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let line = format!("\n{}{labels} {value}\n", metric.name);
        assert!(page.contains(&line), "{line}");
    }
}

#[test]
fn only_what_is_wanted_is_sampled_and_what_is_not_known_is_absent() {
    let wanted = vec!["service_pod_count", "lookout_link_up", "lookout_reply_seconds"];
    let count = |own: Option<&Figures>| samples(wanted.clone(), own, &everything(), &[]).len();
    assert_eq!(count(Some(&own())), 4, "three states of one service, and the link");
    assert_eq!(count(None), 3);
}

#[test]
fn both_formats_have_the_same_samples() {
    let mut snapshot = everything();
    let mut exemplars = Exemplars::default();
    let at = Instant::from_micros(3_000_001);
    exemplars.note(at, Span::from_millis(20), TraceId::of(0xab), SpanId::of(0xcd));
    snapshot.services[0].exemplars = Some(Arc::new(exemplars));
    let pairs = ["functions".to_owned()];
    let text = page(&own(), &snapshot, &pairs, Format::Text);
    let open = page(&own(), &snapshot, &pairs, Format::OpenMetrics);
    let exemplar =
        format!(r#" # {{trace_id="{:032x}",span_id="{:016x}"}} 0.02 3.000001"#, 0xab, 0xcd);
    assert_eq!(open.matches(" # {").count(), 1);
    assert!(open.contains(&format!("le=\"0.025\"}} 1{exemplar}\n")), "{open}");
    let samples = |page: &str| -> Vec<String> {
        let page = page.replace(&exemplar, "").replace(".0\"} ", "\"} ");
        page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(samples(&open), samples(&text));
    assert!(open.ends_with("\n# EOF\n"));
    let families: BTreeSet<_> = metrics().map(|metric| openmetrics::family(metric).0).collect();
    assert_eq!(families.len(), metrics().count(), "no two of one name");
    for family in families {
        assert_eq!(open.matches(&format!("# TYPE {family} ")).count(), 1, "{family}");
    }
    // The sample of one must not look like that of another.
    for family in metrics().filter(|it| it.kind == Kind::Histogram).map(|it| it.name) {
        for end in ["_bucket", "_sum", "_count"] {
            assert!(metrics().all(|it| it.name != format!("{family}{end}")), "{family}{end}");
        }
    }
}
