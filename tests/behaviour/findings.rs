//! What is not as the manual says it, or what its words leave open: each test holds to the
//! letter.

use crate::kit::{Ears, FAILED, KEY, OK, at, id, s, settings};
use crate::play::{Play, QUICK, WAIT};
use lookout::observer::call::PairId;
use lookout::observer::digest::Kind;
use lookout::observer::event::What;
use lookout::observer::input::{Call, CallKind, Direction, Doubt, Link, Name, Reply, Stray};
use lookout::observer::settings::{PairSettings, SlowCall};
use lookout::observer::verdict::Verdict;
use lookout::observer::{Input, Span};

/// "and the last 5 settled calls are unanswered, however long that took".
#[test]
fn silence_of_a_service_called_every_twenty_minutes() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..8 {
        play.lost(s(1_200) + call * s(1_200), "A", WAIT);
    }
    play.until(s(10_000));
    let said = play.verdicts();
    assert_eq!(said.first().unwrap(), "6002.000000 A unavailable not_responding");
}

/// "10 unanswered in a row under the same silence rule as above".
#[test]
fn the_circuit_of_a_service_called_every_ten_minutes() {
    let mut play = Play::with(|settings| settings.circuit.failure_rate = 0.0);
    play.oks(0..s(11), s(1), "A");
    for call in 0..15 {
        play.lost(s(600) + call * s(600), "A", WAIT);
    }
    play.until(s(7_000));
    let wanted = "6002.000000 A closed->open consecutive_unanswered 10/10";
    assert_eq!(play.circuits(), [wanted]);
}

/// "Healthy again when no finding is left and the last 3 settled calls were answered".
#[test]
fn recovery_of_a_service_called_every_forty_minutes() {
    let mut play = Play::new();
    play.oks(0..s(11), s(1), "A");
    for call in 0..5 {
        play.lost(s(20) + call * s(1), "A", WAIT);
    }
    play.oks(s(2_400)..s(24_000), s(2_400), "A");
    play.until(s(30_000));
    let said = play.verdicts();
    assert!(said.iter().any(|line| line.contains("recovered")), "{said:?}");
}

/// "No traffic is not a fault: the verdict stays": a service that failed every call until
/// nobody called it any more is not said to have recovered.
#[test]
fn a_burst_of_failures_is_not_over_because_nobody_calls() {
    let mut play = Play::new();
    for call in 0..8 {
        play.answer(call * s(1), "A", QUICK, FAILED);
    }
    play.until(s(590));
    let said = play.verdicts();
    assert!(!said.iter().any(|line| line.contains("recovered")), "{said:?}");
}

/// The same sentence: the last that was seen of it were replies after 8 s.
#[test]
fn slow_replies_are_not_over_because_nobody_calls() {
    let mut play = Play::new();
    for call in 0..30 {
        play.answer(call * s(1), "A", s(8), OK);
    }
    play.until(s(590));
    let said = play.verdicts();
    assert!(!said.iter().any(|line| line.contains("recovered")), "{said:?}");
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

fn name(kind: Kind, text: &str) -> Name<'_> {
    Name { text, digest: KEY.digest(kind, text.as_bytes()) }
}

fn call_through(ears: &mut Ears, micros: u64, pair: u16, service: &str, key: &str) {
    let kind = CallKind::TwoWay {
        keys: (id(key), None),
        lenient: false,
        deadline: Some(Span::from_micros(WAIT)),
    };
    let call = Call {
        pair: PairId(pair),
        service: name(Kind::Service, service),
        method: Some(name(Kind::Method, "m")),
        topic: "topic",
        kind,
        caller: None,
        parts: [None; 2],
    };
    ears.input(micros, Input::Call(call));
}

fn two_pairs() -> Ears {
    Ears::with(|settings| {
        settings.pairs.push(PairSettings { name: "second".into(), ..PairSettings::default() });
    })
}

/// "A pair that never matched a reply … gives no verdicts and opens no circuits": nor by way of a
/// service whose other pair is heard.
#[test]
fn a_deaf_pair_gives_no_verdict_on_a_service_of_another_pair() {
    let mut ears = two_pairs();
    for call in 0..60 {
        let key = format!("first-{call}");
        call_through(&mut ears, call * s(1), 0, "A", &key);
        ears.reply(call * s(1) + QUICK, &key, OK);
        for more in 0..2 {
            let key = format!("second-{call}-{more}");
            call_through(&mut ears, call * s(1) + s(1) / 2 + more, 1, "A", &key);
        }
    }
    let bad = |what: &What| matches!(what, What::Bad(_) | What::Circuit(_));
    assert_eq!(ears.events.iter().filter(|event| bad(&event.what)).count(), 0);
}

