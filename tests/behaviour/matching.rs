//! "A settled call is remembered for 5 min", and what a reply is at its edges.

use crate::kit::{Ears, FAILED, OK, id, s};
use lookout::observer::Input;
use lookout::observer::call::{Answer, CodeTable, Outcome};
use lookout::observer::input::Link;

#[test]
fn five_minutes_to_the_microsecond() {
    for (after, answered, missed) in [
        (s(300), "ok 1, duplicate 1", "unanswered 1, late 1"),
        (s(300) + 1, "ok 1, unmatched 1", "unanswered 1, unmatched 1"),
    ] {
        let mut ears = Ears::with(|_| ());
        ears.call(0, "A", "1");
        ears.reply(7, "1", OK);
        ears.reply(7 + after, "1", OK);
        ears.until(s(400));
        assert_eq!(ears.told("A"), format!("calls 1, {answered}"), "{after}");
        let mut ears = Ears::with(|_| ());
        ears.call(0, "A", "1");
        ears.reply(s(30) + after, "1", OK);
        ears.until(s(400));
        assert_eq!(ears.told("A"), format!("calls 1, {missed}"), "{after}");
    }
}

/// "the first reply after unanswered or void is `late`; a further reply … a `duplicate`", whatever
/// made it void.
#[test]
fn late_after_void() {
    let voids: [fn(&mut Ears); 2] =
        [|ears| ears.input(s(1), Input::Link(Link::Down)), |ears| ears.call(s(1), "A", "2")];
    for void in voids {
        let mut ears = Ears::with(|settings| settings.limits.open_calls = 1);
        ears.call(0, "A", "1");
        void(&mut ears);
        ears.reply(s(2), "1", OK);
        ears.reply(s(3), "1", FAILED);
        ears.until(s(20));
        let told = ears.told("A");
        assert!(told.contains("void 1") && told.contains("late 1, duplicate 1"), "{told}");
    }
}

/// A call under two keys that was settled is one call: late once, whatever the key.
#[test]
fn late_once_under_two_keys() {
    let mut ears = Ears::with(|_| ());
    ears.call_of(0, "A", (id("body"), Some(id("data"))), false, None);
    ears.reply(s(31), "data", OK);
    ears.reply(s(32), "body", OK);
    ears.until(s(40));
    assert_eq!(ears.told("A"), "calls 1, unanswered 1, late 1, duplicate 1");
}

/// The table of codes at its borders, and without a code.
#[test]
fn whose_doing_an_error_is() {
    let codes = CodeTable::default();
    let outcome = |code| codes.outcome(Answer::Error(code));
    for code in (-32_800..=-31_900).chain([i64::MIN, -1, 0, 1, 404, i64::MAX]) {
        let rejected = match code {
            -32_700 | -32_602..=-32_600 | -32_006..=-32_001 => true,
            _ => !(-32_768..=-32_000).contains(&code),
        };
        let wanted = if rejected { Outcome::Rejected } else { Outcome::Failed };
        assert_eq!(outcome(Some(code)), wanted, "{code}");
    }
    assert_eq!(outcome(None), Outcome::Rejected);
    assert_eq!(codes.outcome(OK), Outcome::Ok);
}
