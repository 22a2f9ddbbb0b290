//! What happened in the last minutes: groups of facts in chunks (see [`super::chunk`]).
//!
//! Groups are in order of time; they are written at the end, read from any second on, and dropped
//! from the front. Who reads the log as it grows has a bookmark, and nothing is dropped unread.

use super::chunk::{CHUNK, Chunk, Entry, Group};
use std::collections::VecDeque;

/// Chunks that are much to read, and the one that is being written: a busy service has them in
/// some seconds, and one that is called once a second within the time for which they are kept.
const MUCH: usize = 3;

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

impl Sealed {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Begins to add what happened to the methods of a block in `second`, which is not before the
    /// last one added; `sum` is the sum of its reply times in microseconds.
    pub fn begin(&mut self, second: u32, block: u16, sum: u64) -> Group<'_> {
        self.oldest = self.oldest.min(second);
        Group::begin(self, second, block, sum)
    }

    pub(super) fn append(&mut self, second: u32, group: &[u8]) {
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

#[cfg(test)]
mod tests {
    use super::super::chunk::{BLOCK_BITS, Kind};
    use super::super::latency::BIN_BITS;
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
                    sealed.skip(Reader::Figures);
                    sealed.skip(Reader::Evidence);
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
