//! The observer's figures as metrics.
//!
//! A snapshot is copied once a second. Handles are looked up when a service, method or channel
//! is first seen and kept; the observer's bounds on names bound the series. A rate over a span
//! without settled calls is NaN: absent, not zero. Reply times go into a classic histogram by
//! the difference of its bins since the last export, so several lookouts can be added up.

use super::{Metric, counter, gauge, histogram};
use crate::observer::breaker::State;
use crate::observer::histogram::Histogram as Bins;
use crate::observer::input::Direction;
use crate::observer::latency::middle;
use crate::observer::service::Totals;
use crate::observer::snapshot::{Figures, ServiceFigures};
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Snapshot};
use metrics::{Counter, Gauge, Histogram, Label};
use metrics_exporter_prometheus::PrometheusRecorder;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const CALLS: Metric =
    counter("lookout_calls_total", "Settled two-way calls by service, method and outcome.");
pub(super) const ONEWAY: Metric =
    counter("lookout_oneway_calls_total", "One-way calls by service and method.");
pub(super) const LATE: Metric =
    counter("lookout_late_replies_total", "Replies after patience had run out, by service.");
pub(super) const OPEN: Metric = gauge("lookout_open_calls", "Calls that wait for a reply.");
pub(super) const OLDEST: Metric = gauge(
    "lookout_oldest_open_call_seconds",
    "How long the oldest of the calls that wait for a reply has waited; 0 if there is none.",
);
pub(super) const REQUESTS: Metric =
    gauge("lookout_requests_per_second", "Calls per second over the last 5 min.");
pub(super) const RESPONSES: Metric =
    gauge("lookout_response_ratio", "Answered / settled calls over the last 5 min.");
pub(super) const ERRORS: Metric = gauge(
    "lookout_error_ratio",
    "(Rejected + failed + unanswered) / settled calls over the last 5 min.",
);
pub(super) const FAILURES: Metric =
    gauge("lookout_failure_ratio", "(Failed + unanswered) / settled calls over the last 5 min.");
pub(super) const REPLY: Metric =
    histogram("lookout_reply_seconds", "Reply times by service, late replies included.");
pub(super) const VERDICT: Metric =
    gauge("lookout_service_verdict", "1 for the verdict a service reads now, else 0.");
pub(super) const CIRCUIT: Metric =
    gauge("lookout_circuit_open", "1 while a circuit is open, 0.5 while half-open, else 0.");
pub(super) const MALFORMED: Metric =
    counter("lookout_malformed_messages_total", "Messages that could not be read.");
pub(super) const UNMATCHED: Metric =
    counter("lookout_unmatched_replies_total", "Replies that belong to no call.");
pub(super) const DUPLICATE: Metric =
    counter("lookout_duplicate_replies_total", "Further replies to answered calls.");
pub(super) const ANSWERED: Metric = counter(
    "lookout_direct_answers_total",
    "Calls that lookout answered in place of their service.",
);
pub(super) const WITHHELD: Metric = counter(
    "lookout_direct_answers_withheld_total",
    "Calls that lookout would have answered, had that not been too many in a second.",
);
pub(super) const IGNORED: Metric =
    counter("lookout_ignored_messages_total", "Messages that say nothing about calls.");
pub(super) const EVICTED: Metric =
    counter("lookout_evicted_calls_total", "Open calls that had to give way to the bound.");
pub(super) const ACTIVITY: Metric =
    counter("lookout_activity_messages_total", "Activity messages by channel.");
pub(super) const SECURITY: Metric =
    counter("lookout_security_messages_total", "Security messages by kind.");
pub(super) const DOUBT: Metric =
    gauge("lookout_in_doubt", "1 while lookout doubts its own ears, else 0.");
pub(super) const INCIDENTS: Metric = gauge("lookout_open_incidents", "Incidents under way.");

/// The upper bounds of the reply-time histogram, in seconds.
pub(super) const BUCKETS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const VERDICTS: [Verdict; 4] =
    [Verdict::Unknown, Verdict::Healthy, Verdict::Degraded, Verdict::Unavailable];

/// The cached handles of everything a snapshot holds.
#[derive(Default)]
pub(super) struct Observed {
    global: Option<Global>,
    services: BTreeMap<Arc<str>, Service>,
    malformed: BTreeMap<(u16, bool, u8), Counter>,
    activity: BTreeMap<Arc<str>, Counter>,
    security: BTreeMap<Arc<str>, Counter>,
}

struct Global {
    unmatched: Counter,
    duplicate: Counter,
    ignored: Counter,
    answered: Counter,
    withheld: Counter,
    evicted: Counter,
    doubt: Gauge,
    incidents: Gauge,
}

struct Service {
    late: Counter,
    open: Gauge,
    oldest: Gauge,
    requests: Gauge,
    responses: Gauge,
    errors: Gauge,
    failures: Gauge,
    reply: Histogram,
    /// What of the reply times was exported.
    told: Bins,
    verdicts: Option<[Gauge; VERDICTS.len()]>,
    circuit: Option<Gauge>,
    methods: BTreeMap<Arc<str>, Method>,
}

