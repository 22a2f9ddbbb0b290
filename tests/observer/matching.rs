//! Calls and replies to the microsecond: patience, early and late replies, keys.

use crate::kit::{Ears, FAILED, OK, REJECTED, id, s};
use lookout::observer::call::Malformed;
use lookout::observer::input::{CallKind, Link};
use lookout::observer::{Input, Span};

#[test]
fn a_reply_exactly_at_the_end_of_patience_is_in_time() {
    // 30 s while fewer than 20 replies are known.
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(30), "1", OK);
    assert_eq!(ears.told("A"), "calls 1, ok 1");
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(30) + 1, "1", OK);
    assert_eq!(ears.told("A"), "calls 1, unanswered 1, late 1");
    // Deadlines of whole and odd lengths, from odd moments.
    for (made, deadline) in [(0, 1), (7, 16_384), (16_383, 16_385), (999_999, s(5)), (1, s(600))] {
        let mut ears = Ears::with(|_| ());
        ears.call_of(made, "A", (id("1"), None), false, Some(Span::from_micros(deadline)));
        ears.until(made + deadline);
        assert_eq!(ears.told("A"), "calls 1, open 1", "{deadline}");
        ears.until(made + deadline + 1);
        assert_eq!(ears.told("A"), "calls 1, unanswered 1", "{deadline}");
    }
}

#[test]
fn a_deadline_is_ten_minutes_at_most() {
    let mut ears = Ears::with(|_| ());
    ears.call_of(0, "A", (id("1"), None), false, Some(Span::from_secs(100_000)));
    ears.until(s(600));
    assert_eq!(ears.told("A"), "calls 1, open 1");
    ears.until(s(600) + 1);
    assert_eq!(ears.told("A"), "calls 1, unanswered 1");
}

#[test]
fn patience_is_the_deadline_then_the_services_then_learned() {
    use lookout::observer::settings::ServiceSettings;
    let learned = |ears: &mut Ears, service: &str, replies: u64, wait: u64| {
        for at in 0..replies {
            ears.call(at * s(1), service, "x");
            ears.reply(at * s(1) + wait, "x", OK);
        }
        let begin = replies * s(1) + s(30);
        ears.call(begin, service, "y");
        begin
    };
    // 4 × 0.8 s, within the histogram's 2 %; at least 2 s; at most 30 s; 30 s below 20 replies.
    for (replies, wait, low, high) in [
        (20, 800_000, 3_136_000, 3_264_000),
        (20, 100_000, s(2), s(2)),
        (19, 100_000, s(30), s(30)),
        (30, 900_000, 3_528_000, 3_672_000),
    ] {
        let mut ears = Ears::with(|_| ());
        let begin = learned(&mut ears, "A", replies, wait);
        ears.until(begin + low);
        assert_eq!(ears.totals("A").open, 1, "{replies} × {wait}");
        ears.until(begin + high + 1);
        assert_eq!(ears.totals("A").unanswered, 1, "{replies} × {wait}");
    }
    let mut ears = Ears::with(|settings| {
        let own = ServiceSettings { patience: Some(Span::from_secs(9)), ..Default::default() };
        settings.services.push(("A".into(), own));
    });
    let begin = learned(&mut ears, "A", 30, 100_000);
    ears.call_of(begin, "A", (id("z"), None), false, Some(Span::from_secs(1)));
    ears.until(begin + s(1) + 1);
    assert_eq!((ears.totals("A").open, ears.totals("A").unanswered), (1, 1));
    ears.until(begin + s(9));
    assert_eq!(ears.totals("A").open, 1);
    ears.until(begin + s(9) + 1);
    assert_eq!(ears.totals("A").unanswered, 2);
}

#[test]
fn an_early_reply_is_held_for_exactly_two_seconds() {
    let mut ears = Ears::with(|_| ());
    ears.reply(5, "1", OK);
    ears.call(5 + s(2), "A", "1");
    assert_eq!(ears.told("A"), "calls 1, ok 1");
    let snapshot = ears.snapshot();
    let lifetime = snapshot.services[0].figures.lifetime;
    assert_eq!(lifetime.max, Some(Span::ZERO), "an early reply matches with latency 0");

    let mut ears = Ears::with(|_| ());
    ears.reply(5, "1", OK);
    ears.until(5 + s(2));
    assert_eq!(ears.told("A"), "");
    ears.call(5 + s(2) + 1, "A", "1");
    assert_eq!(ears.told("A"), "calls 1, open 1, unmatched 1");
}

