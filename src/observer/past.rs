//! Calls settled not long ago, by key, so that a late reply or a duplicate is known for what it is.
//!
//! Every call is written here once, and hardly any is ever looked for: so the past is made for
//! writing. Calls are kept in parts, in the order in which they settled, each part with an index
//! of its own that is small enough to stay near; the oldest part is dropped as a whole. Removing
//! calls one by one from one large index would cost each call more than all else that is done with
//! it. Of several calls under a key the one that settled last is found.
//!
//! What is too old or beyond the bound is not found, to the microsecond and to the call, though
//! its memory is freed with its part.

use super::digest::{Digest, DigestMap};
use super::ledger::{Closed, Owner};
use super::registry::OTHER_INDEX;
use super::time::{Instant, Span};
use hashbrown::HashTable;
use std::collections::VecDeque;

/// Parts that a full past has.
const PARTS: u32 = 8;

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
    pair: super::call::PairId,
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
        Self { key, made: closed.made, at, tenant, service, method, pair, lenient, answered }
    }

    /// Whose call it was, and when it was made.
    pub fn closed(&self) -> Closed {
        let Self { service, method, pair, made, tenant, .. } = *self;
        let other = service == OTHER_INDEX;
        // What is set from 32 bits comes back as 32 bits.
        let (generation, alias) = if other { (0, tenant) } else { (tenant as u32, 0) };
        Closed { owner: Owner { service, generation, method, pair, alias }, made }
    }
}

#[derive(Debug, Default)]
struct Part {
    /// How many calls settled before the first of this part.
    before: u64,
    calls: Vec<Settled>,
    /// Places in `calls` by first key.
    index: HashTable<u32>,
    /// And by second key, of the few that have one.
    seconds: DigestMap<u32>,
}

impl Part {
    fn place(&self, key: Digest) -> Option<u32> {
        let mine = |at: &u32| self.calls.get(*at as usize).is_some_and(|call| call.key == key);
        let first = self.index.find(key.hash(), mine).copied();
        if self.seconds.is_empty() {
            return first;
        }
        first.max(self.seconds.get(&key).copied())
    }

    fn push(&mut self, call: Settled, second: Option<Digest>) {
        // Bounded by a setting of 32 bits.
        let at = self.calls.len() as u32;
        self.calls.push(call);
        let calls = &self.calls;
        let key_of = |at: &u32| calls.get(*at as usize).map_or(call.key, |call| call.key);
        let mine = |at: &u32| key_of(at) == call.key;
        self.index
            .entry(call.key.hash(), mine, |at| key_of(at).hash())
            .and_modify(|last| *last = at)
            .or_insert(at);
        if let Some(key) = second {
            self.seconds.insert(key, at);
        }
    }

    fn clear(&mut self) {
        self.calls.clear();
        self.index.clear();
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
