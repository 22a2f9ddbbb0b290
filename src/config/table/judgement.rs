//! The settings of the verdict on a service: codes, patience, findings.

use super::{H, Kind, MS, S, Section, Slot, count, number, setting, share, span};

/// `[codes]`.
pub(super) static CODES: Section = Section {
    name: "codes",
    meaning: "Whose doing an error is. A `rejected` call is its caller's, and speaks against nobody; a `failed` \
              one is the service's. Codes from -32768 to -32000 are failures unless listed as rejected; all \
              others are rejections unless listed as failed.",
    settings: &[
        setting(
            "rejected",
            Kind::Integers { min: -32_768, max: -32_000 },
            Slot::Integers(|d| &mut d.settings.codes.rejected),
            "Codes of the range JSON-RPC 2.0 reserves that are the caller's doing: parse error to invalid \
             params, and -32001 validation, -32002 business rule, -32003 authorization, -32004 not found, \
             -32005 conflict, -32006 rate limit.",
        ),
        setting(
            "failed",
            Kind::Integers { min: i64::MIN, max: i64::MAX },
            Slot::Integers(|d| &mut d.settings.codes.failed),
            "Application codes outside that range that are the service's doing. None, because an \
             application's own codes are mostly its business rules.",
        ),
    ],
};

/// `[patience]`.
pub(super) static PATIENCE: Section = Section {
    name: "patience",
    meaning: "How long a reply is waited for: `factor` times the `quantile` of the service's replies of the last \
              5 min, within `min` and `max`. A call's own deadline, and a value set for its service, come first.",
    settings: &[
        span(
            "initial",
            |d| &mut d.settings.patience.initial,
            (MS, H),
            "Patience while fewer than `samples` replies are known: as long as most clients wait.",
        ),
        span(
            "min",
            |d| &mut d.settings.patience.min,
            (MS, H),
            "Never less than this: a pause of a garbage collector or a failover of a broker is no outage.",
        ),
        span(
            "max",
            |d| &mut d.settings.patience.max,
            (MS, H),
            "Never more than this: a caller has given up by then. At least `min`.",
        ),
        number(
            "factor",
            |d| &mut d.settings.patience.factor,
            (1.0, 1000.0),
            "Multiple of the quantile: four times what nearly every reply needs is no longer just slow.",
        ),
        share(
            "quantile",
            |d| &mut d.settings.patience.quantile,
            "Which quantile of the reply times; the 99th percentile, so that slow methods count.",
        ),
        count(
            "samples",
            |d| &mut d.settings.patience.samples,
            (1, 20),
            "How many replies make a quantile. At most 20, which is how many are kept for a quiet service.",
        ),
        span(
            "max_deadline",
            |d| &mut d.settings.patience.max_deadline,
            (MS, 24 * H),
            "The longest deadline (Message Expiry Interval) that a call may ask for itself; each open call \
             takes memory as long as it is waited for.",
        ),
    ],
};

