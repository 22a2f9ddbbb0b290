//! What the observer knows, as metrics.
//!
//! The observer's bounds on names bound the series. A rate over a span without settled calls is
//! absent, not zero. Reply times are a classic histogram, so several lookouts can be added up.

use super::exposition::{Escaped, Metric, Page, counter, gauge, histogram};
use super::{ground, security};
use crate::observer::Snapshot;
use crate::observer::breaker::State;
use crate::observer::errors::Code;
use crate::observer::exemplars::{BOUNDS, class};
use crate::observer::histogram::Histogram;
use crate::observer::input::Direction;
use crate::observer::latency::middle;
use crate::observer::service::OTHER;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::verdict::Verdict;
use std::fmt::Write;

pub(super) static CALLS: Metric = counter(
    "lookout_calls_total",
    &["service", "method", "outcome"],
    "Settled two-way calls: ok, rejected, failed, unanswered, void.",
);
pub(super) static ONEWAY: Metric =
    counter("lookout_oneway_calls_total", &["service", "method"], "One-way calls.");
pub(super) static ERRORS_BY_CODE: Metric = counter(
    "lookout_errors_total",
    &["service", "outcome", "tier", "code"],
    "Calls that were rejected, failed or unanswered, by whose matter it is (tier 1: of the function, 2: the \
     service is unavailable) and by error code; \"none\" without one, \"other\" beyond 32 of a service.",
);
pub(super) static LATE: Metric =
    counter("lookout_late_replies_total", &["service"], "Replies after patience had run out.");
pub(super) static OPEN: Metric =
    gauge("lookout_open_calls", &["service"], "Calls that wait for a reply.");
pub(super) static OLDEST: Metric = gauge(
    "lookout_oldest_open_call_seconds",
    &["service"],
    "How long the oldest of the calls that wait for a reply has waited; 0 if there is none.",
);
pub(super) static REQUESTS: Metric =
    gauge("lookout_requests_per_second", &["service"], "Calls per second over the last 5 min.");
pub(super) static RESPONSES: Metric =
    gauge("lookout_response_ratio", &["service"], "Answered / settled calls over the last 5 min.");
pub(super) static ERRORS: Metric = gauge(
    "lookout_error_ratio",
    &["service"],
    "(Rejected + failed + unanswered) / settled calls over the last 5 min.",
);
pub(super) static FAILURES: Metric = gauge(
    "lookout_failure_ratio",
    &["service"],
    "(Failed + unanswered) / settled calls over the last 5 min.",
);
pub(super) static REPLY: Metric = histogram(
    "lookout_reply_seconds",
    &["service"],
    "Reply times, late replies included; each known within 1.6 %.",
);
pub(super) static VERDICT: Metric = gauge(
    "lookout_service_verdict",
    &["service", "verdict"],
    "1 for the verdict a service reads now, else 0.",
);
pub(super) static CIRCUIT: Metric = gauge(
    "lookout_circuit_open",
    &["service"],
    "1 while a circuit is open, 0.5 while half-open, else 0.",
);
pub(super) static TRANSITIONS: Metric = counter(
    "lookout_circuit_transitions_total",
    &["service", "to"],
    "Times a circuit moved, by where to.",
);
pub(super) static SERVICES: Metric =
    gauge("lookout_services", &["verdict"], "Services that read so.");
pub(super) static INCIDENTS: Metric = gauge("lookout_open_incidents", &[], "Incidents under way.");
pub(super) static INCIDENT: Metric = gauge(
    "lookout_incident_seconds",
    &["service"],
    "How long the incident of a service has lasted; only while there is one.",
);
pub(super) static DEAF: Metric =
    gauge("lookout_deaf_pairs", &[], "Traffic pairs of which calls are heard and replies are not.");
pub(super) static DOUBT: Metric =
    gauge("lookout_in_doubt", &[], "1 while lookout doubts its own ears, else 0.");
pub(super) static MALFORMED: Metric = counter(
    "lookout_malformed_messages_total",
    &["pair", "template", "kind"],
    "Messages that could not be read.",
);
pub(super) static UNMATCHED: Metric =
    counter("lookout_unmatched_replies_total", &[], "Replies that belong to no call.");
pub(super) static DUPLICATE: Metric =
    counter("lookout_duplicate_replies_total", &[], "Further replies to answered calls.");
pub(super) static IGNORED: Metric =
    counter("lookout_ignored_messages_total", &[], "Messages that say nothing about calls.");
pub(super) static ANSWERED: Metric = counter(
    "lookout_direct_answers_total",
    &[],
    "Calls that lookout answered in place of their service.",
);
pub(super) static WITHHELD: Metric = counter(
    "lookout_direct_answers_withheld_total",
    &[],
    "Calls that lookout would have answered, had that not been too many in a second.",
);
pub(super) static EVICTED: Metric =
    counter("lookout_evicted_calls_total", &[], "Open calls that had to give way to the bound.");
pub(super) static SERIES_REFUSED: Metric = counter(
    "lookout_series_refused_total",
    &[],
    "Calls counted under \"_other\": there are too many services or methods, or they have no name.",
);
pub(super) static ACTIVITY: Metric =
    counter("lookout_activity_messages_total", &["channel"], "Activity messages.");
