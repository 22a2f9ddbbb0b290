//! Findings about how calls end: failures, rejections, rate limits.

use super::super::finding::{Finding, Kind, Priority, percent};
use super::super::limits::{
    FAILURES, FAILURES_HIGH, LIMITED, LIMITED_HIGH, MIN_CASES, REJECTIONS, REJECTIONS_LOW,
};
use super::{Case, calls, share};

/// Too many calls fail or are not answered, though nothing is found wrong with the service.
pub(super) fn failures(case: &Case<'_>) -> Option<Finding> {
    let tally = &case.sum.tally;
    let failures = tally.failed + tally.unanswered;
    let rate = case.share(failures);
    if failures < MIN_CASES || rate < FAILURES {
        return None;
    }
    let priority = if rate >= FAILURES_HIGH { Priority::High } else { Priority::Medium };
    let mut finding = Finding {
        evidence: vec![
            share("failure_rate", rate),
            calls("settled", case.settled()),
            calls("failed", tally.failed),
            calls("unanswered", tally.unanswered),
        ],
        impact: format!("{} of its calls fail or are not answered, outside of any incident", percent(rate)),
        suggestion: if tally.unanswered > tally.failed {
            "most are not answered: look for calls that are dropped under load or crash their handler"
        } else {
            "most are answered with an error of the service's own doing: look at its recent errors, and \
             retry within a budget where calls are idempotent"
        }
        .to_owned(),
        ..case.finding(Kind::FailureRate, priority, failures as f64)
    };
    // One method with most of all errors is where to look first.
    let (methods, all) = (&case.sum.methods, &case.sum.all_methods);
    let worst = methods.iter().max_by_key(|method| method.errors);
    if let Some(worst) = worst.filter(|it| methods.len() > 1 && it.errors * 2 > all.errors) {
        finding.evidence.push(calls("errors_of_the_method", worst.errors));
        finding.method = Some(worst.name.clone());
    }
    Some(finding)
}

/// Too many calls are refused for reasons of the callers' doing, rate limits left out.
pub(super) fn rejections(case: &Case<'_>) -> Option<Finding> {
    let tally = &case.sum.tally;
    let rejected = tally.rejected.saturating_sub(tally.limited);
    let rate = case.share(rejected);
    if rejected < MIN_CASES || rate < REJECTIONS_LOW {
        return None;
    }
    let priority = if rate >= REJECTIONS { Priority::Medium } else { Priority::Low };
    Some(Finding {
        evidence: vec![
            share("rejection_rate", rate),
            calls("rejected", rejected),
            calls("settled", case.settled()),
        ],
        impact: format!("{} of its calls are made in vain: it refuses them", percent(rate)),
        suggestion: "look at the codes of its errors: callers that do not check what they send, rights that \
                     are missing, or a caller of an older version"
            .to_owned(),
        ..case.finding(Kind::RejectionRate, priority, rejected as f64)
    })
}

/// A rate limit refuses calls.
pub(super) fn rate_limited(case: &Case<'_>) -> Option<Finding> {
    let limited = case.sum.tally.limited;
    let rate = case.share(limited);
    if limited < MIN_CASES || rate < LIMITED {
        return None;
    }
    let priority = if rate >= LIMITED_HIGH { Priority::High } else { Priority::Medium };
    Some(Finding {
        evidence: vec![
            share("rate_limited", rate),
            calls("refused", limited),
            calls("settled", case.settled()),
        ],
        impact: format!("{} of its calls are refused by a rate limit", percent(rate)),
        suggestion:
            "spread the calls (a queue in the caller, batches, a cache), or raise the limit if the \
                     service has room"
                .to_owned(),
        ..case.finding(Kind::RateLimited, priority, limited as f64)
    })
}
