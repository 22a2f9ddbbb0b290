//! Notes of a service, in one piece of memory that a message writes twelve bytes of.
//!
//! When each was made is told from the first one on, in microseconds of 32 bits; what comes more
//! than 71 minutes after it has no room. The memory is either in the front of the service, where
//! notes are written, or in its window, where they are read: it changes hands by a pointer, so
//! there is one for each service and nothing is copied.

use super::note::{Fact, Note};
use super::time::{Instant, Span};

/// How many notes there is room for.
pub const ROOM: usize = 96;

/// A note in twelve bytes.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// Microseconds after the first one.
    after: u32,
    value: u32,
    method: u16,
    fact: Fact,
}

const _: () = assert!(size_of::<Packed>() == 12, "five notes are one cache line");
const _: () = assert!(ROOM <= u8::MAX as usize, "they are counted in a byte");

impl Packed {
    const NONE: Self = Self { after: 0, value: 0, method: 0, fact: Fact::OneWay };
}

/// Notes, oldest first; see the module.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// When the first one was made.
    first: Instant,
    list: Option<Box<[Packed; ROOM]>>,
    len: u8,
}

impl Notes {
    /// Whether there is memory, so that something can be added.
    pub const fn is_here(&self) -> bool {
        self.list.is_some()
    }

    /// Gets memory if there is none.
    pub fn make_room(&mut self) {
        self.list.get_or_insert_with(|| Box::new([Packed::NONE; ROOM]));
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many there are.
    pub const fn count(&self) -> u8 {
        self.len
    }

    /// Adds one; false if it has no room.
    #[inline]
    pub fn push(&mut self, note: &Note) -> bool {
        let Some(list) = &mut self.list else { return false };
        if self.len == 0 {
            self.first = note.at;
        }
        let after = note.at.micros().checked_sub(self.first.micros());
        let after = after.and_then(|after| u32::try_from(after).ok());
        let (Some(after), Some(slot)) = (after, list.get_mut(usize::from(self.len))) else {
            return false;
        };
        *slot = Packed { after, value: note.value, method: note.method, fact: note.fact };
        self.len += 1;
        true
    }

    /// All of them but the first few.
    pub fn after(
        &self,
        few: usize,
    ) -> impl DoubleEndedIterator<Item = Note> + ExactSizeIterator + '_ {
        let list = self.list.as_ref().and_then(|list| list.get(few..usize::from(self.len)));
        list.unwrap_or_default().iter().map(|packed| {
            let Packed { after, value, method, fact } = *packed;
            Note { at: self.first + Span::from_micros(u64::from(after)), value, method, fact }
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Note> + ExactSizeIterator + '_ {
        self.after(0)
    }

    /// Forgets them, and keeps the memory.
    pub const fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::Outcome;
    use super::*;

    #[test]
    fn notes_are_what_was_added_as_long_as_there_is_room() {
        let begin = Instant::from_micros(1_700_000_000_000_000);
        let note = |micros: u64, method: u16| {
            let fact = Fact::Settled(Outcome::Ok);
            Note::end(begin + Span::from_micros(micros), method, fact, Span::from_micros(micros))
        };
        let mut notes = Notes::default();
        assert!(!notes.push(&note(0, 0)), "there is no memory yet");
        notes.make_room();
        assert!(notes.push(&note(7, 65_535)) && notes.push(&note(7 + u64::from(u32::MAX), 1)));
        assert!(!notes.push(&note(8 + (1 << 32), 1)), "too late");
        assert!(!notes.push(&note(6, 1)), "before the first");
        let told: Vec<_> = notes.iter().map(|it| (it.at, it.method, it.micros())).collect();
        let late = begin + Span::from_micros(7 + u64::from(u32::MAX));
        assert_eq!(told, [(begin + Span::from_micros(7), 65_535, 7), (late, 1, u32::MAX)]);
        assert_eq!(notes.after(1).map(|note| note.at).collect::<Vec<_>>(), [late]);
        notes.clear();
        assert_eq!((0..200).filter(|micros| notes.push(&note(*micros, 0))).count(), ROOM);
        assert_eq!(notes.after(ROOM + 1).len(), 0);
    }
}
