//! Circuits: when they open, how long they stay so, and what a trial is.

use crate::kit::{FAILED, OK, REJECTED, s};
use crate::play::{Play, QUICK, WAIT, time};
use lookout::observer::Span;
use lookout::observer::event::What;
use lookout::observer::settings::SlowCall;

const RATE: &str = "A closed->open failure_rate";

fn written(play: &mut Play, begin: u64, step: u64, calls: &str) {
    for (at, call) in (0..).zip(calls.chars()) {
        let made = begin + at * step;
        match call {
            'F' => play.answer(made, "A", QUICK, FAILED),
            'R' => play.answer(made, "A", QUICK, REJECTED),
            'L' => play.lost(made, "A", WAIT),
            _ => play.ok(made, "A"),
        }
    }
}

/// "failure rate ≥ 0.5 with at least 10 settled over 5 min, …, or over the last 10 settled if
/// 5 min hold fewer, none older than 1 h".
#[test]
fn half_of_ten() {
    let rows = [
        (20, "oooooFFFFF", Some("5/10")),
        (20, "ooooooFFFF", None),
        (20, "oooooFFFF", None),
        (20, "RRRRRFFFFF", Some("5/10")),
        (100, "oooooFFFFF", Some("5/10")),
        (400, "FFFFFooooo", Some("5/10")),
        // Of the last 10, one is older than an hour.
        (401, "FFFFFooooo", None),
        // Where 5 min hold ten, the last ten alone say nothing.
        (14, "ooooooooooooFFFFFFFF", None),
        (14, "oooooooooFFFFFFFFF", Some("9/18")),
    ];
    for (step, calls, found) in rows {
        let mut play = Play::new();
        written(&mut play, 0, s(step), calls);
        let end = s(step) * (calls.len() as u64 - 1) + QUICK;
        play.until(end);
        let wanted = found.map(|counts| format!("{} {RATE} {counts}", time(end)));
        assert_eq!(play.circuits(), Vec::from_iter(wanted), "{calls} each {step} s");
    }
}

/// Or over 10 s, two of the failures outside any 6 s: those of 107 and of `fourth`.
#[test]
fn half_of_ten_seconds() {
    for (fourth, found) in [(s(106), true), (s(106) - 1, false), (s(106) + 1, true)] {
        let mut play = Play::new();
        written(&mut play, 0, s(1), &"o".repeat(60));
        written(&mut play, s(99), 100_000, "ooooo");
        written(&mut play, s(100), s(1), "FFF");
        play.answer(fourth, "A", QUICK, FAILED);
        play.answer(s(107), "A", QUICK, FAILED);
        play.until(s(109));
        let wanted = format!("{} {RATE} 5/10", time(s(107) + QUICK));
        assert_eq!(play.circuits(), if found { vec![wanted] } else { vec![] }, "{fourth}");
    }
}

/// "10 unanswered in a row under the same silence rule as above": the witness, 6 s after the
/// first, is one of the ten or the eleventh.
#[test]
fn ten_unanswered_in_a_row() {
    for (others, witness, said) in
        [(10, s(17), Some(s(18))), (10, s(17) - 1, None), (9, s(17), Some(s(19))), (8, s(17), None)]
    {
        let mut play = Play::with(|settings| settings.circuit.failure_rate = 0.0);
        play.oks(0..s(10) + 1, s(1), "A");
        for call in 0..others {
            play.lost(s(11) + call, "A", s(3));
        }
        play.lost(witness, "A", WAIT);
        play.until(s(40));
        let wanted =
            said.map(|at| format!("{} A closed->open consecutive_unanswered 10/10", time(at)));
        assert_eq!(play.circuits(), Vec::from_iter(wanted), "{others} {witness}");
    }
    // However long that took.
    let mut play = Play::with(|settings| settings.circuit.failure_rate = 0.0);
    play.oks(0..s(11), s(1), "A");
    for call in 0..10 {
        play.lost(s(600) + call * s(600), "A", WAIT);
    }
    play.until(s(6_010));
    assert_eq!(play.circuits(), ["6002.000000 A closed->open consecutive_unanswered 10/10"]);
}

