//! "Silent when no reply of the service (late ones included) was heard since the first of the
//! unanswered calls in question was made, nor for the last 6 s, and the last 5 settled calls are
//! unanswered, however long that took."

use crate::kit::{OK, REJECTED, s};
use crate::play::{Play, WAIT, time};

/// The last reply before the silence is heard here: 20 ms after a whole second.
const HEARD: u64 = 10_020_000;

/// Eleven good calls, the last of them answered at `HEARD`.
fn play() -> Play {
    let mut play = Play::new();
    play.oks(0..s(10) + 1, s(1), "A");
    play
}

#[test]
fn six_seconds_since_the_last_reply_and_not_a_microsecond_less() {
    for (settled, said) in [
        (HEARD + s(6), HEARD + s(6)),
        // A look at every second finds it when its time has come.
        (HEARD + s(6) - 1, s(17)),
        (HEARD + s(6) + 1, HEARD + s(6) + 1),
        (HEARD + s(5), s(17)),
    ] {
        let mut play = play();
        for call in 1..=4 {
            play.lost(HEARD + call, "A", s(3));
        }
        play.lost(HEARD + 5, "A", settled - HEARD - 5);
        play.until(s(60));
        let wanted = format!("{} A unavailable not_responding", time(said));
        assert_eq!(play.verdicts(), [wanted], "settled at {}", time(settled));
    }
}

#[test]
fn five_calls_and_not_four() {
    for (calls, wanted) in [(4, None), (5, Some("25.000000 A unavailable not_responding"))] {
        let mut play = play();
        for call in 0..calls {
            play.lost(s(19) + call * s(1), "A", WAIT);
        }
        play.until(s(500));
        let said = play.verdicts();
        assert_eq!(said.first().map(String::as_str), wanted, "{calls}");
    }
}

#[test]
fn any_answer_among_the_last_five_is_no_silence() {
    for answer in [OK, REJECTED] {
        let mut play = play();
        for call in 0..4 {
            play.lost(s(20) + call * s(1), "A", WAIT);
        }
        play.answer(s(24), "A", 1_000, answer);
        for call in 0..4 {
            play.lost(s(25) + call * s(1), "A", WAIT);
        }
        play.until(s(40));
        let said = play.verdicts().join("; ");
        assert!(!said.contains("not_responding"), "{said}");
    }
}

#[test]
fn a_late_reply_counts_as_heard() {
    // The reply to a call given up long ago is heard between the first and the second of five.
    for (more, wanted) in [(0, vec![]), (1, vec!["47.000000 A unavailable not_responding"])] {
        let mut play = play();
        play.late(s(12), "A", s(1), s(28) + 500_000);
        for call in 0..5 + more {
            play.lost(s(40) + call * s(1), "A", WAIT);
        }
        play.until(s(55));
        let said: Vec<_> = play.verdicts().into_iter().filter(|l| l.contains("not_resp")).collect();
        assert_eq!(said, wanted, "{more} more");
    }
    // Heard a microsecond before the first was made, it belongs to the time before.
    let mut play = play();
    play.late(s(12), "A", s(1), s(28) - 1);
    for call in 0..5 {
        play.lost(s(40) + call * s(1), "A", WAIT);
    }
    play.until(s(55));
    assert_eq!(play.verdicts(), ["46.000000 A unavailable not_responding"]);
}

#[test]
fn however_long_that_took_within_the_hour() {
    let mut play = play();
    for call in 0..5 {
        play.lost(s(600) + call * s(840), "A", WAIT);
    }
    play.until(s(4_000));
    assert_eq!(play.verdicts(), ["3962.000000 A unavailable not_responding"]);
}

/// "has been false for 10 s without a break": from the first reply on.
#[test]
fn it_ends_ten_seconds_after_the_first_reply() {
    for (look, said) in [(s(10), s(10)), (s(10) - 1, s(10) + 480_000), (s(10) + 1, s(10) + 1)] {
        let mut play = play();
        for call in 0..20 {
            play.lost(s(20) + call * 500_000, "A", WAIT);
        }
        // The first reply after the silence is heard at 40.520.
        play.ok(s(40) + 500_000, "A");
        play.oks(s(41)..s(45), s(1), "A");
        let reply = 40_520_000;
        play.ok(reply + look - 20_000, "A");
        play.until(s(60));
        let wanted = format!("{} A recovered", time(reply + said));
        let recovered = play.verdicts().pop().unwrap();
        assert!(recovered.starts_with(&wanted), "{recovered}, not {wanted}");
    }
}

/// "after the first reply that follows a silence, only calls made after that reply are judged",
/// and "the last 3 settled calls were answered".
#[test]
fn healthy_takes_three_answered_calls_made_after_the_first_reply() {
    for (more, recovered) in [(2, false), (3, true)] {
        let mut play = play();
        for call in 0..6 {
            play.lost(s(20) + call * s(1), "A", WAIT);
        }
        // Made before the first reply, and it runs out long after.
        for call in 0..5 {
            play.lost(s(39) + call, "A", s(20));
        }
        play.ok(s(40), "A");
        for call in 0..more {
            play.ok(s(41) + call * s(1), "A");
        }
        play.until(s(300));
        let said = play.verdicts();
        assert_eq!(said.iter().any(|line| line.contains("recovered")), recovered, "{said:?}");
        assert_eq!(said.len(), if recovered { 2 } else { 1 }, "{said:?}");
    }
}

/// "No traffic is not a fault: the verdict stays, …, its incident stays open without repeats."
#[test]
fn it_stays_while_nobody_calls() {
    let mut play = play();
    for call in 0..5 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.until(s(100_000));
    let first = "26.000000 A unavailable not_responding";
    let second = "326.000000 A unavailable not_responding #1";
    assert_eq!(play.verdicts(), [first, second]);
}
