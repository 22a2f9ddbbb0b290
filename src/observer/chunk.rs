//! How facts are packed: seconds, methods, kinds and reply-time bins, as bytes.
//!
//! A service with ten busy methods has thousands of such facts in five minutes, so they are
//! bytes in chunks, not structures. A chunk is a row of groups; a group is one second, or a part
//! of one:
//!
//! ```text
//! group:  seconds since the chunk began (1 byte) · block follows (1 bit) · entries (7 bits)
//!         · block (varint, 0 if it does not follow) · sum of reply times (varint)
//! entry:  0 · method within the block (4 bits) · also called (1) · high bits of the bin (2)
//!         · low bits of the bin (1 byte): one call that settled with a result
//! or:     1 · kind (3 bits) · also called (1) · high bits of the bin (2) · 0
//!         · low bits of the bin (1 byte, if the kind has a time)
//!         · method within the block (1 byte) · count (varint)
//! ```
//!
//! *Also called* says that as many calls were made to the method in the same second, which is
//! what nearly every answered call shows; it is two bytes then. A block is sixteen methods, and
//! a group has entries of one of them: few services have more.

use super::latency::BIN_BITS;
use super::sealed::Sealed;

/// Bytes of a chunk. Small, as a quiet service has one that is mostly empty.
pub(super) const CHUNK: usize = 512;
/// Entries of one group; with at most 8 bytes each, and the head, it always fits a chunk.
const GROUP: u8 = 48;
/// Methods of a block, as a power of two.
pub const BLOCK_BITS: u32 = 4;
/// The bit that says that the block of a group follows.
const BLOCK: u8 = 0x80;

/// What happened, as far as it has a place in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A call was made.
    Call,
    /// A call settled with a result.
    Ok,
    /// With an error of the caller's doing.
    Rejected,
    /// With an error of the service's doing.
    Failed,
    /// Without a reply.
    Unanswered,
    /// A reply came too late.
    Late,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Call, Self::Ok, Self::Rejected, Self::Failed, Self::Unanswered, Self::Late];

    /// The kind of this number; the lowest three bits count.
    pub fn of(number: u8) -> Self {
        Self::ALL.get(usize::from(number & 7)).copied().unwrap_or(Self::Call)
    }

    /// Whether a call was answered in time.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Rejected | Self::Failed)
    }

    /// Whether it comes with a reply time.
    pub const fn has_time(self) -> bool {
        !matches!(self, Self::Call | Self::Unanswered)
    }
}

/// Equal things that happened in one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// To which method.
    pub method: u16,
    /// What.
    pub kind: Kind,
    /// The bin of the reply time; 0 if the kind has none.
    pub bin: u16,
    /// How often.
    pub count: u32,
    /// Whether as many calls were made to the method in the same second.
    pub called: bool,
}

/// Groups that begin within 255 s.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) first: u32,
    pub(super) bytes: Vec<u8>,
}

/// The head of a group, and where its entries begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) second: u32,
    pub(super) entries: usize,
    /// The first method of its block.
    pub(super) base: u16,
    pub(super) sum: u64,
    pub(super) at: usize,
}

impl Chunk {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    fn varint(&self, mut at: usize) -> (u64, usize) {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.byte(at);
            at += 1;
            value |= u64::from(byte & 0x7f) << shift.min(63);
            shift += 7;
            if byte & 0x80 == 0 {
                return (value, at);
            }
        }
    }

    pub(super) fn head(&self, at: usize) -> Option<Head> {
        let delta = *self.bytes.get(at)?;
        let count = self.byte(at + 1);
        let (block, at) = if count & BLOCK == 0 { (0, at + 2) } else { self.varint(at + 2) };
        let (sum, at) = self.varint(at);
        // Written from 16 bits.
        let base = (block as u16) << BLOCK_BITS;
        let entries = usize::from(count & !BLOCK);
        Some(Head { second: self.first + u32::from(delta), entries, base, sum, at })
    }

    /// The entry at a place, and where the next one is; `base` is the first method of its block.
    pub(super) fn entry(&self, at: usize, base: u16) -> (Entry, usize) {
        let flags = self.byte(at);
        if flags & 0x80 == 0 {
            let bin = u16::from(flags & 3) << 8 | u16::from(self.byte(at + 1));
            let method = base | u16::from(flags >> 3);
            let called = flags & 4 != 0;
            return (Entry { method, kind: Kind::Ok, bin, count: 1, called }, at + 2);
        }
        let called = flags & 8 != 0;
        let kind = Kind::of(flags >> 4);
        let low = if kind.has_time() { self.byte(at + 1) } else { 0 };
        let bin = u16::from(flags & 6) << 7 | u16::from(low);
        let at = at + 1 + usize::from(kind.has_time());
        let method = base | u16::from(self.byte(at));
        let (count, at) = self.varint(at + 1);
        // Written from 32 bits.
        (Entry { method, kind, bin, count: count as u32, called }, at)
    }
}

/// A group that is being written, in a buffer that is large enough for any.
#[derive(Debug)]
pub struct Group<'s> {
    sealed: &'s mut Sealed,
    second: u32,
    block: u16,
    count: u8,
    bytes: [u8; CHUNK],
    len: usize,
}

impl<'s> Group<'s> {
    /// Begins one; `sum` is the sum of its reply times in microseconds.
    pub(super) fn begin(sealed: &'s mut Sealed, second: u32, block: u16, sum: u64) -> Self {
        let mut group = Self { sealed, second, block, count: 0, bytes: [0; CHUNK], len: 0 };
        group.head(sum);
        group
    }

    /// Adds an entry; its method is one of the block.
    #[inline]
    pub fn add(&mut self, entry: &Entry) {
        const { assert!(BIN_BITS == 10, "two bits and a byte hold a bin") };
        if self.count == GROUP {
            self.finish();
            // The parts of one second share one sum.
            self.head(0);
        }
        self.count += 1;
        let method = entry.method as u8 & ((1 << BLOCK_BITS) - 1);
        let high = (entry.bin >> 8) as u8;
        if entry.kind == Kind::Ok && entry.count == 1 {
            self.put(method << 3 | u8::from(entry.called) << 2 | high);
            self.put(entry.bin as u8);
            return;
        }
        self.put(0x80 | (entry.kind as u8) << 4 | u8::from(entry.called) << 3 | high << 1);
        if entry.kind.has_time() {
            self.put(entry.bin as u8);
        }
        self.put(method);
        self.varint(u64::from(entry.count));
    }

    /// Ends the group; whether it has any entry.
    pub fn finish(&mut self) -> bool {
        let any = self.count > 0;
        if any {
            self.bytes[0] |= self.count;
            self.sealed.append(self.second, self.bytes.get(..self.len).unwrap_or_default());
        }
        (self.count, self.len) = (0, 0);
        any
    }

    /// Begins a group, whose count of entries is not known yet.
    fn head(&mut self, sum: u64) {
        self.put(if self.block == 0 { 0 } else { BLOCK });
        if self.block > 0 {
            self.varint(u64::from(self.block));
        }
        self.varint(sum);
    }

    fn put(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value as u8 | 0x80);
            value >>= 7;
        }
        self.put(value as u8);
    }
}
