//! Silent: the last 5 settled calls are unanswered, however long that took, no reply (late ones
//! included) was heard since the first of them was made, and a call made at least 6 s after the
//! first one since the last reply has waited for half of its patience.

use crate::kit::{FAILED, OK, REJECTED, s};
use crate::play::{Play, WAIT, time};

/// Eleven good calls, the last of them answered at 10.02.
fn play() -> Play {
    let mut play = Play::new();
    play.oks(0..s(10) + 1, s(1), "A");
    play
}

/// Five calls from 11.0 on, the last reply a second ago; the witness is the sixth, and is looked
/// at the moment it is believed.
#[test]
fn a_call_six_seconds_after_the_first_waits_for_half_of_its_patience() {
    for (witness, wait, said) in [
        (s(17), WAIT, Some(s(18))),
        (s(17) + 1, WAIT, Some(s(18) + 1)),
        (s(17) - 1, WAIT, None),
        (s(17), WAIT + 2, Some(s(18) + 1)),
        // It may be short of patience, too.
        (s(17), 500_000, Some(s(17) + 250_000)),
    ] {
        let mut play = play();
        for call in 0..5 {
            play.lost(s(11) + call, "A", s(3));
        }
        play.lost(witness, "A", wait);
        play.until(s(60));
        let wanted = said.map(|at| format!("{} A unavailable not_responding", time(at)));
        assert_eq!(play.verdicts(), Vec::from_iter(wanted), "{witness} {wait}");
    }
}

/// A restart of five seconds looks like six of quiet where calls come in bunches; and who is not
/// called hurts nobody. The next call is the witness.
#[test]
fn five_calls_and_none_after_them_wait_for_a_witness() {
    let mut play = play();
    for call in 0..5 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.lost(s(600), "A", WAIT);
    play.until(s(601) - 1);
    assert_eq!(play.verdicts(), [""; 0]);
    play.until(s(700));
    assert_eq!(play.verdicts(), ["601.000000 A unavailable not_responding"]);
}

/// A reply that is of no further interest is heard all the same, when it comes: before its call,
/// or after later ones.
#[test]
fn silence_begins_with_the_last_reply_whatever_call_it_answers() {
    for (made, heard, first, said) in [
        (s(20), s(20) + 900_000, s(20) + 100_000, "34.000000 A unavailable not_responding"),
        (s(21) + 500_000, s(20), s(20) + 100_000, "30.100000 A unavailable not_responding"),
    ] {
        let mut play = play();
        play.call(made, "A", "apart", Some(WAIT));
        play.reply(heard, "apart", OK);
        for call in 0..3 {
            play.lost(first + call, "A", WAIT);
        }
        // Three, and these: the last of them is the fifth after 20.9.
        for made in [s(22), s(28) + 100_000, s(30), s(31), s(32)] {
            play.lost(made, "A", WAIT);
        }
        play.until(s(60));
        assert_eq!(play.verdicts(), [said]);
    }
}

#[test]
fn five_calls_and_not_four() {
    let rows: [(&[u64], _); 3] = [
        (&[19, 20, 21, 25], None),
        // The fifth is the witness itself, and counts when it is given up.
        (&[19, 20, 21, 22, 25], Some("27.000000 A unavailable not_responding")),
        (&[19, 20, 21, 22, 23, 25], Some("26.000000 A unavailable not_responding")),
    ];
    for (calls, wanted) in rows {
        let mut play = play();
        for call in calls {
            play.lost(s(*call), "A", WAIT);
        }
        play.until(s(500));
        let said = play.verdicts();
        assert_eq!(said.first().map(String::as_str), wanted, "{calls:?}");
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
    // The reply to a call given up long ago is heard between the first and the second of six:
    // the first that waits since then is made at 41.5, and 47.5 is six seconds later.
    for (more, wanted) in [(0, vec![]), (1, vec!["49.500000 A unavailable not_responding"])] {
        let mut play = play();
        play.late(s(12), "A", s(1), s(28) + 500_000);
        for call in 0..5 + more {
            play.lost(s(40) + call * 1_500_000, "A", WAIT);
        }
        play.until(s(55));
        let said: Vec<_> = play.verdicts().into_iter().filter(|l| l.contains("not_resp")).collect();
        assert_eq!(said, wanted, "{more} more");
    }
    // Heard a microsecond before the first was made, it belongs to the time before.
    let mut play = play();
    play.late(s(12), "A", s(1), s(28) - 1);
    for call in 0..5 {
        play.lost(s(40) + call * 1_500_000, "A", WAIT);
    }
    play.until(s(55));
    assert_eq!(play.verdicts(), ["48.000000 A unavailable not_responding"]);
}

#[test]
fn however_long_that_took() {
    let mut play = play();
    for call in 0..5 {
        play.lost(s(600) + call * s(840), "A", WAIT);
    }
    play.until(s(4_000));
    assert_eq!(play.verdicts(), ["3962.000000 A unavailable not_responding"]);
    // Once in twenty minutes, and so over more than an hour.
    let mut play = self::play();
    for call in 0..8 {
        play.lost(s(1_200) + call * s(1_200), "A", WAIT);
    }
    play.until(s(10_000));
    let said = play.verdicts();
    assert_eq!(said.first().unwrap(), "6002.000000 A unavailable not_responding");
}

/// A five-second restart is not an outage, also of a service just met whose first replies come
/// after 5 s.
#[test]
fn a_restart_is_no_outage_of_a_service_just_met() {
    let mut play = Play::new();
    play.ok(0, "Other");
    for call in 0..8 {
        play.lost(s(10) + call * 500_000, "A", s(1));
    }
    play.oks(s(15)..s(40), s(1), "A");
    play.until(s(40));
    assert_eq!(play.verdicts(), [""; 0]);
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
        for call in 0..7 {
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
    for call in 0..7 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.until(s(100_000));
    let first = "27.000000 A unavailable not_responding";
    let second = "327.000000 A unavailable not_responding #1";
    assert_eq!(play.verdicts(), [first, second]);
}

/// "Healthy again when no finding is left and the last 3 settled calls were answered", however
/// long that takes: the first reply, at 2400.02, ends the silence, and three calls follow it.
#[test]
fn recovery_of_a_service_called_every_forty_minutes() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..7 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.oks(s(2_400)..s(24_000), s(2_400), "A");
    play.until(s(30_000));
    let recovered = "9600.020000 A recovered after 9573.020000";
    assert_eq!(play.verdicts().last().unwrap(), recovered);
}

/// A reply that follows five calls, the first of them made 6 s ago, ends a silence that nobody
/// found: what was before it is not judged. Of nine failures the tenth opens the circuit otherwise.
#[test]
fn a_reply_after_a_silence_that_was_not_found_drops_what_was_before() {
    for (waiting, replied, found) in [(4, s(16), false), (3, s(16), true), (4, s(16) - 1, true)] {
        let mut play = Play::new();
        for call in 0..9 {
            play.answer(call * s(1), "A", 1, FAILED);
        }
        for call in 0..waiting {
            play.lost(s(10) + call * s(1), "A", s(60));
        }
        play.answer(replied - 1, "A", 1, FAILED);
        play.until(s(30));
        let wanted = format!("{} A closed->open failure_rate 10/10", time(replied));
        assert_eq!(play.circuits(), if found { vec![wanted] } else { vec![] }, "{waiting}");
    }
}
