//! Our own cases: what messages, sessions, links and clocks do to a circuit, from bytes on.
//!
//! Ten failed calls open a circuit (`OPENS` after five good ones), so most cases do what must
//! not count as a failure and show that nothing opened, and then that one real failure does.

use crate::Case;
use crate::line::{INTERNAL, Line, response};
use lookout::observer::Span;
use lookout::observer::input::Link;
use lookout::observer::settings::SlowCall;

pub(crate) const CASES: &[Case] = &[
    ("R3", "three of five replies take 5 s where 4 s are slow", slow_replies_open),
    ("R10", "observe-only from bytes: told once, never open", observe_only),
    ("duplicate reply", "a failure told twice is one failure", duplicate_reply),
    ("reply before call", "early replies count, each once", reply_before_call),
    ("reply from another session", "only its own session answers a call", another_session),
    ("id reused after wrap", "a call that gave way to its id is void", id_reused),
    ("batch with mixed results", "each element counts for itself", batch),
    ("reconnect in the middle of calls", "void, not failure; a trial is free again", reconnect),
    ("clock jumps", "a pause voids, a quiet hour passes second by second", clock_jumps),
    ("late reply while open", "changes nothing", late_while_open),
    ("late reply while half-open", "changes nothing", late_while_half_open),
    ("late reply while closed", "is a sign of life, no outcome", late_while_closed),
    ("trials made before the transition", "neither close nor reopen", early_trials),
];

/// Five good calls and five failed ones, one a second: 50 % of 10.
const OPENS: &str = "SSSSSFFFFF";
const OPENED: &str = "A 9.001s closed>open failure_rate 5/10 #1 wait 30s";
const HALF: &str = "A 39.001s open>half_open open_timeout 0/0 #1";

fn slow_replies_open() {
    let mut line = Line::with(|settings| {
        settings.circuit.min_calls = 5;
        settings.circuit.slow_call = Some(SlowCall { duration: Span::from_secs(4), rate: 0.5 });
        settings.patience.initial = Span::from_secs(30);
    });
    for (id, takes) in [(1, 5_000), (2, 1), (3, 5_000), (4, 4_000), (5, 4_001)] {
        line.call(id * 10_000, "A", id);
        line.ok(id * 10_000 + takes, id);
    }
    assert_eq!(line.told(), ["A 54.001s closed>open slow_call_rate 0/5 #1 wait 30s"]);
}

fn observe_only() {
    let mut line = Line::with(|settings| {
        let service = lookout::observer::settings::ServiceSettings {
            circuit: lookout::observer::breaker::Mode::ObserveOnly,
            ..Default::default()
        };
        settings.services = vec![("A".into(), service)];
    });
    line.settle(0, "A", &OPENS.repeat(5));
    line.until(3_600_000);
    assert_eq!(line.told(), ["A 9.001s closed>observe_only failure_rate 5/10 #0"]);
}

fn duplicate_reply() {
    let mut line = Line::new();
    line.settle(0, "A", "SSSSS");
    for millis in [5_000, 6_000, 7_000, 8_000] {
        line.call(millis, "A", millis);
        (1..=3).for_each(|copy| line.fail(millis + copy, millis));
    }
    line.until(12_000);
    assert_eq!(line.told(), [""; 0], "5 good, 4 failed");
    assert_eq!(line.figures("A"), "ok 5 failed 4 unanswered 0 void 0 open 0 strays (0, 8, 0)");
    line.settle(12_000, "A", "F");
    assert_eq!(line.told(), ["A 12.001s closed>open failure_rate 5/10 #1 wait 30s"]);
    // The same in a trial: one failure, told three times, is not two.
    line.call(43_000, "A", 1);
    (1..=3).for_each(|copy| line.fail(43_000 + copy, 1));
    line.settle(46_000, "A", "SSS");
    let told = line.told();
    assert_eq!(told[2], "A 48.001s half_open>closed trial_succeeded 1/4 #1 after 36s");
}

fn reply_before_call() {
    let mut line = Line::new();
    line.settle(0, "A", "SSSSS");
    for millis in [5_000, 6_000, 7_000, 8_000, 9_000] {
        line.fail(millis - 900, millis);
        assert_eq!(line.told(), [""; 0], "without its call it is nothing yet");
        line.call(millis, "A", millis);
    }
    assert_eq!(line.told(), ["A 9s closed>open failure_rate 5/10 #1 wait 30s"]);
    // Heard before the circuit went half-open, but its call was made after: a trial.
    for (id, millis) in [(1, 39_100), (2, 39_200), (3, 39_300)] {
        line.ok(38_900, id);
        line.call(millis, "A", id);
    }
    assert_eq!(
        line.told()[1..],
        [
            "A 39s open>half_open open_timeout 0/0 #1",
            "A 39.3s half_open>closed trial_succeeded 0/3 #1 after 30.3s",
        ]
    );
}

