//! Open calls, and those settled not long ago.
//!
//! A call stands under one or two keys. While open it waits in the wheel for its deadline and
//! in a queue by age; once settled it stays under its keys for five minutes, so that a late
//! reply or a duplicate is known for what it is. Both queues are bounded: the oldest open call
//! is evicted (the owner makes it void), the oldest settled one forgotten. A key in use twice
//! belongs to the newer call.
//!
//! A call is one slot of a cache line. The index holds numbers of slots and compares keys in
//! the slots themselves; queues and wheel hold a slot's number with its stamp and are not told
//! when it settles: a stamp that has changed means that the entry is about the past.

use super::call::PairId;
use super::digest::{Digest, DigestMap};
use super::limits::Limits;
use super::registry::OTHER_INDEX;
use super::time::{Instant, Span};
use super::wheel::Wheel;
use hashbrown::HashTable;
use std::collections::VecDeque;

/// Whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Index of the service.
    pub service: u32,
    /// Which tenant of that index: it changes when the service is displaced.
    pub generation: u32,
    /// Index of the method within the service.
    pub method: u16,
    /// The pair it was made through.
    pub pair: PairId,
    /// Half a digest of the service's name, to know it again among the `_other`.
    pub alias: u64,
}

/// A call that leaves the ledger's open list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whose call it was.
    pub owner: Owner,
    /// When it was made.
    pub made: Instant,
}

/// What is known under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An open call; `lenient` if any payload is its reply.
    Open {
        /// Its place in the ledger.
        id: u32,
        /// Whether any payload under the key is a reply.
        lenient: bool,
    },
    /// A call that became unanswered or void and whose reply did not come yet.
    Missed {
        /// Its place in the ledger.
        id: u32,
        /// Whether any payload under the key is a reply.
        lenient: bool,
    },
    /// A call that has had its reply.
    Answered {
        /// Whether any payload under the key is a reply.
        lenient: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Open,
    Missed,
    Answered,
}

/// A call, in 64 bytes.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Digest,
    made: Instant,
    /// While open the deadline, then the moment of settlement.
    at: Instant,
    service: u32,
    /// Changes with each state, so that older entries elsewhere are known as such.
    stamp: u32,
    /// The alias of one of the `_other`, the generation of any other service.
    tenant: u64,
    method: u16,
    pair: PairId,
    state: State,
    lenient: bool,
    /// Whether the key is still its own; another call may have taken it.
    first: bool,
    /// Whether it has a second key.
    second: bool,
}

const _: () = assert!(size_of::<Slot>() == 64, "a call is one cache line");

impl Slot {
    fn owner(&self) -> Owner {
        let other = self.service == OTHER_INDEX;
        Owner {
            service: self.service,
            // What is set from 32 bits comes back as 32 bits.
            generation: if other { 0 } else { self.tenant as u32 },
            method: self.method,
            pair: self.pair,
            alias: if other { self.tenant } else { 0 },
        }
    }

    fn closed(&self) -> Closed {
        Closed { owner: self.owner(), made: self.made }
    }
}

/// A slot as it was at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Its number.
    pub id: u32,
    /// Its stamp.
    pub stamp: u32,
}

/// Tickets in the order in which they were given out; those out of date are skipped.
#[derive(Debug, Default)]
struct Queue {
    tickets: VecDeque<Ticket>,
    /// How many are up to date.
    len: u32,
}

impl Queue {
    /// Adds a ticket. Those out of date never make up more than half and some.
    fn push(&mut self, ticket: Ticket, slots: &[Slot]) {
        self.len += 1;
        self.tickets.push_back(ticket);
        if self.tickets.len() > 2 * self.len as usize + 1_024 {
            self.tickets.retain(|ticket| is_current(slots, *ticket));
        }
    }

    /// The oldest that is up to date.
    fn first(&mut self, slots: &[Slot]) -> Option<u32> {
        while let Some(ticket) = self.tickets.front() {
            if is_current(slots, *ticket) {
                return Some(ticket.id);
            }
            self.tickets.pop_front();
        }
        None
    }
}

fn is_current(slots: &[Slot], ticket: Ticket) -> bool {
    slots.get(ticket.id as usize).is_some_and(|slot| slot.stamp == ticket.stamp)
}

/// All calls that a reply may still belong to.
#[derive(Debug)]
pub struct Ledger {
    /// Slots by their first keys.
    index: HashTable<u32>,
    /// Second keys, of the few calls that have one, both ways.
    seconds: DigestMap<u32>,
    second_of: std::collections::BTreeMap<u32, Digest>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    stamp: u32,
    wheel: Wheel,
    open: Queue,
    settled: Queue,
    max_open: u32,
    max_settled: u32,
    remember: Span,
    /// Open calls that gave way to the bound.
    evicted: u64,
}

