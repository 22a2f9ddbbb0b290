//! The same under the names that the platform's people know: `service_…`, `function_…`, `mqtt_…`.
//!
//! They are what dashboards and runbooks of such platforms ask for. All are gauges over the last five
//! minutes, but those that end in `_total`.

use super::exposition::{Escaped, Metric, Page, counter, gauge};
use super::figures::Figures;
use super::observed::each_service;
use crate::observer::snapshot;
use crate::observer::verdict::Verdict;
use crate::observer::{Snapshot, Span};

pub(super) static REQUEST_RATE: Metric =
    gauge("service_request_rate", &["service"], "Calls per second over the last 5 min.");
pub(super) static ERROR_RATE: Metric = gauge(
    "service_error_rate",
    &["service"],
    "(Rejected + failed + unanswered) / settled calls over the last 5 min, from 0 to 1.",
);
pub(super) static FAILURE_RATE: Metric = gauge(
    "service_failure_rate",
    &["service"],
    "(Failed + unanswered) / settled calls over the last 5 min, from 0 to 1: what the service itself is to blame for.",
);
pub(super) static RESPONSE_TIME: Metric = gauge(
    "service_response_time_p95",
    &["service"],
    "95th percentile of reply times over the last 5 min, in seconds.",
);
pub(super) static PODS: Metric = gauge(
    "service_pod_count",
    &["service", "state"],
    "Replicas that run, are ready, and should be there (total); where the platform tells.",
);
pub(super) static PER_REPLICA: Metric = gauge(
    "service_concurrency_per_replica",
    &["service"],
    "Calls that wait for a reply, for each ready replica; where the platform tells of one.",
);
pub(super) static HEALTH: Metric = gauge(
    "service_health_status",
    &["service"],
    "1 while a service is healthy, 0.5 while degraded, 0 while unavailable; absent while unknown.",
);
pub(super) static P50: Metric = gauge(
    "function_response_time_p50",
    &["service", "function"],
    "Median of reply times over the last 5 min, in seconds.",
);
pub(super) static P95: Metric = gauge(
    "function_response_time_p95",
    &["service", "function"],
    "95th percentile of reply times over the last 5 min, in seconds.",
);
pub(super) static P99: Metric = gauge(
    "function_response_time_p99",
    &["service", "function"],
    "99th percentile of reply times over the last 5 min, in seconds.",
);
pub(super) static CONCURRENCY: Metric =
    gauge("function_concurrency", &["service", "function"], "Calls that wait for a reply.");
pub(super) static QUEUE: Metric = gauge(
    "function_queue_depth",
    &["service", "function"],
    "Calls that wait for a reply beyond those that usually do: calls per second x mean reply time (Little's law).",
);
pub(super) static CONNECTED: Metric =
    gauge("mqtt_connected", &[], "1 while connected with every subscription granted, else 0.");
pub(super) static RECEIVED: Metric =
    counter("mqtt_messages_received_total", &[], "Messages received from the broker.");
pub(super) static PUBLISHED: Metric =
    counter("mqtt_messages_published_total", &[], "Publications the broker acknowledged.");
pub(super) static DROPPED: Metric = counter(
    "mqtt_messages_dropped_total",
    &[],
    "Messages dropped because lookout's inbox was full.",
);
pub(super) static ATTEMPTS: Metric =
    counter("mqtt_connection_attempts_total", &[], "Attempts to connect to the broker.");
pub(super) static LATENCY: Metric = gauge(
    "mqtt_message_latency_seconds",
    &[],
    "How long a message takes through the broker: lookout's canary, the last time it was heard.",
);
pub(super) static LATENCY_P95: Metric = gauge(
    "mqtt_message_latency_p95_seconds",
    &[],
    "95th percentile of how long messages took through the broker: lookout's canary over the last 5 min, where it \
     was heard at least 10 times.",
);

/// In the order of the manual.
pub(super) static METRICS: &[&Metric] = &[
    &REQUEST_RATE,
    &ERROR_RATE,
    &FAILURE_RATE,
    &RESPONSE_TIME,
    &PODS,
    &PER_REPLICA,
    &HEALTH,
    &P50,
    &P95,
    &P99,
    &CONCURRENCY,
    &QUEUE,
    &CONNECTED,
    &RECEIVED,
    &PUBLISHED,
    &DROPPED,
    &ATTEMPTS,
    &LATENCY,
    &LATENCY_P95,
];

/// Writes them.
pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let mut each = |metric, value: fn(&snapshot::ServiceFigures) -> Option<f64>| {
        let mut family = page.family(metric);
        each_service(snapshot, |name, service| family.known(&[name], value(service)));
    };
    each(&REQUEST_RATE, |it| Some(it.figures.request_rate()));
    each(&ERROR_RATE, |it| it.figures.recent.error_rate());
    each(&FAILURE_RATE, |it| it.figures.recent.failure_rate());
    each(&PER_REPLICA, |it| {
        let ready = it.replicas.as_ref().map(|it| it.ready).filter(|ready| *ready > 0)?;
        Some(it.figures.totals.open as f64 / f64::from(ready))
    });
    each(&RESPONSE_TIME, |it| it.figures.latency.p95.map(Span::as_secs_f64));
    each(&HEALTH, |it| match it.verdict? {
        Verdict::Healthy => Some(1.0),
        Verdict::Degraded => Some(0.5),
        Verdict::Unavailable => Some(0.0),
        Verdict::Unknown => None,
    });
    let mut family = page.family(&PODS);
    each_service(snapshot, |name, service| {
        let Some(replicas) = &service.replicas else { return };
        let states =
            [("running", replicas.running), ("ready", replicas.ready), ("total", replicas.total)];
        for (state, count) in states {
            family.sample(&[name, Escaped::plain(state)], count);
        }
    });
    write_functions(page, snapshot);
}

/// Writes those of the link.
pub(super) fn write_link(page: &mut Page, figures: &Figures) {
    let link = &figures.link;
    page.single(&CONNECTED, link.up);
    page.single(&RECEIVED, link.received);
    page.single(&PUBLISHED, link.published);
    page.single(&DROPPED, link.inbox_dropped);
    page.single(&ATTEMPTS, link.attempts);
    page.single(&LATENCY, figures.canary.as_secs_f64());
    page.family(&LATENCY_P95).known(&[], figures.canary_p95.map(Span::as_secs_f64));
}

fn write_functions(page: &mut Page, snapshot: &Snapshot) {
    let mut each = |metric, value: fn(&snapshot::Figures) -> Option<f64>| {
        let mut family = page.family(metric);
        if family.is_for_nobody() {
            return;
        }
        each_service(snapshot, |service, all| {
            for (name, figures) in all.methods.iter() {
                let mut room = String::new();
                family.known(&[service, Escaped::new(name, &mut room)], value(figures));
            }
        });
    };
    each(&P50, |it| it.latency.p50.map(Span::as_secs_f64));
    each(&P95, |it| it.latency.p95.map(Span::as_secs_f64));
    each(&P99, |it| it.latency.p99.map(Span::as_secs_f64));
    each(&CONCURRENCY, |it| Some(it.totals.open as f64));
    each(&QUEUE, |it| Some(it.queue_depth()));
}
