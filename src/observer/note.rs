//! Something that happened to a method, as it is noted on the path of a message.
//!
//! Writing one is all that most messages cost a service (see [`super::notes`]). What follows from
//! it is reckoned later, many at a time; see [`super::front`].

use super::call::Outcome;
use super::callers::Sighting;
use super::chunk::{Entry, Kind};
use super::latency::bin;
use super::time::{Instant, Span};

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
    /// Whether it comes with a reply time.
    pub const fn is_reply(self) -> bool {
        match self {
            Self::Settled(outcome) => outcome.answered(),
            Self::Late => true,
            Self::Called | Self::OneWay => false,
        }
    }

    /// Whether a call was made.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::Called | Self::OneWay)
    }

    /// Its place in a list of counts, below [`Fact::COUNT`].
    pub const fn index(self) -> usize {
        match self {
            Self::Settled(outcome) => outcome as usize,
            Self::Called => 5,
            Self::OneWay => 6,
            Self::Late => 7,
        }
    }

    /// How many there are.
    pub const COUNT: usize = 8;

    pub(super) const fn kind(self) -> Option<Kind> {
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
    /// When.
    pub at: Instant,
    /// Of a reply its time in microseconds, cut beyond 71 min; of a call its caller.
    pub(super) value: u32,
    /// The method it happened to.
    pub method: u16,
    /// What.
    pub fact: Fact,
}

impl Note {
    /// A call made now.
    pub fn call(at: Instant, method: u16, fact: Fact, caller: Option<Sighting>) -> Self {
        Self { at, value: Sighting::pack(caller), method, fact }
    }

    /// Anything but a call; `time` is the reply time, if there was a reply.
    pub fn end(at: Instant, method: u16, fact: Fact, time: Span) -> Self {
        let value = u32::try_from(time.micros()).unwrap_or(u32::MAX);
        Self { at, value, method, fact }
    }

    /// The reply time, if there was a reply.
    pub fn time(&self) -> Option<Span> {
        self.fact.is_reply().then(|| Span::from_micros(u64::from(self.value)))
    }

    /// The reply time in microseconds, 0 if there was no reply.
    pub const fn micros(&self) -> u32 {
        if self.fact.is_reply() { self.value } else { 0 }
    }

    /// The caller, if a call was made and that is known.
    pub fn caller(&self) -> Option<Sighting> {
        if self.fact.is_call() { Sighting::unpack(self.value) } else { None }
    }

    /// As it stands in the log of the last minutes.
    pub(super) fn entry(&self) -> Option<Entry> {
        let kind = self.fact.kind()?;
        let bin = self.time().map_or(0, bin);
        Some(Entry { method: self.method, kind, bin, count: 1, called: false })
    }
}
