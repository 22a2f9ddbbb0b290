//! The manual's numbers as they are set by default, the deaf pair, and the order of deadlines.

use crate::kit::{Ears, KEY, OK, at, id, s, settings};
use crate::play::{Play, QUICK, WAIT};
use lookout::observer::call::PairId;
use lookout::observer::digest::Kind;
use lookout::observer::event::What;
use lookout::observer::input::{Call, CallKind, Direction, Name, Reply, Stray};
use lookout::observer::settings::PairSettings;
use lookout::observer::verdict::Verdict;
use lookout::observer::{Input, Span};

#[test]
fn the_defaults_are_the_manuals() {
    let all = settings();
    let (verdict, circuit, limits) = (all.verdict, all.circuit, all.limits);
    let counts = [
        ("open calls", limits.open_calls, 1_000_000),
        ("services", limits.services, 10_000),
        ("methods a service", limits.methods, 100),
        ("fewer settled in all", verdict.min_calls, 5),
        ("unanswered that are silent", verdict.silent_calls, 5),
        ("failures", verdict.min_failures, 5),
        ("settled for a failure rate", verdict.failure_calls, 20),
        ("replies of the hour before", verdict.slow_baseline, 100),
        ("settled that end a finding", verdict.clear_calls, 3),
        ("answered that are healthy", verdict.healthy_calls, 3),
        ("changes", verdict.flap_changes, 6),
        ("unanswered of a deaf pair", verdict.deaf_calls, 20),
        ("settled for a circuit's rate", circuit.min_calls, 10),
        ("unanswered in a row", circuit.consecutive, 10),
        ("answered trials", circuit.trial_calls, 3),
        ("failed trials", circuit.trial_failures, 2),
        ("replies for patience", all.patience.samples, 20),
    ];
    for (what, is, wanted) in counts {
        assert_eq!(is, wanted, "{what}");
    }
    let spans = [
        ("settled calls remembered", limits.settled_for, 300),
        ("early replies held", limits.held_for, 2),
        ("patience at first", all.patience.initial, 30),
        ("least patience", all.patience.min, 2),
        ("most patience", all.patience.max, 30),
        ("longest deadline", all.patience.max_deadline, 600),
        ("silence", verdict.min_silence, 6),
        ("slow mean", verdict.slow_mean, 5),
        ("slow median", verdict.slow_median, 1),
        ("slow for", verdict.slow_after, 10),
        ("clear for", verdict.clear_after, 10),
        ("idle", verdict.idle_after, 600),
        ("flapping", verdict.flap_span, 600),
        ("silence of a circuit", circuit.min_silence, 6),
        ("open", circuit.open_timeout, 30),
        ("open at most", circuit.max_open_timeout, 300),
        ("after the link", all.doubt.after, 5),
        ("pause", all.doubt.pause, 5),
        ("repeat", all.repeat, 300),
        ("health", all.health_interval, 30),
    ];
    for (what, is, wanted) in spans {
        assert_eq!(is.micros(), s(wanted), "{what}");
    }
    let shares = [
        ("patience", all.patience.factor, 4.0),
        ("quantile", all.patience.quantile, 0.99),
        ("response rate", verdict.min_response_rate, 0.5),
        ("failure rate", verdict.max_failure_rate, 0.1),
        ("burst", verdict.burst_failure_rate, 0.5),
        ("times the usual", verdict.slow_factor, 5.0),
        ("a circuit's failure rate", circuit.failure_rate, 0.5),
        ("jitter", circuit.jitter, 0.1),
    ];
    for (what, is, wanted) in shares {
        assert!((is - wanted).abs() < f64::EPSILON, "{what}: {is}");
    }
    assert!(circuit.slow_call.is_none(), "slow calls: if set");
}

/// "at its 20th unanswered call it is reported once as a deaf pair", "gives no verdicts and opens
/// no circuits".
#[test]
fn a_deaf_pair_is_reported_once_at_its_twentieth_call_and_nothing_else() {
    for (calls, wanted) in [(19, None), (20, Some("21.000000 pair 0 deaf 20 []")), (90, Some(""))] {
        let mut play = Play::new();
        for call in 0..calls {
            play.lost(call * s(1), ["A", "B"][call as usize % 2], WAIT);
        }
        play.until(s(400));
        let said = play.all();
        assert_eq!(said.len(), usize::from(wanted.is_some()), "{said:?}");
        let right = wanted.is_none_or(|line| said[0].starts_with(line));
        assert!(right, "{said:?}");
    }
}

/// "A pair that never matched a reply": one is enough, and be it late.
#[test]
fn a_pair_that_matched_is_not_deaf() {
    let mut play = Play::new();
    play.late(0, "A", WAIT, s(3));
    for call in 0..40 {
        play.lost(s(5) + call * s(1), "B", WAIT);
    }
    play.until(s(60));
    let said = play.all();
    assert!(!said.iter().any(|line| line.contains("deaf")), "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("B unavailable not_responding")), "{said:?}");
}

/// What went unanswered before the first reply of its pair speaks against nobody, also later.
#[test]
fn calls_of_a_deaf_pair_are_not_judged_when_it_is_heard() {
    let mut play = Play::new();
    for call in 0..15 {
        play.lost(call * s(1), "A", WAIT);
    }
    play.ok(s(20), "Other");
    for call in 0..4 {
        play.lost(s(30) + call * s(1), "A", WAIT);
    }
    play.until(s(400));
    assert_eq!(play.all(), [""; 0]);
}

/// "unknown (fewer than 5 settled in all)".
#[test]
fn five_settled_calls_make_a_verdict() {
    for (calls, verdict) in [(4, Verdict::Unknown), (5, Verdict::Healthy)] {
        let mut play = Play::new();
        play.oks(0..s(calls), s(1), "A");
        play.until(s(10));
        assert_eq!(play.ears.snapshot().services[0].verdict, Some(verdict));
    }
}

/// "after 10 min it reads unknown".
#[test]
fn without_calls_it_reads_unknown_after_ten_minutes() {
    let mut play = Play::new();
    play.oks(0..s(5), s(1), "A");
    for (at, verdict) in [(s(604), Verdict::Healthy), (s(605), Verdict::Unknown)] {
        play.until(at);
        assert_eq!(play.ears.snapshot().services[0].verdict, Some(verdict), "{at}");
    }
    assert_eq!(play.all(), [""; 0], "no traffic is not a fault");
}

/// Five are settled, and that is enough to find a fault; healthy shows three answered in a row.
#[test]
fn healthy_takes_three_answered_calls_of_five() {
    for (more, verdict) in [(0, Verdict::Unknown), (1, Verdict::Unknown), (2, Verdict::Healthy)] {
        let mut play = Play::new();
        play.oks(0..s(3), s(1), "A");
        play.lost(s(3), "A", WAIT);
        play.oks(s(6)..s(7 + more), s(1), "A");
        play.until(s(20));
        assert_eq!(play.ears.snapshot().services[0].verdict, Some(verdict), "{more} more");
    }
}

fn name(kind: Kind, text: &str) -> Name<'_> {
    Name { text, digest: KEY.digest(kind, text.as_bytes()) }
}

fn call_through(ears: &mut Ears, micros: u64, pair: u16, service: &str, key: &str) {
    let kind = CallKind::TwoWay {
        keys: (id(key), None),
        shared: [false; 2],
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
        address: None,
        seen: None,
        who: None,
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
        bytes: 0,
        hold: true,
        dialect: None,
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
        for call in 0..7 {
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
    assert!(story(true).contains("NotResponding"), "there is something to tell");
    assert!(story(true) == story(false), "two stories of one history");
}
