//! Silence that is witnessed: calls that wait, made far enough apart.
//!
//! That nothing was heard for six seconds is no proof of anything: a restart takes five, and a
//! quiet service may not be called for some seconds before it and after. What proves an outage
//! is a call made six seconds after the first one that got no answer, and which gets none
//! either. It need not run out of its patience for that: when it has waited for half of it,
//! which is twice what nearly every reply needs, it is believed.

use super::settings::{CircuitPolicy, VerdictPolicy};
use super::time::{Instant, Span};

/// Whose length of silence is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// That of the verdict.
    Verdict,
    /// That of the verdict on a service that is failing to answer: twice as long, as of one that
    /// loses most calls a few in a row say little.
    Failing,
    /// That of the circuit.
    Circuit,
}

/// The lengths of silence that matter, by [`Length`].
#[derive(Clone, Copy, Debug)]
pub struct Lengths([Span; 3]);

impl Lengths {
    /// As they are set.
    pub const fn new(verdict: &VerdictPolicy, circuit: &CircuitPolicy) -> Self {
        Self([verdict.min_silence, verdict.min_silence.times(2), circuit.min_silence])
    }
}

/// The calls of a service that wait since its last reply.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// When the first of them was made, and how many there are.
    first: Option<Instant>,
    calls: u32,
    /// When the first call that is late enough for each length is believed.
    believed: [Option<Instant>; 3],
}

impl Watch {
    /// A call is made now, whose reply is waited for so long. Returns when it is believed, if
    /// it is the first that is late enough for one of the lengths.
    pub fn call(&mut self, now: Instant, patience: Span, lengths: &Lengths) -> Option<Instant> {
        let first = *self.first.get_or_insert(now);
        self.calls = self.calls.saturating_add(1);
        let waited = now.since(first);
        let believed = now + Span::from_micros(patience.micros() / 2);
        let mut news = None;
        for (slot, length) in self.believed.iter_mut().zip(lengths.0) {
            if waited >= length && slot.is_none_or(|earlier| believed < earlier) {
                *slot = Some(believed);
                news = Some(believed);
            }
        }
        news
    }

    /// Whether so many calls waited in vain until now, for the length that the verdict asks for:
    /// a reply heard now ends a silence, found or not.
    pub fn was_silent(&self, now: Instant, calls: u32, lengths: &Lengths) -> bool {
        let [verdict, ..] = lengths.0;
        self.calls >= calls && self.first.is_some_and(|first| now.since(first) >= verdict)
    }

    /// A reply was heard, or nothing could be heard until now.
    pub const fn end(&mut self) {
        *self = Self { first: None, calls: 0, believed: [None; 3] };
    }

    /// Whether the silence is witnessed by now.
    pub fn is_witnessed(&self, now: Instant, length: Length) -> bool {
        self.believed[length as usize].is_some_and(|at| at <= now)
    }
}
