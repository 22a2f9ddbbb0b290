//! Exact counts and reply times over the last 10 s, 2 min and 5 min, per service and method.
//!
//! A span of `n` seconds is the current second and the `n − 1` before it, by the time of
//! settlement. What happens is noted as it comes and sealed, packed by second, method and
//! reply-time bin, when some notes have gathered: the path of a message appends twelve bytes,
//! and the work of packing is shared by many. Counts are exact; reply times are known by their
//! bins, their sum exactly. A gap longer than the window is a cold start: what was before is
//! simply gone.

use super::call::Outcome;
use super::histogram::{Histogram, Tracked};
use super::latency::{Latency, bin, middle};
use super::sealed::{Entry, Kind, Sealed};
use super::time::{Instant, Span};
use smallvec::SmallVec;

/// The longest span that figures are kept for, in seconds.
const LONGEST: u32 = 300;
/// A reply is heard at most this many seconds after its call: the longest deadline, and the time
/// for which a settled call is remembered.
const LONGEST_REPLY: u32 = 600 + 300;
/// Notes that are gathered before they are sealed.
const GATHERED: usize = 64;

/// Counts over a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls made.
    pub calls: u64,
    /// Settled with a result.
    pub ok: u64,
    /// Settled with an error of the caller's doing.
    pub rejected: u64,
    /// Settled with an error of the service's doing.
    pub failed: u64,
    /// Settled without a reply.
    pub unanswered: u64,
    /// Replies that came too late.
    pub late: u64,
}

impl Counts {
    /// Calls that count: all but void ones.
    pub const fn settled(&self) -> u64 {
        self.answered() + self.unanswered
    }

    /// Calls that got a reply in time.
    pub const fn answered(&self) -> u64 {
        self.ok + self.rejected + self.failed
    }

    /// Replied / settled; absent if nothing settled.
    pub fn response_rate(&self) -> Option<f64> {
        ratio(self.answered(), self.settled())
    }

    /// (Rejected + failed + unanswered) / settled; absent if nothing settled.
    pub fn error_rate(&self) -> Option<f64> {
        ratio(self.rejected + self.failed + self.unanswered, self.settled())
    }

    /// (Failed + unanswered) / settled; absent if nothing settled.
    pub fn failure_rate(&self) -> Option<f64> {
        ratio(self.failed + self.unanswered, self.settled())
    }

    fn count(&mut self, entry: &Entry) {
        let count = u64::from(entry.count);
        *match entry.kind {
            Kind::Call => &mut self.calls,
            Kind::Ok => &mut self.ok,
            Kind::Rejected => &mut self.rejected,
            Kind::Failed => &mut self.failed,
            Kind::Unanswered => &mut self.unanswered,
            Kind::Late => &mut self.late,
        } += count;
        if entry.called {
            self.calls += count;
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

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

/// What happened to a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A call was made.
    Called,
    /// A one-way call was made.
    OneWay,
    /// A call settled.
    Settled(Outcome),
    /// A reply came too late.
    Late,
}

impl Fact {
    const fn kind(self) -> Option<Kind> {
        match self {
            Self::Called => Some(Kind::Call),
            Self::Settled(Outcome::Ok) => Some(Kind::Ok),
            Self::Settled(Outcome::Rejected) => Some(Kind::Rejected),
            Self::Settled(Outcome::Failed) => Some(Kind::Failed),
            Self::Settled(Outcome::Unanswered) => Some(Kind::Unanswered),
            Self::Late => Some(Kind::Late),
            Self::OneWay | Self::Settled(Outcome::Void) => None,
        }
    }
}

/// Something that happened, not yet sealed.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    second: u32,
    /// The reply time in microseconds, if there was a reply; beyond 71 min it is cut.
    micros: u32,
    /// The method it happened to.
    pub method: u16,
    /// What.
    pub fact: Fact,
}

impl Note {
    /// The reply time, if there was a reply.
    pub fn time(&self) -> Option<Span> {
        let timed = self.fact.kind().is_some_and(Kind::has_time);
        timed.then(|| Span::from_micros(u64::from(self.micros)))
    }

    /// When, to the second.
    pub const fn at(&self) -> Instant {
        Instant::from_micros(self.second as u64 * 1_000_000)
    }

