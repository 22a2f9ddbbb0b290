//! The bounds on open, settled and held calls, and on channels.

use crate::kit::{Ears, FAILED, OK, s};
use lookout::observer::Input;

#[test]
fn beyond_the_bound_the_oldest_open_call_is_void() {
    let mut ears = Ears::with(|settings| settings.limits.open_calls = 3);
    for (micros, key) in [(0, "1"), (1, "2"), (2, "3")] {
        ears.call(micros, "A", key);
    }
    assert_eq!(ears.told("A"), "calls 3, open 3");
    ears.call(3, "A", "4");
    assert_eq!(ears.told("A"), "calls 4, void 1, open 3, evicted 1");
    ears.reply(4, "1", OK);
    assert_eq!(ears.told("A"), "calls 4, void 1, open 3, late 1, evicted 1");
    ears.reply(5, "2", OK);
    ears.call(6, "A", "5");
    assert_eq!(ears.told("A"), "calls 5, ok 1, void 1, open 3, late 1, evicted 1");
    for at in 0..1_000 {
        ears.call(10 + at, "A", &format!("x{at}"));
        assert_eq!(ears.snapshot().open_calls, 3);
    }
    ears.until(s(31));
    assert_eq!(ears.told("A"), "calls 1005, ok 1, unanswered 3, void 1001, late 1, evicted 1001");
}

#[test]
fn beyond_the_bound_the_oldest_settled_call_is_forgotten() {
    let mut ears = Ears::with(|settings| settings.limits.settled_calls = 2);
    for (micros, key) in [(0, "1"), (1, "2"), (2, "3")] {
        ears.call(micros, "A", key);
    }
    ears.until(s(31));
    assert_eq!(ears.told("A"), "calls 3, unanswered 3");
    for key in ["1", "2", "3"] {
        ears.reply(s(32), key, OK);
    }
    ears.until(s(35));
    assert_eq!(ears.told("A"), "calls 3, unanswered 3, late 2, unmatched 1");
}

#[test]
fn beyond_the_bound_the_oldest_held_reply_is_decided() {
    let mut ears = Ears::with(|settings| settings.limits.held_replies = 2);
    for (micros, key) in [(0, "1"), (1, "2"), (2, "3")] {
        ears.reply(micros, key, FAILED);
    }
    assert_eq!(ears.told("A"), "unmatched 1");
    for key in ["1", "2", "3"] {
        ears.call(3, "A", key);
    }
    assert_eq!(ears.told("A"), "calls 3, failed 2, open 1, unmatched 1");
    for at in 0..1_000 {
        ears.reply(10 + at, &format!("x{at}"), OK);
    }
    assert_eq!(ears.snapshot().unmatched, 999);
    ears.until(s(3));
    assert_eq!(ears.snapshot().unmatched, 1_001);
    assert!(!ears.observer.is_settled(), "one call is open");
    ears.until(s(31));
    assert!(ears.observer.is_settled());
}

#[test]
fn a_reply_that_was_matched_is_no_longer_held() {
    let mut ears = Ears::with(|settings| settings.limits.held_replies = 1);
    for at in 0..100 {
        ears.reply(at * 10, "1", OK);
        ears.call(at * 10 + 1, "A", "1");
    }
    assert_eq!(ears.told("A"), "calls 100, ok 100");
}

#[test]
fn channels_are_bounded() {
    let mut ears = Ears::with(|settings| settings.limits.channels = 2);
    for channel in ["a", "b", "c", "d", "a"] {
        ears.input(0, Input::Activity(channel));
    }
    let long = "x".repeat(257);
    ears.input(0, Input::Activity(&long));
    ears.input(0, Input::Security(&long));
    let snapshot = ears.snapshot();
    let list: Vec<_> = snapshot.activity.iter().map(|(name, n)| (&**name, *n)).collect();
    assert_eq!(list, [("_other", 3), ("a", 2), ("b", 1)]);
    assert_eq!(snapshot.security.len(), 1);
}