#[test]
fn slow_calls_if_set() {
    for (slow, took, found) in [(8, s(1) + 1, true), (7, s(1) + 1, false), (8, s(1), false)] {
        let mut play = Play::with(|settings| {
            let duration = Span::from_secs(1);
            settings.circuit.slow_call = Some(SlowCall { duration, rate: 0.8 });
        });
        for at in 0..10 {
            play.answer(at * s(2), "A", if at >= 10 - slow { took } else { QUICK }, OK);
        }
        play.until(s(20));
        let wanted = "19.000001 A closed->open slow_call_rate 0/10";
        assert_eq!(play.circuits(), if found { vec![wanted] } else { vec![] }, "{slow}");
    }
}

/// "Looked at on every settled call": the rate of slow calls is there with the tenth, a quick one.
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

/// Where slow calls are a rule, a slow answer is no success of a trial.
#[test]
fn a_slow_answer_is_a_failed_trial() {
    let mut play = Play::with(|settings| {
        let duration = Span::from_secs(1);
        settings.circuit.slow_call = Some(SlowCall { duration, rate: 1.0 });
    });
    let half = open(&mut play);
    for call in 0..3 {
        play.answer(half + s(1) + call * s(2), "A", 1_500_000, OK);
    }
    play.until(half + s(10));
    let last = play.circuits().pop().unwrap();
    assert_eq!(last, format!("{} A half_open->open trial_failed 2/2", time(half + 4_500_000)));
}

/// Ten failures, one a second: open at 9.020, half-open at 39.020.
fn open(play: &mut Play) -> u64 {
    written(play, 0, s(1), "FFFFFFFFFF");
    s(39) + QUICK
}

#[test]
fn half_open_after_thirty_seconds_and_then_twice_as_long_up_to_five_minutes() {
    let mut play = Play::new();
    let mut half = open(&mut play);
    let mut wanted = vec![format!("9.020000 {RATE} 10/10")];
    for wait in [60, 120, 240, 300, 300] {
        wanted.push(format!("{} A open->half_open open_timeout 0/0", time(half)));
        play.lost(half + 1, "A", WAIT);
        let failed = half + 1 + WAIT;
        wanted.push(format!("{} A half_open->open trial_failed 1/1", time(failed)));
        half = failed + s(wait);
    }
    play.until(half - 1);
    assert_eq!(play.circuits(), wanted);
    play.until(half);
    assert_eq!(play.circuits().len(), 1);
    // Closed once, it begins with 30 s again.
    written(&mut play, half + 1, 1, "ooo");
    let begin = half + s(1);
    written(&mut play, begin, s(1), "FFFFFFFFFF");
    play.until(begin + s(39) + QUICK - 1);
    assert_eq!(play.circuits().len(), 2);
    play.until(begin + s(39) + QUICK);
    assert_eq!(play.circuits().len(), 1);
}

#[test]
fn jitter_is_a_tenth_either_way_and_follows_from_the_seed() {
    let waits = |seed: u64| {
        let mut play = Play::with(|settings| {
            settings.seed = seed;
            settings.circuit.jitter = 0.1;
        });
        open(&mut play);
        play.until(s(60));
        let opened = play.ears.events.iter().find_map(|event| match &event.what {
            What::Circuit(news) => Some((event.at, news.transition.retry_after.unwrap())),
            _ => None,
        });
        let (at, until) = opened.unwrap();
        until.since(at).micros()
    };
    let all: Vec<_> = (0..60).map(waits).collect();
    assert!(all.iter().all(|wait| (s(27)..=s(33)).contains(wait)), "{all:?}");
    assert!(all.iter().any(|wait| *wait < s(28)) && all.iter().any(|wait| *wait > s(32)));
    assert_eq!(all, (0..60).map(waits).collect::<Vec<_>>());
}