pub(super) static SECURITY: Metric =
    counter("lookout_security_messages_total", &["kind"], "Security messages.");

/// In the order of the manual.
pub(super) static METRICS: &[&Metric] = &[
    &CALLS,
    &ONEWAY,
    &ERRORS_BY_CODE,
    &LATE,
    &OPEN,
    &OLDEST,
    &REQUESTS,
    &RESPONSES,
    &ERRORS,
    &FAILURES,
    &REPLY,
    &VERDICT,
    &CIRCUIT,
    &TRANSITIONS,
    &SERVICES,
    &INCIDENTS,
    &INCIDENT,
    &ground::COMPONENT,
    &ground::COMPONENT_SCORE,
    &ground::COMPONENT_SUCCESS,
    &ground::COMPONENT_TOOK,
    &ground::SCORE,
    &ground::RESTARTS,
    &DEAF,
    &DOUBT,
    &MALFORMED,
    &UNMATCHED,
    &DUPLICATE,
    &IGNORED,
    &ANSWERED,
    &WITHHELD,
    &EVICTED,
    &SERIES_REFUSED,
    &ACTIVITY,
    &SECURITY,
    &security::SIGNS_TAKEN,
    &security::FOUND,
    &security::BEYOND,
    &security::OPEN,
    &security::REMEMBERED,
    &security::FORGOTTEN,
    &security::ACTIONS,
    &security::IN_FORCE,
];

/// The observer's bounds of reply times in seconds, as OpenMetrics writes them.
const BUCKETS: [&str; BOUNDS.len()] = [
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0",
    "7.5", "10.0",
];

const VERDICTS: [Verdict; 4] =
    [Verdict::Healthy, Verdict::Degraded, Verdict::Unavailable, Verdict::Unknown];

/// Writes them; `pairs` are the names of the traffic pairs.
pub(super) fn write(page: &mut Page, snapshot: &Snapshot, pairs: &[String]) {
    write_methods(page, snapshot);
    write_services(page, snapshot);
    write_circuits(page, snapshot);
    write_platform(page, snapshot);
    write_messages(page, snapshot, pairs);
}

fn write_methods(page: &mut Page, snapshot: &Snapshot) {
    let mut family = page.family(&CALLS);
    if !family.is_for_nobody() {
        each_method(snapshot, |service, method, totals| {
            let outcomes = [
                ("ok", totals.ok),
                ("rejected", totals.rejected),
                ("failed", totals.failed),
                ("unanswered", totals.unanswered),
                ("void", totals.void),
            ];
            for (outcome, count) in outcomes {
                family.sample(&[service, method, Escaped::plain(outcome)], count);
            }
        });
    }
    let mut family = page.family(&ONEWAY);
    if !family.is_for_nobody() {
        each_method(snapshot, |service, method, totals| {
            family.sample(&[service, method], totals.oneway)
        });
    }
}

fn each_method(
    snapshot: &Snapshot,
    mut each: impl FnMut(Escaped<'_>, Escaped<'_>, &crate::observer::service::Totals),
) {
    each_service(snapshot, |name, service| {
        for (method, figures) in service.methods.iter() {
            let mut room = String::new();
            each(name, Escaped::new(method, &mut room), &figures.totals);
        }
    });
}

