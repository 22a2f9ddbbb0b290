//! Deadlines of open calls: they come in at no cost to speak of, and due in exact order.
//!
//! A hashed timing wheel (Varghese and Lauck, 1987): 8 192 slots of 131 ms, 17.9 min around.
//! Nearly every call is answered long before its deadline, so settling must cost nothing here:
//! a deadline stays until its time comes, and whether its ticket is still current is asked
//! then. Deadlines of the past calls are swept out when they outnumber what was left by the
//! last sweep. When a slot's time comes, its current entries are sorted, so calls settle in the
//! order of their deadlines to the microsecond. A deadline beyond the horizon waits in its slot
//! for another turn.

use super::slot::Ticket;
use super::time::Instant;

/// Microseconds per slot, as a power of two.
const GRAIN_BITS: u32 = 17;
const SLOTS: usize = 1 << 13;
/// Emptied slots whose room is kept for others.
const SPARE: usize = 8;
/// Entries below which no sweep is worth it.
const FEW: usize = 1 << 16;

/// Deadlines by ticket.
#[derive(Debug)]
pub struct Wheel {
    /// The deadlines of each slot, as they came in.
    slots: Vec<Vec<(Instant, Ticket)>>,
    spare: Vec<Vec<(Instant, Ticket)>>,
    /// One bit per slot that holds something.
    busy: Vec<u64>,
    /// The grain that `current` was taken from; all earlier ones are empty.
    grain: u64,
    /// Entries of grains up to `grain`, latest first.
    current: Vec<(Instant, Ticket)>,
    /// Entries in slots.
    len: usize,
    /// When there are more, they are swept.
    sweep_at: usize,
}

impl Wheel {
    /// An empty wheel that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            spare: Vec::new(),
            busy: vec![0; SLOTS / 64],
            grain: grain(now),
            current: Vec::new(),
            len: 0,
            sweep_at: FEW,
        }
    }

    /// Adds a deadline for a ticket; `is_current` tells which tickets still matter.
    #[inline]
    pub fn insert(
        &mut self,
        ticket: Ticket,
        due: Instant,
        now: Instant,
        is_current: impl Fn(Ticket) -> bool,
    ) {
        if self.len == 0 && self.current.is_empty() {
            // Nothing was worked off while nothing was there.
            self.grain = self.grain.max(grain(now));
        }
        if self.len >= self.sweep_at {
            self.sweep(is_current);
        }
        self.place(ticket, due);
    }

    /// No current deadline is before this moment; there may be none at it.
    pub fn peek(&mut self, is_current: impl Fn(Ticket) -> bool) -> Option<Instant> {
        while let Some((due, ticket)) = self.current.last() {
            if is_current(*ticket) {
                return Some(*due);
            }
            self.current.pop();
        }
        // Within the current turn; what waits for a later turn is looked at once a turn.
        self.next_busy().map(start)
    }

    /// The first current ticket whose deadline is before `now`, with that deadline.
    pub fn pop_before(
        &mut self,
        now: Instant,
        is_current: impl Fn(Ticket) -> bool,
    ) -> Option<(Ticket, Instant)> {
        loop {
            while let Some((due, ticket)) = self.current.last().copied() {
                if due >= now && is_current(ticket) {
                    return None;
                }
                self.current.pop();
                if is_current(ticket) {
                    return Some((ticket, due));
                }
            }
            let next = self.next_busy()?;
            if start(next) >= now {
                return None;
            }
            self.turn_to(next, &is_current);
        }
    }

    #[inline]
    fn place(&mut self, ticket: Ticket, due: Instant) {
        if grain(due) <= self.grain {
            return self.place_now(ticket, due);
        }
        let slot = grain(due) as usize % SLOTS;
        let list = &mut self.slots[slot];
        if list.capacity() == 0
            && let Some(spare) = self.spare.pop()
        {
            *list = spare;
        }
        list.push((due, ticket));
        self.busy[slot / 64] |= 1 << (slot % 64);
        self.len += 1;
    }

    /// A deadline within the grain that is being worked off, or in the past.
    #[cold]
    fn place_now(&mut self, ticket: Ticket, due: Instant) {
        let at = self.current.partition_point(|entry| *entry > (due, ticket));
        self.current.insert(at, (due, ticket));
    }

    /// Takes all entries of a slot out.
    fn empty(&mut self, slot: usize) -> Vec<(Instant, Ticket)> {
        let list = std::mem::take(&mut self.slots[slot]);
        self.busy[slot / 64] &= !(1 << (slot % 64));
        self.len -= list.len();
        list
    }

    /// Keeps the room of a list that was emptied.
    fn keep(&mut self, mut list: Vec<(Instant, Ticket)>) {
        if self.spare.len() < SPARE && list.capacity() <= FEW {
            list.clear();
            self.spare.push(list);
        }
    }

    /// Makes `next` the current grain and sorts what is due in it.
    fn turn_to(&mut self, next: u64, is_current: impl Fn(Ticket) -> bool) {
        self.grain = next;
        let list = self.empty(next as usize % SLOTS);
        for (due, ticket) in list.iter().copied().filter(|(_, ticket)| is_current(*ticket)) {
            if grain(due) <= next {
                self.current.push((due, ticket));
            } else {
                self.place(ticket, due);
            }
        }
        self.keep(list);
        // Equal deadlines settle in the order of their tickets.
        self.current.sort_unstable_by(|a, b| b.cmp(a));
    }

    #[cold]
    fn sweep(&mut self, is_current: impl Fn(Ticket) -> bool) {
        for slot in 0..SLOTS {
            let before = self.slots[slot].len();
            self.slots[slot].retain(|(_, ticket)| is_current(*ticket));
            self.len -= before - self.slots[slot].len();
            if before > 0 && self.slots[slot].is_empty() {
                let list = self.empty(slot);
                self.keep(list);
            }
        }
        self.sweep_at = FEW.max(2 * self.len);
    }

    /// The first grain after the current one whose slot holds something.
    fn next_busy(&self) -> Option<u64> {
        let first = self.grain + 1;
        let slot = first as usize % SLOTS;
        let words = self.busy.len();
        let partial = self.busy[slot / 64] & (u64::MAX << (slot % 64));
        if partial != 0 {
            return Some(first + u64::from(partial.trailing_zeros()) - slot as u64 % 64);
        }
        if self.len == 0 {
            return None;
        }
        let base = first - slot as u64 % 64;
        (1..=words).find_map(|step| {
            let word = self.busy[(slot / 64 + step) % words];
            (word != 0).then(|| base + step as u64 * 64 + u64::from(word.trailing_zeros()))
        })
    }
}

