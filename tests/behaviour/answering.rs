//! "When a service becomes unavailable or its circuit is open, each open call, and each new one,
//! whose reply topic is known gets a JSON-RPC error …; at most once per call, never to a call that
//! was answered, and never counted as the service's reply."

use crate::kit::{Ears, FAILED, KEY, OK, at, id, s};
use lookout::observer::address::Address;
use lookout::observer::answering::Why;
use lookout::observer::breaker::{Cause, Mode, State};
use lookout::observer::call::PairId;
use lookout::observer::digest::Kind;
use lookout::observer::event::{DirectAnswer, What};
use lookout::observer::input::{Call, CallKind, Doubt, Name, Standing, StandingCircuit};
use lookout::observer::{Input, Settings, Span};

/// An observer that answers, and a service A that answered eleven calls until 10.02.
fn ears(change: impl FnOnce(&mut Settings)) -> Ears {
    let mut ears = Ears::with(|settings| {
        settings.direct.enabled = true;
        settings.circuit.jitter = 0.0;
        change(settings);
    });
    for call in 0..11 {
        let key = format!("good-{call}");
        addressed(&mut ears, s(call), "A", &key);
        ears.reply(s(call) + 20_000, &key, OK);
    }
    ears
}

/// A call that waits for 2 s, and whose reply topic is its name.
fn addressed(ears: &mut Ears, micros: u64, service: &str, key: &str) {
    let name = |kind, text: &'static str| Name { text, digest: KEY.digest(kind, text.as_bytes()) };
    let service = Name { text: service, digest: KEY.digest(Kind::Service, service.as_bytes()) };
    let deadline = Some(Span::from_secs(2));
    let call = Call {
        pair: PairId(0),
        service,
        method: Some(name(Kind::Method, "m")),
        topic: "service/A",
        kind: CallKind::TwoWay {
            keys: (id(key), None),
            shared: [false; 2],
            lenient: false,
            deadline,
        },
        caller: None,
        parts: [None; 2],
        address: Some(Box::new(Address {
            topic: key.into(),
            id: Some(format!("\"{key}\"").into()),
            correlation: None,
            operation: None,
        })),
        seen: None,
        who: None,
    };
    advance(ears, micros);
    ears.input(micros, Input::Call(call));
}

fn advance(ears: &mut Ears, micros: u64) {
    while ears.observer.poll_timeout() < at(micros) {
        let due = ears.observer.poll_timeout();
        ears.observer.handle_timeout(due);
        ears.drain();
    }
    ears.until(micros);
}

fn answers(ears: &Ears) -> Vec<(u64, &DirectAnswer)> {
    let direct = ears.events.iter().filter_map(|event| match &event.what {
        What::DirectAnswer(answer) => Some((event.at.since(at(0)).micros(), &**answer)),
        _ => None,
    });
    direct.collect()
}

fn lines(ears: &Ears) -> Vec<String> {
    let line = |(micros, answer): (u64, &DirectAnswer)| {
        let why = match &answer.why {
            Why::Unavailable(reason) => reason.name().to_owned(),
            Why::CircuitOpen(cause) => cause.name().to_owned(),
        };
        format!("{}.{:06} {} {why}", micros / s(1), micros % s(1), answer.topic)
    };
    answers(ears).into_iter().map(line).collect()
}

/// Six calls a second apart from 20 on, answered by nobody.
fn outage(ears: &mut Ears) {
    for call in 0..8 {
        addressed(ears, s(20) + call * s(1), "A", &format!("lost-{call}"));
    }
}

#[test]
fn those_who_wait_and_those_who_call_are_told_once() {
    let mut ears = ears(|_| ());
    outage(&mut ears);
    // The verdict falls at 27: lost-5 and lost-6 wait then, lost-7 is made at that moment.
    advance(&mut ears, s(30));
    addressed(&mut ears, s(30), "A", "later");
    advance(&mut ears, s(60));
    let told = [
        "27.000000 lost-5 not_responding",
        "27.000000 lost-6 not_responding",
        "27.000000 lost-7 not_responding",
        "30.000000 later not_responding",
    ];
    assert_eq!(lines(&ears), told);
    let totals = ears.totals("A");
    assert_eq!((totals.ok, totals.unanswered), (11, 9), "an answer in its place is not its own");
    let snapshot = ears.observer.snapshot(at(s(60)));
    assert_eq!((snapshot.answered_directly, snapshot.unanswered_directly), (4, 0));
    let (_, answer) = answers(&ears)[0];
    assert_eq!(answer.id.as_deref(), Some("\"lost-5\""));
}

