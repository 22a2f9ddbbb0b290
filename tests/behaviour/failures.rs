//! "failure rate > 0.1 with at least 5 failures over 5 min with at least 20 settled, or over the
//! last 20 settled if 5 min hold fewer (none older than 1 h); or ≥ 0.5 over 10 s with at least 5
//! failures", two of them made outside any 6 s.

use crate::kit::{FAILED, s};
use crate::play::{Play, QUICK, time};

const HIGH: &str = "A degraded high_failure_rate";

/// One call each `step`; `F` fails, `o` is answered well.
fn written(play: &mut Play, begin: u64, step: u64, calls: &str) {
    for (at, call) in (0..).zip(calls.chars()) {
        let made = begin + at * step;
        if call == 'F' { play.answer(made, "A", QUICK, FAILED) } else { play.ok(made, "A") }
    }
}

fn steps(step: u64, calls: &str) -> Vec<String> {
    let mut play = Play::new();
    written(&mut play, 0, step, calls);
    play.until(step * calls.len() as u64 + s(5));
    play.verdicts()
}

#[test]
fn more_than_a_tenth_with_five_failures_and_twenty_settled() {
    let o = |n: usize| "o".repeat(n);
    let cases = [
        (10, "FFFFF".to_owned() + &o(14), None),
        (10, "FFFFF".to_owned() + &o(15), Some(19)),
        (10, "FFFF".to_owned() + &o(30), None),
        // A tenth is not more than a tenth.
        (5, o(45) + "FFFFF" + &o(5), None),
        (5, o(44) + "FFFFF", Some(48)),
        // Where 5 min hold twenty, the last twenty alone say nothing.
        (5, o(50) + "FFFFF" + &o(10), None),
    ];
    for (step, calls, found) in cases {
        let wanted: Vec<_> =
            found.iter().map(|at| format!("{} {HIGH}", time(at * s(step) + QUICK))).collect();
        assert_eq!(steps(s(step), &calls), wanted, "{calls}");
    }
}

#[test]
fn the_last_twenty_are_none_older_than_an_hour() {
    for (last, found) in [(s(3_600), true), (s(3_600) + 1, false)] {
        let mut play = Play::new();
        written(&mut play, 0, s(180), "FFFFFoooooooooooooo");
        play.ok(last, "A");
        play.until(last + s(5));
        let wanted = format!("{} {HIGH}", time(last + QUICK));
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{last}");
    }
}

/// The least burst: three failures within six seconds, and two outside.
const BURST: [u64; 5] = [0, 1_500_000, s(3), s(6), 7_500_000];

fn burst(play: &mut Play, begin: u64) {
    for made in BURST {
        play.answer(begin + made, "A", QUICK, FAILED);
    }
}

#[test]
fn a_burst_is_five_failures_two_of_them_outside_any_six_seconds() {
    for (fourth, found) in [(s(6), true), (s(6) - 1, false)] {
        let mut play = Play::new();
        for made in [0, 1_500_000, s(3), fourth, 7_500_000] {
            play.answer(made, "A", QUICK, FAILED);
        }
        play.until(s(9));
        let wanted = format!("7.520000 {HIGH}");
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{fourth}");
    }
    // Four are too few, and half of ten is enough, but not five of eleven.
    for (good, failures, found) in [(1, 4, false), (5, 5, true), (6, 5, false)] {
        let mut play = Play::new();
        play.oks(0..good * 10_000, 10_000, "A");
        for made in &BURST[5 - failures..] {
            play.answer(s(1) + made, "A", QUICK, FAILED);
        }
        play.until(s(9));
        assert_eq!(!play.verdicts().is_empty(), found, "{failures} and {good} good ones");
    }
}

/// "No traffic is not a fault: the verdict stays": a service that failed every call until
/// nobody called it any more is not said to have recovered.
#[test]
fn a_burst_of_failures_is_not_over_because_nobody_calls() {
    let mut play = Play::new();
    for call in 0..8 {
        play.answer(call * s(1), "A", QUICK, FAILED);
    }
    play.until(s(590));
    let said = play.verdicts();
    assert_eq!(said[0], format!("7.020000 {HIGH}"));
    assert!(said[1..].iter().all(|line| line.contains('#')), "{said:?}");
}

#[test]
fn a_burst_is_of_ten_seconds() {
    for (last, found) in [(s(10) - 30_000, true), (s(10), false)] {
        let mut play = Play::new();
        for made in [0, s(2), s(4), s(6), last] {
            play.answer(made, "A", QUICK, FAILED);
        }
        play.until(s(12));
        assert_eq!(!play.verdicts().is_empty(), found, "{last}");
    }
}

/// One of ten is no more than a tenth at 16.020, and for ten seconds after.
#[test]
fn it_ends_at_a_tenth_of_ten_seconds_and_does_not_begin_on_what_was_before() {
    let mut play = Play::new();
    burst(&mut play, 0);
    play.oks(s(8)..s(300), s(1), "A");
    play.until(s(310));
    let first = format!("7.520000 {HIGH}");
    assert_eq!(play.verdicts(), [first, "26.020000 A recovered after 18.500000".into()]);
    // Two failures break the ten seconds, which begin anew at 30.020.
    let mut play = Play::new();
    burst(&mut play, 0);
    play.oks(s(8)..s(20), s(1), "A");
    written(&mut play, s(20), s(1), "FF");
    play.oks(s(22)..s(300), s(1), "A");
    play.until(s(310));
    let said = play.verdicts();
    assert_eq!(said[1..], ["40.020000 A recovered after 32.500000"]);
}

/// "rejected: an error that is the caller's doing": of a thousand nothing is said.
#[test]
fn callers_errors_are_nobodys_failures() {
    let mut play = Play::new();
    for at in 0..1_000 {
        play.answer(at * 300_000, "A", QUICK, crate::kit::REJECTED);
    }
    play.until(s(310));
    assert_eq!(play.all(), [""; 0]);
}

/// "over 5 min": the fifth failure speaks while the first is within the 300 seconds.
#[test]
fn five_minutes_are_three_hundred_seconds() {
    for (settled, found) in [(s(300) - 1, true), (s(300), false)] {
        let mut play = Play::new();
        play.answer(0, "A", QUICK, FAILED);
        play.oks(s(12)..s(252), s(12), "A");
        for made in [s(255), s(267), s(279), settled - QUICK] {
            play.answer(made, "A", QUICK, FAILED);
        }
        play.until(s(305));
        let wanted = format!("{} {HIGH}", time(settled));
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{settled}");
    }
}

/// The order of the table: failures are named before slowness. The eighth reply, at 15, makes two
/// calls that lie outside any six seconds.
#[test]
fn failures_speak_before_slowness() {
    let mut play = Play::new();
    for at in 0..40 {
        play.answer(at * s(1), "A", s(8), FAILED);
    }
    play.until(s(48));
    assert_eq!(play.verdicts(), [format!("15.000000 {HIGH}")]);
}
