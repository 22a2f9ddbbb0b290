//! "After a restart the retained circuits and verdicts are read back before judging."

use crate::kit::{KEY, at, s};
use crate::play::{Play, WAIT};
use lookout::observer::breaker::{Cause, State};
use lookout::observer::call::PairId;
use lookout::observer::digest::Kind;
use lookout::observer::event::What;
use lookout::observer::incident::IncidentId;
use lookout::observer::input::{Link, Name, Standing, StandingCircuit};
use lookout::observer::verdict::Verdict;
use lookout::observer::{Input, Settings};

const INCIDENT: Option<IncidentId> = Some(IncidentId(77));

fn standing(service: &str) -> Standing<'_> {
    let service = Name { text: service, digest: KEY.digest(Kind::Service, service.as_bytes()) };
    let topic = "service/A";
    Standing { service, pair: PairId(0), topic, verdict: None, circuit: None, incident: INCIDENT }
}

/// A play whose link came up a second ago, so that nothing is judged before 6, in which the
/// service A was unavailable since `since`, and its circuit stood so.
fn play(circuit: Option<StandingCircuit>, change: impl FnOnce(&mut Settings)) -> Play {
    let mut play = Play::with(change);
    play.ears.input(0, Input::Link(Link::Down));
    play.ears.input(s(1), Input::Link(Link::Up));
    let verdict = Some((Verdict::Unavailable, Some("not_responding"), at(0)));
    play.ears.input(s(1), Input::Standing(Standing { verdict, ..standing("A") }));
    if circuit.is_some() {
        play.ears.input(s(1), Input::Standing(Standing { circuit, ..standing("A") }));
    }
    play
}

fn open(retry_after: Option<u64>) -> Option<StandingCircuit> {
    let retry_after = retry_after.map(at);
    let cause = Some(Cause::FailureRate);
    Some(StandingCircuit { state: State::Open, cause, since: at(0), retry_after, open_count: 2 })
}

#[test]
fn nothing_is_said_anew_until_something_changes() {
    let mut play = play(open(Some(s(20))), |_| ());
    for call in 2..9 {
        play.lost(s(call), "A", WAIT);
    }
    play.until(s(15));
    assert_eq!(play.all(), [""; 0], "it is as it was");
    let readings = play.ears.events.iter().filter(|event| matches!(event.what, What::Reading(_)));
    assert_eq!(readings.count(), 0, "what the broker keeps is right");
    let snapshot = play.ears.observer.snapshot(at(s(15)));
    let service = snapshot.services.first().unwrap();
    assert_eq!(service.verdict, Some(Verdict::Unavailable));
    assert_eq!(service.circuit, Some(State::Open));
    assert_eq!(snapshot.health.open_incidents, 1);

    // It comes back: the incident is the one that an earlier run opened.
    play.oks(s(21)..s(41), s(1), "A");
    play.until(s(60));
    assert_eq!(
        play.all(),
        [
            "20.000000 A open->half_open open_timeout 0/0",
            "23.020000 A half_open->closed trial_succeeded 0/3",
            "31.020000 A recovered after 31.020000",
        ]
    );
    for event in &play.ears.events {
        match &event.what {
            What::Circuit(news) => assert_eq!(Some(news.incident), INCIDENT),
            What::Recovered(recovery) => assert_eq!(Some(recovery.incident), INCIDENT),
            _ => {}
        }
    }
}

#[test]
fn an_open_circuit_is_tried_in_its_time_and_in_none_too_long() {
    for (retry_after, tried) in [
        (Some(s(50)), "50.000000"),
        // Overdue; and one that waited for another service has its own time now.
        (Some(0), "1.000000"),
        (None, "31.000000"),
        (Some(s(100_000)), "301.000000"),
    ] {
        let mut play = play(open(retry_after), |_| ());
        play.until(s(400));
        let wanted = format!("{tried} A open->half_open open_timeout 0/0");
        assert_eq!(play.circuits(), [wanted]);
    }
}

#[test]
fn a_service_that_this_run_has_judged_keeps_its_verdict() {
    let mut play = play(None, |_| ());
    play.oks(s(2)..s(30), s(1), "A");
    play.oks(s(2)..s(30), s(1), "B");
    play.until(s(35));
    assert_eq!(play.verdicts(), ["16.000000 A recovered after 16.000000"]);
    for service in ["A", "B"] {
        let verdict = Some((Verdict::Unavailable, Some("not_responding"), at(0)));
        let late = Standing { verdict, ..standing(service) };
        play.ears.input(s(35), Input::Standing(late));
    }
    play.until(s(100));
    assert_eq!(play.verdicts(), [""; 0]);
    let snapshot = play.ears.observer.snapshot(at(s(100)));
    assert!(snapshot.services.iter().all(|it| it.verdict == Some(Verdict::Healthy)));
}

/// A pair that read back a verdict is not deaf, so what its calls show counts from the first.
#[test]
fn a_pair_that_read_back_a_verdict_judges() {
    let mut play = play(None, |_| ());
    for call in 0..8 {
        play.lost(s(20) + call * s(1), "B", WAIT);
    }
    play.until(s(40));
    assert_eq!(play.verdicts(), ["27.000000 B unavailable not_responding"]);
}
