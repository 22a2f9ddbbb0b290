//! The last day of one service: hours of what was counted, and its methods.
//!
//! The observer counts over the whole run, so a spell of five minutes is a difference between two
//! looks. Counts that went back are those of another entry of the same name, which began at nothing.
//! A spell counts if nothing was wrong in it: one with an incident, whoever explains it, says what
//! an outage is like and not how to set up the service, and one in doubt says nothing. Trouble begins
//! before it is found and leaves calls behind that run into their patience, or are answered late: so
//! the spells before and after one with an incident do not count either, and a spell waits for the next
//! one before it does.

use super::cell::{Cell, Peak, Spell, Tally, Times};
use super::limits::{HOURS, MIN_WAITS, RATE_LIMIT_CODE};
use super::methods::{Methods, Sum};
use crate::observer::breaker::State;
use crate::observer::call::Outcome;
use crate::observer::errors::Code;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::{Instant, Span};
use std::collections::VecDeque;

/// Microseconds in an hour.
const HOUR: u64 = 3_600_000_000;

/// The hour of a moment, since the epoch.
pub(super) const fn hour(at: Instant) -> u32 {
    // Hours fit 32 bits for as long as microseconds fit 64.
    (at.micros() / HOUR) as u32
}

/// How a spell was, beside its figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mood {
    /// Whether lookout heard everything.
    pub(super) in_doubt: bool,
    /// Whether the counts of the spell cover other minutes than the windows.
    pub(super) odd: bool,
}

/// The last day of one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    /// The run's figures when the spell began.
    base: Tally,
    base_times: Times,
    base_closed: u32,
    /// Whether the service was in an incident in the spell under way.
    troubled: bool,
    /// Whether it was in one in the spell before.
    was_troubled: bool,
    /// Whether a component explained it.
    explained: bool,
    /// A spell that counts, unless the next one has an incident; and its hour.
    pending: Option<(u32, Spell)>,
    /// Oldest first.
    cells: VecDeque<Cell>,
    methods: Methods,
    /// How long calls were waited for that were not answered, if enough of them are known.
    waits: Option<Span>,
}

/// What a day comes to.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// When the first spell that counts began, to the hour.
    pub(super) from: Instant,
    /// Spells that count.
    pub(super) clean: u32,
    pub(super) troubled: u32,
    pub(super) doubtful: u32,
    pub(super) tally: Tally,
    pub(super) times: Times,
    pub(super) peak: Peak,
    /// Seconds that all replies took together.
    pub(super) time: f64,
    pub(super) caller_minutes: f64,
    /// The most often that the circuit closed in one hour.
    pub(super) closed: u32,
    pub(super) methods: Vec<Sum>,
    /// All of them together, over the same hours.
    pub(super) all_methods: Sum,
    pub(super) waits: Option<Span>,
}

impl Day {
    /// Looks whether something is wrong.
    pub(super) fn watch(&mut self, service: &ServiceFigures) {
        self.troubled |= service.incident.is_some();
        self.explained |= service.blamed.is_some();
    }

