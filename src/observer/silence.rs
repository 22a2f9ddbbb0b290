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
pub struct Lengths {
    each: [Span; 3],
    shortest: Span,
}

impl Lengths {
    /// As they are set.
    pub fn new(verdict: &VerdictPolicy, circuit: &CircuitPolicy) -> Self {
        let (verdict, circuit) = (verdict.min_silence, circuit.min_silence);
        Self { each: [verdict, verdict.times(2), circuit], shortest: verdict.min(circuit) }
    }
}

/// No moment: later than all.
const NEVER: Instant = Instant::from_micros(u64::MAX);

/// The calls of a service that wait since its last reply.
#[derive(Clone, Debug)]
pub struct Watch {
    /// When the first of them was made, or never.
    first: Instant,
    /// How many there are.
    calls: u32,
    /// Whether any of them is a witness, which is rare.
    witnessed: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self { first: NEVER, calls: 0, witnessed: false }
    }
}

/// When the first call that is late enough for each length is believed, or never.
#[derive(Clone, Debug)]
pub struct Witnesses([Instant; 3]);

impl Default for Witnesses {
    fn default() -> Self {
        Self([NEVER; 3])
    }
}

impl Witnesses {
    /// Whether the silence is witnessed by now.
    pub fn are_believed(&self, now: Instant, length: Length) -> bool {
        let at = self.0[length as usize];
        at != NEVER && at <= now
    }
}

impl Watch {
    /// A call is made now, whose reply is waited for so long. Returns when it is believed, if
    /// it is the first that is late enough for one of the lengths.
    pub fn call(
        &mut self,
        now: Instant,
        patience: Span,
        lengths: &Lengths,
        witnesses: &mut Witnesses,
    ) -> Option<Instant> {
        self.first = self.first.min(now);
        self.calls = self.calls.saturating_add(1);
        let waited = now.since(self.first);
        if waited < lengths.shortest {
            return None;
        }
        let believed = now + Span::from_micros(patience.micros() / 2);
        let mut news = None;
        for (slot, length) in witnesses.0.iter_mut().zip(lengths.each) {
            if waited >= length && believed < *slot {
                *slot = believed;
                news = Some(believed);
                self.witnessed = true;
            }
        }
        news
    }

    /// Whether so many calls waited in vain until now, for the length that the verdict asks for:
    /// a reply heard now ends a silence, found or not.
    pub fn was_silent(&self, now: Instant, calls: u32, lengths: &Lengths) -> bool {
        let [verdict, ..] = lengths.each;
        self.calls >= calls && self.first != NEVER && now.since(self.first) >= verdict
    }

    /// When the first of them was made, if any wait.
    pub fn since(&self) -> Option<Instant> {
        (self.first != NEVER).then_some(self.first)
    }

    /// A reply was heard, or nothing could be heard until now.
    #[inline]
    pub fn end(&mut self, witnesses: &mut Witnesses) {
        if self.witnessed {
            *witnesses = Witnesses::default();
        }
        *self = Self::default();
    }
}
