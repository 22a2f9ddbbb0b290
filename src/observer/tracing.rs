//! What of the calls that are heard goes to [`super::spans`].

use super::Observer;
use super::call::Outcome;
use super::digest::Digest;
use super::errors::Code;
use super::input::{Call, CallKind};
use super::service::OTHER;
use super::slot::{Closed, Owner, Ticket};
use super::spans::Heard;
use super::time::Instant;
use super::trace::{End, Identity};

impl Observer {
    /// Whether it is noted which calls are made within others.
    pub(super) fn learns(&self) -> bool {
        self.settings.cascade.learn || self.spans.is_on()
    }

    /// A call was opened.
    pub(super) fn trace_opened(
        &mut self,
        now: Instant,
        ticket: Ticket,
        owner: Owner,
        call: &mut Call<'_>,
    ) {
        if let Some(heard) = self.traced(now, owner.service, owner.method, call) {
            self.spans.opened(ticket, heard);
        }
    }

    /// A call was heard that opens nothing.
    pub(super) fn trace_sent(
        &mut self,
        now: Instant,
        index: u32,
        method: u16,
        call: &mut Call<'_>,
    ) {
        let end = if call.kind == CallKind::OneWay { End::OneWay } else { End::Unheard };
        if let Some(heard) = self.traced(now, index, method, call) {
            self.spans.sent(heard, end);
        }
    }

    /// A call ended; what is told of an answered one is an example of its reply time.
    pub(super) fn trace_settled(
        &mut self,
        at: Instant,
        closed: &Closed,
        (outcome, code): (Outcome, Code),
    ) {
        let told = self.spans.settled(at, closed, (outcome, code));
        let Owner { service, generation, .. } = closed.owner;
        let index = self.registry.tenant(service, generation);
        if let Some((trace, span)) = told.filter(|_| outcome.answered()) {
            let at = at.max(closed.made);
            let exemplars = &mut self.registry.noted(index).service.exemplars;
            let took = at.since(closed.made);
            exemplars.get_or_insert_default().note(at, took, trace, span);
        }
    }

    #[inline]
    fn traced(
        &mut self,
        made: Instant,
        index: u32,
        method: u16,
        call: &mut Call<'_>,
    ) -> Option<Heard> {
        let seen = call.seen.take()?;
        let (digest, parts, pair) = (call.service.digest, call.parts, call.pair);
        let outer = self.made_within(made, digest, parts, &seen.identity);
        let service = self.registry.noted(index);
        let known = service.service.methods.get(usize::from(method)).map(|it| it.name.clone());
        let method = known.filter(|name| **name != *OTHER);
        Some(Heard { made, service: service.name.clone(), method, pair, seen, outer })
    }

    /// The open call that a call to a service was made within, if that is known: it names the span of
    /// that one, or the one service is known to call the other.
    fn made_within(
        &self,
        now: Instant,
        service: Digest,
        parts: [Option<Digest>; 2],
        identity: &Identity,
    ) -> Option<Ticket> {
        if let Identity::Given(context) = identity {
            let made = |outer: Ticket, _| self.spans.is(outer, context);
            if let Some(outer) = self.nesting.within(service, parts, made) {
                return Some(outer);
            }
        }
        let configured = self.dependencies.dependents(service);
        let policy = &self.settings.cascade;
        self.nesting.within(service, parts, |outer, edge| {
            let open = self.ledger.is_open(outer);
            open && (configured.contains(&edge.0) || self.nesting.knows(now, edge, policy))
        })
    }
}
