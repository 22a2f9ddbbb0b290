//! What was heard: calls opened, replies matched, calls overdue.

use super::Observer;
use super::call::{Malformed, Outcome, PairId};
use super::callers::Callers;
use super::component::cut;
use super::digest::Digest;
use super::early::{Held, Vain};
use super::evidence::Settled;
use super::input::{Call, CallKind, Direction, Name, Reply, Stray};
use super::ledger::{Closed, Found, Owner};
use super::note::{Fact, Note};
use super::pair::{self, Pair};
use super::registry::OTHER_INDEX;
use super::service::{OTHER, SERVICE_CALLERS};
use super::time::{Instant, Span};
use smallvec::SmallVec;
use std::cmp::Reverse;

/// Calls that had to give way to a new one.
type Voided = SmallVec<[Closed; 3]>;

impl Observer {
    pub(super) fn hear_call(&mut self, now: Instant, call: &Call<'_>) {
        let (index, admission) = self.registry.admit(call.service, call.pair, call.topic, now);
        self.admitted(now, index, call.service, admission);
        let other = Name { text: OTHER, digest: self.other_method };
        let limits = self.settings.limits;
        let mut room = self.registry.method_room;
        self.called(now, index);
        let service = self.registry.noted(index);
        let mut caller = None;
        if let Some(digest) = call.caller {
            self.callers.note(now, Callers::<1024>::sighting(digest));
            caller = Some(Callers::<SERVICE_CALLERS>::sighting(digest));
        }
        let wanted = call.method.filter(|_| index != OTHER_INDEX);
        let method = service.method(wanted, &limits, &mut room, other, now);
        self.registry.method_room = room;
        let service = self.registry.noted(index);
        let fact = if call.kind == CallKind::OneWay { Fact::OneWay } else { Fact::Called };
        service.note(Note::call(now, method, fact, caller));
        let CallKind::TwoWay { keys, lenient, deadline } = call.kind else {
            if call.kind == CallKind::Unheard {
                let void = Fact::Settled(Outcome::Void);
                service.note(Note::end(now, method, void, Span::ZERO));
                self.rate.count(now);
            }
            return;
        };
        let policy = &self.settings.patience;
        let patience = match deadline {
            Some(deadline) => deadline.min(policy.max_deadline),
            None => service.patience(now, policy, self.bounds.brisk),
        };
        // What a deaf pair does not hear is no silence.
        let heard = self.pairs.get(call.pair.index()).is_some_and(Pair::has_matched);
        let believed = heard.then(|| service.watch.call(now, patience, &self.lengths)).flatten();
        let owner = Owner {
            service: index,
            generation: service.generation,
            method,
            pair: call.pair,
            alias: call.service.digest.half(),
        };
        self.rate.count(now);
        let mut voided = Voided::new();
        let ticket = self
            .ledger
            .open(now, now + patience, keys, owner, lenient, |closed| voided.push(closed));
        self.due_at(now + patience);
        if let Some(at) = believed {
            self.witnesses.push(Reverse((at, index)));
            self.due_at(at);
        }
        for closed in voided {
            self.settle(now, &closed, Outcome::Void, now);
        }
        if self.settings.cascade.learn {
            let ledger = &self.ledger;
            let service = call.service.digest;
            self.nesting.call(ticket, service, call.parts, |outer| ledger.is_open(outer));
        }
        if !self.early.is_empty() {
            self.match_early(now, ticket.id, keys, lenient);
        }
    }

    /// Settles a call just opened by a reply that came before it.
    fn match_early(
        &mut self,
        now: Instant,
        id: u32,
        keys: (Digest, Option<Digest>),
        lenient: bool,
    ) {
        let early = &mut self.early;
        let held = early.take(keys.0, lenient);
        let held = held.or_else(|| keys.1.and_then(|key| early.take(key, lenient)));
        if let Some((heard, answer)) = held {
            let closed = self.answer(id, now);
            let outcome = self.settings.codes.outcome(answer);
            self.settle(now, &closed, outcome, heard);
        }
    }