/// "3 answered (ok or rejected) close it; 1 unanswered, or 2 failed among the first 3, reopen it".
#[test]
fn a_trial() {
    let rows = [
        ("ooo", Some("closed trial_succeeded 0/3")),
        ("RRR", Some("closed trial_succeeded 0/3")),
        ("oRo", Some("closed trial_succeeded 0/3")),
        ("oo", None),
        ("FF", Some("open trial_failed 2/2")),
        ("oFF", Some("open trial_failed 2/3")),
        ("FoF", Some("open trial_failed 2/3")),
        ("F", None),
        ("oFo", None),
        ("oFoo", Some("closed trial_succeeded 1/4")),
        ("FooF", None),
        ("FooFo", Some("closed trial_succeeded 2/5")),
        ("L", Some("open trial_failed 1/1")),
        ("ooL", Some("open trial_failed 1/3")),
        ("", None),
    ];
    for (calls, wanted) in rows {
        let mut play = Play::new();
        let half = open(&mut play);
        written(&mut play, half + 1, s(3), calls);
        let end = half + s(3) * calls.len() as u64 + s(1);
        play.until(end.min(half + s(20)));
        let said = play.circuits().split_off(2);
        let said: Vec<_> = said.iter().map(|line| line.split("->").nth(1).unwrap()).collect();
        assert_eq!(said, Vec::from_iter(wanted), "{calls}");
    }
}

#[test]
fn a_trial_judges_only_calls_made_after_the_transition() {
    for (made, counts) in [(-1_i64, false), (0, false), (1, true)] {
        let mut play = Play::new();
        let half = open(&mut play);
        let made = half.checked_add_signed(made).unwrap();
        for more in 0..3 {
            // At the moment itself only the first is made; all are settled after it.
            let key = format!("trial-{more}");
            play.call(made, "A", &key, Some(WAIT));
            play.reply(half + s(1) + more, &key, OK);
        }
        play.until(half + s(5));
        let closed = play.circuits().last().unwrap().contains("half_open->closed");
        assert_eq!(closed, counts, "{made} of {half}");
    }
}

#[test]
fn late_replies_and_time_alone_change_nothing() {
    let mut play = Play::new();
    let half = open(&mut play);
    for call in 0..5 {
        play.late(s(10) + call, "A", WAIT, half - s(10) + s(1));
    }
    play.until(half + s(100_000));
    assert_eq!(play.circuits().len(), 2, "no traffic leaves it half-open");
    written(&mut play, half + s(100_001), s(1), "ooo");
    play.until(half + s(100_010));
    assert_eq!(play.circuits().len(), 1);
}

/// "over 5 min": six of twelve while the first failure is within the 300 seconds, else five of
/// eleven.
#[test]
fn five_minutes_are_three_hundred_seconds() {
    for (settled, found) in [(s(300) - 1, true), (s(300), false)] {
        let mut play = Play::new();
        written(&mut play, 0, s(20), "FooooooFFFF");
        play.answer(settled - QUICK, "A", QUICK, FAILED);
        play.until(s(305));
        let wanted = format!("{} {RATE} 6/12", time(settled));
        assert_eq!(play.circuits(), if found { vec![wanted] } else { vec![] }, "{settled}");
    }
}

/// "over 10 s": the current second and the nine before it.
#[test]
fn ten_seconds_are_the_current_one_and_nine_before() {
    for (settled, found) in [(s(110) - 1, true), (s(110), false)] {
        let mut play = Play::new();
        written(&mut play, 0, s(1), &"o".repeat(60));
        written(&mut play, s(100), s(2), "FFFF");
        written(&mut play, s(101), 100_000, "ooooo");
        play.answer(settled - QUICK, "A", QUICK, FAILED);
        play.until(s(112));
        let wanted = format!("{} {RATE} 5/10", time(settled));
        assert_eq!(play.circuits(), if found { vec![wanted] } else { vec![] }, "{settled}");
    }
}

/// A call that was waited for longer ends in the same second as those that a restart dropped. It
/// was made long before them, and that does not make them any more spread than they are.
#[test]
fn a_straggler_does_not_make_an_outage_of_a_restart() {
    for (stragglers, opens) in [(2, false), (12, true)] {
        let mut play = Play::new();
        play.oks(0..s(20), 50_000, "A");
        for made in (s(20)..s(25)).step_by(50_000) {
            play.lost(made, "A", WAIT);
        }
        for straggler in 0..stragglers {
            let made = s(5) + straggler * 500_000;
            play.lost(made, "A", s(22) + straggler * 400_000 - made);
        }
        play.oks(s(25)..s(40), 50_000, "A");
        play.until(s(40));
        let opened = play.circuits().iter().any(|line| line.contains("open"));
        assert_eq!(opened, opens, "{stragglers}: {:?}", play.circuits());
    }
}