    /// A spell of so many seconds ends now.
    pub(super) fn end_spell(
        &mut self,
        now: Instant,
        length: Span,
        mood: Mood,
        service: &ServiceFigures,
    ) {
        let tally = tally(service);
        let times = Times::of(&service.replies);
        let closed = service.breaker.transitions.get(State::Closed as usize).copied().unwrap_or(0);
        let spell = Spell {
            tally: tally.since(&self.base).unwrap_or(tally),
            times: times.since(&self.base_times),
            ..Spell::default()
        };
        let closings = closed.checked_sub(self.base_closed).unwrap_or(closed);
        (self.base, self.base_times, self.base_closed) = (tally, times, closed);
        let troubled = std::mem::replace(&mut self.troubled, service.incident.is_some());
        let explained = std::mem::replace(&mut self.explained, service.blamed.is_some());
        self.waits = waits(now, service).or(self.waits);
        // A moment of the spell, not of the next.
        let hour = hour(now - Span::from_secs(1));
        self.forget(hour);
        let left_over = std::mem::replace(&mut self.was_troubled, troubled);
        self.methods.settle(!troubled);
        if let Some((of, spell)) = self.pending.take().filter(|_| !troubled)
            && let Some(cell) = self.cell(of)
        {
            cell.add(&spell);
        }
        let quiet = spell.tally == Tally::default() && closings == 0;
        if quiet && !troubled {
            return;
        }
        let Some(cell) = self.cell(hour) else { return };
        if mood.in_doubt || mood.odd {
            cell.doubtful = cell.doubtful.saturating_add(u8::from(mood.in_doubt));
            return;
        }
        if !explained {
            cell.closed = cell.closed.saturating_add(u16::try_from(closings).unwrap_or(u16::MAX));
        }
        if troubled || left_over {
            cell.troubled = cell.troubled.saturating_add(u8::from(troubled));
            return;
        }
        self.pending = Some((hour, spell.with_load(length, service)));
        self.methods.take(hour, &service.methods);
    }

    /// Drops the hours that are more than a day ago.
    fn forget(&mut self, hour: u32) {
        while self.cells.front().is_some_and(|cell| cell.hour.saturating_add(HOURS) < hour) {
            self.cells.pop_front();
        }
    }

    /// The hour, which is the last one or a new one.
    fn cell(&mut self, hour: u32) -> Option<&mut Cell> {
        let new = self.cells.back().is_none_or(|cell| cell.hour != hour);
        if new && self.cells.len() == self.cells.capacity() {
            self.cells.reserve_exact(if self.cells.is_empty() { 1 } else { 4 });
        }
        let new = new.then(|| Cell { hour, ..Cell::default() });
        self.cells.extend(new);
        self.cells.back_mut()
    }

    /// What the day comes to, as of now.
    pub(super) fn sum(&self, now: Instant) -> Summary {
        let hour = hour(now);
        let mut sum = Summary { waits: self.waits, ..Summary::default() };
        let cells = self.cells.iter().filter(|cell| cell.hour.saturating_add(HOURS) >= hour);
        for cell in cells {
            if cell.clean > 0 && sum.clean == 0 {
                sum.from = Instant::from_micros(u64::from(cell.hour) * HOUR);
            }
            sum.clean += u32::from(cell.clean);
            sum.troubled += u32::from(cell.troubled);
            sum.doubtful += u32::from(cell.doubtful);
            sum.tally.add(&cell.tally);
            sum.times.add(&cell.times);
            if cell.peak.each() > sum.peak.each() {
                sum.peak = cell.peak;
            }
            sum.time += f64::from(cell.time);
            sum.caller_minutes += f64::from(cell.caller_minutes);
            sum.closed = sum.closed.max(u32::from(cell.closed));
        }
        sum.methods = self.methods.sums(hour);
        sum.all_methods = self.methods.whole(hour);
        sum
    }
}

/// What was counted of a service over the run.
fn tally(service: &ServiceFigures) -> Tally {
    let totals = &service.figures.totals;
    let limited = service.errors.counted.iter();
    let limited = limited.filter(|error| error.code == Code::Number(RATE_LIMIT_CODE));
    Tally {
        calls: totals.calls,
        ok: totals.ok,
        rejected: totals.rejected,
        failed: totals.failed,
        unanswered: totals.unanswered,
        late: totals.late,
        limited: limited.map(|error| error.count).sum(),
    }
}

/// The median time that calls of the last day were waited for in vain; `None` if too few are known.
fn waits(now: Instant, service: &ServiceFigures) -> Option<Span> {
    let day = Span::from_secs(u64::from(HOURS) * 3_600);
    let lost =
        service.errors.last.iter().map(|(_, failure)| failure).filter(|failure| {
            failure.outcome == Outcome::Unanswered && now.since(failure.at) <= day
        });
    let mut times: Vec<_> = lost.map(|failure| failure.time).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().filter(|_| times.len() >= MIN_WAITS)
}