    /// Settles an open call by its reply, and learns from it.
    fn answer(&mut self, id: u32, now: Instant) -> Closed {
        if self.settings.cascade.learn
            && let Some(ticket) = self.ledger.ticket(id)
        {
            let ledger = &self.ledger;
            self.nesting.answered(now, ticket, &self.settings.cascade, |it| ledger.is_open(it));
        }
        self.ledger.answer(id, now)
    }

    pub(super) fn hear_reply(&mut self, now: Instant, reply: Reply<'_>) {
        self.ledger.forget(now);
        let mut found = None;
        for key in &reply.keys {
            if matches!(found, Some(Found::Open { .. })) {
                break;
            }
            let here = self.ledger.find(*key);
            let rank = |found: &Option<Found>| match found {
                None => 0,
                Some(Found::Answered { .. }) => 1,
                Some(Found::Missed { .. }) => 2,
                Some(Found::Open { .. }) => 3,
            };
            // An open call waits for this reply; one that is settled only remembers.
            if rank(&here) > rank(&found) {
                found = here;
            }
        }
        let lenient = match found {
            None => return self.hold_stray(now, reply),
            Some(Found::Open { lenient, .. } | Found::Missed { lenient, .. }) => lenient,
            Some(Found::Answered { lenient }) => lenient,
        };
        let answer = if lenient { Ok(reply.lenient) } else { reply.strict };
        match (found, answer) {
            (Some(Found::Open { id, .. }), Ok(answer)) => {
                let closed = self.answer(id, now);
                let outcome = self.settings.codes.outcome(answer);
                self.settle(now, &closed, outcome, now);
            }
            (Some(Found::Missed { id, .. }), Ok(_)) => {
                let closed = self.ledger.late(id);
                self.late_reply(now, &closed);
            }
            (Some(Found::Answered { .. }), Ok(_)) => self.hold(now, reply, Vain::Duplicate),
            (_, Err(_)) if reply.stray == Stray::Ignored => self.counters.ignored += 1,
            (Some(Found::Answered { .. }), Err(kind)) => {
                let vain = Vain::Malformed(reply.pair, reply.direction, kind);
                self.hold(now, reply, vain);
            }
            (_, Err(kind)) => self.count_malformed(reply.pair, reply.direction, kind),
            (None, Ok(_)) => {}
        }
    }

    /// Takes a reply that no call waits for.
    fn hold_stray(&mut self, now: Instant, reply: Reply<'_>) {
        let vain = match reply.stray {
            Stray::Ignored => Vain::Ignored,
            Stray::Malformed(kind) => Vain::Malformed(reply.pair, reply.direction, kind),
            Stray::Unmatched => Vain::Unmatched,
        };
        self.hold(now, reply, vain);
    }

    /// Keeps a reply for a call that may still come, or decides it at once.
    fn hold(&mut self, now: Instant, reply: Reply<'_>, vain: Vain) {
        // Where replies of a deaf pair may have gone; nobody asks when all pairs are heard.
        let deaf = vain == Vain::Unmatched && self.pairs.iter().any(|pair| !pair.has_matched());
        let held = Held {
            topic: deaf.then(|| cut(reply.topic, pair::TOPIC_BYTES).into()),
            keys: reply.keys,
            at: now,
            strict: reply.strict.ok(),
            lenient: reply.lenient,
            vain,
        };
        self.due_at(now + self.settings.limits.held_for);
        let decided = if reply.hold { self.early.hold(held) } else { Some(held) };
        if let Some(held) = decided {
            self.decide(&held);
        }
    }

    /// No call came for a held reply.
    pub(super) fn decide(&mut self, held: &Held) {
        // A second copy of a reply that was held and then matched is known by now.
        let answered =
            |key: &Digest| matches!(self.ledger.find(*key), Some(Found::Answered { .. }));
        match held.vain {
            Vain::Unmatched if held.keys.iter().any(answered) => self.counters.duplicate += 1,
            Vain::Unmatched => {
                self.counters.unmatched += 1;
                if let Some(topic) = &held.topic {
                    for pair in &mut self.pairs {
                        pair.unmatched(topic);
                    }
                }
            }
            Vain::Duplicate => self.counters.duplicate += 1,
            Vain::Malformed(pair, direction, kind) => self.count_malformed(pair, direction, kind),
            Vain::Ignored => self.counters.ignored += 1,
        }
    }