#[test]
fn early_replies_say_what_they_say() {
    let mut ears = Ears::with(|_| ());
    ears.reply(0, "1", FAILED);
    ears.reply(0, "2", REJECTED);
    ears.reply_of(0, &[id("3")], Err(Malformed::NotJson));
    ears.reply_of(0, &[id("4")], Err(Malformed::NotJson));
    for key in ["1", "2", "3"] {
        ears.call(s(1), "A", key);
    }
    ears.call_of(s(1), "A", (id("4"), None), true, None);
    assert_eq!(ears.told("A"), "calls 4, ok 1, rejected 1, failed 1, open 1");
    ears.until(s(3));
    assert_eq!(ears.told("A"), "calls 4, ok 1, rejected 1, failed 1, open 1, malformed 1");
}

#[test]
fn late_then_duplicate() {
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(31), "1", FAILED);
    assert_eq!(ears.told("A"), "calls 1, unanswered 1, late 1");
    ears.reply(s(32), "1", OK);
    ears.until(s(34));
    assert_eq!(ears.told("A"), "calls 1, unanswered 1, late 1", "held for the same 2 s");
    ears.until(s(34) + 1);
    assert_eq!(ears.told("A"), "calls 1, unanswered 1, late 1, duplicate 1");
    // A late reply feeds the latency figures.
    let snapshot = ears.snapshot();
    assert_eq!(snapshot.services[0].figures.lifetime.max, Some(Span::from_secs(31)));
}

#[test]
fn a_settled_call_is_remembered_for_five_minutes() {
    for (after, wanted) in
        [(s(300), "calls 1, unanswered 1, late 1"), (s(302), "calls 1, unanswered 1, unmatched 1")]
    {
        let mut ears = Ears::with(|_| ());
        ears.call(0, "A", "1");
        ears.reply(s(30) + after, "1", OK);
        ears.until(s(400));
        assert_eq!(ears.told("A"), wanted, "{after}");
    }
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(1), "1", OK);
    ears.reply(s(290), "1", OK);
    ears.reply(s(310), "1", OK);
    ears.until(s(400));
    assert_eq!(ears.told("A"), "calls 1, ok 1, unmatched 1, duplicate 1");
}

#[test]
fn a_further_reply_settles_the_next_call_under_its_key() {
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(1), "1", OK);
    ears.reply(s(2), "1", FAILED);
    ears.call(s(4), "A", "1");
    assert_eq!(ears.told("A"), "calls 2, ok 1, failed 1");
    // Later than 2 s it is a duplicate, and the next call waits for its own.
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply(s(1), "1", OK);
    ears.reply(s(2), "1", FAILED);
    ears.call(s(4) + 1, "A", "1");
    assert_eq!(ears.told("A"), "calls 2, ok 1, open 1, duplicate 1");
    ears.reply(s(5), "1", OK);
    assert_eq!(ears.told("A"), "calls 2, ok 2, duplicate 1");
}

#[test]
fn the_same_key_in_use_twice_voids_the_older_call() {
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.call(s(1), "B", "1");
    assert_eq!(ears.told("A"), "calls 1, void 1");
    ears.reply(s(2), "1", OK);
    assert_eq!(ears.told("A"), "calls 1, void 1");
    assert_eq!(ears.told("B"), "calls 1, ok 1");
    ears.reply(s(3), "1", OK);
    ears.until(s(6));
    assert_eq!(ears.told("B"), "calls 1, ok 1, duplicate 1");
}

