//! lookout's own health as metrics: the link, the queues, the canary, the pages.

use super::exposition::{Escaped, Metric, Page, counter, gauge};
use super::figures::{Figures, LinkFigures, TraceFigures};
use crate::observer::alert::Severity;

pub(super) static START: Metric =
    gauge("process_start_time_seconds", &[], "Unix time at which lookout started.");
pub(super) static BUILD: Metric =
    gauge("lookout_build_info", &["version"], "Always 1; which version this is.");
pub(super) static LINK_UP: Metric =
    gauge("lookout_link_up", &[], "1 while connected with every subscription granted, else 0.");
pub(super) static ATTEMPTS: Metric =
    counter("lookout_connection_attempts_total", &[], "Attempts to connect to the broker.");
pub(super) static LINKS: Metric =
    counter("lookout_links_total", &[], "Times the link to the broker came up.");
pub(super) static RECEIVED: Metric =
    counter("lookout_messages_received_total", &[], "Messages received from the broker.");
pub(super) static INBOX: Metric =
    gauge("lookout_inbox_messages", &[], "Messages that wait for the observer.");
pub(super) static INBOX_DROPPED: Metric =
    counter("lookout_inbox_dropped_total", &[], "Messages dropped because the inbox was full.");
pub(super) static LAG: Metric = gauge(
    "lookout_inbox_lag_seconds",
    &[],
    "The longest that a message had waited in the second before.",
);
pub(super) static CANARY: Metric = gauge(
    "lookout_canary_round_trip_seconds",
    &[],
    "How long lookout's canary took to be heard back, the last time it was.",
);
pub(super) static CANARY_LOST: Metric =
    counter("lookout_canary_lost_total", &[], "Songs of the canary that were never heard.");
pub(super) static RESTARTS: Metric = counter(
    "lookout_task_restarts_total",
    &["task"],
    "Times a part of lookout failed and was started anew: http, mqtt, emqx, checks, platform, alerts, \
     traces.",
);
pub(super) static LOOKS: Metric = counter(
    "lookout_subscriber_looks_total",
    &["found"],
    "Looks for subscribers of services that let calls wait, by what was found: somebody, nobody, unknown.",
);
pub(super) static OUTBOX: Metric =
    gauge("lookout_outbox_documents", &[], "Documents that wait to be sent or acknowledged.");
pub(super) static OUTBOX_DROPPED: Metric =
    counter("lookout_outbox_dropped_total", &[], "Documents dropped because the outbox was full.");
pub(super) static PUBLISHED: Metric =
    counter("lookout_documents_published_total", &[], "Publications the broker acknowledged.");
pub(super) static REFUSED: Metric =
    counter("lookout_documents_refused_total", &[], "Publications the broker refused.");
pub(super) static UNSENDABLE: Metric = counter(
    "lookout_documents_unsendable_total",
    &[],
    "Documents never sent: no valid topic, or too large for the broker.",
);
pub(super) static LISTENERS: Metric =
    gauge("lookout_event_listeners", &[], "Who listens to the event stream over HTTP.");
pub(super) static LISTENERS_DROPPED: Metric = counter(
    "lookout_event_listeners_dropped_total",
    &[],
    "Listeners to the event stream that were cut off because they read too slowly.",
);
pub(super) static REPORTS_DROPPED: Metric = counter(
    "lookout_page_reports_dropped_total",
    &[],
    "Reports to the pages that were dropped because the HTTP server did not keep up.",
);

pub(super) static ALERTS: Metric = gauge(
    "lookout_alerts",
    &["severity"],
    "Alerts that fire: info, warning, error, critical, emergency.",
);
pub(super) static NOTICES: Metric = counter(
    "lookout_notifications_total",
    &["receiver"],
    "Requests with alerts that were taken, by kind of receiver: alertmanager, webhook.",
);
pub(super) static NOTICES_FAILED: Metric = counter(
    "lookout_notifications_failed_total",
    &["receiver"],
    "Requests with alerts that were not taken; what was in them is sent again.",
);
pub(super) static NOTICES_WAITING: Metric = gauge(
    "lookout_notifications_waiting_alerts",
    &["receiver"],
    "Alerts that wait to be taken for the first time, added up over the receivers of a kind.",
);
pub(super) static NOTICES_DROPPED: Metric = counter(
    "lookout_notifications_dropped_total",
    &["receiver"],
    "Alerts that were never taken and had to give way to others.",
);
pub(super) static ALERTS_REFUSED: Metric = gauge(
    "lookout_alerts_refused",
    &[],
    "Alerts that were not made since the start, and figures that no rule could watch at the last look, because \
     there are too many.",
);

pub(super) static SPANS: Metric =
    counter("lookout_trace_spans_exported_total", &[], "Spans of calls that the collector took.");
