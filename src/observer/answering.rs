//! Direct answers: callers who wait for a service that will not answer are told so, if that is
//! asked for.
//!
//! When a service becomes unavailable, or its circuit opens, each call that is open and each new
//! one gets an answer in its place, once. The calls of a half-open circuit are its trial, so they
//! get none; nor does any while lookout doubts itself. Never more than so many a second: those
//! beyond wait for the service as they would have without lookout, and are counted. That a call
//! was answered so changes nothing about it: it is settled by its service or by its patience.

use super::Observer;
use super::address::Address;
use super::event::{DirectAnswer, What};
use super::front::Front;
use super::registry::OTHER_INDEX;
use super::state::{Cause, State};
use super::time::Instant;
use super::verdict::{Reason, Verdict};

/// Why a caller is answered in place of the service.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The service is unavailable.
    Unavailable(Reason),
    /// Its circuit is open.
    CircuitOpen(Cause),
}

/// Answers within one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    second: u32,
    used: u32,
}

impl Budget {
    fn take(&mut self, now: Instant, per_second: u32) -> bool {
        let second = now.second();
        if self.second != second {
            *self = Self { second, used: 0 };
        }
        let room = self.used < per_second;
        self.used += u32::from(room);
        room
    }
}

/// Why the callers of a service are answered now, if they are.
fn why(service: &Front) -> Option<Why> {
    match service.breaker.state() {
        State::HalfOpen => return None,
        State::ForcedOpen => return Some(Why::CircuitOpen(Cause::Manual)),
        _ => {}
    }
    if let (Verdict::Unavailable, Some(reason)) = service.standing.told() {
        return Some(Why::Unavailable(reason));
    }
    (service.breaker.state() == State::Open)
        .then(|| Why::CircuitOpen(service.breaker.cause().unwrap_or(Cause::Manual)))
}

impl Observer {
    /// Answers everybody who waits for a service, if there is a reason.
    pub(super) fn answer_all(&mut self, now: Instant, index: u32) {
        if !self.answers_now(index) {
            return;
        }
        for slot in self.ledger.addressed(index, self.registry.noted(index).generation) {
            self.answer_in_place(now, index, slot);
        }
    }

    /// Answers the call in this slot, if there is a reason.
    pub(super) fn answer_new(&mut self, now: Instant, index: u32, slot: u32) {
        if self.answers_now(index) {
            self.answer_in_place(now, index, slot);
        }
    }

    fn answers_now(&self, index: u32) -> bool {
        self.settings.direct.enabled && index != OTHER_INDEX && !self.doubt.is_on()
    }

    fn answer_in_place(&mut self, now: Instant, index: u32, slot: u32) {
        if !self.ledger.has_address(slot) {
            return;
        }
        let service = self.registry.noted(index);
        let Some(why) = why(service) else { return };
        let (name, retry_after) = (service.name.clone(), service.breaker.deadline());
        let estimate = service.outages.estimate();
        if !self.budget.take(now, self.settings.direct.per_second) {
            self.counters.unanswered_directly += 1;
            return;
        }
        let Some(address) = self.ledger.take_address(slot) else { return };
        let Address { topic, id, correlation, operation } = *address;
        self.counters.answered_directly += 1;
        self.spans.answered(now, slot, &why);
        let answer = DirectAnswer {
            topic,
            id,
            correlation,
            operation,
            service: name,
            why,
            estimate,
            retry_after,
        };
        self.say(now, What::DirectAnswer(Box::new(answer)));
    }
}
