//! The manual's numbers as they are set by default, and the deaf pair.

use crate::kit::{s, settings};
use crate::play::{Play, WAIT};

#[test]
fn the_defaults_are_the_manuals() {
    let all = settings();
    let (verdict, circuit, limits) = (all.verdict, all.circuit, all.limits);
    let counts = [
        ("open calls", limits.open_calls, 1_000_000),
        ("services", limits.services, 10_000),
        ("methods a service", limits.methods, 100),
        ("fewer settled in all", verdict.min_calls, 5),
        ("unanswered that are silent", verdict.silent_calls, 5),
        ("failures", verdict.min_failures, 5),
        ("settled for a failure rate", verdict.failure_calls, 20),
        ("replies of the hour before", verdict.slow_baseline, 100),
        ("settled that end a finding", verdict.clear_calls, 3),
        ("answered that are healthy", verdict.healthy_calls, 3),
        ("changes", verdict.flap_changes, 6),
        ("unanswered of a deaf pair", verdict.deaf_calls, 20),
        ("settled for a circuit's rate", circuit.min_calls, 10),
        ("unanswered in a row", circuit.consecutive, 10),
        ("answered trials", circuit.trial_calls, 3),
        ("failed trials", circuit.trial_failures, 2),
        ("replies for patience", all.patience.samples, 20),
    ];
    for (what, is, wanted) in counts {
        assert_eq!(is, wanted, "{what}");
    }
    let spans = [
        ("settled calls remembered", limits.settled_for, 300),
        ("early replies held", limits.held_for, 2),
        ("patience at first", all.patience.initial, 30),
        ("least patience", all.patience.min, 2),
        ("most patience", all.patience.max, 30),
        ("longest deadline", all.patience.max_deadline, 600),
        ("silence", verdict.min_silence, 6),
        ("slow mean", verdict.slow_mean, 5),
        ("slow median", verdict.slow_median, 1),
        ("slow for", verdict.slow_after, 10),
        ("clear for", verdict.clear_after, 10),
        ("idle", verdict.idle_after, 600),
        ("flapping", verdict.flap_span, 600),
        ("silence of a circuit", circuit.min_silence, 6),
        ("open", circuit.open_timeout, 30),
        ("open at most", circuit.max_open_timeout, 300),
        ("after the link", all.doubt.after, 5),
        ("pause", all.doubt.pause, 5),
        ("repeat", all.repeat, 300),
        ("health", all.health_interval, 30),
    ];
    for (what, is, wanted) in spans {
        assert_eq!(is.micros(), s(wanted), "{what}");
    }
    let shares = [
        ("patience", all.patience.factor, 4.0),
        ("quantile", all.patience.quantile, 0.99),
        ("response rate", verdict.min_response_rate, 0.5),
        ("failure rate", verdict.max_failure_rate, 0.1),
        ("burst", verdict.burst_failure_rate, 0.5),
        ("times the usual", verdict.slow_factor, 5.0),
        ("a circuit's failure rate", circuit.failure_rate, 0.5),
        ("jitter", circuit.jitter, 0.1),
    ];
    for (what, is, wanted) in shares {
        assert!((is - wanted).abs() < f64::EPSILON, "{what}: {is}");
    }
    assert!(circuit.slow_call.is_none(), "slow calls: if set");
}

/// "at its 20th unanswered call it is reported once as a deaf pair", "gives no verdicts and opens
/// no circuits".
#[test]
fn a_deaf_pair_is_reported_once_at_its_twentieth_call_and_nothing_else() {
    for (calls, wanted) in [(19, None), (20, Some("21.000000 pair 0 deaf 20 []")), (90, Some(""))] {
        let mut play = Play::new();
        for call in 0..calls {
            play.lost(call * s(1), ["A", "B"][call as usize % 2], WAIT);
        }
        play.until(s(400));
        let said = play.all();
        assert_eq!(said.len(), usize::from(wanted.is_some()), "{said:?}");
        let right = wanted.is_none_or(|line| said[0].starts_with(line));
        assert!(right, "{said:?}");
    }
}

/// "A pair that never matched a reply": one is enough, and be it late.
#[test]
fn a_pair_that_matched_is_not_deaf() {
    let mut play = Play::new();
    play.late(0, "A", WAIT, s(3));
    for call in 0..40 {
        play.lost(s(5) + call * s(1), "B", WAIT);
    }
    play.until(s(60));
    let said = play.all();
    assert!(!said.iter().any(|line| line.contains("deaf")), "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("B unavailable not_responding")), "{said:?}");
}

/// "unknown (fewer than 5 settled in all)".
#[test]
fn five_settled_calls_make_a_verdict() {
    use lookout::observer::verdict::Verdict;
    for (calls, verdict) in [(4, Verdict::Unknown), (5, Verdict::Healthy)] {
        let mut play = Play::new();
        play.oks(0..s(calls), s(1), "A");
        play.until(s(10));
        assert_eq!(play.ears.snapshot().services[0].verdict, Some(verdict));
    }
}

/// "after 10 min it reads unknown".
#[test]
fn without_calls_it_reads_unknown_after_ten_minutes() {
    use lookout::observer::verdict::Verdict;
    let mut play = Play::new();
    play.oks(0..s(5), s(1), "A");
    for (at, verdict) in [(s(604), Verdict::Healthy), (s(605), Verdict::Unknown)] {
        play.until(at);
        assert_eq!(play.ears.snapshot().services[0].verdict, Some(verdict), "{at}");
    }
    assert_eq!(play.all(), [""; 0], "no traffic is not a fault");
}
