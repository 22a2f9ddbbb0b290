//! One incident of one service, from first sign to recovery.
//!
//! It opens with the first bad verdict or the opening of the circuit and ends at the later of
//! healthy and circuit closed; everything said between carries its id. The lengths of the last
//! outages are kept, so that the next one comes with an estimate from experience.

use super::time::{Instant, Span};
use super::trace::TraceId;
use std::collections::VecDeque;

/// Past outages that an estimate needs, and that are kept.
const NEEDED: usize = 3;
const KEPT: usize = 20;

/// Ties together everything said about one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IncidentId(pub u64);

/// Hands out incident ids: the time in milliseconds and 16 bits from the seed.
#[derive(Clone, Debug)]
pub struct Ids(u64);

impl Ids {
    /// Ids that follow from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next id.
    pub const fn next(&mut self, now: Instant) -> IncidentId {
        // Steps of a full-period generator never repeat within 65 536 ids of one millisecond.
        self.0 = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        IncidentId(((now.micros() / 1_000) << 16) | (self.0 >> 48))
    }
}

/// An incident under way.
#[derive(Clone, Copy, Debug)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// When it began.
    pub since: Instant,
    /// Calls of the service that were unanswered when it began, those that gave it away left out.
    pub unanswered_before: u64,
    /// A trace in which it is told, as last said.
    pub trace: Option<TraceId>,
}

impl Incident {
    /// One that begins at a moment.
    pub const fn new(id: IncidentId, since: Instant, unanswered_before: u64) -> Self {
        Self { id, since, unanswered_before, trace: None }
    }
}

/// How long past outages took.
#[derive(Clone, Debug, Default)]
pub struct Outages(VecDeque<Span>);

impl Outages {
    /// Adds the length of an outage that is over.
    pub fn add(&mut self, length: Span) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(length);
    }

    /// From the 25th to the 75th percentile of past outages; `None` while fewer than three
    /// are known.
    pub fn estimate(&self) -> Option<(Span, Span)> {
        if self.0.len() < NEEDED {
            return None;
        }
        let mut lengths: Vec<_> = self.0.iter().copied().collect();
        lengths.sort_unstable();
        let rank = |quarters: usize| (lengths.len() * quarters).div_ceil(4) - 1;
        Some((*lengths.get(rank(1))?, *lengths.get(rank(3))?))
    }
}
