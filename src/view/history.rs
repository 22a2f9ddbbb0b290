//! The last ten minutes of a service, in cells of ten seconds.
//!
//! A cell holds what happened to the service's calls and how reply times were spread, by the
//! difference of its totals at the cell's end and beginning. Minutes without a call cost nothing. A
//! cell's reply times may belong to the five seconds before it, as snapshots read them in turns.

use crate::observer::Instant;
use crate::observer::call::Outcome;
use crate::observer::errors::Counted;
use crate::observer::histogram::Histogram;
use crate::observer::latency::middle;
use crate::observer::service::Totals;
use crate::observer::snapshot::ServiceFigures;
use std::collections::VecDeque;
use std::sync::Arc;

/// Seconds of a cell.
pub const CELL: u64 = 10;
/// Cells that are kept: ten minutes.
pub const CELLS: u64 = 60;
/// The upper bounds of the reply times that are told apart, in milliseconds; the last class has
/// none.
pub const BOUNDS: [u32; 14] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
/// Classes of reply times.
pub const CLASSES: usize = BOUNDS.len() + 1;

/// Ten seconds of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its number: seconds since the epoch, divided by ten.
    pub number: u64,
    /// Calls made.
    pub calls: u32,
    /// Settled with an error of the caller's doing.
    pub rejected: u32,
    /// Settled with an error of the service's doing.
    pub failed: u32,
    /// Those of them that said that the service is unavailable (tier 2).
    pub unavailable: u32,
    /// Settled without a reply.
    pub unanswered: u32,
    /// Replies by class of their time.
    pub times: [u16; CLASSES],
}

impl Cell {
    /// Whether nothing happened.
    fn is_empty(&self) -> bool {
        *self == Self { number: self.number, ..Self::default() }
    }

    /// What speaks against the service.
    pub const fn bad(&self) -> u32 {
        self.failed + self.unanswered
    }
}

/// The last ten minutes of a service.
#[derive(Clone, Debug)]
pub struct History {
    cells: VecDeque<Cell>,
    /// The cell that is not over yet, and how things stood when it began.
    number: u64,
    totals: Totals,
    unavailable: u64,
    replies: Arc<Histogram>,
}

impl History {
    /// A history of a service that is first seen now: all its calls were made just before.
    pub fn new(now: Instant) -> Self {
        Self {
            cells: VecDeque::new(),
            number: number(now),
            totals: Totals::default(),
            unavailable: 0,
            replies: Arc::default(),
        }
    }

    /// Takes how things stand; a cell that is over is kept.
    pub fn take(&mut self, now: Instant, service: &ServiceFigures) {
        let number = number(now);
        if number == self.number {
            return;
        }
        let cell = self.cell(service);
        if !cell.is_empty() {
            self.cells.push_back(cell);
        }
        while self.cells.front().is_some_and(|cell| cell.number + CELLS <= number) {
            self.cells.pop_front();
        }
        self.number = number;
        self.totals = service.figures.totals;
        self.unavailable = unavailable(service);
        self.replies = service.replies.clone();
    }

    fn cell(&self, service: &ServiceFigures) -> Cell {
        let (now, before) = (&service.figures.totals, &self.totals);
        // A displaced service may come back with smaller counts.
        let grown =
            |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
        let mut times = [0_u16; CLASSES];
        if !Arc::ptr_eq(&service.replies, &self.replies) {
            for (bin, count) in service.replies.bins() {
                let new = count.saturating_sub(self.replies.count_of(bin));
                let class = class(middle(bin).as_millis_f64());
                if let Some(slot) = times.get_mut(class) {
                    *slot = slot.saturating_add(u16::try_from(new).unwrap_or(u16::MAX));
                }
            }
        }
        Cell {
            number: self.number,
            calls: grown(now.calls, before.calls),
            rejected: grown(now.rejected, before.rejected),
            failed: grown(now.failed, before.failed),
            unavailable: grown(unavailable(service), self.unavailable),
            unanswered: grown(now.unanswered, before.unanswered),
            times,
        }
    }

    /// Failures of the last 5 min by which the service said that it is unavailable.
    pub fn unavailable(&self, now: Instant) -> u64 {
        let since = (number(now) + 1).saturating_sub(300 / CELL);
        let recent = self.cells.iter().filter(|cell| cell.number >= since);
        recent.map(|cell| u64::from(cell.unavailable)).sum()
    }

    /// The cells in which something happened, oldest first.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = &Cell> {
        self.cells.iter()
    }
}

/// Failures by which a service said that it is unavailable.
fn unavailable(service: &ServiceFigures) -> u64 {
    let said = |it: &&Counted| it.outcome == Outcome::Failed && it.tier() == 2;
    service.errors.counted.iter().filter(said).map(|it| it.count).sum()
}

/// The number of the cell of a moment.
pub const fn number(now: Instant) -> u64 {
    now.micros() / 1_000_000 / CELL
}

fn class(millis: f64) -> usize {
    BOUNDS.iter().position(|bound| millis <= f64::from(*bound)).unwrap_or(BOUNDS.len())
}