#[test]
fn two_keys_and_either_will_do() {
    let both = (id("body"), Some(id("data")));
    for key in ["body", "data"] {
        let mut ears = Ears::with(|_| ());
        ears.call_of(0, "A", both, false, None);
        ears.reply(s(1), key, OK);
        assert_eq!(ears.told("A"), "calls 1, ok 1", "{key}");
        // Under the other key it is the same call.
        ears.reply(s(2), if key == "body" { "data" } else { "body" }, OK);
        ears.until(s(5));
        assert_eq!(ears.told("A"), "calls 1, ok 1, duplicate 1", "{key}");
        let mut ears = Ears::with(|_| ());
        ears.reply(0, key, OK);
        ears.call_of(s(1), "A", both, false, None);
        assert_eq!(ears.told("A"), "calls 1, ok 1", "early under {key}");
    }
    // One call may give way under each of the two keys.
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "body");
    ears.call(0, "A", "data");
    ears.call_of(1, "A", both, false, None);
    assert_eq!(ears.told("A"), "calls 3, void 2, open 1");
    ears.reply_of(2, &[id("body"), id("data")], Ok(OK));
    assert_eq!(ears.told("A"), "calls 3, ok 1, void 2");
    // A call that lost one key is still known under the other.
    let mut ears = Ears::with(|_| ());
    ears.call_of(0, "A", both, false, None);
    ears.call(1, "A", "data");
    ears.reply(2, "body", OK);
    ears.reply(3, "data", OK);
    assert_eq!(ears.told("A"), "calls 2, ok 1, void 1, late 1");
}

#[test]
fn a_malformed_reply_settles_nothing_unless_any_payload_will_do() {
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.reply_of(1, &[id("1")], Err(Malformed::Ambiguous));
    assert_eq!(ears.told("A"), "calls 1, open 1, malformed 1");
    ears.reply(2, "1", OK);
    assert_eq!(ears.told("A"), "calls 1, ok 1, malformed 1");
    ears.call_of(3, "A", (id("2"), None), true, None);
    ears.reply_of(4, &[id("2")], Err(Malformed::Ambiguous));
    assert_eq!(ears.told("A"), "calls 2, ok 2, malformed 1");
}

#[test]
fn one_way_and_unheard_calls_wait_for_nothing() {
    let mut ears = Ears::with(|_| ());
    ears.kind(0, "A", "m", CallKind::OneWay);
    ears.kind(0, "A", "m", CallKind::Unheard);
    assert_eq!(ears.told("A"), "calls 1, oneway 1, void 1");
    assert!(ears.observer.is_settled());
}

#[test]
fn what_lookout_could_not_hear_is_void() {
    // Open when the link goes down; running out of patience in it; still open 5 s after.
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A", "1");
    ears.input(s(1), Input::Link(Link::Down));
    assert_eq!(ears.told("A"), "calls 1, void 1");
    ears.call_of(s(2), "A", (id("2"), None), false, Some(Span::from_secs(1)));
    ears.call(s(2), "A", "3");
    ears.call(s(2), "A", "4");
    ears.until(s(4));
    assert_eq!(ears.told("A"), "calls 4, void 2, open 2");
    ears.reply(s(4), "3", OK);
    ears.input(s(10), Input::Link(Link::Up));
    ears.until(s(15) - 1);
    assert_eq!(ears.told("A"), "calls 4, ok 1, void 2, open 1");
    ears.until(s(15));
    assert_eq!(ears.told("A"), "calls 4, ok 1, void 3");
    ears.reply(s(16), "4", OK);
    assert_eq!(ears.told("A"), "calls 4, ok 1, void 3, late 1");
    ears.call(s(17), "A", "5");
    ears.until(s(47) + 1);
    assert_eq!(ears.told("A"), "calls 5, ok 1, unanswered 1, void 3, late 1");
}

#[test]
fn a_pause_voids_what_was_open_when_it_began() {
    for (length, wanted) in [(s(5), "calls 1, unanswered 1"), (s(5) + 1, "calls 1, void 1")] {
        let mut ears = Ears::with(|_| ());
        ears.call_of(0, "A", (id("1"), None), false, Some(Span::from_secs(3)));
        ears.input(s(1) + length, Input::Paused(crate::kit::at(s(1))));
        ears.until(s(20));
        assert_eq!(ears.told("A"), wanted, "{length}");
    }
}