    pub(super) fn count_malformed(&mut self, pair: PairId, direction: Direction, kind: Malformed) {
        if let Some(pair) = self.pairs.get_mut(pair.index()) {
            let direction = usize::from(direction == Direction::Reply);
            pair.malformed[direction][kind as usize] += 1;
        }
    }

    /// The first call whose patience ended before `now`, if there is one: it may be only the
    /// moment at which to look closer.
    pub(super) fn expire_call(&mut self, now: Instant) {
        match self.ledger.expire(now) {
            Some((closed, at)) => {
                let at = at.max(self.now);
                self.now = at;
                let outcome = if self.doubt.is_on() { Outcome::Void } else { Outcome::Unanswered };
                self.settle(at, &closed, outcome, at);
            }
            None => self.ledger.forget(now),
        }
    }

    /// A call settled now; `heard` is when its reply was heard, which may be before the call.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        closed: &Closed,
        outcome: Outcome,
        heard: Instant,
    ) {
        let owner = closed.owner;
        let index = self.registry.tenant(owner.service, owner.generation);
        let method = if index == owner.service { owner.method } else { 0 };
        let time = heard.since(closed.made);
        let note = Note::end(now, method, Fact::Settled(outcome), time);
        let service = self.registry.noted(index);
        if outcome == Outcome::Void {
            return service.note(note);
        }
        // What a deaf pair does not hear speaks against nobody, not even after it is heard.
        let heard_pair = self.pairs.get(owner.pair.index()).is_some_and(Pair::has_matched);
        let judged = index != OTHER_INDEX && heard_pair;
        let silent_calls = self.settings.verdict.silent_calls;
        if judged
            && matches!(outcome, Outcome::Ok | Outcome::Rejected)
            && service.takes_calmly(now, closed.made, time, &self.bounds)
            && !service.watch.was_silent(now, silent_calls, &self.lengths)
        {
            service.note(note);
            service.calm.count(now);
            service.watch.end();
            service.last_heard = service.last_heard.max(heard);
            return;
        }
        self.registry.get(index).note_now(note);
        if outcome.answered() {
            self.sign_of_life(index, &closed.owner, now, heard);
        } else {
            self.count_unanswered(now, &closed.owner);
        }
        // Its first answer may have been what the pair was heard by.
        let heard_pair = self.pairs.get(owner.pair.index()).is_some_and(Pair::has_matched);
        if index == OTHER_INDEX || !heard_pair {
            return;
        }
        let slow = self
            .settings
            .circuit
            .slow_call
            .is_some_and(|rule| outcome.answered() && time > rule.duration);
        let settled = Settled { made: closed.made, at: now, outcome, slow };
        self.judge_call(now, index, settled);
    }

    /// The reply to a call that was given up came after all.
    fn late_reply(&mut self, now: Instant, closed: &Closed) {
        self.counters.late += 1;
        let owner = closed.owner;
        let index = self.registry.tenant(owner.service, owner.generation);
        let method = if index == owner.service { owner.method } else { 0 };
        let time = now.since(closed.made);
        let service = self.registry.get(index);
        service.note_now(Note::end(now, method, Fact::Late, time));
        service.judge.late(now, time);
        self.sign_of_life(index, &owner, now, now);
        if index != OTHER_INDEX {
            self.review(now, index);
        }
    }

    /// A reply of a service was heard.
    fn sign_of_life(&mut self, index: u32, owner: &Owner, now: Instant, heard: Instant) {
        if let Some(pair) = self.pairs.get_mut(owner.pair.index())
            && !pair.has_matched()
        {
            pair.matched();
            // From now on the services of this pair may be judged.
            for other in self.registry.indexes() {
                self.watch(other);
            }
        }
        if index == OTHER_INDEX {
            self.registry.prove(owner.alias);
            return;
        }
        let service = self.registry.get(index);
        let calls = self.settings.verdict.silent_calls;
        let found = service.judge.is_silent(service.heard());
        if found || service.watch.was_silent(now, calls, &self.lengths) {
            service.judge.hear(now);
            service.breaker.forget(now);
        }
        service.watch.end();
        service.last_heard = service.last_heard.max(heard);
    }
}
