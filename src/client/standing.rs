//! How one service stands, by lookout and by the caller's own count, and whether to call it.
//!
//! Pure: it is told what was heard and when, and asked before each call.
//!
//! - An open circuit refuses until its time has come, a half-open one shares out trial calls.
//! - A service that is unavailable while its circuit is closed is left alone too, and tried now
//!   and then: if every caller only waited for lookout, and lookout heard no call, nobody would
//!   ever know that the service is back.
//! - Without lookout the caller's own circuit decides.

use super::error::{Away, CallError, Source};
use super::own::{Ask, Own};
use super::rounds::Rounds;
use crate::observer::breaker::State;
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Span};
use std::time::Duration;

/// Trial calls of a round where lookout names no number: its own `circuit.trial_calls`.
const TRIALS: u32 = 3;

/// How one service stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) verdict: Option<Judged>,
    pub(super) circuit: Option<Circuit>,
    /// What lookout said last about the time until it is back.
    pub(super) estimate: Option<String>,
    pub(super) own: Own,
    pub(super) rounds: Rounds,
    /// When it last answered this caller while lookout had it for unavailable, and no call was
    /// left without an answer since.
    answered: Option<Instant>,
}

/// lookout's verdict.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    /// As lookout wrote it: it names the round, alike for all clients.
    pub(super) since: String,
    /// The same by lookout's clock.
    pub(super) at: Option<Instant>,
    /// The same by the clock here.
    pub(super) begun: Instant,
    pub(super) incident: Option<String>,
    pub(super) caused_by: Option<String>,
}

/// lookout's circuit.
#[derive(Clone, Debug)]
pub(super) struct Circuit {
    pub(super) state: State,
    pub(super) reason: String,
    /// As lookout wrote it: it names the round, alike for all clients.
    pub(super) stamp: String,
    /// The same by lookout's clock.
    pub(super) at: Option<Instant>,
    /// The same by the clock here.
    pub(super) begun: Instant,
    /// When an open one lets calls through again; `None` if it waits for something else.
    pub(super) until: Option<Instant>,
    pub(super) trials: Option<u32>,
    pub(super) incident: Option<String>,
}

/// Whether to call.
#[derive(Debug)]
pub(super) enum Pass {
    /// Call.
    Go,
    /// Call if a call of this round can be had.
    Trial(Trial),
    /// Call, as the one trial call of the own circuit.
    OwnTrial,
    /// Do not call.
    No(CallError),
}

/// A call that finds out whether a service is back.
#[derive(Debug)]
pub(super) struct Trial {
    /// The round.
    pub(super) round: String,
    /// How many calls it has.
    pub(super) limit: u32,
    /// What to say if there is none left.
    pub(super) refusal: CallError,
}

impl Standing {
    /// One of which lookout said nothing.
    pub(super) fn with_own(own: Own) -> Self {
        Self { own, ..Self::default() }
    }

    /// Whether nothing is known that would have to be kept.
    pub(super) fn is_empty(&self) -> bool {
        self.verdict.is_none() && self.circuit.is_none() && self.own.is_clear()
    }

    /// The service answered; whether that closed the own circuit.
    pub(super) fn answered(&mut self, clock: impl FnOnce() -> Instant) -> bool {
        let away = |it: &Judged| it.verdict == Verdict::Unavailable;
        self.answered = self.verdict.as_ref().filter(|it| away(it)).map(|_| clock());
        self.own.answered()
    }

    /// A call was not answered in time; whether that opened the own circuit.
    pub(super) fn timed_out(&mut self, now: Instant, most: u32, trial: bool, spread: f64) -> bool {
        self.answered = None;
        self.own.timed_out(now, most, trial, spread)
    }

    /// The circuit's state by lookout; closed if nothing is known.
    pub(super) fn state(&self) -> State {
        self.circuit.as_ref().map_or(State::Closed, |circuit| circuit.state)
    }

    /// Whether to call now. `present` is whether a lookout is there, `every` a round's length.
    pub(super) fn ask(&mut self, name: &str, now: Instant, present: bool, every: Span) -> Pass {
        if !present {
            return self.ask_own(name, now);
        }
        let Some(held) = self.held(now, every) else { return Pass::Go };
        let (left, round) = match held.hold {
            Hold::Back(left) => (left, None),
            Hold::Share { tag, from, limit } => {
                let number = now.since(from).micros() / every.micros().max(1);
                let end = from + every.times(number + 1);
                (Some(end.since(now)), Some((format!("{tag}/{number}"), limit)))
            }
        };
        let away = Box::new(Away {
            service: name.to_owned(),
            reason: held.reason.to_owned(),
            retry_after: left.map(duration),
            estimate: self.estimate.clone(),
            incident: held.incident.clone(),
            source: Source::Lookout,
        });
        let refusal =
            if held.circuit { CallError::CircuitOpen(away) } else { CallError::Unavailable(away) };
        match round {
            Some((round, limit)) if self.rounds.ask(&round, limit) => {
                Pass::Trial(Trial { round, limit, refusal })
            }
            _ => Pass::No(refusal),
        }
    }

