//! Findings about load: calls in progress at once, methods that dominate, callers that call often.

use super::super::finding::{Finding, Kind, Priority, percent};
use super::super::limits::{
    CHATTY, CHATTY_HIGH, DOMINANT_CALLS, DOMINANT_TIME, MIN_LOAD, OPEN_PER_REPLICA,
    OPEN_PER_REPLICA_HIGH, SEVERAL, spell,
};
use super::{Case, calls, count, per_minute, share};

/// More calls are in progress at once than its replicas are good for. Where nobody tells of its
/// replicas, nothing is said.
pub(super) fn concurrency(case: &Case<'_>) -> Option<Finding> {
    let peak = case.sum.peak;
    if peak.each() <= OPEN_PER_REPLICA {
        return None;
    }
    let priority =
        if peak.each() > OPEN_PER_REPLICA_HIGH { Priority::High } else { Priority::Medium };
    let wanted = (f64::from(peak.open) / OPEN_PER_REPLICA).ceil();
    Some(Finding {
        evidence: vec![
            count("open_calls", round(f64::from(peak.open))),
            count("ready_replicas", peak.ready),
            count("open_calls_per_replica", round(peak.each())),
        ],
        impact: format!(
            "in the busiest five minutes of the day {:.0} calls were in progress at once for each ready \
             replica; when one stops for a second, they all wait",
            peak.each()
        ),
        suggestion: format!("run {wanted} replicas at such times, or make its replies quicker"),
        ..case.finding(Kind::Concurrency, priority, case.sum.tally.calls as f64)
    })
}

/// One method takes most of the time or of the calls.
pub(super) fn dominant_method(case: &Case<'_>) -> Option<Finding> {
    let methods = &case.sum.methods;
    if methods.len() < SEVERAL || case.sum.tally.calls < MIN_LOAD {
        return None;
    }
    let all = &case.sum.all_methods;
    let (all_calls, all_time) = (all.calls.max(1) as f64, all.time.max(1e-6));
    let first = methods.iter().max_by(|one, two| one.time.total_cmp(&two.time))?;
    let busiest = methods.iter().max_by_key(|method| method.calls)?;
    let (by_time, by_calls) = (first.time / all_time, busiest.calls as f64 / all_calls);
    let method = if by_time >= DOMINANT_TIME {
        first
    } else if by_calls >= DOMINANT_CALLS {
        busiest
    } else {
        return None;
    };
    let of_calls = (method.calls as f64 / all_calls).min(1.0);
    let of_time = (method.time / all_time).min(1.0);
    // Calls in progress at once, over the day.
    let usual = case.sum.time / spell().times(u64::from(case.sum.clean)).as_secs_f64();
    let priority = if usual >= 1.0 { Priority::Medium } else { Priority::Low };
    Some(Finding {
        method: Some(method.name.clone()),
        evidence: vec![
            share("share_of_time", of_time),
            share("share_of_calls", of_calls),
            calls("calls", method.calls),
            count("usual_open_calls", round(usual)),
        ],
        impact: format!(
            "{} of the service's time and {} of its calls are for this method",
            percent(of_time),
            percent(of_calls)
        ),
        suggestion:
            "begin here: a cache, a batch or a better query for this method helps more than \
                     anything elsewhere; or let a service of its own do it, and scale that alone"
                .to_owned(),
        ..case.finding(Kind::DominantMethod, priority, method.calls as f64)
    })
}

/// Each caller calls very often.
pub(super) fn chatty_callers(case: &Case<'_>) -> Option<Finding> {
    let sum = case.sum;
    let each = sum.tally.calls as f64 / sum.caller_minutes.max(1.0);
    if sum.tally.calls < MIN_LOAD || each < CHATTY {
        return None;
    }
    let priority = if each >= CHATTY_HIGH { Priority::Medium } else { Priority::Low };
    let callers = sum.caller_minutes / (spell().as_secs_f64() / 60.0 * f64::from(sum.clean));
    Some(Finding {
        evidence: vec![
            per_minute("calls_per_caller", round(each)),
            count("callers_estimated", round(callers)),
            calls("calls", sum.tally.calls),
        ],
        impact: if callers < 1.5 {
            format!("its one caller makes {each:.0} calls a minute")
        } else {
            format!(
                "each of some {callers:.0} callers makes {each:.0} calls a minute (callers are estimated, from \
                 five to ten minutes at a time)"
            )
        },
        suggestion: "let callers ask for more at once, listen for changes in place of asking again, or keep \
                     answers for a while; nothing is wrong if one gateway speaks for many"
            .to_owned(),
        ..case.finding(Kind::ChattyCallers, priority, sum.tally.calls as f64)
    })
}

/// Rounded to a tenth.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
