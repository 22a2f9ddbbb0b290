//! "mean reply time > 5 s over 5 min; or median over the last 10 s or the last 20 replies,
//! whichever are more (none older than 1 h), > 1 s and > 5 × the median of the hour before (at
//! least 100 replies), for 10 s without a break".

use crate::kit::{OK, s};
use crate::play::{Play, time};

const SLOW: &str = "A degraded slow_responses";

fn answers(play: &mut Play, begin: u64, step: u64, count: u64, took: u64) {
    for at in 0..count {
        play.answer(begin + at * step, "A", took, OK);
    }
}

#[test]
fn a_mean_of_five_seconds_is_not_more_than_five_seconds() {
    for (took, found) in [(s(5), false), (s(5) + 1, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, s(1), 60, took);
        play.until(s(66));
        // The fifth reply makes a mean; ten seconds later it is a finding.
        let wanted = format!("{} {SLOW}", time(s(19) + 1));
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{took}");
    }
}

#[test]
fn the_hour_before_holds_a_hundred_replies() {
    for (before, found) in [(100, true), (99, false)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, before, 20_000);
        answers(&mut play, s(60), s(1), 20, 1_500_000);
        play.until(s(120));
        // The last twenty are all slow at 80.5; what is before them does not grow any more.
        let said = play.verdicts();
        assert_eq!(said.iter().any(|line| line.ends_with(SLOW)), found, "{before}: {said:?}");
    }
}

#[test]
fn a_median_of_one_second_is_not_more_than_one_second() {
    for (took, found) in [(s(1), false), (s(1) + 1, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, 200, 20_000);
        answers(&mut play, s(60), s(1), 30, took);
        play.until(s(95));
        // The eleventh of the last twenty makes the tenth of them slow.
        let wanted = format!("{} {SLOW}", time(s(80) + took));
        assert_eq!(play.verdicts(), if found { vec![wanted] } else { vec![] }, "{took}");
    }
}

/// Five times the usual 300 ms, within the 2 % of a histogram.
#[test]
fn slow_is_five_times_the_usual() {
    for (took, found) in [(1_450_000, false), (1_550_000, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, 200, 300_000);
        answers(&mut play, s(60), s(1), 30, took);
        play.until(s(95));
        assert_eq!(!play.verdicts().is_empty(), found, "{took}");
    }
}

/// Ten replies of twenty are no more than half: their median is the tenth, a quick one.
#[test]
fn a_break_begins_the_ten_seconds_anew() {
    for (slow, found) in [(10, false), (11, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, 200, 20_000);
        answers(&mut play, s(60), s(1), slow, 1_500_000);
        play.until(s(100));
        assert_eq!(!play.verdicts().is_empty(), found, "{slow}");
    }
    // Slow for 9 s and more, then not for a moment.
    let mut play = Play::new();
    answers(&mut play, 0, 100_000, 200, 20_000);
    answers(&mut play, s(60), s(1), 11, 1_500_000);
    answers(&mut play, s(80), 10_000, 10, 20_000);
    play.until(s(200));
    assert_eq!(play.verdicts(), [""; 0]);
}

/// "No traffic is not a fault": the last that was seen of it were replies after 8 s, the fifth of
/// them at 12.
#[test]
fn slow_replies_are_not_over_because_nobody_calls() {
    let mut play = Play::new();
    answers(&mut play, 0, s(1), 30, s(8));
    play.until(s(590));
    let said = play.verdicts();
    assert_eq!(said[0], format!("22.000000 {SLOW}"));
    assert!(said[1..].iter().all(|line| line.contains('#')), "{said:?}");
}

/// A mean that one reply alone makes is no slowness; two do.
#[test]
fn one_long_reply_is_no_slowness() {
    for (long, found) in [(1, false), (2, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, s(1), 4, 20_000);
        answers(&mut play, s(5), s(1), long, s(40));
        play.until(s(100));
        assert_eq!(!play.verdicts().is_empty(), found, "{long}");
    }
}

/// What is slow is slow until its median is below four fifths of either bound.
#[test]
fn a_median_near_its_bound_does_not_come_and_go() {
    for (took, over) in [(820_000, false), (780_000, true)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, 200, 20_000);
        answers(&mut play, s(60), s(1), 40, 1_500_000);
        answers(&mut play, s(102), 500_000, 80, took);
        play.until(s(142));
        let said = play.verdicts();
        assert_eq!(said[0], format!("81.500000 {SLOW}"));
        assert_eq!(said.len() > 1, over, "{took}: {said:?}");
    }
}

/// Twenty replies that take about as long as the bound have their median on either side of it;
/// the last five may say that they are beyond, once the twenty have been near for a while. A
/// service that is never beyond is never slow.
#[test]
fn the_last_five_may_confirm_what_is_near() {
    for (long, found) in [(1_050_000, true), (990_000, false)] {
        let mut play = Play::new();
        answers(&mut play, 0, 100_000, 200, 20_000);
        // Two of three below the bound, so that the twenty never are beyond it.
        for at in 0..60 {
            let took = if at % 15 < 10 { 900_000 } else { long };
            play.answer(s(60) + at * s(1), "A", took, OK);
        }
        play.until(s(130));
        let first = play.verdicts().first().cloned();
        let wanted = format!("{} {SLOW}", time(s(81) + 900_000));
        assert_eq!(first, found.then_some(wanted), "{long}");
    }
}