#[test]
fn who_was_answered_is_not_told() {
    let mut ears = ears(|_| ());
    for call in 0..7 {
        addressed(&mut ears, s(20) + call * s(1), "A", &format!("lost-{call}"));
    }
    addressed(&mut ears, s(26) + 10, "B", "other");
    ears.input(s(26) + 20, Input::Circuit("A", Mode::ForcedOpen));
    let before = lines(&ears).len();
    assert_eq!(before, 2, "lost-5 and lost-6: lost-4 has just been given up, B is another service");
    addressed(&mut ears, s(27), "A", "early");
    ears.reply(s(27) + 10, "early", FAILED);
    ears.input(s(28), Input::Circuit("A", Mode::Automatic));
    ears.input(s(28) + 10, Input::Circuit("A", Mode::ForcedOpen));
    let lines = lines(&ears);
    assert_eq!(lines[before..], ["27.000000 early manual"]);
}

#[test]
fn in_doubt_or_on_trial_or_when_off_nobody_is_told() {
    for (what, off) in [("doubt", false), ("off", true)] {
        let mut ears = ears(|settings| settings.direct.enabled = !off);
        outage(&mut ears);
        let before = lines(&ears).len();
        assert_eq!(before == 0, off, "{what}");
        advance(&mut ears, s(28));
        ears.input(s(28), Input::Doubt(Doubt::Inbox, true));
        addressed(&mut ears, s(29), "A", "in-doubt");
        assert_eq!(lines(&ears).len(), before, "{what}");
    }
    let mut ears = ears(|settings| settings.circuit.open_timeout = Span::from_secs(10));
    ears.input(s(11), Input::Circuit("A", Mode::ForcedOpen));
    ears.input(s(12), Input::Circuit("A", Mode::Automatic));
    for call in 0..30 {
        addressed(&mut ears, s(13) + call * s(1), "A", &format!("lost-{call}"));
    }
    let half_open = |event: &lookout::observer::Event| match &event.what {
        What::Circuit(news) if news.transition.to.name() == "half_open" => Some(event.at),
        _ => None,
    };
    let trial = ears.events.iter().find_map(half_open).expect("a trial");
    let during = |(micros, _): &(u64, &DirectAnswer)| {
        let moment = at(*micros);
        moment >= trial && moment < trial + Span::from_secs(2)
    };
    assert_eq!(answers(&ears).iter().filter(|told| during(told)).count(), 0);
}

#[test]
fn there_are_not_too_many_in_a_second() {
    let mut ears = ears(|settings| settings.direct.per_second = 5);
    for call in 0..20 {
        addressed(&mut ears, s(20) + call, "A", &format!("open-{call}"));
    }
    ears.input(s(20) + 100, Input::Circuit("A", Mode::ForcedOpen));
    assert_eq!(answers(&ears).len(), 5);
    addressed(&mut ears, s(20) + 200, "A", "too-many");
    addressed(&mut ears, s(21), "A", "next-second");
    let lines = lines(&ears);
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0], "20.000100 open-0 manual", "the oldest first");
    assert_eq!(lines[5], "21.000000 next-second manual");
    let snapshot = ears.observer.snapshot(at(s(21)));
    assert_eq!((snapshot.answered_directly, snapshot.unanswered_directly), (6, 16));
}

/// The reason is that of the run which opened the circuit.
#[test]
fn a_circuit_that_an_earlier_run_opened_tells_why() {
    let mut ears = ears(|_| ());
    let name = Name { text: "B", digest: KEY.digest(Kind::Service, b"B") };
    let circuit = StandingCircuit {
        state: State::Open,
        cause: Some(Cause::FailureRate),
        since: at(s(1)),
        retry_after: Some(at(s(60))),
        open_count: 1,
    };
    ears.input(
        s(11),
        Input::Standing(Standing {
            service: name,
            pair: PairId(0),
            topic: "service/B",
            verdict: None,
            circuit: Some(circuit),
            incident: None,
        }),
    );
    addressed(&mut ears, s(12), "B", "told");
    assert_eq!(lines(&ears), ["12.000000 told failure_rate"]);
}
