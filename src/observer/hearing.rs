//! What was heard: calls opened, replies matched, calls overdue.

use super::Observer;
use super::call::{Answer, Malformed, Outcome, PairId};
use super::callers::Callers;
use super::component::cut;
use super::digest::Digest;
use super::early::{Held, Vain};
use super::errors::{Code, Failure};
use super::evidence::Settled;
use super::input::{Call, CallKind, Direction, Name, Reply, Stray};
use super::ledger::{Known, Terms};
use super::note::{Fact, Note};
use super::pair::{self, Pair};
use super::registry::OTHER_INDEX;
use super::service::{OTHER, SERVICE_CALLERS};
use super::slot::{Closed, Owner};
use super::time::{Instant, Span};
use std::cmp::Reverse;

impl Observer {
    pub(super) fn hear_call(&mut self, now: Instant, mut call: Call<'_>) {
        let index = match self.registry.find(call.service.digest) {
            Some(index) => index,
            None => self.meet(now, &call),
        };
        let other = Name { text: OTHER, digest: self.other_method };
        self.called(now, index);
        let mut caller = None;
        if let Some(digest) = call.caller {
            self.callers.note(now, Callers::<1024>::sighting(digest));
            caller = Some(Callers::<SERVICE_CALLERS>::sighting(digest));
        }
        let wanted = call.method.filter(|_| index != OTHER_INDEX);
        let (service, room) = self.registry.noted_with_room(index);
        let method = service.method(wanted, &self.settings.limits, room, other, now);
        let fact = if call.kind == CallKind::OneWay { Fact::OneWay } else { Fact::Called };
        service.note(Note::call(now, method, fact, caller));
        let CallKind::TwoWay { keys, shared, lenient, deadline } = call.kind else {
            self.trace_sent(now, index, method, &mut call);
            let service = self.registry.noted(index);
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
        let believed = heard.then(|| service.wait(now, patience, &self.lengths)).flatten();
        let owner = Owner {
            service: index,
            generation: service.generation,
            method,
            pair: call.pair,
            alias: call.service.digest.half(),
        };
        self.rate.count(now);
        let mut voided = std::mem::take(&mut self.voided);
        let due = now + patience;
        let terms = Terms { keys, shared, lenient };
        let ticket = self.ledger.open(now, due, terms, owner, &mut voided);
        self.due_at(due);
        if let Some(at) = believed {
            self.witnesses.push(Reverse((at, index)));
            self.due_at(at);
        }
        for closed in voided.drain(..) {
            self.settle(now, &closed, (Outcome::Void, Code::None), now);
        }
        self.voided = voided;
        self.trace_opened(now, ticket, owner, &mut call);
        if self.learns() {
            let ledger = &self.ledger;
            let service = call.service.digest;
            self.nesting.call(ticket, service, call.parts, |outer| ledger.is_open(outer));
        }
        if let Some(user) = call.who.and_then(|who| who.user) {
            self.deeds.opened(ticket, user.digest, &call, now);
        }
        if let Some(address) = call.address.take() {
            self.ledger.address(ticket.id, address);
        }
        if !self.early.is_empty() {
            self.match_early(now, ticket.id, keys);
        }
        if self.settings.direct.enabled {
            self.answer_new(now, index, ticket.id);
        }
    }

    /// Finds a place for a service that has none.
    #[cold]
    fn meet(&mut self, now: Instant, call: &Call<'_>) -> u32 {
        let (index, admission) = self.registry.admit(call.service, call.pair, call.topic, now);
        self.admitted(now, index, call.service, admission);
        index
    }

    /// Settles a call just opened by a reply that came before it.
    fn match_early(&mut self, now: Instant, id: u32, keys: (Digest, Option<Digest>)) {
        let early = &mut self.early;
        let wants = self.ledger.wants(id);
        let held = early.take(keys.0, wants);
        let held = held.or_else(|| keys.1.and_then(|key| early.take(key, wants)));
        if let Some((heard, answer)) = held {
            let closed = self.answer(id, now);
            let outcome = self.outcome(wants.pair, answer);
            self.settle(now, &closed, (outcome, answer.into()), heard);
        }
    }

    /// What an answer means to a call of a pair.
    fn outcome(&self, pair: PairId, answer: Answer) -> Outcome {
        let codes = &self.settings.codes;
        match self.pairs.get(pair.index()) {
            Some(pair) => pair.outcome(answer, codes),
            None => codes.outcome(answer),
        }
    }

    /// Settles an open call by its reply, and learns from it.
    fn answer(&mut self, id: u32, now: Instant) -> Closed {
        if self.learns()
            && let Some(ticket) = self.ledger.ticket(id)
        {
            let ledger = &self.ledger;
            self.nesting.answered(now, ticket, &self.settings.cascade, |it| ledger.is_open(it));
        }
        self.ledger.answer(id, now)
    }

    pub(super) fn hear_reply(&mut self, now: Instant, reply: Reply<'_>) {
        // An open call waits for this reply; one that is settled only remembers.
        let found = match reply.dialect.as_deref() {
            Some(dialect) if dialect.unsure => self.ledger.find_oldest(&reply.keys),
            _ => reply.keys.iter().find_map(|key| self.ledger.find(*key)),
        };
        if let Some(id) = found {
            let wants = self.ledger.wants(id);
            match reply.says(wants) {
                Ok(answer) => {
                    let ticket = self.ledger.ticket(id).filter(|_| self.deeds.is_on());
                    let closed = self.answer(id, now);
                    let outcome = self.outcome(wants.pair, answer);
                    if let Some(ticket) = ticket {
                        let name = || self.registry.name(closed.owner.service);
                        self.deeds.answered(ticket, (outcome, answer.into()), reply.bytes, name);
                    }
                    self.settle(now, &closed, (outcome, answer.into()), now);
                }
                Err(kind) => self.count_no_reply(&reply, kind),
            }
            return;
        }
        self.hear_again(now, reply);
    }

    /// Takes a reply for which no call is open: late, a further one, or of nobody.
    fn hear_again(&mut self, now: Instant, reply: Reply<'_>) {
        let mut known = None;
        for key in &reply.keys {
            let here = self.ledger.recall(*key, now).map(|(what, wants)| (*key, what, wants));
            let missed = |it: &Option<_>| matches!(it, Some((_, Known::Missed, _)));
            if known.is_none() || !missed(&known) && missed(&here) {
                known = here.or(known);
            }
        }
        let Some((key, what, wants)) = known else {
            return self.hold_stray(now, reply);
        };
        match (what, reply.says(wants)) {
            (Known::Missed, Ok(answer)) => {
                if let Some(closed) = self.ledger.late(key, now) {
                    let outcome = self.outcome(wants.pair, answer);
                    self.spans.late(now, &closed, (outcome, answer.into()));
                    self.late_reply(now, &closed);
                }
            }
            (Known::Answered, Ok(_)) => self.hold(now, reply, Vain::Duplicate),
            (Known::Answered, Err(kind)) if reply.stray != Stray::Ignored => {
                let vain = Vain::Malformed(reply.pair, reply.direction, kind);
                self.hold(now, reply, vain);
            }
            (_, Err(kind)) => self.count_no_reply(&reply, kind),
        }
    }

    /// Counts what came in the place of a reply and is none.
    fn count_no_reply(&mut self, reply: &Reply<'_>, kind: Malformed) {
        if reply.stray == Stray::Ignored {
            self.counters.ignored += 1;
        } else {
            self.count_malformed(reply.pair, reply.direction, kind);
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
        // Where replies of a deaf pair may have gone, or stray ones came; else nobody asks.
        let unknown = vain == Vain::Unmatched;
        let wanted =
            unknown && (self.deeds.is_on() || self.pairs.iter().any(|pair| !pair.has_matched()));
        let held = Held {
            topic: wanted.then(|| cut(reply.topic, pair::TOPIC_BYTES).into()),
            keys: reply.keys,
            at: now,
            strict: reply.strict.ok(),
            lenient: reply.lenient,
            dialect: reply.dialect,
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
        let now = self.now;
        let mut answered = |key: &Digest| {
            let open = self.ledger.find(*key).is_some();
            !open && matches!(self.ledger.recall(*key, now), Some((Known::Answered, _)))
        };
        match held.vain {
            Vain::Unmatched if held.keys.iter().any(&mut answered) => self.counters.duplicate += 1,
            Vain::Unmatched => {
                self.counters.unmatched += 1;
                if let Some(topic) = &held.topic {
                    for pair in &mut self.pairs {
                        pair.unmatched(topic);
                    }
                    self.deeds.stray(topic);
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
        if let Some((closed, at)) = self.ledger.expire(now) {
            let at = at.max(self.now);
            self.now = at;
            let outcome = if self.doubt.is_on() { Outcome::Void } else { Outcome::Unanswered };
            self.settle(at, &closed, (outcome, Code::None), at);
        }
    }

    /// Keeps what is known of a call that settles now with an error; of others nothing.
    #[inline]
    fn note_error(
        &mut self,
        now: Instant,
        closed: &Closed,
        outcome: Outcome,
        code: Code,
        heard: Instant,
    ) {
        if matches!(outcome, Outcome::Rejected | Outcome::Failed | Outcome::Unanswered) {
            let Owner { service, generation, method, .. } = closed.owner;
            let index = self.registry.tenant(service, generation);
            let method = if index == service { method } else { 0 };
            let time = heard.since(closed.made);
            let errors = &mut self.registry.noted(index).service.errors;
            // What speaks of an error is always told.
            let trace = self.spans.trace(closed.slot);
            let failure = Failure { at: now, method, outcome, code, time, trace };
            errors.get_or_insert_default().add(failure);
        }
    }

    /// A call settled now, as what and with which code; `heard` is when its reply was heard, which
    /// may be before the call.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        closed: &Closed,
        (outcome, code): (Outcome, Code),
        heard: Instant,
    ) {
        self.note_error(now, closed, outcome, code, heard);
        if self.spans.is_on() {
            self.trace_settled(heard, closed, (outcome, code));
        }
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
            && heard == now
            && service.takes_calmly(now, closed.made, time, &self.bounds)
            && !service.watch.was_silent(now, silent_calls, &self.lengths)
        {
            service.note(note);
            service.take_calmly(now);
            service.wait_no_more();
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
        service.wait_no_more();
        service.last_heard = service.last_heard.max(heard);
    }
}
