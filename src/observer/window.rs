//! Exact counts and reply times over the last 10 s, 2 min and 5 min, per service and method.
//!
//! A span of `n` seconds is the current second and the `n − 1` before it, by the time of
//! settlement. What happens is noted as it comes and sealed, packed by second, method and
//! reply-time bin, when some notes have gathered: the work of packing is shared by many. Counts are exact; reply times are known by their
//! bins, their sum exactly. A gap longer than the window is a cold start: what was before is
//! simply gone.

use super::chunk::{BLOCK_BITS, Entry, Kind};
use super::counts::Counts;
use super::histogram::Histogram;
use super::latency::{Latency, bin, middle};
use super::note::{Fact, Note};
use super::notes::{Notes, ROOM};
use super::sealed::{Reader, Sealed};
use super::time::{Instant, Span};
use smallvec::SmallVec;

/// The longest span that figures are kept for, in seconds.
const LONGEST: u32 = 300;
/// A reply is heard at most this many seconds after its call: the longest deadline, and the time
/// for which a settled call is remembered.
const LONGEST_REPLY: u32 = 600 + 300;
/// Minutes for which replies are counted: as many as lie whole within the longest span.
pub const MINUTES: u32 = 5;
/// Methods that are sealed together.
const METHODS: usize = 1 << BLOCK_BITS;

/// Replies over a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replies {
    /// How many.
    pub count: u64,
    /// The sum of their times: exact if every call in sight was made after the floor; else when
    /// a call was made is known to the second and its bin.
    pub sum: Span,
    /// How many took longer than the limit asked about, give or take 1.6 %.
    pub long: u64,
}

/// The last five minutes of a service and its methods.
#[derive(Clone, Debug, Default)]
pub struct Window {
    notes: Notes,
    /// How many of the notes are counted in `replies`.
    reckoned: u8,
    /// How many of the notes are in the evidence. If any is, all that is sealed is.
    weighed: u8,
    /// Reply times of all that is sealed or reckoned.
    replies: Histogram,
    sealed: Sealed,
    /// Replies of the last minutes, the latest first, and which minute that is.
    minutes: [u32; MINUTES as usize],
    minute: u32,
}

impl Window {
    /// Takes a note of what happened now. Returns false if it is to be [sealed](Window::seal)
    /// what is here, before there is room for another.
    pub fn note(&mut self, note: &Note) -> bool {
        self.notes.make_room();
        self.notes.push(note)
    }

    /// Lends its notes, so that more are added to them, or takes them back.
    pub(super) const fn swap(&mut self, notes: &mut Notes) {
        std::mem::swap(&mut self.notes, notes);
    }

    /// What is not sealed yet, oldest first.
    pub const fn notes(&self) -> &Notes {
        &self.notes
    }

