//! Whoever is remembered, in bounded memory, so that a flood of made-up names cannot push out an attacker.
//!
//! Who is seen once is on probation, in a queue that a flood sweeps; who is seen again is kept in another,
//! from which only others who were seen again push it out, the longest unheard of first. Who was pushed
//! out of the first queue leaves a mark in a Bloom filter, and is kept at once when it comes back: an
//! attacker who is slower than the flood is found one attempt later, and not missed. Two filters take
//! turns, each for a window, so that marks fade.
//!
//! A filter has 2^24 bits and four hashes: with a million names in a window, one in four hundred is kept
//! though it was never seen (Bloom, 1970). It is made when the first name is pushed out.

use crate::observer::digest::{Digest, DigestMap};
use crate::observer::{Instant, Span};
use std::collections::VecDeque;

/// Bits of a filter.
const BITS: u64 = 1 << 24;
/// Hashes of a name.
const HASHES: u32 = 4;

/// Where somebody is remembered, and how.
#[derive(Debug, Default)]
struct Entry<T> {
    value: T,
    /// Seen again since it was first seen.
    kept: bool,
    /// The number of its last mention in a queue; others of it are out of date.
    mention: u64,
}

/// Whoever is remembered.
#[derive(Debug)]
pub(super) struct Table<T> {
    entries: DigestMap<Entry<T>>,
    /// Mentions of those on probation, and of those who are kept, the oldest first.
    queues: [VecDeque<(u64, Digest)>; 2],
    counts: [usize; 2],
    most: usize,
    mentions: u64,
    ghosts: Option<Ghosts>,
    window: Span,
    forgotten: u64,
}

impl<T: Default> Table<T> {
    /// Nobody yet; `most` may be remembered, and marks of others last for `window` to twice as long.
    pub(super) fn new(most: usize, window: Span) -> Self {
        Self {
            entries: DigestMap::default(),
            queues: Default::default(),
            counts: [0; 2],
            most,
            mentions: 0,
            ghosts: None,
            window,
            forgotten: 0,
        }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many were forgotten for others.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What is remembered of somebody who is heard of now.
    pub(super) fn see(&mut self, now: Instant, who: Digest) -> &mut T {
        // Who was mentioned lately is not mentioned again for each thing it does: that would only turn the
        // queue over.
        let lately = self.mentions.saturating_sub(self.most as u64 / 4);
        let known = self.entries.get(&who).map(|entry| (entry.kept, entry.mention > lately));
        if known != Some((true, true)) {
            self.mention(now, who, known.map(|(kept, _)| kept));
        }
        &mut self.entries.entry(who).or_default().value
    }

    /// Mentions somebody, who is kept or on probation, or not known; and makes room for it.
    #[inline(never)]
    fn mention(&mut self, now: Instant, who: Digest, known: Option<bool>) {
        self.mentions += 1;
        let mention = self.mentions;
        let marked = || self.ghosts.as_ref().is_some_and(|ghosts| ghosts.has(who));
        let kept = known.is_some() || marked();
        match known {
            Some(true) => {}
            Some(false) => {
                self.counts[0] -= 1;
                self.counts[1] += 1;
            }
            None => self.counts[usize::from(kept)] += 1,
        }
        self.queues[usize::from(kept)].push_back((mention, who));
        let entry = self.entries.entry(who).or_default();
        (entry.kept, entry.mention) = (kept, mention);
        // Whoever is mentioned now is the last to go.
        self.make_room(now);
        self.tidy();
    }

    /// What is remembered of somebody.
    pub(super) fn get_mut(&mut self, who: Digest) -> Option<&mut T> {
        self.entries.get_mut(&who).map(|entry| &mut entry.value)
    }

    /// Forgets those for whom there is no room: those on probation first, but for a tenth, since somebody
    /// new is somebody who may come back.
    fn make_room(&mut self, now: Instant) {
        while self.entries.len() > self.most {
            let spare = self.counts[0] > self.most / 10 || self.counts[1] == 0;
            let queue = usize::from(!spare);
            let Some((mention, who)) = self.queues[queue].pop_front() else { return };
            let last = |entry: &Entry<T>| entry.mention == mention;
            if !self.entries.get(&who).is_some_and(last) {
                continue;
            }
            self.entries.remove(&who);
            self.counts[queue] -= 1;
            self.forgotten += 1;
            if queue == 0 {
                self.ghosts.get_or_insert_with(|| Ghosts::new(now)).mark(now, self.window, who);
            }
        }
    }

    /// Drops mentions that are out of date, when there are many: a name that is heard all the time would
    /// fill its queue.
    fn tidy(&mut self) {
        for queue in &mut self.queues {
            if queue.len() > 2 * self.most + 1_024 {
                let entries = &self.entries;
                queue.retain(|(mention, who)| {
                    entries.get(who).is_some_and(|entry| entry.mention == *mention)
                });
            }
        }
    }
}

/// Marks of those who were forgotten.
#[derive(Debug)]
struct Ghosts {
    marks: [Box<[u64]>; 2],
    since: Instant,
}

impl Ghosts {
    fn new(now: Instant) -> Self {
        let empty = || vec![0; (BITS / 64) as usize].into_boxed_slice();
        Self { marks: [empty(), empty()], since: now }
    }

