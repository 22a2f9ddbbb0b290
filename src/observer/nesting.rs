//! Who calls whom, learned: calls seen inside other calls of the same operation.
//!
//! A call to B that is made while a call to A is open, both with the same correlation id or
//! trace id, may have been made by A. It was if it is also answered while A's is open, and that
//! again and again; calls that a caller makes side by side share their id too, but end in any
//! order. So each pair of services keeps two counts, of calls that ended inside and of those
//! that did not, and is a dependency when there are enough of the former and few of the latter.
//! A call that is never answered tells nothing: whatever is called meanwhile ends inside of it.
//! Counts are kept in parts of the memory's length, so that old sightings fade.
//!
//! Everything is bounded: operations and pairs that no longer fit are simply not learned from.

use super::digest::{Digest, DigestMap};
use super::settings::CascadePolicy;
use super::slot::Ticket;
use super::time::Instant;
use smallvec::SmallVec;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// Calls that are remembered by what they are a part of.
const CALLS: usize = 65_536;
/// Open calls of one operation that are looked at.
const WITHIN: usize = 8;
/// Pairs of services that are counted.
const PAIRS: usize = 10_000;
/// Parts of the memory.
const PARTS: u64 = 24;
/// At most one in this many calls may end outside.
const STRAY: u32 = 10;

/// A service that calls, and the one it calls.
pub type Edge = (Digest, Digest);

/// Sightings in one part of the memory.
#[derive(Clone, Copy, Debug)]
struct Part {
    number: u64,
    inside: u32,
    outside: u32,
}

/// A call that may be inside others.
#[derive(Clone, Debug)]
struct Inner {
    ticket: Ticket,
    edges: SmallVec<[(Ticket, Edge); 2]>,
}

/// What was learned.
#[derive(Debug, Default)]
pub struct Nesting {
    /// Open calls of each operation, and the services they go to.
    open: DigestMap<SmallVec<[(Ticket, Digest); 2]>>,
    order: VecDeque<Digest>,
    /// Of which operations a call is a part, by the number of its ticket: once it is answered it goes, so
    /// that there are as many operations as open calls need, and they stay near.
    parts: Vec<Option<(Ticket, [Option<Digest>; 2])>>,
    /// Calls made inside others, by the number of their ticket.
    inner: BTreeMap<u32, Inner>,
    /// Sightings inside calls that are still open, by the number of their ticket.
    inside: BTreeMap<u32, (Ticket, SmallVec<[Edge; 2]>)>,
    edges: BTreeMap<Edge, VecDeque<Part>>,
}

