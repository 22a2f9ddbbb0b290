//! "four times the 99th percentile of the service's replies in the last 5 min (late ones
//! included; when they are fewer than 20, of the last 20, none older than 1 h), at least 2 s, at
//! most 30 s; 30 s while fewer than 20 such replies are known".

use crate::kit::{Ears, OK, id, s};
use lookout::observer::Span;

/// A call made and answered.
fn answered(ears: &mut Ears, heard: u64, took: u64) {
    let deadline = Some(Span::from_micros(took));
    ears.call_of(heard - took, "A", (id("x"), None), false, deadline);
    ears.reply(heard, "x", OK);
}

/// How long a call made now is waited for, to a tenth of a second; rounded up.
fn patience(ears: &mut Ears, made: u64) -> u64 {
    let before = ears.totals("A").unanswered;
    ears.call(made, "A", "probe");
    for tenths in 1..=320 {
        ears.until(made + tenths * 100_000 + 1);
        if ears.totals("A").unanswered > before {
            return tenths;
        }
    }
    panic!("it is still waited for");
}

fn within(got: u64, wanted: u64) -> bool {
    // A histogram is right within 2 %, and the look within a tenth of a second.
    got.abs_diff(wanted) <= 1 + wanted / 50
}

#[test]
fn the_last_twenty_are_none_older_than_an_hour() {
    for (later, wanted) in [(s(3_600), 40), (s(3_600) + 1, 300)] {
        let mut ears = Ears::with(|_| ());
        answered(&mut ears, s(10), s(1));
        for at in 1..20 {
            answered(&mut ears, s(10) + at * s(60), s(1));
        }
        let got = patience(&mut ears, s(10) + later);
        assert!(within(got, wanted), "{later}: {got} tenths");
    }
}

#[test]
fn twenty_within_five_minutes_are_all_that_counts() {
    // 29 quick replies and, before them, one of 5 s: the 99th percentile of 30 is the highest.
    let mut ears = Ears::with(|_| ());
    answered(&mut ears, s(10), s(5));
    for at in 0..29 {
        answered(&mut ears, s(20) + at * s(5), 100_000);
    }
    let got = patience(&mut ears, s(200));
    assert!(within(got, 200), "{got} tenths");
    let got = patience(&mut ears, s(310));
    assert!(within(got, 20), "{got} tenths: 5 min later it is gone");
}

#[test]
fn the_ninety_ninth_percentile_by_nearest_rank() {
    for (slow, wanted) in [(1, 20), (2, 200)] {
        let mut ears = Ears::with(|_| ());
        for at in 0..100_u64 {
            let (heard, took) =
                if at < slow { (s(20) + at * s(6), s(5)) } else { (s(40) + at * s(2), 100_000) };
            answered(&mut ears, heard, took);
        }
        let got = patience(&mut ears, s(250));
        assert!(within(got, wanted), "{slow} of 100: {got} tenths");
    }
}

#[test]
fn late_replies_count_and_thirty_seconds_are_the_most() {
    for (late, wanted) in [(false, 20), (true, 300)] {
        let mut ears = Ears::with(|_| ());
        ears.call(0, "A", "late");
        ears.until(s(31));
        if late {
            ears.reply(s(35), "late", OK);
        }
        for at in 0..20 {
            answered(&mut ears, s(40) + at * s(1), 100_000);
        }
        let got = patience(&mut ears, s(70));
        assert!(within(got, wanted), "{late}: {got} tenths");
    }
}

/// "Patience of a call, fixed when it is made".
#[test]
fn what_is_learned_later_changes_nothing() {
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "first");
    for at in 0..20 {
        answered(&mut ears, s(1) + at * 100_000, 50_000);
    }
    ears.until(s(30));
    assert_eq!(ears.totals("A").open, 1);
    ears.until(s(30) + 1);
    assert_eq!(ears.totals("A").unanswered, 1);
}

/// "Patience of a call, fixed when it is made: … four times the 99th percentile of the service's
/// replies in the last 5 min": 21 replies, the highest of 5 s, half a second ago.
#[test]
fn patience_knows_a_slow_reply_at_once() {
    let mut ears = Ears::with(|_| ());
    ears.call_of(s(1), "A", (id("slow"), None), false, Some(Span::from_secs(60)));
    for call in 0..20 {
        ears.call(s(2) + call * 10_000, "A", "x");
        ears.reply(s(2) + call * 10_000 + 5_000, "x", OK);
    }
    ears.call(s(6), "A", "a");
    ears.reply(s(6) + 1, "slow", OK);
    ears.call(s(6) + 500_000, "A", "b");
    ears.until(s(20));
    // The call before the slow reply is given up after 2 s, the one after it waits for 20 s.
    assert_eq!(ears.told("A"), "calls 23, ok 21, unanswered 1, open 1");
}
