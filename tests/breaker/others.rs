//! The cases of Hystrix, Envoy, Finagle and linkerd2-proxy as rows, and those of our own that
//! concern the plain machine alone.
//!
//! Expectations are worked out from the manual, not read off the machine.

use crate::machine::Row;
use crate::rows::{SLOW, five, opens_5s, plain, quick, row, slow_rule};
use lookout::observer::Span;
use lookout::observer::settings::CircuitPolicy;

/// As Envoy and linkerd count: only a run of failures speaks, at once.
fn runs_of_five(policy: &mut CircuitPolicy) {
    policy.consecutive = 5;
    policy.failure_rate = 0.0;
    policy.min_silence = Span::ZERO;
    policy.open_timeout = Span::from_secs(10);
}

pub(crate) const ROWS: &[Row] = &[
    row("H21", five, "F*4 +6m =closed", &[]),
    // One trial at a time there is a trial of one call here.
    row(
        "H22",
        |policy| {
            opens_5s(policy);
            policy.min_calls = 5;
            (policy.trial_calls, policy.trial_failures) = (1, 1);
        },
        "F*5 +5s F +10s F +20s S F*4 =closed F",
        &[
            "5s closed>open failure_rate 5/5 #1 wait 5s",
            "10s open>half_open open_timeout 0/0 #1",
            "11s half_open>open trial_failed 1/1 #2 wait 10s",
            "21s open>half_open open_timeout 0/0 #2",
            "22s half_open>open trial_failed 1/1 #3 wait 20s",
            "42s open>half_open open_timeout 0/0 #3",
            "43s half_open>closed trial_succeeded 0/1 #3 after 38s",
            "48s closed>open failure_rate 5/5 #1 wait 5s",
        ],
    ),
    // A reply that never comes is an unanswered trial, and that reopens it …
    row(
        "H23",
        plain,
        "F*10 +30s S S U +60s =half_open",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "43s half_open>open trial_failed 1/3 #2 wait 60s",
            "103s open>half_open open_timeout 0/0 #2",
        ],
    ),
    // … unless lookout could not hear it: then the next ones are the trial, however late.
    row(
        "H23",
        plain,
        "F*10 +30s V V +24h =half_open S S S",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "86445s half_open>closed trial_succeeded 0/3 #1 after 86435s",
        ],
    ),
    // Failures in a row there are unanswered calls in a row here.
    row(
        "E25",
        runs_of_five,
        "U*4 S U*4 =closed U +9999ms =open +2ms =half_open",
        &[
            "10s closed>open consecutive_unanswered 5/5 #1 wait 10s",
            "20s open>half_open open_timeout 0/0 #1",
        ],
    ),
    row("E25", runs_of_five, "U*4 F U*4 R U*4 +1h =closed", &[]),
    // The run is complete after 5 s of silence, and speaks after 6.
    row(
        "E25",
        |policy| {
            runs_of_five(policy);
            policy.min_silence = Span::from_secs(6);
        },
        "S U*5 +999ms =closed +1ms",
        &["7s closed>open consecutive_unanswered 5/5 #1 wait 10s"],
    ),
    // A late reply in between is a sign of life: 6 s from then, and the calls must be later.
    row(
        "E25",
        |policy| {
            runs_of_five(policy);
            policy.min_silence = Span::from_secs(6);
        },
        "S U*3 heard U*2 +10m =closed U*3",
        &["609s closed>open consecutive_unanswered 5/5 #1 wait 10s"],
    ),
    // "However long that took": the tenth opens it, after more than an hour.
    quick(
        "E25",
        420_000,
        |policy| policy.failure_rate = 0.0,
        "U*10 =open",
        &["4200s closed>open consecutive_unanswered 10/10 #1 wait 30s"],
    ),
    // Envoy looks at intervals: here, nothing opens in doubt, and the turn after it looks.
    quick("E28", 1, |p| p.failure_rate = 0.85, "doubt S*50 F*250 sure +2s =closed", &[]),
    quick(
        "E28",
        1,
        |policy| policy.failure_rate = 0.85,
        "doubt S*50 F*300 =closed sure +1s",
        &["1s closed>open failure_rate 300/350 #1 wait 30s"],
    ),
    // Looked at after each call, it opens with the first failure that makes 85 %.
    quick(
        "E28",
        1,
        |policy| policy.failure_rate = 0.85,
        "S*50 F*283 =closed F",
        &["334ms closed>open failure_rate 284/334 #1 wait 30s"],
    ),
    row(
        "E30",
        plain,
        "F*10 +30s U +60s U +120s U +240s U +300s U +300s =half_open",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "41s half_open>open trial_failed 1/1 #2 wait 60s",
            "101s open>half_open open_timeout 0/0 #2",
            "102s half_open>open trial_failed 1/1 #3 wait 120s",
            "222s open>half_open open_timeout 0/0 #3",
            "223s half_open>open trial_failed 1/1 #4 wait 240s",
            "463s open>half_open open_timeout 0/0 #4",
            "464s half_open>open trial_failed 1/1 #5 wait 300s",
            "764s open>half_open open_timeout 0/0 #5",
            "765s half_open>open trial_failed 1/1 #6 wait 300s",
            "1065s open>half_open open_timeout 0/0 #6",
        ],
    ),
    // Every trip there is the first of each time that an operator turns it on here.
    row(
        "E34",
        plain,
        "observe F*10 +1h F*10 auto =closed observe F*10 =observe_only",
        &[
            "10s closed>observe_only failure_rate 10/10 #0",
            "3620s observe_only>closed manual 0/0 #0",
            "3630s closed>observe_only failure_rate 10/10 #0",
        ],
    ),
    // A count of 100 is more than is kept one by one; 100 calls within 5 min are the same.
    quick(
        "F35",
        100,
        |policy| policy.min_calls = 20,
        "S*50 F*49 =closed F",
        &["10s closed>open failure_rate 50/100 #1 wait 30s"],
    ),
    row(
        "F37",
        plain,
        "F*10 +30s F F +59s =open +1s =half_open",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "42s half_open>open trial_failed 2/2 #2 wait 60s",
            "102s open>half_open open_timeout 0/0 #2",
        ],
    ),
    // Cold after an hour; before that the last 10 speak for a service that is rarely called …
    row("L39", plain, "F*9 +3601s F*9 =closed", &[]),
    row("L39", plain, "F*9 +301s F", &["311s closed>open failure_rate 10/10 #1 wait 30s"]),
    // … but of what 5 min hold no more than these are left.
    row(
        "L39",
        plain,
        "S*100 +301s F*4 =closed F",
        &["406s closed>open failure_rate 5/10 #1 wait 30s"],
    ),
    // Calls that are rare: one in 6 min, each of them failed.
    quick(
        "L39",
        360_000,
        plain,
        "F*9 =closed F",
        &["3600s closed>open failure_rate 10/10 #1 wait 30s"],
    ),
    quick("L39", 420_000, plain, "F*20 =closed", &[]),
    row(
        "L40",
        |policy| {
            policy.failure_rate = 0.0;
            policy.consecutive = 0;
        },
        "U*100 F*100 s*100 +10m =closed",
        &[],
    ),
    row(
        "L41",
        |policy| policy.min_calls = 0,
        "+5m =closed F",
        &["301s closed>open failure_rate 1/1 #1 wait 30s"],
    ),
    row(
        "L41",
        |policy| {
            policy.min_calls = 0;
            policy.slow_call = SLOW;
        },
        "+5m S =closed +4m =closed s",
        &["542s closed>open slow_call_rate 0/2 #1 wait 30s"],
    ),
    row("L42", plain, "U*10", &["10s closed>open consecutive_unanswered 10/10 #1 wait 30s"]),
    // Ten failures with replies cross one rule only.
    row("L42", plain, "F U*9", &["10s closed>open failure_rate 10/10 #1 wait 30s"]),
    row(
        "L43",
        slow_rule,
        "F*5 +30s S s s",
        &[
            "5s closed>open failure_rate 5/5 #1 wait 30s",
            "35s open>half_open open_timeout 0/0 #1",
            "38s half_open>open trial_failed 2/3 #2 wait 60s",
        ],
    ),
    row(
        "trials made before the transition",
        plain,
        "F*10 +30s old:U old:F*5 old:S*5 =half_open S old:U S old:F*2 S old:F*20 =closed",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "57s half_open>closed trial_succeeded 0/3 #1 after 47s",
        ],
    ),
    // It waits for the origin, not for its own time; then it is tried as any other.
    row(
        "origin recovers while a dependent fails",
        plain,
        "F*9 ahead F*9 +1h =open back F F +60s S S S",
        &[
            "9s closed>open dependency_unavailable 0/0 #1",
            "3618s open>half_open dependency_recovered 0/0 #1",
            "3620s half_open>open trial_failed 2/2 #2 wait 60s",
            "3680s open>half_open open_timeout 0/0 #2",
            "3683s half_open>closed trial_succeeded 0/3 #2 after 3674s",
        ],
    ),
];
