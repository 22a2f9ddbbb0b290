//! An hour of a service: what was counted in it, and its reply times.
//!
//! Reply times are kept in the observer's own histograms, with eight of its bins in one: four bins an
//! octave, so that a percentile is within 10 %, which is as much as advice needs.

use crate::observer::Span;
use crate::observer::histogram::{Histogram, rank};
use crate::observer::latency::middle;
use crate::observer::snapshot::ServiceFigures;

/// Bins of the observer in one of these.
const COARSE: u16 = 8;

/// Counts of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally<T = u64> {
    pub(super) calls: T,
    pub(super) ok: T,
    pub(super) rejected: T,
    pub(super) failed: T,
    pub(super) unanswered: T,
    pub(super) late: T,
    /// Refused by a rate limit; they are among the rejected or failed ones.
    pub(super) limited: T,
}

impl Tally {
    /// What was counted since; `None` if this does not go on where `base` was.
    pub(super) fn since(&self, base: &Self) -> Option<Self> {
        Some(Self {
            calls: self.calls.checked_sub(base.calls)?,
            ok: self.ok.checked_sub(base.ok)?,
            rejected: self.rejected.checked_sub(base.rejected)?,
            failed: self.failed.checked_sub(base.failed)?,
            unanswered: self.unanswered.checked_sub(base.unanswered)?,
            late: self.late.checked_sub(base.late)?,
            limited: self.limited.checked_sub(base.limited)?,
        })
    }

    /// Settled calls: void ones are not among them.
    pub(super) const fn settled(&self) -> u64 {
        self.ok + self.rejected + self.failed + self.unanswered
    }

    pub(super) fn add(&mut self, other: &Tally<u32>) {
        self.calls += u64::from(other.calls);
        self.ok += u64::from(other.ok);
        self.rejected += u64::from(other.rejected);
        self.failed += u64::from(other.failed);
        self.unanswered += u64::from(other.unanswered);
        self.late += u64::from(other.late);
        self.limited += u64::from(other.limited);
    }
}

impl Tally<u32> {
    /// Adds counts; what is beyond four billion an hour stays there.
    fn add(&mut self, other: &Tally) {
        let add = |count: &mut u32, more: u64| {
            *count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        };
        add(&mut self.calls, other.calls);
        add(&mut self.ok, other.ok);
        add(&mut self.rejected, other.rejected);
        add(&mut self.failed, other.failed);
        add(&mut self.unanswered, other.unanswered);
        add(&mut self.late, other.late);
        add(&mut self.limited, other.limited);
    }
}

/// Reply times in coarse bins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Times(Histogram);

impl Times {
    /// Those of the observer.
    pub(super) fn of(replies: &Histogram) -> Self {
        let mut times = Self::default();
        for (bin, count) in replies.bins() {
            times.0.add(bin / COARSE, count);
        }
        times
    }

    /// What came since; all of it if this does not go on where `base` was.
    pub(super) fn since(&self, base: &Self) -> Self {
        let mut times = self.clone();
        for (bin, count) in base.0.bins() {
            if self.0.count_of(bin) < count {
                return self.clone();
            }
            times.0.remove(bin, count);
        }
        // Without the bins that are empty now.
        Self(times.0.bins().collect())
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    /// A percentile by nearest rank, within 10 %; `None` if there is no reply.
    pub(super) fn quantile(&self, quantile: f64) -> Option<Span> {
        let mut left = rank(quantile, self.0.count());
        let found = self.0.bins().find(|(_, count)| {
            let here = u64::from(*count);
            let found = left <= here;
            left = left.saturating_sub(here);
            found
        });
        found.map(|(bin, _)| middle(bin * COARSE + COARSE / 2))
    }
}

/// The most calls that were in progress at once, and how many replicas were ready for them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Peak {
    pub(super) open: f32,
    pub(super) ready: u32,
}

impl Peak {
    /// Calls in progress for each replica; 0 while the replicas are not known.
    pub(super) fn each(&self) -> f64 {
        if self.ready == 0 { 0.0 } else { f64::from(self.open) / f64::from(self.ready) }
    }
}

/// What a spell of five minutes adds to an hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Spell {
    pub(super) tally: Tally,
    pub(super) times: Times,
    pub(super) peak: Peak,
    /// Seconds that all replies took together.
    pub(super) time: f64,
    /// Callers times minutes.
    pub(super) caller_minutes: f64,
}

impl Spell {
    /// The same with what the service had to do in it, which lasted so long and has just ended.
    pub(super) fn with_load(self, length: Span, service: &ServiceFigures) -> Self {
        let (seconds, latency) = (length.as_secs_f64(), &service.figures.latency);
        let mean = latency.mean.unwrap_or_default().as_secs_f64();
        let rate = self.tally.calls as f64 / seconds.max(1.0);
        let ready = service.replicas.as_ref().map_or(0, |replicas| replicas.ready);
        Self {
            // Little's law: as many are in progress as are made in the time of a reply.
            peak: Peak { open: (rate * mean) as f32, ready },
            time: mean * latency.count as f64,
            caller_minutes: service.callers * seconds / 60.0,
            ..self
        }
    }
}

/// An hour of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// Hours since the epoch.
    pub(super) hour: u32,
    /// Spells that count.
    pub(super) clean: u8,
    /// Spells with an incident.
    pub(super) troubled: u8,
    /// Spells in which lookout did not hear well.
    pub(super) doubtful: u8,
    /// How often the circuit closed, in all spells but doubtful ones and those that a component
    /// explains.
    pub(super) closed: u16,
    pub(super) tally: Tally<u32>,
    pub(super) times: Times,
    pub(super) peak: Peak,
    pub(super) time: f32,
    pub(super) caller_minutes: f32,
}

impl Cell {
    /// Adds a spell that counts.
    pub(super) fn add(&mut self, spell: &Spell) {
        self.clean = self.clean.saturating_add(1);
        self.tally.add(&spell.tally);
        self.times.add(&spell.times);
        if spell.peak.each() > self.peak.each() {
            self.peak = spell.peak;
        }
        self.time += spell.time as f32;
        self.caller_minutes += spell.caller_minutes as f32;
    }
}