    /// What is not reckoned yet, oldest first.
    pub fn fresh(&self) -> impl DoubleEndedIterator<Item = Note> + ExactSizeIterator + '_ {
        self.notes.after(usize::from(self.reckoned))
    }

    /// Counts what is fresh.
    pub fn reckon(&mut self) {
        let mut end = Instant::default();
        let fresh = self.notes.after(usize::from(self.reckoned));
        for note in fresh.filter(|note| note.fact.is_reply()) {
            self.replies.add_one(bin(Span::from_micros(u64::from(note.micros()))));
            if note.at >= end {
                let minute = note.at.second() / 60;
                let passed = minute.saturating_sub(self.minute).min(MINUTES) as usize;
                self.minutes.rotate_right(passed);
                self.minutes.iter_mut().take(passed).for_each(|count| *count = 0);
                self.minute = minute;
                end = Instant::from_micros((u64::from(minute) + 1) * 60_000_000);
            }
            self.minutes[0] = self.minutes[0].saturating_add(1);
        }
        self.reckoned = self.notes.count();
    }

    /// How many of the replies are younger than the longest span for so many minutes to come, at
    /// least.
    pub fn lasting_replies(&self, now: Instant, minutes: u32) -> u64 {
        let oldest = oldest(now.second().saturating_add(60 * minutes), LONGEST);
        let whole = |age: &(u32, u32)| self.minute.saturating_sub(age.0) >= oldest.div_ceil(60);
        (0..).zip(self.minutes).take_while(whole).map(|(_, count)| u64::from(count)).sum()
    }

    /// Packs what was noted.
    pub fn seal(&mut self) {
        self.reckon();
        let notes: SmallVec<[Note; ROOM]> = self.notes.iter().collect();
        let mut rest = notes.as_slice();
        while let Some(first) = rest.first() {
            let end = first.at.next_second();
            let within = rest.iter().position(|note| note.at >= end && end > first.at);
            let (second, later) = rest.split_at(within.unwrap_or(rest.len()));
            let mut calls: SmallVec<[u32; METHODS]> = SmallVec::from_elem(0, METHODS);
            let (mut sum, mut blocks) = (0, 1);
            for note in second {
                let method = usize::from(note.method);
                if method >= calls.len() {
                    calls.resize(method + 1, 0);
                    blocks = method / METHODS + 1;
                }
                calls[method] += u32::from(note.fact == Fact::Called);
                sum += u64::from(note.micros());
            }
            let calls = calls.as_mut_slice();
            for block in 0..blocks {
                let mut group = self.sealed.begin(first.at.second(), block as u16, sum);
                let of_block = |note: &&Note| usize::from(note.method) / METHODS == block;
                for note in second.iter().filter(of_block) {
                    if let Some(mut entry) = note.entry().filter(|it| it.kind != Kind::Call) {
                        // Nearly every call settles within its second, and its entry says so.
                        let left = &mut calls[usize::from(note.method)];
                        entry.called = *left > 0;
                        *left -= u32::from(entry.called);
                        group.add(&entry);
                    }
                }
                let all = (0..).zip(calls.iter()).skip(block * METHODS).take(METHODS);
                for (method, count) in all.filter(|(_, count)| **count > 0) {
                    let (kind, count) = (Kind::Call, *count);
                    group.add(&Entry { method, kind, bin: 0, count, called: false });
                }
                // The blocks of one second share one sum.
                sum = if group.finish() { 0 } else { sum };
            }
            rest = later;
        }
        if self.is_weighed() {
            self.sealed.skip(Reader::Evidence);
        }
        self.notes.clear();
        (self.reckoned, self.weighed) = (0, 0);
    }

    /// Whether so much is sealed and was not read that it is worth while.
    pub fn has_much(&self) -> bool {
        let readers = [Reader::Figures, Reader::Evidence];
        readers.into_iter().any(|reader| self.sealed.has_much_for(reader))
    }

    /// Whether some of the notes are in the evidence already.
    pub const fn is_weighed(&self) -> bool {
        self.weighed > 0
    }

    /// All there is is in the evidence.
    pub fn weigh(&mut self) {
        self.sealed.skip(Reader::Evidence);
        self.weighed = self.notes.count();
    }

    /// Shows the second of every answered call that is not in the evidence yet, oldest first,
    /// and how many there were in it.
    pub fn unweighed(&self, mut answered: impl FnMut(u32, u32)) {
        if !self.sealed.has_none_for(Reader::Evidence) {
            self.sealed.unread(Reader::Evidence, |second, entry| {
                if entry.kind.is_answer() {
                    answered(second, entry.count);
                }
            });
        }
        for note in self.notes.after(usize::from(self.weighed)) {
            if note.fact.kind().is_some_and(Kind::is_answer) {
                answered(note.at.second(), 1);
            }
        }
    }

    /// Shows every entry that is sealed and was not shown by this before, with its second.
    pub fn fold(&mut self, entry: impl FnMut(u32, Entry)) {
        self.sealed.unread(Reader::Figures, entry);
        self.sealed.skip(Reader::Figures);
    }

    /// Shows what is not folded yet.
    pub fn visit_unfolded(&self, mut entry: impl FnMut(Entry)) {
        self.sealed.unread(Reader::Figures, |_, read| entry(read));
        self.notes.iter().filter_map(|note| note.entry()).for_each(entry);
    }

    /// Forgets what is older than the longest span; to be called before reading
    /// [`Window::replies`]. Returns true if something must be sealed, folded
    /// and weighed before that.
    pub fn roll(&mut self, now: Instant) -> bool {
        self.reckon();
        let oldest = oldest(now.second(), LONGEST);
        if self.sealed.would_lose(oldest) {
            return true;
        }
        let replies = &mut self.replies;
        self.sealed.drop_before(oldest, |entry| {
            if entry.kind.has_time() {
                replies.remove(entry.bin, entry.count);
            }
        });
        self.notes.iter().next().is_some_and(|note| note.at.second() < oldest)
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self) {
        if self.notes.is_empty() {
            self.notes = Notes::default();
        }
        if self.sealed.is_empty() && self.notes.is_empty() {
            self.replies = Histogram::default();
        }
    }

    /// Reply times of the last five minutes, as of the last [`Window::roll`].
    pub const fn replies(&self) -> &Histogram {
        &self.replies
    }

    /// Counts over the last `secs` seconds, of the service or of one method.
    pub fn counts(&self, now: Instant, secs: u32, method: Option<u16>) -> Counts {
        let mut counts = Counts::default();
        self.visit(now, secs, |_, entry| {
            if method.is_none_or(|method| method == entry.method) {
                counts.count(&entry);
            }
        });
        counts
    }

    /// Counts over the last `secs` seconds, of each of the first `methods` methods.
    pub fn counts_by_method(&self, now: Instant, secs: u32, methods: usize) -> Vec<Counts> {
        let mut all = vec![Counts::default(); methods];
        self.visit(now, secs, |_, entry| {
            if let Some(counts) = all.get_mut(usize::from(entry.method)) {
                counts.count(&entry);
            }
        });
        all
    }

    /// Counts and reply times over the last `secs` seconds, of each of the first `methods` methods.
    pub fn by_method(&self, now: Instant, secs: u32, methods: usize) -> Vec<(Counts, Histogram)> {
        let mut all = vec![(Counts::default(), Histogram::default()); methods];
        self.visit(now, secs, |_, entry| {
            if let Some((counts, replies)) = all.get_mut(usize::from(entry.method)) {
                counts.count(&entry);
                if entry.kind.has_time() {
                    replies.add(entry.bin, entry.count);
                }
            }
        });
        all
    }

    /// Reply times over the last `secs` seconds, of the service or of one method: by their
    /// bins, so each figure is within 1.6 %.
    pub fn latency(&self, now: Instant, secs: u32, method: Option<u16>) -> Latency {
        Latency::from(&self.histogram(now, secs, method))
    }

    /// The histogram of reply times over the last `secs` seconds, of the service or of one
    /// method.
    pub fn histogram(&self, now: Instant, secs: u32, method: Option<u16>) -> Histogram {
        let mut histogram = Histogram::default();
        self.visit(now, secs, |_, entry| {
            if entry.kind.has_time() && method.is_none_or(|method| method == entry.method) {
                histogram.add(entry.bin, entry.count);
            }
        });
        histogram
    }

    /// The replies of the last `secs` seconds to calls made after `floor`; those longer than
    /// `limit` are counted apart.
    pub fn replies_since(&self, now: Instant, secs: u32, floor: Instant, limit: Span) -> Replies {
        let oldest = oldest(now.second(), secs);
        let exact = floor.second().saturating_add(LONGEST_REPLY) < oldest;
        let (mut replies, mut exact_sum) = (Replies::default(), 0_u64);
        let mut add = |second: u32, times: u32, time: Span| {
            let made = u64::from(second) * 1_000_000;
            if exact || made.saturating_sub(time.micros()) > floor.micros() {
                let sum = replies.sum.micros() + time.micros() * u64::from(times);
                replies.count += u64::from(times);
                replies.sum = Span::from_micros(sum);
                replies.long += if bin(time) >= bin(limit) { u64::from(times) } else { 0 };
            }
        };
        self.sealed.visit(
            oldest,
            |_, sum| exact_sum = exact_sum.saturating_add(sum),
            |second, entry| {
                if entry.kind.has_time() {
                    add(second, entry.count, middle(entry.bin));
                }
            },
        );
        for note in self.recent(now, secs) {
            if let Some(time) = note.time() {
                add(note.at.second(), 1, time);
                exact_sum = exact_sum.saturating_add(time.micros());
            }
        }
        if exact {
            replies.sum = Span::from_micros(exact_sum);
        }
        replies
    }

    fn visit(&self, now: Instant, secs: u32, mut entry: impl FnMut(u32, Entry)) {
        self.sealed.visit(oldest(now.second(), secs), |_, _| {}, &mut entry);
        for note in self.recent(now, secs) {
            if let Some(noted) = note.entry() {
                entry(note.at.second(), noted);
            }
        }
    }

    fn recent(&self, now: Instant, secs: u32) -> impl Iterator<Item = Note> {
        let oldest = oldest(now.second(), secs);
        self.notes.iter().filter(move |note| note.at.second() >= oldest)
    }
}

/// The first second of a span that ends with `second`.
const fn oldest(second: u32, secs: u32) -> u32 {
    second.saturating_add(1).saturating_sub(secs)
}
