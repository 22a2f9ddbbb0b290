//! Open calls, by key, and what becomes of them.
//!
//! A call stands under one or two keys. While open it waits in the wheel for its deadline and
//! in a queue by age; once settled it is handed to the past, where a late reply or a duplicate
//! still finds it for five minutes. Open calls are bounded: the oldest is evicted (the owner makes
//! it void). A key in use twice belongs to the newer call, unless both say that they share it: then
//! the oldest comes first (`sharing`).
//!
//! A call is one slot. The index holds numbers of slots and compares keys in the slots themselves;
//! queue and wheel hold tickets and are not told when a call settles (`slot`).

use super::address::{Address, Addresses};
use super::call::PairId;
use super::digest::{Digest, DigestMap};
use super::limits::Limits;
use super::past::{self, Past};
use super::registry::OTHER_INDEX;
use super::sharing::Lines;
use super::slot::{Closed, Owner, Queue, Slot, Ticket, is_current};
use super::time::Instant;
use super::wheel::Wheel;
use hashbrown::HashTable;
use std::collections::BTreeMap;

/// What a settled call still says under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It became unanswered or void, and its reply did not come yet.
    Missed,
    /// It has had its reply.
    Answered,
}

/// Under what a call waits, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The keys its reply may come under.
    pub keys: (Digest, Option<Digest>),
    /// Whether other open calls may have each of the keys too.
    pub shared: [bool; 2],
    /// Whether any payload under these keys is its reply.
    pub lenient: bool,
}

/// What a call takes for its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// The pair it was made through, whose rules say how a reply is read.
    pub pair: PairId,
    /// Whether any payload will do.
    pub lenient: bool,
}

/// All calls that a reply may still belong to.
#[derive(Debug)]
pub struct Ledger {
    /// Slots by their first keys.
    index: HashTable<u32>,
    /// Second keys, of the few calls that have one, both ways.
    seconds: DigestMap<u32>,
    second_of: BTreeMap<u32, Digest>,
    /// Calls whose key an older one has.
    lines: Lines,
    addresses: Addresses,
    slots: Vec<Slot>,
    free: Vec<u32>,
    stamp: u32,
    wheel: Wheel,
    open: Queue,
    max_open: u32,
    past: Past,
    /// Open calls that gave way to the bound.
    evicted: u64,
}