pub(super) static SPANS_DROPPED: Metric = counter(
    "lookout_trace_dropped_total",
    &["reason"],
    "Spans of calls that were given up: queue_full, too many waited; refused by the collector; expired, it could not \
     take them for too long; stopped, lookout ended before it did.",
);
pub(super) static TRACE_FAILED: Metric = counter(
    "lookout_trace_requests_failed_total",
    &[],
    "Requests with spans that were not taken; most are sent again.",
);
pub(super) static TRACE_QUEUE: Metric =
    gauge("lookout_trace_queue_calls", &[], "Calls whose spans wait to be sent.");

/// In the order of the manual.
pub(super) static METRICS: &[&Metric] = &[
    &START,
    &BUILD,
    &LINK_UP,
    &ATTEMPTS,
    &LINKS,
    &RECEIVED,
    &INBOX,
    &INBOX_DROPPED,
    &LAG,
    &CANARY,
    &CANARY_LOST,
    &RESTARTS,
    &LOOKS,
    &OUTBOX,
    &OUTBOX_DROPPED,
    &PUBLISHED,
    &REFUSED,
    &UNSENDABLE,
    &LISTENERS,
    &LISTENERS_DROPPED,
    &REPORTS_DROPPED,
    &ALERTS,
    &NOTICES,
    &NOTICES_FAILED,
    &NOTICES_WAITING,
    &NOTICES_DROPPED,
    &ALERTS_REFUSED,
    &SPANS,
    &SPANS_DROPPED,
    &TRACE_FAILED,
    &TRACE_QUEUE,
];

/// Writes them.
pub(super) fn write(page: &mut Page, figures: &Figures) {
    let Figures { start, inbox, lag, canary, canary_lost, looks, restarts, link, pages, .. } =
        figures;
    page.single(&START, start.micros() as f64 / 1e6);
    page.family(&BUILD).sample(&[Escaped::plain(env!("CARGO_PKG_VERSION"))], true);
    page.single(&INBOX, *inbox);
    page.single(&LAG, lag.as_secs_f64());
    page.single(&CANARY, canary.as_secs_f64());
    page.single(&CANARY_LOST, *canary_lost);
    let mut family = page.family(&RESTARTS);
    for (task, count) in
        ["http", "mqtt", "emqx", "checks", "platform", "alerts", "traces"].into_iter().zip(restarts)
    {
        family.sample(&[Escaped::plain(task)], *count);
    }
    let mut family = page.family(&LOOKS);
    let found =
        [("somebody", looks.somebody), ("nobody", looks.nobody), ("unknown", looks.unknown)];
    for (found, count) in found {
        family.sample(&[Escaped::plain(found)], count);
    }
    write_link(page, link);
    page.single(&LISTENERS, pages.listeners);
    page.single(&LISTENERS_DROPPED, pages.dropped);
    page.single(&REPORTS_DROPPED, pages.reports_dropped);
    let mut family = page.family(&ALERTS);
    for (severity, count) in Severity::ALL.into_iter().zip(figures.alerts) {
        family.sample(&[Escaped::plain(severity.name())], count);
    }
    let notices = &figures.notices;
    for (metric, counts) in [
        (&NOTICES, notices.sent),
        (&NOTICES_FAILED, notices.failed),
        (&NOTICES_WAITING, notices.waiting),
        (&NOTICES_DROPPED, notices.dropped),
    ] {
        let mut family = page.family(metric);
        for (receiver, count) in ["alertmanager", "webhook"].into_iter().zip(counts) {
            family.sample(&[Escaped::plain(receiver)], count);
        }
    }
    page.single(&ALERTS_REFUSED, figures.alerts_refused);
    write_traces(page, &figures.traces);
}

fn write_traces(page: &mut Page, traces: &TraceFigures) {
    page.single(&SPANS, traces.exported);
    let mut family = page.family(&SPANS_DROPPED);
    for (reason, count) in
        ["queue_full", "refused", "expired", "stopped"].into_iter().zip(traces.dropped)
    {
        family.sample(&[Escaped::plain(reason)], count);
    }
    page.single(&TRACE_FAILED, traces.failed);
    page.single(&TRACE_QUEUE, traces.waiting);
}

fn write_link(page: &mut Page, link: &LinkFigures) {
    page.single(&LINK_UP, link.up);
    page.single(&ATTEMPTS, link.attempts);
    page.single(&LINKS, link.links);
    page.single(&RECEIVED, link.received);
    page.single(&INBOX_DROPPED, link.inbox_dropped);
    page.single(&OUTBOX, link.outbox);
    page.single(&OUTBOX_DROPPED, link.outbox_dropped);
    page.single(&PUBLISHED, link.published);
    page.single(&REFUSED, link.refused);
    page.single(&UNSENDABLE, link.unsendable);
}