fn another_session() {
    let mut line = Line::new();
    // Small ids are the same in many sessions: each failure is told in one of another.
    for (id, millis) in (0..10).zip((0..).step_by(1_000)) {
        line.call_from(millis, "mine", "A", id);
        line.call_from(millis, "yours", "B", id);
        line.reply_to(millis + 1, "mine", id, None);
        line.reply_to(millis + 2, "yours", id, Some(INTERNAL));
        line.reply_to(millis + 3, "theirs", id, Some(INTERNAL));
    }
    line.until(20_000);
    assert_eq!(line.told(), ["B 9.002s closed>open failure_rate 10/10 #1 wait 30s"]);
    assert_eq!(line.figures("A"), "ok 10 failed 0 unanswered 0 void 0 open 0 strays (0, 0, 10)");
    // Answered to another session only, a call is unanswered.
    let mut line = Line::new();
    line.settle(0, "A", "S");
    for (id, millis) in (0..10).zip((1_000..).step_by(1_000)) {
        line.call_from(millis, "mine", "A", id);
        line.reply_to(millis + 1, "theirs", id, None);
    }
    line.until(13_000);
    assert_eq!(line.told(), ["A 11s closed>open failure_rate 9/10 #1 wait 30s"]);
}

fn id_reused() {
    let mut line = Line::new();
    line.settle(0, "A", "SSSSS");
    // A counter of one value: each call gives way to the next, and only the last runs out.
    (0..20).for_each(|turn| line.call(5_000 + turn * 500, "A", 1));
    line.until(20_000);
    assert_eq!(line.told(), [""; 0]);
    assert_eq!(line.figures("A"), "ok 5 failed 0 unanswered 1 void 19 open 0 strays (0, 0, 0)");
    // A counter that wraps at 4, each call settled before its id comes again: all count.
    for turn in 0..11 {
        line.call(20_000 + turn * 1_000, "A", turn % 4);
        line.fail(20_001 + turn * 1_000, turn % 4);
    }
    line.until(32_000);
    // The first of these replies ends a silence of twenty calls: it takes ten made after it.
    assert_eq!(line.told(), ["A 30.001s closed>open failure_rate 10/10 #1 wait 30s"]);
}

