//! Open calls, and those settled not long ago.
//!
//! A call stands under one or two keys. While open it waits in the wheel for its deadline and
//! in a list by age; once settled it stays under its keys for five minutes, so that a late
//! reply or a duplicate is known for what it is. Both lists are bounded: the oldest open call
//! is evicted (the owner makes it void), the oldest settled one forgotten. A key in use twice
//! belongs to the newer call.

use super::call::PairId;
use super::digest::{Digest, DigestMap};
use super::limits::Limits;
use super::time::{Instant, Span};
use super::wheel::Wheel;

const NONE: u32 = u32::MAX;

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

#[derive(Clone, Copy, Debug)]
struct Slot {
    keys: [Option<Digest>; 2],
    owner: Owner,
    made: Instant,
    /// While open the deadline, then the moment of settlement.
    at: Instant,
    prev: u32,
    next: u32,
    state: State,
    lenient: bool,
}

/// A list of slots, oldest first, linked through them.
#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
    len: u32,
}

impl List {
    const EMPTY: Self = Self { head: NONE, tail: NONE, len: 0 };
}

/// All calls that a reply may still belong to.
#[derive(Debug)]
pub struct Ledger {
    index: DigestMap<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    wheel: Wheel,
    open: List,
    settled: List,
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
            index: DigestMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            wheel: Wheel::new(now),
            open: List::EMPTY,
            settled: List::EMPTY,
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
    ) -> u32 {
        let keys = [Some(keys.0), keys.1.filter(|second| *second != keys.0)];
        for key in keys.into_iter().flatten() {
            self.release(key, made, &mut void);
        }
        while self.open.len >= self.max_open && self.open.head != NONE {
            let id = self.open.head;
            void(self.close(id, made, State::Missed));
            self.evicted += 1;
        }
        let slot = Slot {
            keys,
            owner,
            made,
            at: due,
            prev: NONE,
            next: NONE,
            state: State::Open,
            lenient,
        };
        let id = self.take_slot(slot);
        for key in keys.into_iter().flatten() {
            self.index.insert(key, id);
        }
        push(&mut self.slots, &mut self.open, id);
        self.wheel.insert(id, due, made);
        id
    }

    /// What stands under a key.
    pub fn find(&self, key: Digest) -> Option<Found> {
        let id = *self.index.get(&key)?;
        let slot = self.slots.get(id as usize)?;
        let lenient = slot.lenient;
        match slot.state {
            State::Open => Some(Found::Open { id, lenient }),
            State::Missed => Some(Found::Missed { id, lenient }),
            State::Answered => Some(Found::Answered { lenient }),
            State::Free => None,
        }
    }

    /// Settles an open call by its reply.
    pub fn answer(&mut self, id: u32, now: Instant) -> Closed {
        self.close(id, now, State::Answered)
    }

    /// Marks that the reply of a missed call came after all, and says whose call it was.
    pub fn late(&mut self, id: u32) -> Closed {
        let slot = &mut self.slots[id as usize];
        slot.state = State::Answered;
        Closed { owner: slot.owner, made: slot.made }
    }

    /// When to ask [`Ledger::expire`] next; it may find nothing yet.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        self.wheel.peek()
    }

    /// Closes the first call whose deadline is before `now`; also says when that was.
    pub fn expire(&mut self, now: Instant) -> Option<(Closed, Instant)> {
        let (id, due) = self.wheel.pop_before(now)?;
        Some((self.close(id, due, State::Missed), due))
    }

    /// Closes the oldest open call without a reply.
    pub fn void_oldest(&mut self, now: Instant) -> Option<Closed> {
        (self.open.head != NONE).then(|| self.close(self.open.head, now, State::Missed))
    }

    /// Forgets what was settled too long ago.
    pub fn forget(&mut self, now: Instant) {
        while let Some(slot) = self.slots.get(self.settled.head as usize) {
            let expired = slot.at + self.remember < now;
            if !expired && self.settled.len <= self.max_settled {
                return;
            }
            self.drop_settled(self.settled.head);
        }
    }

    /// Takes a key away from whoever has it.
    fn release(&mut self, key: Digest, now: Instant, void: &mut impl FnMut(Closed)) {
        let Some(id) = self.index.remove(&key) else {
            return;
        };
        if self.slots[id as usize].state == State::Open {
            void(self.close(id, now, State::Missed));
        }
        let slot = &mut self.slots[id as usize];
        for own in &mut slot.keys {
            if *own == Some(key) {
                *own = None;
            }
        }
        if slot.keys == [None; 2] {
            self.drop_settled(id);
        }
    }

    fn close(&mut self, id: u32, now: Instant, state: State) -> Closed {
        self.wheel.remove(id);
        unlink(&mut self.slots, &mut self.open, id);
        push(&mut self.slots, &mut self.settled, id);
        let slot = &mut self.slots[id as usize];
        slot.state = state;
        slot.at = now;
        let closed = Closed { owner: slot.owner, made: slot.made };
        if self.settled.len > self.max_settled.max(1) {
            self.drop_settled(self.settled.head);
        }
        closed
    }

    fn drop_settled(&mut self, id: u32) {
        unlink(&mut self.slots, &mut self.settled, id);
        let slot = &mut self.slots[id as usize];
        slot.state = State::Free;
        for key in slot.keys.into_iter().flatten() {
            self.index.remove(&key);
        }
        self.free.push(id);
    }

    fn take_slot(&mut self, slot: Slot) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            return id;
        }
        self.slots.push(slot);
        // Both lists are bounded by settings of 32 bits, far below NONE together.
        (self.slots.len() - 1) as u32
    }
}

fn push(slots: &mut [Slot], list: &mut List, id: u32) {
    let tail = list.tail;
    let slot = &mut slots[id as usize];
    (slot.prev, slot.next) = (tail, NONE);
    match slots.get_mut(tail as usize) {
        Some(last) => last.next = id,
        None => list.head = id,
    }
    list.tail = id;
    list.len += 1;
}

fn unlink(slots: &mut [Slot], list: &mut List, id: u32) {
    let Slot { prev, next, .. } = slots[id as usize];
    match slots.get_mut(prev as usize) {
        Some(slot) => slot.next = next,
        None => list.head = next,
    }
    match slots.get_mut(next as usize) {
        Some(slot) => slot.prev = prev,
        None => list.tail = prev,
    }
    list.len -= 1;
}
