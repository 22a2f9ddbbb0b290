//! The errors of a service: how many of each code, and the last few one by one.
//!
//! Codes are numbers that strangers choose, so only so many are told apart; what comes beyond is
//! counted under one name. A service without errors costs a pointer.

use super::call::{Answer, Outcome, SERVICE_UNAVAILABLE};
use super::time::{Instant, Span};
use super::trace::TraceId;
use std::collections::VecDeque;

/// Codes of a service that are told apart. Standard JSON-RPC has 5, the manual's table 16.
const CODES: usize = 32;
/// Errors of a service that are kept one by one.
const KEPT: usize = 20;

/// What an error says of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// An integer code.
    Number(i64),
    /// It has no code: there was no reply, the error has none, or a rule of the pair called it one.
    None,
    /// One of those that are not told apart.
    Other,
}

/// How many errors there were of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Rejected, failed or unanswered.
    pub outcome: Outcome,
    /// Its code.
    pub code: Code,
    /// How many.
    pub count: u64,
}

impl Counted {
    /// The tier of such errors: 1, of the function itself; 2, the service is unavailable.
    pub const fn tier(&self) -> u8 {
        match (self.outcome, self.code) {
            (Outcome::Unanswered, _) | (_, Code::Number(SERVICE_UNAVAILABLE)) => 2,
            _ => 1,
        }
    }
}

/// One error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When the call settled.
    pub at: Instant,
    /// Index of the method within the service.
    pub method: u16,
    /// Rejected, failed or unanswered.
    pub outcome: Outcome,
    /// Its code.
    pub code: Code,
    /// How long the caller waited.
    pub time: Span,
    /// The trace in which it is told, if it is.
    pub trace: Option<TraceId>,
}

/// The errors of a service over the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    counted: Vec<Counted>,
    last: VecDeque<Failure>,
}

impl Errors {
    /// Adds one.
    pub fn add(&mut self, failure: Failure) {
        let known = |it: &&mut Counted, code| it.outcome == failure.outcome && it.code == code;
        let full = self.counted.len() >= CODES;
        let found = self.counted.iter_mut().find(|it| known(it, failure.code));
        match found {
            Some(counted) => counted.count += 1,
            None => {
                let code = if full { Code::Other } else { failure.code };
                match self.counted.iter_mut().find(|it| known(it, code)) {
                    Some(counted) => counted.count += 1,
                    None => {
                        self.counted.push(Counted { outcome: failure.outcome, code, count: 1 });
                    }
                }
            }
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(failure);
    }

    /// How many there were of each kind.
    pub fn counted(&self) -> &[Counted] {
        &self.counted
    }

    /// The last ones, oldest first.
    pub fn last(&self) -> impl DoubleEndedIterator<Item = &Failure> {
        self.last.iter()
    }

    /// The trace of the last one since a moment that speaks against the service and is told in one.
    pub fn trace(&self, since: Instant) -> Option<TraceId> {
        let recent = self.last.iter().rev().take_while(|it| it.at >= since);
        recent.filter(|it| it.outcome.against()).find_map(|it| it.trace)
    }
}

impl From<Answer> for Code {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Error(Some(code)) => Self::Number(code),
            Answer::Error(None) | Answer::Rejected | Answer::Failed | Answer::Result => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_codes_are_counted_together_and_none_is_lost() {
        let mut errors = Errors::default();
        let failure = |code, outcome| Failure {
            at: Instant::default(),
            method: 0,
            outcome,
            code: Code::Number(code),
            time: Span::ZERO,
            trace: None,
        };
        for code in 0..1_000 {
            errors.add(failure(code % 100, Outcome::Rejected));
        }
        errors.add(failure(7, Outcome::Failed));
        assert_eq!(errors.counted().len(), CODES + 2, "two kinds of others");
        assert_eq!(errors.counted().iter().map(|it| it.count).sum::<u64>(), 1_001);
        assert_eq!(
            errors.counted().first().map(|it| (it.code, it.count)),
            Some((Code::Number(0), 10))
        );
        assert_eq!(errors.last().count(), KEPT);
        assert_eq!(errors.last().next_back().map(|it| it.outcome), Some(Outcome::Failed));
    }

    #[test]
    fn the_trace_is_that_of_the_last_failure_that_speaks_against_the_service() {
        let mut errors = Errors::default();
        let trace = |bits: Option<u128>| bits.map(TraceId::of);
        for (second, outcome, bits) in [
            (1, Outcome::Unanswered, Some(1)),
            (2, Outcome::Failed, Some(2)),
            (3, Outcome::Failed, None),
            (4, Outcome::Rejected, Some(4)),
        ] {
            errors.add(Failure {
                at: Instant::from_micros(second * 1_000_000),
                method: 0,
                outcome,
                code: Code::None,
                time: Span::ZERO,
                trace: trace(bits),
            });
        }
        let since = |second: u64| errors.trace(Instant::from_micros(second * 1_000_000));
        assert_eq!(since(0), trace(Some(2)), "the rejection is the caller's doing");
        assert_eq!(since(2), trace(Some(2)));
        assert_eq!(since(3), None, "what is long past tells nothing of now");
    }

    #[test]
    fn what_makes_a_service_unavailable_is_of_the_second_tier() {
        let tier = |outcome, code| Counted { outcome, code, count: 1 }.tier();
        for (outcome, code, wanted) in [
            (Outcome::Rejected, Code::Number(-32602), 1),
            (Outcome::Failed, Code::Number(-32603), 1),
            (Outcome::Failed, Code::Number(-32503), 2),
            (Outcome::Failed, Code::None, 1),
            (Outcome::Unanswered, Code::None, 2),
        ] {
            assert_eq!(tier(outcome, code), wanted, "{outcome:?} {code:?}");
        }
    }
}