fn batch() {
    let batch = |line: &mut Line, millis: u64, codes: &[Option<i64>]| {
        let ids: Vec<u64> = (millis..).take(codes.len()).collect();
        let each = |one: &dyn Fn(usize) -> String| {
            format!("[{}]", (0..ids.len()).map(one).collect::<Vec<_>>().join(","))
        };
        let call = each(&|at| {
            format!(r#"{{"jsonrpc":"2.0","id":{},"method":"m","sessionId":"s"}}"#, ids[at])
        });
        line.hear(millis, "service/A", &call);
        line.hear(millis + 1, "session/s/response", &each(&|at| response(ids[at], codes[at])));
    };
    let (ok, bad, caller) = (None, Some(INTERNAL), Some(-32001));
    let mut line = Line::new();
    // 4 of 10: what the caller did wrong is no failure.
    batch(&mut line, 0, &[ok, bad, caller, bad, caller, ok, bad, caller, ok, bad]);
    line.until(10_000);
    assert_eq!(line.told(), [""; 0]);
    assert_eq!(line.figures("A"), "ok 3 failed 4 unanswered 0 void 0 open 0 strays (0, 0, 0)");
    // 6 of 12 are reached by the second element of the next one; the rest changes nothing.
    batch(&mut line, 10_000, &[bad, bad, bad, ok]);
    assert_eq!(line.told(), ["A 10.001s closed>open failure_rate 6/12 #1 wait 30s"]);
    // A whole trial in one batch.
    batch(&mut line, 41_000, &[ok, bad, caller, ok]);
    let told = line.told();
    assert_eq!(told[2], "A 41.001s half_open>closed trial_succeeded 1/4 #1 after 31s");
}

fn reconnect() {
    let mut line = Line::new();
    line.settle(0, "A", "SSSSSFFFF");
    (0..10).for_each(|id| line.call(9_000 + id, "A", id));
    line.link(9_500, Link::Down);
    // What is replied while lookout is away is not heard; it hears again at 20 s, with doubt.
    line.link(20_000, Link::Up);
    line.until(40_000);
    assert_eq!(line.told(), [""; 0]);
    assert_eq!(line.figures("A"), "ok 5 failed 4 unanswered 0 void 10 open 0 strays (0, 0, 0)");
    // What was before the doubt is not judged any more: a tenth call alone is no rate.
    line.settle(40_000, "A", "F");
    assert_eq!(line.told(), [""; 0]);

    // A trial that the link took along is free again, and the next ones decide.
    let mut line = Line::new();
    line.settle(0, "A", OPENS);
    line.settle(40_000, "A", "SS");
    line.call(42_000, "A", 1);
    line.link(42_500, Link::Down);
    line.link(43_000, Link::Up);
    line.until(60_000);
    assert_eq!(line.told(), [OPENED, HALF], "neither reopened nor closed");
    line.settle(60_000, "A", "S");
    assert_eq!(line.told()[2..], ["A 60.001s half_open>closed trial_succeeded 0/3 #1 after 51s"]);
}

fn clock_jumps() {
    // The process stood still for 12 s with calls open: they are void.
    let mut line = Line::new();
    line.settle(0, "A", "SSSSS");
    (0..10).for_each(|id| line.call(5_000 + id, "A", id));
    line.paused(5_500, 17_500);
    line.until(40_000);
    assert_eq!(line.told(), [""; 0]);
    assert_eq!(line.figures("A"), "ok 5 failed 0 unanswered 0 void 10 open 0 strays (0, 0, 0)");
    // 5 s is no pause: what ran out in it is unanswered.
    (0..3).for_each(|id| line.call(40_000, "A", 100 + id));
    line.paused(40_100, 45_100);
    assert_eq!(line.figures("A"), "ok 5 failed 0 unanswered 3 void 10 open 0 strays (0, 0, 0)");

    // Nobody tells the time for an hour: all that happened in it happened when it did.
    let mut line = Line::new();
    line.settle(0, "A", OPENS);
    line.until(3_600_000);
    assert_eq!(line.told(), [OPENED, HALF]);
    // A clock that runs backwards stands still.
    line.settle(1_000_000, "A", "S");
    line.settle(3_601_000, "A", "SS");
    assert!(line.told()[2].contains("half_open>closed trial_succeeded 0/3"), "{:?}", line.told());

    // The open time passes while the process stands still: half-open, with nothing judged.
    let mut line = Line::new();
    line.settle(0, "A", OPENS);
    line.call(10_000, "A", 1);
    line.paused(10_500, 100_000);
    line.until(120_000);
    assert_eq!(line.told(), [OPENED, HALF]);
    line.settle(120_000, "A", "FSS");
    assert_eq!(line.told().len(), 2);
    line.settle(123_000, "A", "S");
    assert!(line.told()[2].contains("half_open>closed trial_succeeded 1/4"), "{:?}", line.told());
}

fn late_while_open() {
    let mut line = Line::new();
    line.settle(0, "A", "S");
    line.settle(1_000, "A", "UUUUUUUUUU");
    line.until(13_000);
    let opened = line.told();
    assert_eq!(opened.len(), 1, "{opened:?}");
    for (id, code) in (1_000..).step_by(1_000).zip([None, Some(INTERNAL)].repeat(5)) {
        line.reply_to(14_000, "s", id, code);
    }
    line.until(30_000);
    assert_eq!(line.told(), opened);
    assert_eq!(line.figures("A"), "ok 1 failed 0 unanswered 10 void 0 open 0 strays (10, 0, 0)");
}

fn late_while_half_open() {
    let mut line = Line::new();
    line.settle(0, "A", "SSUUUUUUUUUU");
    line.until(50_000);
    let half = line.told();
    assert_eq!(half.len(), 2, "{half:?}");
    // Ten late replies, good and bad: neither three answered trials nor two failed ones.
    for (id, code) in (2_000..).step_by(1_000).zip([None, Some(INTERNAL)].repeat(5)) {
        line.reply_to(50_000, "s", id, code);
    }
    line.until(51_000);
    assert_eq!(line.told(), half);
    line.settle(52_000, "A", "SSS");
    assert!(line.told()[2].contains("half_open>closed trial_succeeded 0/3"), "{:?}", line.told());
}

fn late_while_closed() {
    // Ten in a row are unanswered, and each is told late to have failed, half a second after
    // its patience: no outcome of its own, or 9 calls would be 17 failures of 27.
    let mut line = Line::new();
    line.settle(0, "A", "SSSSSSSSSS");
    for turn in 10..22 {
        if turn < 20 {
            line.call(turn * 1_000, "A", turn);
        }
        if turn >= 12 {
            line.until(turn * 1_000 + 400);
            let expected = if turn < 21 { 0 } else { 1 };
            assert_eq!(line.told().len(), expected, "at {turn} s");
            line.fail(turn * 1_000 + 500, turn - 2);
        }
    }
    assert_eq!(line.figures("A"), "ok 10 failed 0 unanswered 10 void 0 open 0 strays (10, 0, 0)");
    // They are signs of life, so it is not the silence that opens it.
    assert_eq!(line.told(), ["A 21s closed>open failure_rate 10/20 #1 wait 30s"]);
}

fn early_trials() {
    let mut line = Line::new();
    line.settle(0, "A", OPENS);
    // Made while it was open, the last ones at the very moment of the transition; settled when
    // it is half-open: some answered, some not.
    (0..15).for_each(|id| line.call(38_000 + id, "A", id));
    (15..20).for_each(|id| line.call(39_001, "A", id));
    (0..20).step_by(4).for_each(|id| line.ok(39_500, id));
    (1..20).step_by(4).for_each(|id| line.fail(39_500, id));
    line.until(45_000);
    assert_eq!(line.told(), [OPENED, HALF]);
    assert_eq!(line.figures("A"), "ok 10 failed 10 unanswered 10 void 0 open 0 strays (0, 0, 0)");
    line.settle(45_000, "A", "SSF");
    line.until(50_000);
    line.settle(50_000, "A", "S");
    assert_eq!(line.told()[2..], ["A 50.001s half_open>closed trial_succeeded 1/4 #1 after 41s"]);
}