impl Nesting {
    /// A call to `service` is made as part of these operations. `is_open` tells which calls are.
    pub fn call(
        &mut self,
        ticket: Ticket,
        service: Digest,
        parts: [Option<Digest>; 2],
        is_open: impl Fn(Ticket) -> bool,
    ) {
        let mut edges: SmallVec<[(Ticket, Edge); 2]> = SmallVec::new();
        for part in parts.into_iter().flatten() {
            if !self.open.contains_key(&part) {
                self.order.push_back(part);
                if self.order.len() > CALLS
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.open.remove(&oldest);
                }
            }
            let calls = self.open.entry(part).or_default();
            calls.retain(|(outer, _)| is_open(*outer));
            for (outer, caller) in calls.iter().filter(|(_, caller)| *caller != service) {
                let edge = (*outer, (*caller, service));
                if !edges.contains(&edge) {
                    edges.push(edge);
                }
            }
            if calls.len() < WITHIN {
                calls.push((ticket, service));
            }
        }
        let at = ticket.id as usize;
        if at >= self.parts.len() {
            self.parts.resize(at + 1, None);
        }
        self.parts[at] = Some((ticket, parts));
        self.inner.remove(&ticket.id);
        self.inside.remove(&ticket.id);
        if !edges.is_empty() && self.inner.len() < CALLS {
            self.inner.insert(ticket.id, Inner { ticket, edges });
        }
    }

    /// The last call of the same operation to another service that `made` it, as it tells of each.
    pub fn within(
        &self,
        service: Digest,
        parts: [Option<Digest>; 2],
        mut made: impl FnMut(Ticket, Edge) -> bool,
    ) -> Option<Ticket> {
        parts.into_iter().flatten().find_map(|part| {
            let mut others = self.open.get(&part)?.iter().rev();
            let found = others
                .find(|(outer, caller)| *caller != service && made(*outer, (*caller, service)));
            found.map(|(outer, _)| *outer)
        })
    }

    /// Whether it was learned that one service calls another.
    pub fn knows(&self, now: Instant, edge: Edge, policy: &CascadePolicy) -> bool {
        let number = now.micros() / (policy.memory.micros() / PARTS).max(1);
        self.edges.get(&edge).is_some_and(|parts| steady(parts, number, policy).is_some())
    }

    /// A call is answered now. Sightings are counted.
    pub fn answered(
        &mut self,
        now: Instant,
        ticket: Ticket,
        policy: &CascadePolicy,
        is_open: impl Fn(Ticket) -> bool,
    ) {
        self.leave(ticket);
        let number = now.micros() / (policy.memory.micros() / PARTS).max(1);
        let seen = self.inside.remove(&ticket.id).filter(|(outer, _)| *outer == ticket);
        for edge in seen.into_iter().flat_map(|(_, edges)| edges) {
            self.count(edge, number, true);
        }
        let inner = self.inner.remove(&ticket.id).filter(|inner| inner.ticket == ticket);
        for (outer, edge) in inner.into_iter().flat_map(|inner| inner.edges) {
            if !is_open(outer) {
                self.count(edge, number, false);
            } else if self.inside.len() < CALLS || self.inside.contains_key(&outer.id) {
                let seen = self.inside.entry(outer.id).or_insert_with(|| (outer, SmallVec::new()));
                if seen.1.len() < WITHIN {
                    seen.1.push(edge);
                }
            }
        }
    }

    /// A call is no longer a part of its operations.
    fn leave(&mut self, ticket: Ticket) {
        let Some(slot) = self.parts.get_mut(ticket.id as usize) else { return };
        let Some((_, parts)) = slot.take_if(|(known, _)| *known == ticket) else { return };
        for part in parts.into_iter().flatten() {
            let Entry::Occupied(mut calls) = self.open.entry(part) else { continue };
            calls.get_mut().retain(|(known, _)| *known != ticket);
            if calls.get().is_empty() {
                calls.remove();
            }
        }
    }

    /// Counts a sighting, inside or outside.
    fn count(&mut self, edge: Edge, number: u64, inside: bool) {
        if !self.edges.contains_key(&edge) && self.edges.len() >= PAIRS {
            self.edges.retain(|_, parts| forget(parts, number));
            if self.edges.len() >= PAIRS {
                return;
            }
        }
        let parts = self.edges.entry(edge).or_default();
        forget(parts, number);
        if parts.back().is_none_or(|part| part.number != number) {
            parts.push_back(Part { number, inside: 0, outside: 0 });
        }
        if let Some(part) = parts.back_mut() {
            let count = if inside { &mut part.inside } else { &mut part.outside };
            *count = count.saturating_add(1);
        }
    }

    /// The services that call `origin`, in the order of their digests; few at a time ask.
    pub fn dependents(&self, now: Instant, origin: Digest, policy: &CascadePolicy) -> Vec<Digest> {
        let learned = self.learned(now, policy);
        learned
            .filter(|((_, called), _)| *called == origin)
            .map(|((caller, _), _)| caller)
            .collect()
    }

    /// What was learned: who calls whom, and how often that was seen.
    pub fn learned(
        &self,
        now: Instant,
        policy: &CascadePolicy,
    ) -> impl Iterator<Item = (Edge, u32)> {
        let number = now.micros() / (policy.memory.micros() / PARTS).max(1);
        self.edges
            .iter()
            .filter_map(move |(edge, parts)| Some((*edge, steady(parts, number, policy)?)))
    }
}

/// How often a call was seen to end inside, if that is enough to be sure.
fn steady(parts: &VecDeque<Part>, number: u64, policy: &CascadePolicy) -> Option<u32> {
    let current = parts.iter().filter(|part| part.number + PARTS > number);
    let (inside, outside) = current.fold((0_u32, 0_u32), |sum, part| {
        (sum.0.saturating_add(part.inside), sum.1.saturating_add(part.outside))
    });
    let steady = outside.saturating_mul(STRAY) <= inside;
    (inside >= policy.sightings && steady).then_some(inside)
}

/// Drops what is too old; false if nothing is left.
fn forget(parts: &mut VecDeque<Part>, number: u64) -> bool {
    while parts.pop_front_if(|part| part.number + PARTS <= number).is_some() {}
    !parts.is_empty()
}
