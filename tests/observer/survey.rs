//! Snapshots drawn up in turns: what is cheap is always new, the rest at most five snapshots old, and
//! in the end both say the same. And what a snapshot says of errors, circuits and dependencies.

use crate::kit::{Ears, FAILED, OK, REJECTED, at, conserved, s};
use lookout::observer::breaker::{Mode, State};
use lookout::observer::call::{Answer, Outcome};
use lookout::observer::errors::Code;
use lookout::observer::snapshot::ServiceFigures;
use lookout::observer::survey::{Survey, TURNS};
use lookout::observer::{Input, Snapshot};

const SERVICES: u64 = 400;

fn busy(ears: &mut Ears, second: u64) {
    for service in 0..SERVICES {
        let (micros, key) = (s(second) + service * 1_000, format!("{second}-{service}"));
        ears.call(micros, &format!("S{service}.m{}", second % 3), &key);
        if !(second + service).is_multiple_of(7) {
            let answer = if service % 5 == 0 { FAILED } else { OK };
            ears.reply(micros + 500 + service, &key, answer);
        }
    }
}

fn named<'s>(snapshot: &'s Snapshot, name: &str) -> &'s ServiceFigures {
    snapshot.services.iter().find(|service| &*service.name == name).unwrap()
}

#[test]
fn in_turns_totals_are_always_new_and_the_rest_follows() {
    let (mut ears, mut survey) = (Ears::with(|_| {}), Survey::default());
    for second in 1..60 {
        busy(&mut ears, second);
        let now = at(s(second) + s(1) - 1);
        let (turn, whole) = (ears.observer.survey(now, &mut survey), ears.observer.snapshot(now));
        conserved(&whole);
        let (mut same, mut old) = (0, 0);
        for (turn, whole) in turn.services.iter().zip(&whole.services) {
            assert_eq!(turn.figures.totals, whole.figures.totals, "{} at {second}", turn.name);
            assert_eq!(
                (turn.verdict, turn.circuit, turn.oldest_open),
                (whole.verdict, whole.circuit, whole.oldest_open)
            );
            same += usize::from(turn.methods == whole.methods && turn.figures == whole.figures);
            let methods: u64 = turn.methods.iter().map(|(_, method)| method.totals.calls).sum();
            assert!(
                whole.figures.totals.calls - methods <= TURNS as u64,
                "{} lags at {second}",
                turn.name
            );
            old = old.max(whole.figures.totals.calls - methods);
        }
        // One turn is that of `_other`.
        assert!(same >= 80, "{same} services had their turn");
        assert!(second < 10 || old == TURNS as u64 - 1, "others wait: {old}");
    }
    let end = at(s(100));
    ears.until(s(100));
    for _ in 0..TURNS {
        ears.observer.survey(end, &mut survey);
    }
    let (turn, whole) = (ears.observer.survey(end, &mut survey), ears.observer.snapshot(end));
    assert_eq!(turn.services, whole.services);
}

#[test]
fn a_service_in_the_place_of_another_shows_nothing_of_it() {
    let mut ears = Ears::with(|settings| settings.limits.services = 2);
    let mut survey = Survey::default();
    ears.call(0, "made-up.old", "1");
    ears.observer.survey(at(10), &mut survey);
    for (micros, key) in [(20, "2"), (40, "3")] {
        ears.call(micros, "A", key);
        ears.reply(micros + 1, key, OK);
    }
    for (micros, key) in [(60, "4"), (80, "5")] {
        ears.call(micros, "B.new", key);
        ears.reply(micros + 1, key, OK);
    }
    let turn = ears.observer.survey(at(100), &mut survey);
    assert_eq!(turn.services, ears.observer.snapshot(at(100)).services);
    let names: Vec<_> =
        named(&turn, "B").methods.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["new"]);
}

#[test]
fn errors_are_told_by_code_tier_and_one_by_one() {
    let mut ears = Ears::with(|_| {});
    for (key, answer) in [
        ("1", OK),
        ("2", FAILED),
        ("3", REJECTED),
        ("4", Answer::Error(Some(-32503))),
        ("5", Answer::Error(None)),
        ("6", FAILED),
    ] {
        let micros = s(key.parse().unwrap());
        ears.call(micros, "A.pay", key);
        ears.reply(micros + 20_000, key, answer);
    }
    ears.call(s(10), "A.refund", "lost");
    ears.until(s(60));
    let snapshot = ears.observer.snapshot(at(s(60)));
    let errors = &named(&snapshot, "A").errors;
    let counted: Vec<_> =
        errors.counted.iter().map(|it| (it.outcome.name(), it.code, it.tier(), it.count)).collect();
    assert_eq!(
        counted,
        [
            ("failed", Code::Number(-32603), 1, 2),
            ("rejected", Code::Number(-32001), 1, 1),
            ("failed", Code::Number(-32503), 2, 1),
            ("rejected", Code::None, 1, 1),
            ("unanswered", Code::None, 2, 1),
        ]
    );
    let totals = named(&snapshot, "A").figures.totals;
    let bad = totals.rejected + totals.failed + totals.unanswered;
    assert_eq!(errors.counted.iter().map(|it| it.count).sum::<u64>(), bad);
    let (method, last) = errors.last.last().unwrap();
    assert_eq!((&**method, last.outcome, last.at), ("refund", Outcome::Unanswered, at(s(40))));
    assert_eq!(last.time.micros(), s(30));
    assert_eq!(errors.last.len(), 6);
}

#[test]
fn void_calls_are_no_errors() {
    let mut ears = Ears::with(|_| {});
    ears.call(0, "A", "1");
    ears.call(10, "A", "1");
    ears.reply(20, "1", OK);
    let snapshot = ears.observer.snapshot(at(30));
    assert_eq!(named(&snapshot, "A").figures.totals.void, 1);
    assert!(named(&snapshot, "A").errors.counted.is_empty());
}

#[test]
fn circuits_and_dependencies_are_told() {
    let mut ears = Ears::with(|settings| {
        settings.dependencies = vec![("Orders".into(), vec!["A".into(), "B".into()])]
    });
    ears.call(0, "A", "1");
    ears.reply(10, "1", OK);
    let before = ears.observer.circuit("A").unwrap();
    assert_eq!((before.mode, before.state, before.since), (Mode::Automatic, State::Closed, None));
    assert_eq!(ears.observer.circuit("Nobody"), None);
    assert_eq!(ears.observer.circuit("_other"), None);
    ears.input(s(1), Input::Circuit("A", Mode::ForcedOpen));
    ears.input(s(2), Input::Circuit("A", Mode::Automatic));
    let after = ears.observer.circuit("A").unwrap();
    assert_eq!((after.state, after.since), (State::Closed, Some(at(s(2)))));
    assert_eq!(after.transitions, [1, 0, 0, 1, 0, 0]);
    let snapshot = ears.observer.snapshot(at(s(3)));
    assert_eq!(named(&snapshot, "A").breaker, after);
    let told: Vec<_> =
        snapshot.dependencies.iter().map(|(from, to, seen)| (&**from, &**to, *seen)).collect();
    assert_eq!(told, [("Orders", "A", None), ("Orders", "B", None)]);
}