/// "(…, unmatched topics that look like its replies)": a reply that came before its call, was
/// held and matched, is no unmatched one.
#[test]
fn a_deaf_pair_does_not_list_topics_whose_replies_were_matched() {
    let mut ears = two_pairs();
    let reply = Reply {
        pair: PairId(0),
        direction: Direction::Reply,
        topic: "session/matched/response",
        keys: [id("early")].into_iter().collect(),
        strict: Ok(OK),
        lenient: OK,
        stray: Stray::Unmatched,
        hold: true,
    };
    ears.input(0, Input::Reply(reply));
    call_through(&mut ears, 1, 0, "A", "early");
    for call in 0..20 {
        call_through(&mut ears, s(1) + call, 1, "B", &format!("deaf-{call}"));
    }
    ears.until(s(10));
    let topics = ears.events.iter().find_map(|event| match &event.what {
        What::PairDeaf { topics, .. } => Some(topics.clone()),
        _ => None,
    });
    assert_eq!(topics, Some(Vec::new()));
}

/// "unknown (fewer than 5 settled in all, or lookout doubts itself)": with five it is not.
#[test]
fn five_settled_calls_are_enough_whatever_the_last_three() {
    let mut play = Play::new();
    for (made, lost) in [(0, false), (s(1), false), (s(2), false), (s(3), true), (s(6), false)] {
        if lost { play.lost(made, "A", WAIT) } else { play.ok(made, "A") }
    }
    play.until(s(20));
    assert_eq!(play.ears.snapshot().services[0].verdict, Some(Verdict::Healthy));
}

/// "3 answered (ok or rejected) close it": also slow ones, where slow calls are a rule.
#[test]
fn a_slow_answer_is_an_answer_in_a_trial() {
    let mut play = Play::with(|settings| {
        let duration = Span::from_secs(1);
        settings.circuit.slow_call = Some(SlowCall { duration, rate: 1.0 });
    });
    for call in 0..10 {
        play.answer(call * s(1), "A", QUICK, FAILED);
    }
    for call in 0..3 {
        play.answer(s(40) + call * s(2), "A", 1_500_000, OK);
    }
    play.until(s(60));
    let last = play.circuits().pop().unwrap();
    assert_eq!(last, "45.500000 A half_open->closed trial_succeeded 0/3");
}

/// "nor for the last 6 s (`min_silence`: a five-second restart is not an outage)": also of a
/// service just met, whose first replies come after 5 s.
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

/// "Looked at on every settled call": the rate of slow calls is there with the tenth.
#[test]
fn a_quick_tenth_call_makes_the_rate_of_slow_calls() {
    let mut play = Play::with(|settings| {
        let duration = Span::from_secs(1);
        settings.circuit.slow_call = Some(SlowCall { duration, rate: 0.8 });
    });
    for call in 0..10 {
        play.answer(call * s(2), "A", if call < 8 { 1_500_000 } else { QUICK }, OK);
    }
    play.until(s(20));
    assert_eq!(play.circuits(), ["18.020000 A closed->open slow_call_rate 0/10"]);
}

/// "Looked at on every settled call and every second": a service that was not called for 10 min
/// is called again, and fewer than half of its replicas are ready.
#[test]
fn missing_replicas_are_found_with_the_first_settled_call() {
    let mut play = Play::new();
    play.oks(0..s(10), s(1), "A");
    play.replicas(s(700), "A", [3, 1, 3], None);
    play.ok(s(720) + 100_000, "A");
    play.until(s(730));
    assert_eq!(play.verdicts(), ["720.120000 A degraded replicas_not_ready"]);
}

/// "calls open at the beginning of the doubt, running out of patience in it, or still open at its
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

/// "never more than half (rounded down) of the services called in the last hour, the origin left
/// out of the count": the origin itself was not called for two hours.
#[test]
fn an_origin_that_is_not_counted_is_not_left_out_twice() {
    let mut play =
        Play::with(|settings| settings.dependencies = vec![("D0".into(), vec!["A".into()])]);
    for (made, lost) in [(0, true), (s(3), true), (s(4), false), (s(5), false), (s(7), true)] {
        if lost { play.lost(made, "A", WAIT) } else { play.ok(made, "A") }
    }
    play.ok(s(7_000), "D0");
    play.ok(s(7_000), "Other");
    play.replicas(s(7_200), "A", [0, 0, 3], None);
    play.until(s(7_201));
    let said = play.all().join("; ");
    assert!(said.contains("A unavailable no_running_pods"), "{said}");
    assert!(said.contains("A cascade D0"), "{said}");
}

/// "Deadlines before it are handled first" (`Observer::handle`): whether the time is told at
/// every deadline or once must not change the story, also where a deadline is a whole second.
#[test]
fn how_often_the_time_is_told_changes_nothing_on_whole_seconds() {
    let story = |fine: bool| {
        let mut ears = Ears::new(settings());
        for call in 0..11 {
            ears.call(call * s(1), "A", "x");
            ears.reply(call * s(1) + QUICK, "x", OK);
        }
        for call in 0..5 {
            let key = format!("lost-{call}");
            let wait = Some(Span::from_micros(WAIT));
            ears.call_of(s(20) + call * s(1), "A", (id(&key), None), false, wait);
        }
        while fine && ears.observer.poll_timeout() < at(s(60)) {
            let due = ears.observer.poll_timeout();
            ears.observer.handle_timeout(due);
        }
        ears.until(s(60));
        format!("{:#?}", ears.events)
    };
    assert!(story(true) == story(false), "two stories of one history");
}