    /// What lookout holds against a call now.
    fn held(&self, now: Instant, every: Span) -> Option<Held<'_>> {
        if let Some(it) = &self.circuit {
            let (tag, incident) = (&*it.stamp, &it.incident);
            let held = |reason, hold| Some(Held { circuit: true, reason, incident, hold });
            match (it.state, it.until) {
                (State::Closed, _) => {}
                // An operator says that calls go through, whatever is found.
                (State::Disabled | State::ObserveOnly, _) => return None,
                (State::HalfOpen, _) => {
                    let limit = it.trials.unwrap_or(TRIALS);
                    return held("half_open", Hold::Share { tag, from: it.begun, limit });
                }
                // lookout should have half-opened it by now; whether it did was not heard.
                (State::Open, Some(until)) if now >= until => {
                    return held(&it.reason, Hold::Share { tag, from: until, limit: 1 });
                }
                (State::Open | State::ForcedOpen, until) => {
                    let left = until.map(|until| until.since(now));
                    return held(&it.reason, Hold::Back(left));
                }
            }
        }
        let it = self.verdict.as_ref().filter(|it| it.verdict == Verdict::Unavailable)?;
        // A circuit that closed since is newer: trial calls were answered, and the verdict
        // follows after some seconds.
        if self.circuit.as_ref().is_some_and(|circuit| circuit.at > it.at) {
            return None;
        }
        // An answer is newer than the verdict as well, and with more of them that will follow.
        if self.answered.is_some_and(|at| now.since(at) <= every) {
            return None;
        }
        let first = it.begun + every;
        let hold = if now < first {
            Hold::Back(Some(first.since(now)))
        } else {
            Hold::Share { tag: &it.since, from: it.begun, limit: TRIALS }
        };
        Some(Held { circuit: false, reason: &it.reason, incident: &it.incident, hold })
    }

    fn ask_own(&mut self, name: &str, now: Instant) -> Pass {
        match self.own.ask(now) {
            Ask::Go => Pass::Go,
            Ask::Try => Pass::OwnTrial,
            Ask::Wait(left) => Pass::No(CallError::CircuitOpen(Box::new(Away {
                service: name.to_owned(),
                reason: "consecutive_timeouts".to_owned(),
                retry_after: left.map(duration),
                source: Source::Own,
                ..Away::default()
            }))),
        }
    }
}

/// What lookout holds against a call.
struct Held<'a> {
    /// The circuit, or else the verdict.
    circuit: bool,
    reason: &'a str,
    incident: &'a Option<String>,
    hold: Hold<'a>,
}

enum Hold<'a> {
    /// Calls are refused, for so long if that is known.
    Back(Option<Span>),
    /// A few calls of each round go through.
    Share { tag: &'a str, from: Instant, limit: u32 },
}