pub(super) fn each_service(
    snapshot: &Snapshot,
    mut each: impl FnMut(Escaped<'_>, &ServiceFigures),
) {
    for service in &snapshot.services {
        let mut room = String::new();
        each(Escaped::new(&service.name, &mut room), service);
    }
}

fn write_services(page: &mut Page, snapshot: &Snapshot) {
    let mut family = page.family(&ERRORS_BY_CODE);
    each_service(snapshot, |name, service| {
        for counted in &service.errors.counted {
            let (mut number, mut tier) = (String::new(), String::new());
            let code = match counted.code {
                Code::None => "none",
                Code::Other => "other",
                Code::Number(code) => {
                    let _ = write!(number, "{code}");
                    &number
                }
            };
            let _ = write!(tier, "{}", counted.tier());
            let labels = [counted.outcome.name(), &tier, code].map(Escaped::plain);
            family.sample(&[name, labels[0], labels[1], labels[2]], counted.count);
        }
    });
    let mut each = |metric, value: fn(&ServiceFigures, &Snapshot) -> Option<f64>| {
        let mut family = page.family(metric);
        each_service(snapshot, |name, service| family.known(&[name], value(service, snapshot)));
    };
    each(&LATE, |it, _| Some(it.figures.totals.late as f64));
    each(&OPEN, |it, _| Some(it.figures.totals.open as f64));
    each(&OLDEST, |it, all| {
        Some(it.oldest_open.map_or(0.0, |made| all.at.since(made).as_secs_f64()))
    });
    each(&REQUESTS, |it, _| Some(it.figures.request_rate()));
    each(&RESPONSES, |it, _| it.figures.recent.response_rate());
    each(&ERRORS, |it, _| it.figures.recent.error_rate());
    each(&FAILURES, |it, _| it.figures.recent.failure_rate());
    each(&INCIDENT, |it, all| it.incident.map(|(_, since)| all.at.since(since).as_secs_f64()));
    let mut family = page.family(&REPLY);
    if !family.takes_buckets() {
        return;
    }
    each_service(snapshot, |name, service| {
        let (buckets, count, sum) = buckets(&service.replies);
        let exemplars = service.exemplars.as_deref();
        family.buckets(&[name], &buckets, count, sum, |class| exemplars?.of(class));
    });
}

/// The replies up to each bound, all of them, and the sum of their times in seconds.
fn buckets(replies: &Histogram) -> ([(&'static str, u64); BUCKETS.len()], u64, f64) {
    let mut buckets = BUCKETS.map(|bound| (bound, 0));
    let (mut count, mut sum) = (0_u64, 0.0);
    for (bin, times) in replies.bins() {
        let (time, times) = (middle(bin), u64::from(times));
        count += times;
        sum += time.as_secs_f64() * times as f64;
        if let Some((_, below)) = buckets.get_mut(class(time)) {
            *below += times;
        }
    }
    let mut below = 0;
    for (_, within) in &mut buckets {
        below += *within;
        *within = below;
    }
    (buckets, count, sum)
}

fn write_circuits(page: &mut Page, snapshot: &Snapshot) {
    let mut family = page.family(&VERDICT);
    each_service(snapshot, |name, service| {
        // What is not judged has neither verdict nor circuit.
        let Some(reads) = service.verdict else { return };
        for verdict in VERDICTS {
            family.sample(&[name, Escaped::plain(verdict.name())], reads == verdict);
        }
    });
    let mut family = page.family(&CIRCUIT);
    each_service(snapshot, |name, service| {
        family.known(
            &[name],
            service.circuit.map(|state| match state {
                State::Open | State::ForcedOpen => 1.0,
                State::HalfOpen => 0.5,
                State::Closed | State::Disabled | State::ObserveOnly => 0.0,
            }),
        );
    });
    let mut family = page.family(&TRANSITIONS);
    each_service(snapshot, |name, service| {
        // The states that the rules know are always there, so that the first opening is an increase.
        let usual = |state| matches!(state, State::Closed | State::Open | State::HalfOpen);
        for (state, count) in State::ALL.into_iter().zip(service.breaker.transitions) {
            if service.circuit.is_some() && (count > 0 || usual(state)) {
                family.sample(&[name, Escaped::plain(state.name())], count);
            }
        }
    });
}

fn write_platform(page: &mut Page, snapshot: &Snapshot) {
    let mut family = page.family(&SERVICES);
    for (verdict, count) in VERDICTS.into_iter().zip(snapshot.health.services) {
        family.sample(&[Escaped::plain(verdict.name())], count);
    }
    page.single(&INCIDENTS, snapshot.health.open_incidents);
    ground::write(page, snapshot);
    page.single(&DEAF, snapshot.deaf.len());
    page.single(&DOUBT, snapshot.health.in_doubt);
}

fn write_messages(page: &mut Page, snapshot: &Snapshot, pairs: &[String]) {
    let mut family = page.family(&MALFORMED);
    for (pair, direction, kind, count) in &snapshot.malformed {
        let (name, mut room) = (pairs.get(pair.index()), String::new());
        let name = Escaped::new(name.map_or("", String::as_str), &mut room);
        let template = if *direction == Direction::Reply { "reply" } else { "call" };
        family.sample(&[name, Escaped::plain(template), Escaped::plain(kind.name())], *count);
    }
    page.single(&UNMATCHED, snapshot.unmatched);
    page.single(&DUPLICATE, snapshot.duplicate);
    page.single(&IGNORED, snapshot.ignored);
    page.single(&ANSWERED, snapshot.answered_directly);
    page.single(&WITHHELD, snapshot.unanswered_directly);
    page.single(&EVICTED, snapshot.evicted);
    page.single(&SERIES_REFUSED, refused(snapshot));
    for (metric, counts) in [(&ACTIVITY, &snapshot.activity), (&SECURITY, &snapshot.security)] {
        let mut family = page.family(metric);
        for (name, count) in counts {
            let mut room = String::new();
            family.sample(&[Escaped::new(name, &mut room)], *count);
        }
    }
    security::write(page, snapshot);
}

fn refused(snapshot: &Snapshot) -> u64 {
    let of_service = |service: &ServiceFigures| {
        let totals = service.figures.totals;
        if &*service.name == OTHER {
            return totals.calls + totals.oneway;
        }
        let others = service.methods.iter().filter(|(name, _)| &**name == OTHER);
        others.map(|(_, figures)| figures.totals.calls + figures.totals.oneway).sum()
    };
    snapshot.services.iter().map(of_service).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Span;

    #[test]
    fn bounds_are_written_as_they_are() {
        let seconds = |bound: &Span| bound.as_secs_f64();
        let written = BUCKETS.map(|bound| bound.parse::<f64>().expect("a number"));
        assert_eq!(written, BOUNDS.each_ref().map(seconds));
    }
}
