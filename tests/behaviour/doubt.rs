//! "Self-doubt": when it begins and ends, to the microsecond, and that nobody is blamed in it.

use crate::kit::{OK, s};
use crate::play::{Play, WAIT};
use lookout::observer::event::What;
use lookout::observer::input::{Doubt, Link};
use lookout::observer::verdict::Verdict;

const REASONS: [Option<Doubt>; 5] = [
    None, // The link.
    Some(Doubt::Canary),
    Some(Doubt::BrokerDrops),
    Some(Doubt::Inbox),
    Some(Doubt::Pause),
];

/// Doubt from 20 to 30, and 5 s more after the link came back or a pause.
fn doubtful(play: &mut Play, reason: Option<Doubt>) -> u64 {
    match reason {
        None => {
            play.link(s(20), Link::Down);
            play.link(s(30), Link::Up);
            s(35)
        }
        Some(doubt) => {
            play.doubt(s(20), doubt, true);
            play.doubt(s(30), doubt, false);
            if doubt == Doubt::Pause { s(35) } else { s(30) }
        }
    }
}

#[test]
fn calls_are_void_at_its_beginning_within_it_and_at_its_end() {
    for reason in REASONS {
        let mut play = Play::new();
        let end = doubtful(&mut play, reason);
        play.oks(0..s(10), s(1), "A");
        let calls = [
            (s(20) - WAIT, WAIT, "unanswered or void at its first moment"),
            (s(20) - WAIT - 1, WAIT, "unanswered"),
            (s(20) - 1, s(60), "void at the beginning"),
            (s(20) + 1, WAIT, "void within"),
            (end - 1, s(60), "void at the end"),
            (end + 1, s(60), "unanswered"),
        ];
        for (made, wait, _) in calls {
            play.lost(made, "A", wait);
        }
        play.until(s(200));
        let totals = play.ears.totals("A");
        let wanted = calls.iter().filter(|(.., what)| *what == "unanswered").count() as u64;
        assert!((wanted..=wanted + 1).contains(&totals.unanswered), "{reason:?}: {totals:?}");
        assert_eq!(totals.unanswered + totals.void, calls.len() as u64, "{reason:?}");
    }
}

#[test]
fn no_verdict_is_given_in_it_and_all_read_unknown() {
    for reason in REASONS {
        let mut play = Play::new();
        let end = doubtful(&mut play, reason);
        play.oks(0..s(12), s(1), "A");
        play.replicas(s(25), "A", [3, 1, 3], None);
        play.oks(s(20)..s(50), s(1), "A");
        play.until(end - 1);
        assert_eq!(play.all(), [""; 0], "{reason:?}");
        let reads = |play: &Play| {
            play.ears.events.iter().rev().find_map(|event| match &event.what {
                What::Reading(reading) => Some(reading.verdict),
                _ => None,
            })
        };
        assert_eq!(reads(&play), Some(Verdict::Unknown), "{reason:?}");
        play.until(s(45));
        assert_eq!(play.all().len(), 1, "{reason:?}: afterwards it is said");
        assert_eq!(reads(&play), Some(Verdict::Degraded), "{reason:?}");
    }
}

#[test]
fn five_seconds_are_no_pause_and_what_was_open_when_it_began_is_void() {
    for (length, void) in [(s(5), 0), (s(5) + 1, 3)] {
        let mut play = Play::new();
        play.oks(0..s(10), s(1), "A");
        play.paused(s(30), length);
        play.lost(s(30) - length - 1, "A", s(3));
        play.lost(s(31), "A", WAIT);
        play.lost(s(35) - 1, "A", WAIT);
        play.lost(s(35) + 1, "A", WAIT);
        play.until(s(60));
        let totals = play.ears.totals("A");
        assert_eq!((totals.void, totals.unanswered), (void, 4 - void), "{length}");
    }
}

/// The silence that follows a doubt is counted from the first call made after its end.
#[test]
fn silence_begins_at_its_end() {
    for (witness, wanted) in [(s(6), None), (s(6) + 1, Some("42.000001"))] {
        let mut play = Play::new();
        let end = doubtful(&mut play, None);
        play.oks(0..s(20), s(1), "A");
        play.lost(end - s(1), "A", WAIT);
        for call in 0..5 {
            play.lost(end + 1 + call, "A", s(1));
        }
        play.lost(end + witness, "A", WAIT);
        play.until(s(60));
        let wanted = wanted.map(|at| format!("{at} A unavailable not_responding"));
        assert_eq!(play.verdicts(), Vec::from_iter(wanted), "{witness}");
    }
}

/// "Calls open at the beginning of the doubt, running out of patience in it, or still open at its
/// end, become void": a call made within a doubt and answered within it is none of these, also
/// when a second reason begins between.
#[test]
fn a_second_reason_within_a_doubt_voids_nothing() {
    let mut play = Play::new();
    play.link(s(10), Link::Down);
    play.call(s(11), "A", "within", Some(s(20)));
    play.doubt(s(12), Doubt::Inbox, true);
    play.reply(s(13), "within", OK);
    play.link(s(14), Link::Up);
    play.doubt(s(15), Doubt::Inbox, false);
    play.until(s(30));
    assert_eq!(play.ears.told("A"), "calls 1, ok 1");
}

/// A second link loss within the five seconds after the first.
#[test]
fn one_doubt_follows_another() {
    let mut play = Play::new();
    play.oks(0..s(10), s(1), "A");
    for (at, link) in
        [(s(20), Link::Down), (s(22), Link::Up), (s(24), Link::Down), (s(40), Link::Up)]
    {
        play.link(at, link);
    }
    play.lost(s(30), "A", WAIT);
    play.lost(s(45) - 1, "A", WAIT);
    play.lost(s(45) + 1, "A", WAIT);
    play.until(s(60));
    let totals = play.ears.totals("A");
    assert_eq!((totals.void, totals.unanswered), (2, 1));
}
