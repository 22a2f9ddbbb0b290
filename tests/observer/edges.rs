//! Edges of holding, evicting and counting time; each names the sentence of the manual.

use crate::kit::{Ears, KEY, OK, id, s, settings};
use lookout::observer::call::Malformed;
use lookout::observer::event::What;
use lookout::observer::{Instant, Observer, Span};

/// "A reply up to 2 s *before* its call […] is held and matches with latency 0": a reply that
/// is held for 1 s, while an older one under the same key ran out of its two.
#[test]
fn a_held_reply_is_found_after_an_older_one_under_its_key_ran_out() {
    let mut ears = Ears::with(|_| ());
    ears.reply(0, "1", OK);
    ears.reply(s(1), "1", OK);
    ears.call(s(2) + 500_000, "A", "1");
    assert_eq!(ears.told("A"), "calls 1, ok 1, unmatched 1");
}

/// The same sentence: each of two early replies has its call, as ids are used again.
#[test]
fn each_of_two_early_replies_finds_its_call() {
    let mut ears = Ears::with(|_| ());
    ears.reply(0, "1", OK);
    ears.reply(1, "1", OK);
    ears.call(2, "A", "1");
    ears.call(3, "A", "1");
    assert_eq!(ears.told("A"), "calls 2, ok 2");
}

/// The same sentence: something malformed under the same key is held as well (a call with a
/// Response Topic may take it), but must not hide the reply behind it from any other call.
#[test]
fn a_malformed_early_reply_does_not_hide_a_good_one() {
    let mut ears = Ears::with(|_| ());
    ears.reply_of(0, &[id("1")], Err(Malformed::Ambiguous));
    ears.reply(1, "1", OK);
    ears.call(2, "A", "1");
    ears.until(s(3));
    assert_eq!(ears.told("A"), "calls 1, ok 1, malformed 1");
}

/// "the oldest becomes void" counts those that gave way to the bound; one that gave way to a
/// call under its own key did not.
#[test]
fn a_call_that_gave_way_to_its_own_key_is_not_evicted() {
    let mut ears = Ears::with(|settings| settings.limits.open_calls = 2);
    ears.call(0, "A", "1");
    ears.call(1, "A", "2");
    ears.call(2, "A", "2");
    assert_eq!(ears.told("A"), "calls 3, void 1, open 2");
}

/// "a hostile time stamp bends, it does not panic" (the promise of `Instant`): a file's time
/// stamps are anyone's, and one in the wrong unit lies beyond the year 2106.
#[test]
fn a_time_stamp_beyond_32_bits_of_seconds_does_not_panic() {
    let far = Instant::from_micros(5_000_000_000_000_000);
    let mut ears = Ears::with(|_| ());
    ears.observer = Observer::new(settings(), KEY, far);
    ears.observer.handle_timeout(far + Span::from_secs(2));
    assert!(ears.observer.is_settled());
}

/// "`unansweredCalls`": a busy service leaves hundreds unanswered before it counts as silent,
/// and each of them belongs to the incident.
#[test]
fn an_outage_counts_every_call_it_left_unanswered() {
    let mut ears = Ears::with(|_| ());
    let ms = |millis: u64| millis * 1_000;
    let call = |ears: &mut Ears, at: u64, answered: bool| {
        let key = at.to_string();
        ears.call(at, "A", &key);
        if answered {
            ears.reply(at + ms(5), &key, OK);
        }
    };
    (0..400).for_each(|n| call(&mut ears, ms(n * 10), true));
    (400..1_400).for_each(|n| call(&mut ears, ms(n * 10), false));
    (1_400..4_000).for_each(|n| call(&mut ears, ms(n * 10), true));
    let unanswered = ears.events.iter().find_map(|event| match &event.what {
        What::Recovered(recovery) => Some(recovery.unanswered),
        _ => None,
    });
    assert_eq!(unanswered, Some(1_000));
}
