//! Findings about time: slow replies, and how long calls are waited for.

use super::super::finding::{Finding, Kind, Priority, percent, shown};
use super::super::limits::{
    LATE, LATE_HIGH, LONG_BESIDE, LONG_PATIENCE, MIN_CASES, MIN_METHOD, SLOW, SLOW_BESIDE,
    SLOW_METHOD,
};
use super::{Case, calls, share, time};
use crate::observer::Span;

/// Replies in a hundred that are slower than the 95th percentile, as a share.
const SLOWER: f64 = 0.05;

/// The service is slow as a whole, or one method is, in absolute terms or beside the others.
pub(super) fn slow_replies(case: &Case<'_>) -> Option<Finding> {
    let times = &case.sum.times;
    let (p50, p95) = (times.quantile(0.5)?, times.quantile(0.95)?);
    if p95 <= SLOW {
        return slow_method(case);
    }
    Some(Finding {
        evidence: vec![time("p95", p95), time("p50", p50), time("threshold", SLOW)],
        impact: format!(
            "one reply in twenty takes longer than {}, outside of any incident",
            shown(p95)
        ),
        suggestion:
            "look at what it waits for (components, services that it calls, locks); where the work \
                     takes that long, answer at once and tell the result later"
                .to_owned(),
        ..case.finding(Kind::SlowReplies, Priority::High, case.sum.tally.calls as f64 * SLOWER)
    })
}

fn slow_method(case: &Case<'_>) -> Option<Finding> {
    let known = || case.sum.methods.iter().filter(|method| method.replies >= MIN_METHOD);
    let slowest = known().max_by_key(|method| method.p95)?;
    let mut others: Vec<_> =
        known().filter(|it| it.name != slowest.name).map(|it| it.p95).collect();
    others.sort_unstable();
    let usual = others.get(others.len() / 2).copied();
    let beside = usual
        .is_some_and(|usual| slowest.p95 > SLOW_METHOD && slowest.p95 > usual.scaled(SLOW_BESIDE));
    if !beside && slowest.p95 <= SLOW {
        return None;
    }
    let mut evidence = vec![time("p95", slowest.p95), calls("replies", slowest.replies)];
    evidence.extend(usual.map(|usual| time("p95_of_others", usual)));
    Some(Finding {
        method: Some(slowest.name.clone()),
        evidence,
        impact: format!(
            "one reply in twenty of this method takes longer than {}{}",
            shown(slowest.p95),
            usual.map_or_else(String::new, |usual| format!(
                ", where the other methods of the service take {}",
                shown(usual)
            ))
        ),
        suggestion: "look at what this method waits for; work that takes that long is better answered at \
                     once and told later, or done by a service of its own, so that it does not keep the \
                     quick methods waiting"
            .to_owned(),
        ..case.finding(Kind::SlowReplies, Priority::Medium, slowest.calls as f64 * SLOWER)
    })
}

/// Calls are given up that are answered a little later.
pub(super) fn patience_short(case: &Case<'_>) -> Option<Finding> {
    let tally = &case.sum.tally;
    let late = tally.late;
    // A late reply may belong to a call of the spell before.
    let share_late = (late as f64 / tally.unanswered.max(1) as f64).min(1.0);
    if late < MIN_CASES || share_late < LATE {
        return None;
    }
    let of_all = case.share(late);
    let priority = if of_all >= LATE_HIGH { Priority::High } else { Priority::Medium };
    let slowest = case.sum.times.quantile(0.999)?;
    let mut evidence = vec![
        share("late_of_unanswered", share_late),
        calls("late", late),
        calls("unanswered", tally.unanswered),
        share("late_of_settled", of_all),
        time("p99_9", slowest),
    ];
    evidence.extend(case.sum.waits.map(|waits| time("waited_for", waits)));
    Some(Finding {
        evidence,
        impact: format!(
            "{} of the calls that were given up were answered after all: the work was done, and done again \
             if they were made again",
            percent(share_late)
        ),
        suggestion: format!(
            "wait longer: callers by their time-outs, lookout by `service.NAME.patience`; one reply in a \
             thousand takes longer than {}",
            shown(slowest)
        ),
        ..case.finding(Kind::PatienceShort, priority, late as f64)
    })
}

/// Calls are waited for long after any reply would have come.
pub(super) fn patience_long(case: &Case<'_>) -> Option<Finding> {
    let waits = case.sum.waits?;
    let p99 = case.sum.times.quantile(0.99)?;
    if waits < LONG_PATIENCE || waits <= p99.scaled(LONG_BESIDE) {
        return None;
    }
    // Four times the 99th percentile is what lookout learns by itself, and two seconds at least.
    let enough = p99.scaled(4.0).max(Span::from_secs(2));
    Some(Finding {
        evidence: vec![
            time("waited_for", waits),
            time("p99", p99),
            calls("unanswered", case.sum.tally.unanswered),
        ],
        impact: format!(
            "whoever is not answered learns it after {}, though 99 replies in a hundred come within {}",
            shown(waits),
            shown(p99)
        ),
        suggestion: format!(
            "wait for some {}: callers by their time-outs (MQTT 5: the Message Expiry Interval), lookout \
             by `service.NAME.patience`",
            shown(enough)
        ),
        ..case.finding(Kind::PatienceLong, Priority::Low, case.sum.tally.unanswered as f64)
    })
}