/// `[verdict]`.
pub(super) static VERDICT: Section = Section {
    name: "verdict",
    meaning: "When a service is called unavailable, degraded, healthy or unknown.",
    settings: &[
        count(
            "min_calls",
            |d| &mut d.settings.verdict.min_calls,
            (1, 1000),
            "Settled calls below which nothing is said: fewer are an anecdote.",
        ),
        count(
            "silent_calls",
            |d| &mut d.settings.verdict.silent_calls,
            (1, 20),
            "Unanswered calls in a row that make a silent service.",
        ),
        span(
            "min_silence",
            |d| &mut d.settings.verdict.min_silence,
            (MS, H),
            "How long after the first unanswered call another must be made, and wait in vain for half of its \
             patience, before a service is silent; and the length of a stretch outside which two failures and a \
             tenth of them must lie. Longer than a five-second restart, which is not an outage.",
        ),
        number(
            "min_response_rate",
            |d| &mut d.settings.verdict.min_response_rate,
            (0.0, 1.0),
            "Share of settled calls that are answered, below which (over `middle_span` or `short_span`) a service is failing \
             to answer; 0 turns the rule off.",
        ),
        number(
            "max_failure_rate",
            |d| &mut d.settings.verdict.max_failure_rate,
            (0.0, 1.0),
            "Share of settled calls that failed or were not answered, above which (over `long_span`) a service is \
             degraded; 1 turns the rule off.",
        ),
        share(
            "burst_failure_rate",
            |d| &mut d.settings.verdict.burst_failure_rate,
            "Failure rate that degrades a service at once, over `short_span`.",
        ),
        count(
            "min_failures",
            |d| &mut d.settings.verdict.min_failures,
            (1, 1000),
            "Failures needed for either: two bad calls among ten are chance.",
        ),
        count(
            "failure_calls",
            |d| &mut d.settings.verdict.failure_calls,
            (1, 20),
            "Settled calls that `max_failure_rate` needs. At most 20, which is how many are kept for a quiet \
             service.",
        ),
        span(
            "slow_mean",
            |d| &mut d.settings.verdict.slow_mean,
            (MS, H),
            "Mean reply time over `long_span`, but at most 5 min, above which a service is slow, whatever it was \
             before: nobody waits that long with pleasure. One such reply alone is not enough.",
        ),
        span(
            "slow_median",
            |d| &mut d.settings.verdict.slow_median,
            (MS, H),
            "Median reply time above which a service may be slow; below a second nobody notices.",
        ),
        number(
            "slow_factor",
            |d| &mut d.settings.verdict.slow_factor,
            (1.0, 1000.0),
            "… if it is also more than this many times the median of the hour before: a service that is \
             always slow is not news.",
        ),
        count(
            "slow_baseline",
            |d| &mut d.settings.verdict.slow_baseline,
            (1, 1_000_000),
            "Replies in the hour before that the comparison needs to mean something.",
        ),
        span(
            "slow_after",
            |d| &mut d.settings.verdict.slow_after,
            (MS, H),
            "How long that slowness must last without a break.",
        ),
        span(
            "clear_after",
            |d| &mut d.settings.verdict.clear_after,
            (MS, H),
            "How long a finding must be over, without a break, before it ends; so that one good second in an \
             outage does not end it.",
        ),
        count(
            "clear_calls",
            |d| &mut d.settings.verdict.clear_calls,
            (1, 1000),
            "Settled calls in `short_span` that are enough to end a finding.",
        ),
        count(
            "healthy_calls",
            |d| &mut d.settings.verdict.healthy_calls,
            (1, 20),
            "Answered calls in a row that a healthy service shows.",
        ),
        span(
            "idle_after",
            |d| &mut d.settings.verdict.idle_after,
            (S, 24 * H),
            "Without calls for this long a verdict reads unknown. No traffic is not a fault, but no proof of \
             health either.",
        ),
        count(
            "flap_changes",
            |d| &mut d.settings.verdict.flap_changes,
            (1, 64),
            "More changes of verdict than this within `flap_span` are reported once as flapping, then no \
             more: that is what to repair.",
        ),
        span(
            "flap_span",
            |d| &mut d.settings.verdict.flap_span,
            (S, 24 * H),
            "The span of flapping, and the calm that ends it.",
        ),
        count(
            "deaf_calls",
            |d| &mut d.settings.verdict.deaf_calls,
            (1, 1_000_000),
            "Unanswered calls at which a pair that never matched a reply is reported as deaf: by then its \
             reply template or lookout's rights are wrong, not the world.",
        ),
        span(
            "short_span",
            |d| &mut d.settings.verdict.short_span,
            (S, H),
            "The span of what happens now, in whole seconds: bursts, and whether a finding is over. At most \
             `middle_span`.",
        ),
        span(
            "middle_span",
            |d| &mut d.settings.verdict.middle_span,
            (S, H),
            "The span of the response rate. At most `long_span`.",
        ),
        span(
            "long_span",
            |d| &mut d.settings.verdict.long_span,
            (S, H),
            "The span of the failure rate and of the mean reply time: long enough for a rate on a quiet \
             service.",
        ),
        share(
            "large_share",
            |d| &mut d.settings.verdict.large_share,
            "Share of all calls, or of all callers, of the last 5 min from which the impact of a finding on \
             a service is said to be larger by one step.",
        ),
    ],
};
