//! What happened in the last minutes, packed: seconds, methods, kinds and reply-time bins.
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
//! a group has entries of one of them: few services have more. Groups are in order of time; they
//! are written at the end, read from any second on, and dropped from the front.

use super::latency::BIN_BITS;
use std::collections::VecDeque;

/// Bytes of a chunk. Small, as a quiet service has one that is mostly empty.
const CHUNK: usize = 512;
/// Entries of one group; with at most 8 bytes each, and the head, it always fits a chunk.
const GROUP: u8 = 48;
/// Methods of a block, as a power of two.
pub const BLOCK_BITS: u32 = 4;
/// The bit that says that the block of a group follows.
const BLOCK: u8 = 0x80;
/// Chunks that are much to read, and the one that is being written: a busy service has them in
/// some seconds, and one that is called once a second within the time for which they are kept.
const MUCH: usize = 3;

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
    const ALL: [Self; 6] =
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

#[derive(Clone, Debug)]
struct Chunk {
    first: u32,
    bytes: Vec<u8>,
}

/// Packed seconds, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    chunks: VecDeque<Chunk>,
    /// Where the oldest group begins in the first chunk.
    front: usize,
    /// No group is older than this; kept here, as nearly every look finds nothing to drop.
    oldest: u32,
    /// How far each reader has read.
    marks: [Bookmark; 2],
}

/// Who reads the log as it grows, now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The figures of methods, and the reply times of the run and the hour.
    Figures,
    /// The evidence of verdict and circuit.
    Evidence,
}

/// The first group that was not read yet: its chunk, and where it begins there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bookmark {
    chunk: u32,
    at: u32,
}

/// The head of a group, and where its entries begin.
#[derive(Clone, Copy, Debug)]
struct Head {
    second: u32,
    entries: usize,
    /// The first method of its block.
    base: u16,
    sum: u64,
    at: usize,
}