    fn entry(&self) -> Option<Entry> {
        let kind = self.fact.kind()?;
        let bin = self.time().map_or(0, bin);
        Some(Entry { method: self.method, kind, bin, count: 1, called: false })
    }
}

/// The last five minutes of a service and its methods.
#[derive(Clone, Debug, Default)]
pub struct Window {
    notes: Vec<Note>,
    sealed: Sealed,
    /// Reply times of all that is here, with the quantile that patience goes by.
    replies: Tracked,
}

impl Window {
    /// Notes what happened to a method now. `time` is the reply time, if there was a reply;
    /// `quantile` is the one that [`Window::replies`] follows, the same each time. Returns
    /// true when it is time to [`Window::seal`].
    pub fn note(&mut self, now: Instant, method: u16, fact: Fact, time: Span, q: f64) -> bool {
        let micros = u32::try_from(time.micros()).unwrap_or(u32::MAX);
        let note = Note { second: now.second(), micros, method, fact };
        if let Some(time) = note.time() {
            self.replies.add(bin(time), q);
        }
        if self.notes.capacity() == 0 {
            self.notes.reserve_exact(GATHERED);
        }
        self.notes.push(note);
        self.notes.len() >= GATHERED
    }

    /// What is not sealed yet, oldest first.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Packs what was noted.
    pub fn seal(&mut self) {
        for second in self.notes.chunk_by(|a, b| a.second == b.second) {
            let mut sum = 0;
            let mut packed: SmallVec<[u64; GATHERED]> = SmallVec::new();
            for note in second {
                sum += note.time().map_or(0, Span::micros);
                packed.extend(note.entry().map(|entry| pack(&entry)));
            }
            packed.sort_unstable();
            let mut entries: SmallVec<[Entry; GATHERED]> = SmallVec::new();
            for equal in packed.chunk_by(|a, b| a == b) {
                // As many as were gathered.
                entries.extend(equal.first().map(|entry| unpack(*entry, equal.len() as u32)));
            }
            merge_calls(&mut entries);
            if let Some(first) = second.first() {
                self.sealed.add(first.second, sum, &entries);
            }
        }
        self.notes.clear();
    }

    /// Forgets what is older than the longest span; to be called before reading what is
    /// followed. Returns true if something must be sealed before that.
    pub fn roll(&mut self, now: Instant, q: f64) -> bool {
        let oldest = oldest(now.second(), LONGEST);
        let replies = &mut self.replies;
        self.sealed.drop_before(oldest, |entry| {
            if entry.kind.has_time() {
                replies.remove(entry.bin, entry.count, q);
            }
        });
        self.notes.first().is_some_and(|note| note.second < oldest)
    }

    /// Gives memory back that a quiet service does not need.
    pub fn rest(&mut self) {
        if self.notes.is_empty() {
            self.notes = Vec::new();
        }
        if self.sealed.is_empty() && self.notes.is_empty() {
            self.replies = Tracked::default();
        }
    }

    /// Reply times of the last five minutes, as of the last [`Window::roll`].
    pub const fn replies(&self) -> &Tracked {
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

    /// Reply times over the last `secs` seconds, of the service or of one method: by their
    /// bins, so each figure is within 1.6 %.
    pub fn latency(&self, now: Instant, secs: u32, method: Option<u16>) -> Latency {
        let histogram = self.histogram(now, secs, method);
        let count = histogram.count();
        let sum: u64 =
            histogram.bins().map(|(bin, count)| middle(bin).micros() * u64::from(count)).sum();
        Latency {
            count,
            p50: histogram.quantile(0.50),
            p95: histogram.quantile(0.95),
            p99: histogram.quantile(0.99),
            mean: sum.checked_div(count).map(Span::from_micros),
            max: histogram.quantile(1.0),
        }
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
                add(note.second, 1, time);
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
                entry(note.second, noted);
            }
        }
    }

    fn recent(&self, now: Instant, secs: u32) -> impl Iterator<Item = &Note> {
        let oldest = oldest(now.second(), secs);
        self.notes.iter().filter(move |note| note.second >= oldest)
    }
}

/// An entry as a number, in the order of methods, kinds and bins.
fn pack(entry: &Entry) -> u64 {
    u64::from(entry.method) << 32 | (entry.kind as u64) << 16 | u64::from(entry.bin)
}

fn unpack(packed: u64, count: u32) -> Entry {
    let (method, bin) = ((packed >> 32) as u16, packed as u16);
    Entry { method, kind: Kind::of((packed >> 16) as u8), bin, count, called: false }
}

/// Takes the calls of a second into the entries of the calls that settled in it.
fn merge_calls(entries: &mut SmallVec<[Entry; GATHERED]>) {
    let mut calls = 0;
    for at in 0..entries.len() {
        let method = entries[at].method;
        if entries[at].kind == Kind::Call {
            calls = at;
        } else if entries[calls].kind == Kind::Call
            && entries[calls].method == method
            && entries[calls].count >= entries[at].count
        {
            entries[calls].count -= entries[at].count;
            entries[at].called = true;
        }
    }
    entries.retain(|entry| entry.count > 0);
}

/// The first second of a span that ends with `second`.
const fn oldest(second: u32, secs: u32) -> u32 {
    second.saturating_add(1).saturating_sub(secs)
}