const fn grain(at: Instant) -> u64 {
    at.micros() >> GRAIN_BITS
}

const fn start(grain: u64) -> Instant {
    Instant::from_micros(grain << GRAIN_BITS)
}

#[cfg(test)]
mod tests {
    use super::super::time::Span;
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn deadlines_come_due_in_the_order_of_a_sorted_set() {
        let begin = Instant::from_micros(77_777_777_777);
        let (mut wheel, mut model) = (Wheel::new(begin), BTreeSet::new());
        wheel.sweep_at = 700;
        let (mut now, mut state, mut stamp) = (begin, 3_u64, 0);
        let mut due_of = BTreeMap::new();
        for step in 0..20_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let id = (state >> 40) as u32 % 500;
            if let Some((due, ticket)) = due_of.remove(&id) {
                model.remove(&(due, ticket));
            } else {
                // From at once to beyond the horizon of one turn.
                let wait = [1_000, 40_000, 3_000_000, 2_000_000_000][(state >> 20) as usize % 4];
                let due = now + Span::from_micros((state >> 33) % wait);
                stamp += 1;
                let ticket = Ticket { id, stamp };
                let current = |ticket: Ticket| is_current(&due_of, ticket);
                wheel.insert(ticket, due, now, current);
                model.insert((due, ticket));
                due_of.insert(id, (due, ticket));
            }
            let jump = if step % 1_000 == 0 { 1_500_000_000 } else { state % 9_000 };
            now = now + Span::from_micros(jump);
            while let Some((ticket, due)) =
                wheel.pop_before(now, |ticket| is_current(&due_of, ticket))
            {
                assert_eq!(model.pop_first(), Some((due, ticket)));
                due_of.remove(&ticket.id);
            }
            assert!(model.first().is_none_or(|(due, _)| *due >= now), "nothing due is left");
            let told = wheel.peek(|ticket| is_current(&due_of, ticket));
            if let Some((due, _)) = model.first() {
                assert!(told.is_some_and(|told| told <= *due), "peek is never late");
            }
        }
        assert!(wheel.len < 1_500, "the past is swept out");
    }

    fn is_current(due_of: &BTreeMap<u32, (Instant, Ticket)>, ticket: Ticket) -> bool {
        due_of.get(&ticket.id).is_some_and(|(_, current)| *current == ticket)
    }
}