struct Method {
    oneway: Counter,
    outcomes: [Counter; 5],
}

impl Observed {
    /// Copies a snapshot into the exporter; `pairs` are the names of the traffic pairs.
    pub(super) fn export(
        &mut self,
        snapshot: &Snapshot,
        pairs: &[String],
        recorder: &PrometheusRecorder,
    ) {
        let global = self.global.get_or_insert_with(|| Global::new(recorder));
        global.unmatched.absolute(snapshot.unmatched);
        global.duplicate.absolute(snapshot.duplicate);
        global.ignored.absolute(snapshot.ignored);
        global.answered.absolute(snapshot.answered_directly);
        global.withheld.absolute(snapshot.unanswered_directly);
        global.evicted.absolute(snapshot.evicted);
        global.doubt.set(f64::from(u8::from(snapshot.health.in_doubt)));
        global.incidents.set(f64::from(snapshot.health.open_incidents));
        for service in &snapshot.services {
            if !self.services.contains_key(&service.name) {
                self.services.insert(service.name.clone(), Service::new(service, recorder));
            }
            if let Some(handles) = self.services.get_mut(&service.name) {
                handles.export(snapshot.at, service, recorder);
            }
        }
        for (pair, direction, kind, count) in &snapshot.malformed {
            let reply = *direction == Direction::Reply;
            let handle = self.malformed.entry((pair.0, reply, *kind as u8)).or_insert_with(|| {
                let name = pairs.get(pair.index()).cloned().unwrap_or_default();
                let template = if reply { "reply" } else { "call" };
                MALFORMED.counter_with(
                    recorder,
                    vec![
                        Label::new("pair", name),
                        Label::new("template", template),
                        Label::new("kind", kind.name()),
                    ],
                )
            });
            handle.absolute(*count);
        }
        channels(&mut self.activity, &snapshot.activity, &ACTIVITY, "channel", recorder);
        channels(&mut self.security, &snapshot.security, &SECURITY, "kind", recorder);
    }
}

fn channels(
    handles: &mut BTreeMap<Arc<str>, Counter>,
    counts: &[(Arc<str>, u64)],
    metric: &Metric,
    label: &'static str,
    recorder: &PrometheusRecorder,
) {
    for (name, count) in counts {
        let new = || metric.counter_with(recorder, vec![Label::new(label, name.to_string())]);
        handles.entry(name.clone()).or_insert_with(new).absolute(*count);
    }
}

impl Global {
    fn new(recorder: &PrometheusRecorder) -> Self {
        Self {
            unmatched: UNMATCHED.counter(recorder),
            duplicate: DUPLICATE.counter(recorder),
            ignored: IGNORED.counter(recorder),
            answered: ANSWERED.counter(recorder),
            withheld: WITHHELD.counter(recorder),
            evicted: EVICTED.counter(recorder),
            doubt: DOUBT.gauge(recorder),
            incidents: INCIDENTS.gauge(recorder),
        }
    }
}

impl Service {
    fn new(service: &ServiceFigures, recorder: &PrometheusRecorder) -> Self {
        let name = || Label::new("service", service.name.to_string());
        let gauge = |metric: &Metric| metric.gauge_with(recorder, vec![name()]);
        let verdict = |verdict: Verdict| {
            VERDICT.gauge_with(recorder, vec![name(), Label::new("verdict", verdict.name())])
        };
        Self {
            late: LATE.counter_with(recorder, vec![name()]),
            open: gauge(&OPEN),
            oldest: gauge(&OLDEST),
            requests: gauge(&REQUESTS),
            responses: gauge(&RESPONSES),
            errors: gauge(&ERRORS),
            failures: gauge(&FAILURES),
            reply: REPLY.histogram_with(recorder, vec![name()]),
            told: Bins::default(),
            // What is not judged has neither verdict nor circuit.
            verdicts: service.verdict.map(|_| VERDICTS.map(verdict)),
            circuit: service.circuit.map(|_| gauge(&CIRCUIT)),
            methods: BTreeMap::new(),
        }
    }

