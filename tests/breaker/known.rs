//! The cases of Resilience4j and Polly as rows.
//!
//! Expectations are worked out from the manual, not read off the machine.

use crate::machine::Row;
use crate::rows::{five, opens_5s, plain, row, slow_rule};
use lookout::observer::Span;

/// Rows that need the lengths of the windows to be read from the settings.
pub(crate) const WINDOWS: &[Row] = &[
    // The window is what decides: over 5 min it would be 3 of 23.
    row(
        "R1",
        |policy| {
            policy.window = Span::from_secs(20);
            policy.min_calls = 5;
        },
        "S*20 +25s F F =closed F",
        &["48s closed>open failure_rate 3/5 #1 wait 30s"],
    ),
    // Over 10 s it would be 8 of 10 two seconds earlier.
    row(
        "R1",
        |policy| policy.burst_window = Span::from_secs(20),
        "S*40 F*9 =closed F",
        &["50s closed>open failure_rate 10/20 #1 wait 30s"],
    ),
];

pub(crate) const ROWS: &[Row] = &[
    row(
        "R1",
        |policy| {
            policy.window = Span::from_secs(20);
            policy.min_calls = 5;
        },
        "S S S F F =closed F",
        &["6s closed>open failure_rate 3/6 #1 wait 30s"],
    ),
    row("R1", plain, "S*40 F*7 =closed F", &["48s closed>open failure_rate 8/10 #1 wait 30s"]),
    row("R2", five, "F F F S =closed S", &["5s closed>open failure_rate 3/5 #1 wait 30s"]),
    row("R3", slow_rule, "s S s S =closed s", &["5s closed>open slow_call_rate 0/5 #1 wait 30s"]),
    row("R3", slow_rule, "s F s S =closed s", &["5s closed>open slow_call_rate 1/5 #1 wait 30s"]),
    // The fast call that completes the minimum opens it.
    row("R3", slow_rule, "s s s S S +1s", &["5s closed>open slow_call_rate 0/5 #1 wait 30s"]),
    row("R3", five, "s s s s s s", &[]),
    row(
        "R4",
        opens_5s,
        "F*10 +3s =open +3s =half_open S S S",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 5s",
            "15s open>half_open open_timeout 0/0 #1",
            "19s half_open>closed trial_succeeded 0/3 #1 after 9s",
        ],
    ),
    row(
        "R6",
        opens_5s,
        "F*10 +5s U +9999ms =open +1ms =half_open",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 5s",
            "15s open>half_open open_timeout 0/0 #1",
            "16s half_open>open trial_failed 1/1 #2 wait 10s",
            "26s open>half_open open_timeout 0/0 #2",
        ],
    ),
    // Half of 4 is a rate there; here it is a number of failures among the first 4.
    row(
        "R7",
        |policy| {
            policy.min_calls = 5;
            (policy.trial_calls, policy.trial_failures) = (4, 3);
        },
        "F*5 +30s F F S =half_open F",
        &[
            "5s closed>open failure_rate 5/5 #1 wait 30s",
            "35s open>half_open open_timeout 0/0 #1",
            "39s half_open>open trial_failed 3/4 #2 wait 60s",
        ],
    ),
    // A slow trial is a failed one, so the third reopens it before the fast one comes.
    row(
        "R7",
        |policy| {
            slow_rule(policy);
            (policy.trial_calls, policy.trial_failures) = (4, 3);
        },
        "F*5 +30s s s =half_open s S =open",
        &[
            "5s closed>open failure_rate 5/5 #1 wait 30s",
            "35s open>half_open open_timeout 0/0 #1",
            "38s half_open>open trial_failed 3/3 #2 wait 60s",
        ],
    ),
    // 3 good ones of 4 there are 3 answered ones here, whatever number of trials it takes.
    row(
        "R7",
        plain,
        "F*10 +30s F S S =half_open S F*9 =closed",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "44s half_open>closed trial_succeeded 1/4 #1 after 34s",
        ],
    ),
    row(
        "R8",
        plain,
        "F*9 V*20 =closed F +30s S V S V =half_open S",
        &[
            "30s closed>open failure_rate 10/10 #1 wait 30s",
            "60s open>half_open open_timeout 0/0 #1",
            "65s half_open>closed trial_succeeded 0/3 #1 after 35s",
        ],
    ),
    row("R9", plain, "back +1h =closed S F*5 back +1h =closed", &[]),
    row(
        "R10",
        plain,
        "observe =closed F*10 =observe_only F*30 +1h U*20 ahead =observe_only",
        &["10s closed>observe_only failure_rate 10/10 #0"],
    ),
    row(
        "R11",
        plain,
        "auto forced forced +1s ahead back forced =forced_open auto auto",
        &["0s closed>forced_open manual 0/0 #0", "1s forced_open>closed manual 0/0 #0 after 1s"],
    ),
    row(
        "R11",
        plain,
        "F*10 ahead F*10 back =open disabled disabled =disabled F*20",
        &["10s closed>open failure_rate 10/10 #1 wait 30s", "20s open>disabled manual 0/0 #0"],
    ),
    row(
        "R13",
        plain,
        "forced S*3 +24h U*3 back S*3 =forced_open",
        &["0s closed>forced_open manual 0/0 #0"],
    ),
    row("P15", plain, "F*9 +6m +2h =closed", &[]),
    row("P15", plain, "S*5 F*4 =closed F", &["10s closed>open failure_rate 5/10 #1 wait 30s"]),
    row("P15", plain, "S*6 F*5 =closed F", &["12s closed>open failure_rate 6/12 #1 wait 30s"]),
    row(
        "P16",
        plain,
        "F*10 S*5 R U F =open +21999ms =open +1ms",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
        ],
    ),
    row(
        "P20",
        plain,
        "F*10 +30s U +60s U +120s S S S F*10",
        &[
            "10s closed>open failure_rate 10/10 #1 wait 30s",
            "40s open>half_open open_timeout 0/0 #1",
            "41s half_open>open trial_failed 1/1 #2 wait 60s",
            "101s open>half_open open_timeout 0/0 #2",
            "102s half_open>open trial_failed 1/1 #3 wait 120s",
            "222s open>half_open open_timeout 0/0 #3",
            "225s half_open>closed trial_succeeded 0/3 #3 after 215s",
            "235s closed>open failure_rate 10/10 #1 wait 30s",
        ],
    ),
];
