//! Calls settled not long ago, by key, so that a late reply or a duplicate is known for what it is.
//!
//! Every call is written here once, and hardly any is ever looked for: so the past is made for
//! writing. Calls are kept in parts, in the order in which they settled, each part with an index
//! of its own that is small enough to stay near; the oldest part is dropped as a whole. Removing
//! calls one by one from one large index would cost each call more than all else that is done with
//! it. An index is a list of the last call in each place, and calls that fall into the same place
//! are chained, latest first: nothing is compared to write one, and of several calls under a key
//! the one that settled last is found. Keys are digests under a secret, so nobody can have many
//! different ones fall into one place.
//!
//! What is too old or beyond the bound is not found, to the microsecond and to the call, though
//! its memory is freed with its part.

use super::digest::{Digest, DigestMap};
use super::registry::OTHER_INDEX;
use super::slot::{Closed, Owner};
use super::time::{Instant, Span};
use std::collections::VecDeque;

/// Parts that a full past has.
const PARTS: u32 = 8;
/// Places in the index of a part that begins.
const FEW: usize = 64;
const NONE: u32 = u32::MAX;

/// A settled call, in 64 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    key: Digest,
    made: Instant,
    at: Instant,
    /// The alias of one of the `_other`, the generation of any other service.
    tenant: u64,
    service: u32,
    method: u16,
    /// The pair it was made through.
    pub pair: super::call::PairId,
    /// The call before it whose key falls into the same place of the index.
    next: u32,
    /// Whether any payload under the key is a reply.
    pub lenient: bool,
    /// Whether it has had its reply.
    pub answered: bool,
}

impl Settled {
    /// A call that settled at `at`.
    pub fn new(key: Digest, closed: &Closed, at: Instant, lenient: bool, answered: bool) -> Self {
        let Owner { service, generation, method, pair, alias } = closed.owner;
        let tenant = if service == OTHER_INDEX { alias } else { u64::from(generation) };
        let (made, next) = (closed.made, NONE);
        Self { key, made, at, tenant, service, method, pair, next, lenient, answered }
    }

    /// Whose call it was, and when it was made.
    pub fn closed(&self) -> Closed {
        let Self { key, service, method, pair, made, tenant, .. } = *self;
        let other = service == OTHER_INDEX;
        // What is set from 32 bits comes back as 32 bits.
        let (generation, alias) = if other { (0, tenant) } else { (tenant as u32, 0) };
        let owner = Owner { service, generation, method, pair, alias };
        Closed { owner, made, key, slot: None }
    }
}

#[derive(Debug, Default)]
struct Part {
    /// How many calls settled before the first of this part.
    before: u64,
    calls: Vec<Settled>,
    /// The last call whose first key falls into each place.
    index: Vec<u32>,
    /// Calls by second key, of the few that have one.
    seconds: DigestMap<u32>,
}

impl Part {
    fn place(&self, key: Digest) -> Option<u32> {
        let mut at = self.index.get(self.slot(key)).copied().unwrap_or(NONE);
        while let Some(call) = self.calls.get(at as usize).filter(|call| call.key != key) {
            at = call.next;
        }
        let first = (at != NONE).then_some(at);
        if self.seconds.is_empty() {
            return first;
        }
        first.max(self.seconds.get(&key).copied())
    }

    /// Where a key falls in the index, whose length is a power of two.
    fn slot(&self, key: Digest) -> usize {
        key.hash() as usize & self.index.len().wrapping_sub(1)
    }

    fn push(&mut self, mut call: Settled, second: Option<Digest>) {
        // Bounded by a setting of 32 bits.
        let at = self.calls.len() as u32;
        if self.calls.len() == self.index.len() {
            self.widen();
        }
        let slot = self.slot(call.key);
        if let Some(last) = self.index.get_mut(slot) {
            call.next = std::mem::replace(last, at);
        }
        self.calls.push(call);
        if let Some(key) = second {
            self.seconds.insert(key, at);
        }
    }

    /// Doubles the index: about one call a place.
    #[cold]
    fn widen(&mut self) {
        let places = (2 * self.index.len()).max(FEW);
        self.index.clear();
        self.index.resize(places, NONE);
        for at in 0..self.calls.len() {
            let slot = self.slot(self.calls[at].key);
            self.calls[at].next = std::mem::replace(&mut self.index[slot], at as u32);
        }
    }

    fn clear(&mut self) {
        self.calls.clear();
        self.index.fill(NONE);
        self.seconds.clear();
    }
}

/// Settled calls, oldest first.
#[derive(Debug)]
pub struct Past {
    parts: VecDeque<Part>,
    /// A part that was dropped, for its room.
    spare: Part,
    /// Calls that ever settled.
    count: u64,
    /// When the last part is to be followed by another.
    turn: Instant,
    max: u32,
    remember: Span,
}

impl Past {
    /// An empty past of at most `max` calls, each remembered for so long.
    pub fn new(max: u32, remember: Span) -> Self {
        Self {
            parts: VecDeque::new(),
            spare: Part::default(),
            count: 0,
            turn: Instant::default(),
            max: max.max(1),
            remember,
        }
    }

    /// Adds a call that settled now, under its keys.
    pub fn push(&mut self, call: Settled, second: Option<Digest>) {
        let size = self.max.div_ceil(PARTS) as usize;
        let full = self.parts.back().is_none_or(|part| part.calls.len() >= size);
        if full || call.at >= self.turn {
            self.begin(call.at);
        }
        if let Some(part) = self.parts.back_mut() {
            part.push(call, second);
        }
        self.count += 1;
    }

    #[cold]
    fn begin(&mut self, now: Instant) {
        self.forget(now);
        self.turn = now + Span::from_micros(self.remember.micros() / u64::from(PARTS));
        let part = std::mem::take(&mut self.spare);
        self.parts.push_back(Part { before: self.count, ..part });
    }

    /// The call found under a key.
    pub fn find(&mut self, key: Digest, now: Instant) -> Option<&mut Settled> {
        let first = self.count.saturating_sub(u64::from(self.max));
        for part in self.parts.iter_mut().rev() {
            if let Some(at) = part.place(key) {
                let kept = part.before + u64::from(at) >= first;
                let call = part.calls.get_mut(at as usize)?;
                return (kept && call.at + self.remember >= now).then_some(call);
            }
        }
        None
    }

    /// Frees what is too old or beyond the bound.
    pub fn forget(&mut self, now: Instant) {
        let first = self.count.saturating_sub(u64::from(self.max));
        let remember = self.remember;
        let gone = |part: &mut Part| {
            let old = part.calls.last().is_none_or(|call| call.at + remember < now);
            old || part.before + (part.calls.len() as u64) <= first
        };
        while let Some(mut part) = self.parts.pop_front_if(gone) {
            part.clear();
            self.spare = part;
        }
    }
}
