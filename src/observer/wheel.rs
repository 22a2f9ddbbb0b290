//! Deadlines of open calls: insert and remove in constant time, come due in exact order.
//!
//! A hashed timing wheel (Varghese and Lauck, 1987): 65 536 slots of 16.4 ms, 17.9 min around.
//! Nearly every call is answered long before its deadline, so removal must be as cheap as
//! insertion; a heap would keep the dead until their hour. When a slot's time comes, its
//! entries are sorted, so calls settle in the order of their deadlines to the microsecond. A
//! deadline beyond the horizon waits in its slot for another turn.

use super::time::Instant;

/// Microseconds per slot, as a power of two.
const GRAIN_BITS: u32 = 14;
const SLOTS: usize = 1 << 16;
const NONE: u32 = u32::MAX;
/// `home` of an entry that waits in `current`.
const CURRENT: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Instant,
    prev: u32,
    next: u32,
    /// The wheel slot it is in, `CURRENT`, or `NONE`.
    home: u32,
}

/// Deadlines by id; ids are small numbers that the owner hands out.
#[derive(Debug)]
pub struct Wheel {
    entries: Vec<Entry>,
    heads: Vec<u32>,
    /// One bit per slot that holds something.
    busy: Vec<u64>,
    /// The grain that `current` was taken from; all earlier ones are empty.
    grain: u64,
    /// Entries of grains up to `grain`, latest first. Removed ones are skipped when met.
    current: Vec<(Instant, u32)>,
    len: usize,
}

impl Wheel {
    /// An empty wheel that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            entries: Vec::new(),
            heads: vec![NONE; SLOTS],
            busy: vec![0; SLOTS / 64],
            grain: grain(now),
            current: Vec::new(),
            len: 0,
        }
    }

    /// Adds a deadline for `id`, which must have none.
    pub fn insert(&mut self, id: u32, due: Instant, now: Instant) {
        if self.len == 0 {
            // Nothing was worked off while nothing was there.
            self.grain = self.grain.max(grain(now));
            self.current.clear();
        }
        let at = id as usize;
        if at >= self.entries.len() {
            let empty = Entry { due, prev: NONE, next: NONE, home: NONE };
            self.entries.resize(at + 1, empty);
        }
        self.len += 1;
        self.place(id, due);
    }

    /// Takes back the deadline of `id`.
    pub fn remove(&mut self, id: u32) {
        let Some(entry) = self.entries.get_mut(id as usize) else {
            return;
        };
        let Entry { prev, next, home, .. } = *entry;
        if home == NONE {
            return;
        }
        entry.home = NONE;
        self.len -= 1;
        if home == CURRENT {
            return;
        }
        if let Some(entry) = self.entries.get_mut(next as usize) {
            entry.prev = prev;
        }
        if let Some(entry) = self.entries.get_mut(prev as usize) {
            entry.next = next;
        } else {
            self.heads[home as usize] = next;
            if next == NONE {
                self.busy[home as usize / 64] &= !(1 << (home % 64));
            }
        }
    }

    /// The next deadline, or a moment before it at which to ask again.
    pub fn peek(&mut self) -> Option<Instant> {
        self.drop_removed();
        if let Some((due, _)) = self.current.last() {
            return Some(*due);
        }
        if self.len == 0 {
            return None;
        }
        // Within the current turn; what waits for a later turn is looked at once a turn.
        self.next_busy().map(start)
    }

    /// The first id whose deadline is before `now`, with that deadline.
    pub fn pop_before(&mut self, now: Instant) -> Option<(u32, Instant)> {
        loop {
            self.drop_removed();
            if let Some((due, id)) = self.current.last().copied() {
                if due >= now {
                    return None;
                }
                self.current.pop();
                self.entries[id as usize].home = NONE;
                self.len -= 1;
                return Some((id, due));
            }
            let next = self.next_busy().filter(|_| self.len > 0)?;
            if start(next) >= now {
                return None;
            }
            self.turn_to(next);
        }
    }

    fn place(&mut self, id: u32, due: Instant) {
        if grain(due) <= self.grain {
            // Rare: a deadline within the grain that is being worked off, or in the past.
            let at = self.current.partition_point(|(other, _)| *other > due);
            self.current.insert(at, (due, id));
            self.entries[id as usize] = Entry { due, prev: NONE, next: NONE, home: CURRENT };
            return;
        }
        let slot = grain(due) as usize % SLOTS;
        let head = self.heads[slot];
        if let Some(entry) = self.entries.get_mut(head as usize) {
            entry.prev = id;
        }
        self.heads[slot] = id;
        self.busy[slot / 64] |= 1 << (slot % 64);
        self.entries[id as usize] = Entry { due, prev: NONE, next: head, home: slot as u32 };
    }

    /// Makes `next` the current grain and sorts what is due in it.
    fn turn_to(&mut self, next: u64) {
        self.grain = next;
        let slot = next as usize % SLOTS;
        let mut id = std::mem::replace(&mut self.heads[slot], NONE);
        self.busy[slot / 64] &= !(1 << (slot % 64));
        let mut later = Vec::new();
        while let Some(entry) = self.entries.get_mut(id as usize) {
            if grain(entry.due) <= next {
                entry.home = CURRENT;
                self.current.push((entry.due, id));
            } else {
                later.push((id, entry.due));
            }
            id = entry.next;
        }
        // Equal deadlines settle in the order of their ids.
        self.current.sort_unstable_by(|a, b| b.cmp(a));
        for (id, due) in later {
            self.place(id, due);
        }
    }

    fn drop_removed(&mut self) {
        while let Some((due, id)) = self.current.last() {
            let entry = &self.entries[*id as usize];
            // An id may have been removed and given a new deadline elsewhere since.
            if entry.home == CURRENT && entry.due == *due {
                return;
            }
            self.current.pop();
        }
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
    use std::collections::BTreeSet;

    #[test]
    fn deadlines_come_due_in_the_order_of_a_sorted_set() {
        let begin = Instant::from_micros(77_777_777_777);
        let (mut wheel, mut model) = (Wheel::new(begin), BTreeSet::new());
        let (mut now, mut state) = (begin, 3_u64);
        let mut due_of = std::collections::BTreeMap::new();
        for step in 0..20_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let id = (state >> 40) as u32 % 500;
            if let Some(due) = due_of.remove(&id) {
                wheel.remove(id);
                model.remove(&(due, id));
            } else {
                // From at once to beyond the horizon of one turn.
                let wait = [1_000, 40_000, 3_000_000, 2_000_000_000][(state >> 20) as usize % 4];
                let due = now + Span::from_micros((state >> 33) % wait);
                wheel.insert(id, due, now);
                model.insert((due, id));
                due_of.insert(id, due);
            }
            let jump = if step % 1_000 == 0 { 1_500_000_000 } else { state % 9_000 };
            now = now + Span::from_micros(jump);
            while let Some((id, due)) = wheel.pop_before(now) {
                assert_eq!(model.pop_first(), Some((due, id)));
                due_of.remove(&id);
            }
            assert!(model.first().is_none_or(|(due, _)| *due >= now), "nothing due is left");
            assert_eq!(wheel.peek().is_some(), !model.is_empty());
            if let (Some(told), Some((due, _))) = (wheel.peek(), model.first()) {
                assert!(told <= *due, "peek is never late");
            }
        }
    }
}