impl Ledger {
    /// An empty ledger with these bounds.
    pub fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            index: HashTable::new(),
            seconds: DigestMap::default(),
            second_of: std::collections::BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            stamp: 0,
            wheel: Wheel::new(now),
            open: Queue::default(),
            settled: Queue::default(),
            max_open: limits.open_calls,
            max_settled: limits.settled_calls,
            remember: limits.settled_for,
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
    /// to give way, at most three, are handed to `void`.
    pub fn open(
        &mut self,
        made: Instant,
        due: Instant,
        keys: (Digest, Option<Digest>),
        owner: Owner,
        lenient: bool,
        mut void: impl FnMut(Closed),
    ) -> Ticket {
        let second = keys.1.filter(|second| *second != keys.0);
        self.release(keys.0, made, &mut void);
        if let Some(key) = second {
            self.release(key, made, &mut void);
        }
        while self.open.len >= self.max_open
            && let Some(id) = self.open.first(&self.slots)
        {
            void(self.close(id, made, State::Missed));
            self.evicted += 1;
        }
        let other = owner.service == OTHER_INDEX;
        let stamp = self.next_stamp();
        let id = self.take_slot(Slot {
            key: keys.0,
            made,
            at: due,
            service: owner.service,
            stamp,
            tenant: if other { owner.alias } else { u64::from(owner.generation) },
            method: owner.method,
            pair: owner.pair,
            state: State::Open,
            lenient,
            first: true,
            second: second.is_some(),
        });
        let slots = &self.slots;
        let hash = |id: &u32| slots.get(*id as usize).map_or(0, |slot| slot.key.hash());
        self.index.insert_unique(keys.0.hash(), id, hash);
        if let Some(key) = second {
            self.seconds.insert(key, id);
            self.second_of.insert(id, key);
        }
        let ticket = Ticket { id, stamp };
        self.open.push(ticket, &self.slots);
        let slots = &self.slots;
        self.wheel.insert(ticket, due, made, |ticket| is_current(slots, ticket));
        ticket
    }

    /// What stands under a key.
    pub fn find(&self, key: Digest) -> Option<Found> {
        let id = self.id_of(key)?;
        let slot = self.slots.get(id as usize)?;
        let lenient = slot.lenient;
        match slot.state {
            State::Open => Some(Found::Open { id, lenient }),
            State::Missed => Some(Found::Missed { id, lenient }),
            State::Answered => Some(Found::Answered { lenient }),
            State::Free => None,
        }
    }

    /// The ticket of an open call.
    pub fn ticket(&self, id: u32) -> Option<Ticket> {
        let slot = self.slots.get(id as usize).filter(|slot| slot.state == State::Open)?;
        Some(Ticket { id, stamp: slot.stamp })
    }

    /// Whether the call that got this ticket is open.
    pub fn is_open(&self, ticket: Ticket) -> bool {
        is_current(&self.slots, ticket)
    }

    /// Settles an open call by its reply.
    pub fn answer(&mut self, id: u32, now: Instant) -> Closed {
        self.close(id, now, State::Answered)
    }

    /// Marks that the reply of a missed call came after all, and says whose call it was.
    pub fn late(&mut self, id: u32) -> Closed {
        let slot = &mut self.slots[id as usize];
        slot.state = State::Answered;
        slot.closed()
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
        Some((self.close(ticket.id, due, State::Missed), due))
    }

    /// Closes the oldest open call without a reply.
    pub fn void_oldest(&mut self, now: Instant) -> Option<Closed> {
        let id = self.open.first(&self.slots)?;
        Some(self.close(id, now, State::Missed))
    }

    /// Forgets what was settled too long ago.
    pub fn forget(&mut self, now: Instant) {
        while let Some(id) = self.settled.first(&self.slots) {
            let expired = self.slots[id as usize].at + self.remember < now;
            if !expired && self.settled.len <= self.max_settled {
                return;
            }
            self.drop_settled(id);
        }
    }

    fn id_of(&self, key: Digest) -> Option<u32> {
        let slots = &self.slots;
        let mine =
            |id: &u32| slots.get(*id as usize).is_some_and(|slot| slot.first && slot.key == key);
        let first = self.index.find(key.hash(), mine).copied();
        if first.is_some() || self.seconds.is_empty() {
            return first;
        }
        self.seconds.get(&key).copied()
    }

    /// Takes a key away from whoever has it.
    fn release(&mut self, key: Digest, now: Instant, void: &mut impl FnMut(Closed)) {
        let Some(id) = self.id_of(key) else {
            return;
        };
        if self.slots[id as usize].state == State::Open {
            void(self.close(id, now, State::Missed));
        }
        let slot = &mut self.slots[id as usize];
        if slot.first && slot.key == key {
            self.unindex(id);
        } else {
            self.unindex_second(id);
        }
        let slot = &self.slots[id as usize];
        if !slot.first && !slot.second && slot.state != State::Free {
            self.drop_settled(id);
        }
    }

    fn unindex(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.first = false;
        if let Ok(entry) = self.index.find_entry(slot.key.hash(), |at| *at == id) {
            entry.remove();
        }
    }

    fn unindex_second(&mut self, id: u32) {
        self.slots[id as usize].second = false;
        if let Some(key) = self.second_of.remove(&id) {
            self.seconds.remove(&key);
        }
    }

    fn close(&mut self, id: u32, now: Instant, state: State) -> Closed {
        let stamp = self.next_stamp();
        let slot = &mut self.slots[id as usize];
        slot.state = state;
        slot.at = now;
        slot.stamp = stamp;
        let closed = slot.closed();
        self.open.len -= 1;
        self.settled.push(Ticket { id, stamp }, &self.slots);
        if self.settled.len > self.max_settled.max(1)
            && let Some(oldest) = self.settled.first(&self.slots)
        {
            self.drop_settled(oldest);
        }
        closed
    }

    fn drop_settled(&mut self, id: u32) {
        let slot = self.slots[id as usize];
        if slot.first {
            self.unindex(id);
        }
        if slot.second {
            self.unindex_second(id);
        }
        let stamp = self.next_stamp();
        let slot = &mut self.slots[id as usize];
        slot.state = State::Free;
        slot.stamp = stamp;
        self.settled.len -= 1;
        self.free.push(id);
    }

    fn take_slot(&mut self, slot: Slot) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            return id;
        }
        self.slots.push(slot);
        // Both queues are bounded by settings, far below 2^32 together.
        (self.slots.len() - 1) as u32
    }

    fn next_stamp(&mut self) -> u32 {
        // Comes around after 2^32 changes; an entry that old is long gone.
        self.stamp = self.stamp.wrapping_add(1);
        self.stamp
    }
}