impl Ledger {
    /// An empty ledger with these bounds.
    pub fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            index: HashTable::new(),
            seconds: DigestMap::default(),
            second_of: BTreeMap::new(),
            lines: Lines::default(),
            addresses: Addresses::default(),
            slots: Vec::new(),
            free: Vec::new(),
            stamp: 0,
            wheel: Wheel::new(now),
            open: Queue::default(),
            max_open: limits.open_calls,
            past: Past::new(limits.settled_calls, limits.settled_for),
            evicted: 0,
        }
    }

    /// How many calls are open.
    pub fn open_calls(&self) -> u32 {
        self.open.len
    }

    /// How many open calls had to give way to the bound.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Makes room under these keys and within the bound, then opens a call. The calls that had
    /// to give way, at most three where no keys are shared, are added to `void`.
    pub fn open(
        &mut self,
        made: Instant,
        due: Instant,
        terms: Terms,
        owner: Owner,
        void: &mut Vec<Closed>,
    ) -> Ticket {
        let Terms { keys, shared, lenient } = terms;
        let second = keys.1.filter(|second| *second != keys.0);
        if !shared[0] {
            self.make_room(made, keys.0, void);
        }
        if let Some(key) = second.filter(|_| !shared[1]) {
            self.make_room(made, key, void);
        }
        while self.open.len >= self.max_open
            && let Some(id) = self.open.first(&self.slots)
        {
            void.push(self.close(id, made, Known::Missed));
            self.evicted += 1;
        }
        let other = owner.service == OTHER_INDEX;
        let stamp = self.next_stamp();
        let id = self.take_slot(Slot {
            key: keys.0,
            made,
            tenant: if other { owner.alias } else { u64::from(owner.generation) },
            service: owner.service,
            stamp,
            method: owner.method,
            pair: owner.pair,
            open: true,
            lenient,
            second: second.is_some(),
        });
        let ticket = Ticket { id, stamp };
        if shared[0] && self.find(keys.0).is_some() {
            self.lines.push(keys.0, ticket);
        } else {
            self.list(keys.0, id);
        }
        if let Some(key) = second {
            self.list_second(key, ticket, shared[1]);
        }
        self.open.push(ticket, &self.slots);
        let slots = &self.slots;
        self.wheel.insert(ticket, due, made, |ticket| is_current(slots, ticket));
        ticket
    }

    /// The open call under a key.
    #[inline]
    pub fn find(&self, key: Digest) -> Option<u32> {
        let slots = &self.slots;
        let mine = |id: &u32| slots.get(*id as usize).is_some_and(|slot| slot.key == key);
        let first = self.index.find(key.hash(), mine).copied();
        if first.is_some() || self.seconds.is_empty() {
            return first;
        }
        self.seconds.get(&key).copied()
    }

    /// The oldest of the open calls under these keys.
    pub fn find_oldest(&self, keys: &[Digest]) -> Option<u32> {
        let found = keys.iter().filter_map(|key| self.find(*key));
        found.min_by_key(|id| self.slots.get(*id as usize).map(|slot| slot.made))
    }

    /// What an open call takes for its reply.
    pub fn wants(&self, id: u32) -> Wants {
        let slot = self.slots.get(id as usize);
        slot.map_or(Wants { pair: PairId(0), lenient: false }, |slot| Wants {
            pair: slot.pair,
            lenient: slot.lenient,
        })
    }

    /// What a call settled not long ago says under a key, and what it takes for its reply.
    pub fn recall(&mut self, key: Digest, now: Instant) -> Option<(Known, Wants)> {
        let call = self.past.find(key, now)?;
        let known = if call.answered { Known::Answered } else { Known::Missed };
        Some((known, Wants { pair: call.pair, lenient: call.lenient }))
    }

    /// The reply of a missed call came after all: says whose call it was.
    pub fn late(&mut self, key: Digest, now: Instant) -> Option<Closed> {
        let call = self.past.find(key, now)?;
        call.answered = true;
        Some(call.closed())
    }

    /// The ticket of an open call.
    pub fn ticket(&self, id: u32) -> Option<Ticket> {
        let slot = self.slots.get(id as usize).filter(|slot| slot.open)?;
        Some(Ticket { id, stamp: slot.stamp })
    }

    /// Whether the call that got this ticket is open.
    pub fn is_open(&self, ticket: Ticket) -> bool {
        is_current(&self.slots, ticket)
    }

    /// Keeps where the answer to an open call goes.
    pub fn address(&mut self, id: u32, address: Box<Address>) {
        self.addresses.open(id, address);
    }

    /// Whether it is known where the answer to an open call goes.
    pub fn has_address(&self, id: u32) -> bool {
        self.addresses.has(id)
    }

    /// Takes where the answer to an open call goes.
    pub fn take_address(&mut self, id: u32) -> Option<Box<Address>> {
        self.addresses.take(id)
    }

    /// The slots of the open calls of a service whose address is kept, oldest first.
    pub fn addressed(&self, service: u32, generation: u32) -> Vec<u32> {
        let mine = |slot: &&Slot| {
            let Owner { service: of, generation: tenant, .. } = slot.closed().owner;
            (of, tenant) == (service, generation)
        };
        let call = |id: u32| Some((self.slots.get(id as usize).filter(mine)?.made, id));
        let mut calls: Vec<_> = self.addresses.slots().filter_map(call).collect();
        calls.sort_unstable();
        calls.into_iter().map(|(_, id)| id).collect()
    }

    /// All open calls, in no order.
    pub fn all_open(&self) -> impl Iterator<Item = Closed> {
        self.slots.iter().filter(|slot| slot.open).map(Slot::closed)
    }

    /// Settles an open call by its reply.
    pub fn answer(&mut self, id: u32, now: Instant) -> Closed {
        self.close(id, now, Known::Answered)
    }

    /// When to ask [`Ledger::expire`] next; it may find nothing yet.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        let slots = &self.slots;
        self.wheel.peek(|ticket| is_current(slots, ticket))
    }

    /// Closes the first call whose deadline is before `now`; also says when that was.
    pub fn expire(&mut self, now: Instant) -> Option<(Closed, Instant)> {
        let slots = &self.slots;
        let (ticket, due) = self.wheel.pop_before(now, |ticket| is_current(slots, ticket))?;
        Some((self.close(ticket.id, due, Known::Missed), due))
    }

    /// Closes the oldest open call without a reply.
    pub fn void_oldest(&mut self, now: Instant) -> Option<Closed> {
        let id = self.open.first(&self.slots)?;
        Some(self.close(id, now, Known::Missed))
    }

    /// Frees the memory of what was settled too long ago.
    pub fn forget(&mut self, now: Instant) {
        self.past.forget(now);
    }

    fn close(&mut self, id: u32, now: Instant, known: Known) -> Closed {
        let stamp = self.next_stamp();
        let slot = &mut self.slots[id as usize];
        let closed = Closed { slot: Some(id), ..slot.closed() };
        slot.open = false;
        slot.stamp = stamp;
        let (key, second) = (slot.key, slot.second);
        let settled = past::Settled::new(key, &closed, now, slot.lenient, known == Known::Answered);
        let listed = self.index.find_entry(key.hash(), |at| *at == id);
        let listed = listed.map(|entry| entry.remove()).is_ok();
        if !self.lines.is_empty() {
            self.move_up(key, listed);
        }
        let mut other = None;
        if second {
            other = self.second_of.remove(&id);
            if let Some(key) = other {
                let listed = self.seconds.get(&key) == Some(&id);
                if listed {
                    self.seconds.remove(&key);
                }
                if !self.lines.is_empty() {
                    self.move_up(key, listed);
                }
            }
        }
        self.addresses.close(id);
        self.past.push(settled, other);
        self.open.len -= 1;
        self.free.push(id);
        closed
    }

    /// Closes the calls under a key that is to be another call's alone.
    #[inline]
    fn make_room(&mut self, now: Instant, key: Digest, void: &mut Vec<Closed>) {
        while let Some(id) = self.find(key) {
            void.push(self.close(id, now, Known::Missed));
        }
    }

    /// Makes a call the one that is found under its second key, or has it wait in line.
    fn list_second(&mut self, key: Digest, ticket: Ticket, shared: bool) {
        self.second_of.insert(ticket.id, key);
        if shared && self.find(key).is_some() {
            self.lines.push(key, ticket);
        } else {
            self.seconds.insert(key, ticket.id);
        }
    }

    /// A call under a key was closed: if it came first, the next in line does now.
    #[cold]
    fn move_up(&mut self, key: Digest, first: bool) {
        let slots = &self.slots;
        let is_open = |ticket| is_current(slots, ticket);
        if !first {
            return self.lines.leave(key, is_open);
        }
        let Some(id) = self.lines.next(key, is_open) else { return };
        if slots.get(id as usize).is_some_and(|slot| slot.key == key) {
            self.list(key, id);
        } else {
            self.seconds.insert(key, id);
        }
    }

    /// Makes a call the one that is found under its first key.
    #[inline]
    fn list(&mut self, key: Digest, id: u32) {
        let slots = &self.slots;
        let hash = |id: &u32| slots.get(*id as usize).map_or(0, |slot| slot.key.hash());
        self.index.insert_unique(key.hash(), id, hash);
    }

    fn take_slot(&mut self, slot: Slot) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            return id;
        }
        self.slots.push(slot);
        // Bounded by a setting of 32 bits.
        (self.slots.len() - 1) as u32
    }

    fn next_stamp(&mut self) -> u32 {
        // Comes around after 2^32 changes; an entry that old is long gone.
        self.stamp = self.stamp.wrapping_add(1);
        self.stamp
    }
}
