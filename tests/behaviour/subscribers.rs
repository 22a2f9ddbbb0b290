//! What follows from who listens to a service's topic, where the broker tells.

use crate::kit::s;
use crate::play::{Play, WAIT, time};
use lookout::observer::input::Link;

/// A service that answers until 10 s and is called at 20 s, in vain; nobody has settled anything
/// before its patience runs out at 40 s.
fn called_in_vain() -> Play {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    play.lost(s(20), "A", s(20));
    play
}

#[test]
fn two_looks_that_find_nobody_say_it_before_the_first_timeout() {
    let second = s(6) + s(21);
    let mut play = called_in_vain();
    play.subscribers(s(21), "A", false);
    play.subscribers(s(24), "A", false);
    play.subscribers(second - 1, "A", false);
    play.subscribers(second, "A", false);
    play.until(s(35));
    assert_eq!(play.verdicts(), [format!("{} A unavailable no_subscriber", time(second))]);
}

#[test]
fn what_speaks_against_it() {
    type Other = fn(&mut Play);
    let others: [(&str, Other); 5] = [
        ("a look between that found somebody", |play| play.subscribers(s(24), "A", true)),
        ("a reply since the first look", |play| play.ok(s(23), "A")),
        ("nobody waits for an answer", |play| {
            play.ok(s(20) + 1, "A");
            play.subscribers(s(29), "A", false);
        }),
        ("the link was away between", |play| {
            play.link(s(23), Link::Down);
            play.link(s(24), Link::Up);
        }),
        ("the link is away", |play| play.link(s(26), Link::Down)),
    ];
    for (what, other) in others {
        let mut play = called_in_vain();
        play.subscribers(s(21), "A", false);
        play.subscribers(s(28), "A", false);
        other(&mut play);
        play.until(s(35));
        assert_eq!(play.verdicts(), [""; 0], "{what}");
    }
}

#[test]
fn looks_too_far_apart_are_not_one_finding() {
    for (gap, found) in [(180, true), (181, false)] {
        let mut play = Play::new();
        play.oks(0..s(11), s(1), "A");
        play.lost(s(20), "A", s(600));
        play.subscribers(s(21), "A", false);
        play.subscribers(s(21 + gap), "A", false);
        play.until(s(300));
        assert_eq!(!play.verdicts().is_empty(), found, "{gap} s");
    }
}

#[test]
fn it_ends_when_somebody_is_back_and_answers() {
    let mut play = called_in_vain();
    play.subscribers(s(21), "A", false);
    play.subscribers(s(28), "A", false);
    play.subscribers(s(50), "A", true);
    play.oks(s(50)..s(70), s(1), "A");
    play.until(s(70));
    let said = play.verdicts();
    let [found, over] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(found, "28.000000 A unavailable no_subscriber");
    assert!(over.starts_with("60.000000 A recovered after 32."), "{over}");
}

#[test]
fn somebody_who_is_back_and_silent_is_silent() {
    let mut play = called_in_vain();
    play.subscribers(s(21), "A", false);
    play.subscribers(s(28), "A", false);
    play.subscribers(s(30), "A", true);
    for call in 0..30 {
        play.lost(s(30) + call * s(1), "A", WAIT);
    }
    play.until(s(60));
    let said = play.verdicts();
    assert_eq!(
        said,
        ["28.000000 A unavailable no_subscriber", "40.000000 A unavailable not_responding"]
    );
}

#[test]
fn the_platform_knows_better_why_nobody_is_there() {
    let mut play = called_in_vain();
    play.replicas(s(25), "A", [0, 0, 3], Some("image_pull_failed"));
    play.subscribers(s(21), "A", false);
    play.subscribers(s(28), "A", false);
    play.until(s(35));
    let said = play.verdicts();
    let last = said.last().map(String::as_str);
    assert_eq!(last, Some("28.000000 A unavailable image_pull_failed"));
}

#[test]
fn a_pair_that_was_never_heard_is_not_judged_by_it_either() {
    let mut play = Play::new();
    play.lost(s(20), "A", s(20));
    play.subscribers(s(21), "A", false);
    play.subscribers(s(28), "A", false);
    play.subscribers(s(28), "Nameless", false);
    play.until(s(35));
    assert_eq!(play.verdicts(), [""; 0]);
}