impl Sealed {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Begins to add what happened to the methods of a block in `second`, which is not before the
    /// last one added; `sum` is the sum of its reply times in microseconds.
    pub fn begin(&mut self, second: u32, block: u16, sum: u64) -> Group<'_> {
        self.oldest = self.oldest.min(second);
        let mut group = Group { sealed: self, second, block, count: 0, bytes: [0; CHUNK], len: 0 };
        group.head(sum);
        group
    }

    fn append(&mut self, second: u32, group: &[u8]) {
        let fits = |chunk: &&mut Chunk| {
            chunk.bytes.len() + 1 + group.len() <= CHUNK
                && second.wrapping_sub(chunk.first) <= u32::from(u8::MAX)
        };
        if let Some(chunk) = self.chunks.back_mut().filter(fits) {
            chunk.bytes.push((second - chunk.first) as u8);
            chunk.bytes.extend_from_slice(group);
            return;
        }
        if self.chunks.len() == self.chunks.capacity() {
            self.chunks.reserve_exact(2 + self.chunks.len() / 8);
        }
        let mut bytes = Vec::with_capacity(CHUNK);
        bytes.push(0);
        bytes.extend_from_slice(group);
        self.chunks.push_back(Chunk { first: second, bytes });
    }

    /// Shows every group from second `oldest` on: the second, the sum of its reply times, and
    /// its entries one by one.
    pub fn visit(
        &self,
        oldest: u32,
        mut group: impl FnMut(u32, u64),
        mut entry: impl FnMut(u32, Entry),
    ) {
        // The chunk before the first that begins later may hold the beginning.
        let from = self.chunks.partition_point(|chunk| chunk.first < oldest).saturating_sub(1);
        for (index, chunk) in self.chunks.iter().enumerate().skip(from) {
            let mut at = if index == 0 { self.front } else { 0 };
            while let Some(head) = chunk.head(at) {
                at = head.at;
                let wanted = head.second >= oldest;
                if wanted {
                    group(head.second, head.sum);
                }
                for _ in 0..head.entries {
                    let (read, next) = chunk.entry(at, head.base);
                    at = next;
                    if wanted {
                        entry(head.second, read);
                    }
                }
            }
        }
    }

    /// Whether so much was not read yet that it is worth while.
    pub fn has_much_for(&self, reader: Reader) -> bool {
        self.chunks.len() > self.marks[reader as usize].chunk as usize + MUCH
    }

    /// Whether everything was read.
    pub fn has_none_for(&self, reader: Reader) -> bool {
        self.marks[reader as usize] == self.end()
    }

    /// Everything is read.
    pub fn skip(&mut self, reader: Reader) {
        self.marks[reader as usize] = self.end();
    }

    /// Shows every entry that was not read yet, with its second.
    pub fn unread(&self, reader: Reader, mut entry: impl FnMut(u32, Entry)) {
        let Bookmark { chunk, at } = self.marks[reader as usize];
        let mut at = at as usize;
        for chunk in self.chunks.iter().skip(chunk as usize) {
            while let Some(head) = chunk.head(at) {
                at = head.at;
                for _ in 0..head.entries {
                    let (read, next) = chunk.entry(at, head.base);
                    at = next;
                    entry(head.second, read);
                }
            }
            at = 0;
        }
    }

    /// Where the next group will be.
    fn end(&self) -> Bookmark {
        let len = self.chunks.back().map_or(0, |chunk| chunk.bytes.len());
        // Chunks of five minutes are far fewer than 32 bits count, and each has 512 bytes.
        Bookmark { chunk: self.chunks.len().saturating_sub(1) as u32, at: len as u32 }
    }

    /// Whether something was not read by all yet that [`Sealed::drop_before`] would drop.
    pub fn would_lose(&self, oldest: u32) -> bool {
        oldest > self.oldest && self.marks.iter().any(|mark| self.begins_before(*mark, oldest))
    }

    fn begins_before(&self, mark: Bookmark, oldest: u32) -> bool {
        let chunks = self.chunks.iter().skip(mark.chunk as usize);
        // The first one may have been read to its end.
        let mut from = std::iter::once(mark.at as usize).chain(std::iter::repeat(0)).zip(chunks);
        from.find_map(|(at, chunk)| chunk.head(at)).is_some_and(|head| head.second < oldest)
    }

    /// Drops every group before second `oldest`, and shows its entries. All of them were read.
    pub fn drop_before(&mut self, oldest: u32, mut dropped: impl FnMut(Entry)) {
        if oldest <= self.oldest {
            return;
        }
        self.oldest = oldest;
        while let Some(chunk) = self.chunks.front() {
            let Some(head) = chunk.head(self.front) else {
                self.chunks.pop_front();
                self.front = 0;
                for mark in &mut self.marks {
                    // All of it was read.
                    let next = mark.chunk.checked_sub(1);
                    *mark =
                        next.map_or_else(Bookmark::default, |chunk| Bookmark { chunk, ..*mark });
                }
                continue;
            };
            if head.second >= oldest {
                self.oldest = head.second;
                break;
            }
            let mut at = head.at;
            for _ in 0..head.entries {
                let (entry, next) = chunk.entry(at, head.base);
                at = next;
                dropped(entry);
            }
            self.front = at;
        }
        if self.chunks.capacity() > 4 * (self.chunks.len() + 4) {
            self.chunks.shrink_to(2 * self.chunks.len());
        }
    }
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

    fn head(&self, at: usize) -> Option<Head> {
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
    fn entry(&self, at: usize, base: u16) -> (Entry, usize) {
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

impl Group<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_shown_from_any_second_on_and_dropped_from_the_front() {
        let (mut sealed, mut model) = (Sealed::default(), VecDeque::new());
        let mut unfolded = Vec::new();
        let (mut state, mut second) = (5_u64, 1_700_000_000_u32);
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for step in 0..3_000 {
            second += [0, 1, 1, 2, 254, 255, 256, 4_000][draw(8) as usize];
            let sum = [0, 127, 128, u64::from(u32::MAX), u64::MAX][draw(5) as usize];
            let block = [0, 1, 15, 16, 127, 128, 4_095][draw(7) as usize];
            let entries: Vec<_> = (0..=draw(if step % 50 == 0 { 120 } else { 9 }))
                .map(|_| {
                    let kind = Kind::ALL[draw(6) as usize];
                    let bin = if kind.has_time() { draw(1 << BIN_BITS) as u16 } else { 0 };
                    let method = block << BLOCK_BITS | draw(16) as u16;
                    let count = [1, 2, 3, 4, 127, 128, u32::MAX][draw(7) as usize];
                    Entry { method, kind, bin, count, called: draw(2) == 1 }
                })
                .collect();
            let mut group = sealed.begin(second, block, sum);
            entries.iter().for_each(|entry| group.add(entry));
            assert!(group.finish());
            unfolded.extend(entries.iter().map(|entry| (second, *entry)));
            model.push_back((second, sum, entries));
            let mut left = Vec::new();
            sealed.unread(Reader::Figures, |second, entry| left.push((second, entry)));
            assert_eq!(left, unfolded);
            if step % 5 == 0 {
                sealed.skip(Reader::Figures);
                unfolded.clear();
            }
            assert_eq!(sealed.has_none_for(Reader::Figures), unfolded.is_empty());
            if step % 3 == 0 || unfolded.is_empty() {
                // Never further behind than the other.
                sealed.skip(Reader::Evidence);
            }
            if step % 7 == 0 {
                let oldest = second.saturating_sub(draw(3_000) as u32);
                let lost = unfolded.first().is_some_and(|(second, _)| *second < oldest);
                assert_eq!(sealed.would_lose(oldest), lost);
                if lost {
                    [Reader::Figures, Reader::Evidence].map(|reader| sealed.skip(reader));
                    unfolded.clear();
                }
                let mut dropped = Vec::new();
                sealed.drop_before(oldest, |entry| dropped.push(entry));
                let mut gone = Vec::new();
                while model.front().is_some_and(|(second, ..)| *second < oldest) {
                    gone.extend(model.pop_front().into_iter().flat_map(|(.., entries)| entries));
                }
                assert_eq!(dropped, gone);
                let from = oldest + draw(4_000) as u32;
                assert_eq!(shown(&sealed, from), expected(&model, from));
                assert_eq!(shown(&sealed, 0), expected(&model, 0));
            }
        }
        sealed.drop_before(u32::MAX, |_| {});
        assert!(sealed.is_empty());
    }

    type Shown = (u64, Vec<(u32, Entry)>);

    fn shown(sealed: &Sealed, from: u32) -> Shown {
        let (mut sum, mut entries) = (0_u64, Vec::new());
        sealed.visit(from, |_, part| sum = sum.wrapping_add(part), |s, e| entries.push((s, e)));
        (sum, entries)
    }

    fn expected(model: &VecDeque<(u32, u64, Vec<Entry>)>, from: u32) -> Shown {
        let (mut sum, mut all) = (0_u64, Vec::new());
        for (second, part, entries) in model.iter().filter(|(second, ..)| *second >= from) {
            sum = sum.wrapping_add(*part);
            all.extend(entries.iter().map(|entry| (*second, *entry)));
        }
        (sum, all)
    }
}