    fn mark(&mut self, now: Instant, window: Span, who: Digest) {
        if now.since(self.since) >= window {
            self.since = now;
            self.marks.swap(0, 1);
            self.marks[0].fill(0);
        }
        for (word, bit) in places(who) {
            self.marks[0][word] |= bit;
        }
    }

    fn has(&self, who: Digest) -> bool {
        self.marks.iter().any(|marks| places(who).all(|(word, bit)| marks[word] & bit != 0))
    }
}

/// The bits of a name: two halves of its digest make as many hashes as are wanted (Kirsch and
/// Mitzenmacher, 2006).
fn places(who: Digest) -> impl Iterator<Item = (usize, u64)> {
    (0..u64::from(HASHES)).map(move |at| {
        let hash = who.half().wrapping_add(at.wrapping_mul(who.hash() | 1)) >> 40;
        ((hash / 64) as usize, 1 << (hash % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::digest::{DigestKey, Kind};

    fn who(number: u32) -> Digest {
        DigestKey::new(1, 2).digest(Kind::User, &number.to_le_bytes())
    }

    const WINDOW: Span = Span::from_secs(900);

    #[test]
    fn who_comes_back_outlives_a_flood() {
        let mut table = Table::<u32>::new(1_000, WINDOW);
        let now = Instant::from_micros(1_700_000_000_000_000);
        for _ in 0..2 {
            *table.see(now, who(0)) += 1;
        }
        for number in 1..=100_000 {
            *table.see(now, who(number)) += 1;
            assert!(table.len() <= 1_000);
        }
        assert_eq!(table.get_mut(who(0)).copied(), Some(2));
        assert_eq!(table.forgotten(), 99_001);
        let queued: usize = table.queues.iter().map(VecDeque::len).sum();
        assert!(queued <= 2 * (2 * 1_000 + 1_024), "{queued}");
    }

    #[test]
    fn who_is_slower_than_a_flood_is_kept_the_second_time() {
        let mut table = Table::<u32>::new(1_000, WINDOW);
        let now = Instant::from_micros(1_700_000_000_000_000);
        *table.see(now, who(0)) += 1;
        for number in 1..=100_000 {
            *table.see(now, who(number)) += 1;
        }
        assert!(table.get_mut(who(0)).is_none(), "swept away");
        *table.see(now, who(0)) += 1;
        for number in 100_001..=200_000 {
            *table.see(now, who(number)) += 1;
        }
        assert_eq!(table.get_mut(who(0)).copied(), Some(1), "kept, and counted anew");
    }

    #[test]
    fn marks_fade() {
        let mut table = Table::<u32>::new(10, WINDOW);
        let mut now = Instant::from_micros(1_700_000_000_000_000);
        table.see(now, who(0));
        for turn in 0..3 {
            for number in 0..20 {
                table.see(now, who(1_000 * (turn + 1) + number));
            }
            now = now + WINDOW;
        }
        table.see(now, who(0));
        for number in 0..20 {
            table.see(now, who(9_000 + number));
        }
        assert!(table.get_mut(who(0)).is_none(), "nobody knows that it was there");
    }
}
