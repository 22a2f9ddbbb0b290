//! An open call, its ticket, and the order of tickets by age.
//!
//! A slot is 48 bytes and is used again. Whoever refers to one from elsewhere holds a ticket: the
//! slot's number with the stamp it had. Stamps change with each state, so a ticket out of date is
//! known as such and nobody has to be told when a call settles.

use super::call::PairId;
use super::digest::Digest;
use super::registry::OTHER_INDEX;
use super::time::Instant;
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

/// Whose call it is and when it was made: what is told of one that leaves the open list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whose call it was.
    pub owner: Owner,
    /// When it was made.
    pub made: Instant,
    /// The first key of its reply.
    pub key: Digest,
    /// The slot it had while it was open, if it was until now.
    pub slot: Option<u32>,
}

/// An open call, in 48 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) key: Digest,
    pub(super) made: Instant,
    /// The alias of one of the `_other`, the generation of any other service.
    pub(super) tenant: u64,
    pub(super) service: u32,
    /// Changes with each state, so that older entries elsewhere are known as such.
    pub(super) stamp: u32,
    pub(super) method: u16,
    pub(super) pair: PairId,
    pub(super) open: bool,
    pub(super) lenient: bool,
    /// Whether it has a second key.
    pub(super) second: bool,
}

const _: () = assert!(size_of::<Slot>() == 48, "an open call fits a cache line");

impl Slot {
    /// Whose call it is and when it was made.
    pub(super) fn closed(&self) -> Closed {
        let Self { key, service, method, pair, made, tenant, .. } = *self;
        let other = service == OTHER_INDEX;
        // What is set from 32 bits comes back as 32 bits.
        let (generation, alias) = if other { (0, tenant) } else { (tenant as u32, 0) };
        let owner = Owner { service, generation, method, pair, alias };
        Closed { owner, made, key, slot: None }
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
pub(super) struct Queue {
    tickets: VecDeque<Ticket>,
    /// How many are up to date.
    pub(super) len: u32,
}

impl Queue {
    /// Adds a ticket. Those out of date never make up more than half and some.
    #[inline]
    pub(super) fn push(&mut self, ticket: Ticket, slots: &[Slot]) {
        self.len += 1;
        self.tickets.push_back(ticket);
        if self.tickets.len() > 2 * self.len as usize + 1_024 {
            self.sweep(slots);
        }
    }

    #[cold]
    fn sweep(&mut self, slots: &[Slot]) {
        self.tickets.retain(|ticket| is_current(slots, *ticket));
    }

    /// The oldest that is up to date.
    pub(super) fn first(&mut self, slots: &[Slot]) -> Option<u32> {
        while let Some(ticket) = self.tickets.front() {
            if is_current(slots, *ticket) {
                return Some(ticket.id);
            }
            self.tickets.pop_front();
        }
        None
    }
}

/// Whether the slot is as it was when its ticket was given out.
pub(super) fn is_current(slots: &[Slot], ticket: Ticket) -> bool {
    slots.get(ticket.id as usize).is_some_and(|slot| slot.stamp == ticket.stamp)
}