/// A span as the standard library has it.
pub(super) const fn duration(span: Span) -> Duration {
    Duration::from_micros(span.micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Span = Span::from_secs(30);

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    fn circuit(state: State, until: Option<u64>) -> Standing {
        let circuit = Circuit {
            state,
            reason: "failure_rate".to_owned(),
            stamp: "T".to_owned(),
            at: Some(at(100)),
            begun: at(100),
            until: until.map(at),
            trials: Some(2),
            incident: None,
        };
        Standing { circuit: Some(circuit), ..Standing::default() }
    }

    fn judged(verdict: Verdict) -> Standing {
        let judged = Judged {
            verdict,
            reason: "not_responding".to_owned(),
            since: "S".to_owned(),
            at: Some(at(100)),
            begun: at(100),
            incident: Some("incident-1".to_owned()),
            caused_by: None,
        };
        Standing { verdict: Some(judged), ..Standing::default() }
    }

    /// What is said of a call at a time, in short.
    fn ask(standing: &mut Standing, seconds: u64) -> String {
        match standing.ask("A", at(seconds), true, EVERY) {
            Pass::Go => "go".to_owned(),
            Pass::OwnTrial => "own trial".to_owned(),
            Pass::Trial(trial) => format!("trial {} of {}", trial.round, trial.limit),
            Pass::No(error) => error.to_string(),
        }
    }

    #[test]
    fn an_open_circuit_refuses_until_its_time_and_then_lets_one_call_through_a_round() {
        let mut open = circuit(State::Open, Some(130));
        for (now, expected) in [
            (100, "circuit open: A (failure_rate), try again in 30.0 s"),
            (129, "circuit open: A (failure_rate), try again in 1.0 s"),
            (130, "trial T/0 of 1"),
            (131, "circuit open: A (failure_rate), try again in 29.0 s"),
            (161, "trial T/1 of 1"),
        ] {
            assert_eq!(ask(&mut open, now), expected, "{now}");
        }
        let mut forced = circuit(State::Open, None);
        assert_eq!(ask(&mut forced, 9_000), "circuit open: A (failure_rate)");
    }

    #[test]
    fn a_half_open_circuit_shares_out_its_trial_calls() {
        let mut half = circuit(State::HalfOpen, None);
        for (now, expected) in [
            (101, "trial T/0 of 2"),
            (101, "trial T/0 of 2"),
            (102, "circuit open: A (half_open), try again in 28.0 s"),
            (130, "trial T/1 of 2"),
        ] {
            assert_eq!(ask(&mut half, now), expected, "{now}");
        }
    }

    #[test]
    fn a_service_that_is_unavailable_is_left_alone_and_tried_now_and_then() {
        let mut away = judged(Verdict::Unavailable);
        away.estimate = Some("2-5 minutes".to_owned());
        let refused = "service unavailable: A (not_responding), try again in";
        for (now, expected) in [
            (110, format!("{refused} 20.0 s")),
            (130, "trial S/1 of 3".to_owned()),
            (131, "trial S/1 of 3".to_owned()),
            (131, "trial S/1 of 3".to_owned()),
            (131, format!("{refused} 29.0 s")),
            (175, "trial S/2 of 3".to_owned()),
        ] {
            assert_eq!(ask(&mut away, now), expected, "{now}");
        }
        match away.ask("A", at(110), true, EVERY) {
            Pass::No(CallError::Unavailable(away)) => {
                assert_eq!(away.estimate.as_deref(), Some("2-5 minutes"));
                assert_eq!(away.incident.as_deref(), Some("incident-1"));
            }
            other => unreachable!("{other:?}"),
        }
        assert!(!away.answered(|| at(176)));
        assert_eq!(ask(&mut away, 206), "go", "it answered");
        assert!(ask(&mut away, 207).starts_with("trial"), "a while ago");
        away.answered(|| at(207));
        away.timed_out(at(208), 3, false, 0.5);
        assert!(ask(&mut away, 208).starts_with("trial"), "and then it did not");
        away.circuit = circuit(State::Closed, None).circuit;
        assert!(ask(&mut away, 236).starts_with("trial"), "a circuit that closed before");
        away.circuit.iter_mut().for_each(|it| it.at = Some(at(101)));
        assert_eq!(ask(&mut away, 236), "go", "trial calls were answered since");
        for verdict in [Verdict::Healthy, Verdict::Degraded, Verdict::Unknown] {
            assert_eq!(ask(&mut judged(verdict), 110), "go");
        }
    }

    #[test]
    fn without_lookout_the_own_circuit_decides_and_with_it_does_not() {
        let mut standing = circuit(State::Open, None);
        assert!(matches!(standing.ask("A", at(0), false, EVERY), Pass::Go));
        for now in 0..3 {
            let _ = standing.own.timed_out(at(now), 3, false, 0.5);
        }
        let refused = standing.ask("A", at(10), false, EVERY);
        let Pass::No(CallError::CircuitOpen(away)) = refused else { unreachable!("{refused:?}") };
        assert_eq!((away.source, &*away.reason), (Source::Own, "consecutive_timeouts"));
        assert_eq!(away.retry_after, Some(Duration::from_secs(22)));
        assert!(matches!(standing.ask("A", at(40), false, EVERY), Pass::OwnTrial));
        standing.circuit = None;
        assert!(matches!(standing.ask("A", at(10), true, EVERY), Pass::Go), "lookout knows better");
    }

    #[test]
    fn rounds_of_no_length_are_survived() {
        let mut half = circuit(State::HalfOpen, None);
        assert!(matches!(half.ask("A", at(101), true, Span::ZERO), Pass::Trial(_)));
    }
}