    fn export(&mut self, now: Instant, service: &ServiceFigures, recorder: &PrometheusRecorder) {
        let Figures { totals, recent, .. } = &service.figures;
        self.late.absolute(totals.late);
        self.open.set(totals.open as f64);
        self.oldest.set(service.oldest_open.map_or(0.0, |made| now.since(made).as_secs_f64()));
        self.requests.set(service.figures.request_rate());
        self.responses.set(recent.response_rate().unwrap_or(f64::NAN));
        self.errors.set(recent.error_rate().unwrap_or(f64::NAN));
        self.failures.set(recent.failure_rate().unwrap_or(f64::NAN));
        for (bin, count) in service.replies.bins() {
            let new = count.saturating_sub(self.told.count_of(bin));
            if new > 0 {
                self.reply.record_many(middle(bin).as_secs_f64(), new as usize);
                self.told.add(bin, new);
            }
        }
        for (gauge, verdict) in self.verdicts.iter().flatten().zip(VERDICTS) {
            gauge.set(f64::from(u8::from(service.verdict == Some(verdict))));
        }
        if let (Some(gauge), Some(state)) = (&self.circuit, service.circuit) {
            gauge.set(match state {
                State::Open | State::ForcedOpen => 1.0,
                State::HalfOpen => 0.5,
                State::Closed | State::Disabled | State::ObserveOnly => 0.0,
            });
        }
        for (name, figures) in &service.methods {
            if !self.methods.contains_key(name) {
                self.methods.insert(name.clone(), Method::new(&service.name, name, recorder));
            }
            if let Some(handles) = self.methods.get(name) {
                handles.export(&figures.totals);
            }
        }
    }
}

impl Method {
    fn new(service: &str, method: &str, recorder: &PrometheusRecorder) -> Self {
        let labels = || {
            vec![Label::new("service", service.to_owned()), Label::new("method", method.to_owned())]
        };
        let outcome = |outcome| {
            let mut labels = labels();
            labels.push(Label::new("outcome", outcome));
            CALLS.counter_with(recorder, labels)
        };
        let outcomes = ["ok", "rejected", "failed", "unanswered", "void"].map(outcome);
        Self { oneway: ONEWAY.counter_with(recorder, labels()), outcomes }
    }

    fn export(&self, totals: &Totals) {
        let Totals { ok, rejected, failed, unanswered, void, oneway, .. } = totals;
        self.oneway.absolute(*oneway);
        for (counter, count) in self.outcomes.iter().zip([ok, rejected, failed, unanswered, void]) {
            counter.absolute(*count);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Exporter;
    use super::*;
    use crate::observer::call::{Malformed, PairId};
    use crate::observer::counts::Counts;
    use crate::observer::event::Health;
    use crate::observer::histogram::Histogram;
    use crate::observer::latency::{Exact, bin};
    use crate::observer::{Instant, Span};

    /// A snapshot in which everything that is exported differs from zero.
    pub(in super::super) fn snapshot() -> Snapshot {
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
        let figures = Figures { totals, lifetime: times.figures(&replies), recent };
        let service = ServiceFigures {
            name: "Billing".into(),
            figures,
            topic: "service/Billing".into(),
            called: Instant::default(),
            waits_since: None,
            oldest_open: Some(Instant::from_micros(2_500_000)),
            methods: vec![("pay".into(), figures)],
            replies,
            verdict: Some(Verdict::Degraded),
            circuit: Some(State::HalfOpen),
        };
        Snapshot {
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
            health: Health { in_doubt: true, open_incidents: 2, ..Health::default() },
        }
    }

    #[test]
    fn figures_are_exported_by_service_and_method() {
        let mut exporter = Exporter::new(&["functions".to_owned()]);
        let mut snapshot = snapshot();
        exporter.export(&super::super::Figures::default(), &snapshot);
        let more = bin(Span::from_millis(20));
        snapshot.services[0].replies.add(more, 3);
        exporter.export(&super::super::Figures::default(), &snapshot);
        let page = (exporter.page())();
        let lines = [
            r#"lookout_calls_total{service="Billing",method="pay",outcome="unanswered"} 3"#,
            r#"lookout_oneway_calls_total{service="Billing",method="pay"} 1"#,
            r#"lookout_late_replies_total{service="Billing"} 4"#,
            r#"lookout_open_calls{service="Billing"} 1"#,
            r#"lookout_oldest_open_call_seconds{service="Billing"} 1.5"#,
            r#"lookout_reply_seconds_bucket{service="Billing",le="0.01"} 0"#,
            r#"lookout_reply_seconds_bucket{service="Billing",le="0.025"} 4"#,
            r#"lookout_reply_seconds_bucket{service="Billing",le="5"} 5"#,
            r#"lookout_reply_seconds_count{service="Billing"} 5"#,
            r#"lookout_service_verdict{service="Billing",verdict="degraded"} 1"#,
            r#"lookout_service_verdict{service="Billing",verdict="healthy"} 0"#,
            r#"lookout_circuit_open{service="Billing"} 0.5"#,
            r#"lookout_malformed_messages_total{pair="functions",template="call",kind="not_json"} 5"#,
            r#"lookout_activity_messages_total{channel="orders"} 9"#,
        ];
        for line in lines {
            assert!(page.contains(&format!("{line}\n")), "{line} is missing in\n{page}");
        }
    }

    #[test]
    fn a_rate_without_settled_calls_is_absent_and_not_zero() {
        let mut exporter = Exporter::new(&[]);
        let mut snapshot = snapshot();
        snapshot.services[0].figures.recent = Counts::default();
        exporter.export(&super::super::Figures::default(), &snapshot);
        assert!((exporter.page())().contains("lookout_response_ratio{service=\"Billing\"} NaN\n"));
    }
}
