//! The methods of a service that take the most time.
//!
//! Only [`METHODS`] are kept. One that is not among them takes the place of the one that took the
//! least time, if it took more in five minutes than that one usually does. What is displaced is
//! forgotten, so a method that comes and goes among many equals is known for less than a day.

use super::limits::{METHODS, SLICE_HOURS, SLICES};
use crate::observer::Span;
use crate::observer::service::OTHER;
use crate::observer::snapshot::Figures;
use std::sync::Arc;

/// Four hours of a method.
#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    /// Which four hours since the epoch.
    at: u32,
    /// Spells in which it was called or replied.
    spells: u32,
    calls: u32,
    /// Rejected, failed or unanswered.
    errors: u32,
    replies: u32,
    /// Seconds that its replies took together.
    time: f32,
    /// The 95th percentiles of its spells in seconds, each times its replies.
    p95s: f32,
}

/// Slices of a day, each at its place by time.
type Slices = [Slice; SLICES];

/// A method of a service.
#[derive(Clone, Debug)]
struct Method {
    name: Arc<str>,
    slices: Slices,
    /// The last spell, which does not count yet.
    pending: Slice,
}

/// The day of a method.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) name: Arc<str>,
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) replies: u64,
    /// Seconds that its replies took together.
    pub(super) time: f64,
    /// The usual 95th percentile of five minutes: their mean, by replies.
    pub(super) p95: Span,
}

/// The methods of a service that take the most time.
#[derive(Clone, Debug, Default)]
pub(super) struct Methods {
    kept: Vec<Method>,
    /// All methods together, those that are not kept among them.
    all: Slices,
    /// The last spell of all of them.
    pending: Slice,
}

impl Methods {
    /// The last spell counts, or it does not.
    pub(super) fn settle(&mut self, counts: bool) {
        let all = std::mem::take(&mut self.pending);
        if counts {
            add(&mut self.all, all);
        }
        for method in &mut self.kept {
            let spell = std::mem::take(&mut method.pending);
            if counts {
                add(&mut method.slices, spell);
            }
        }
    }

    /// Takes five minutes that end in this hour; they do not count before [`Methods::settle`].
    pub(super) fn take(&mut self, hour: u32, methods: &[(Arc<str>, Figures)]) {
        let at = hour / SLICE_HOURS;
        for (name, figures) in methods {
            let new = Slice::new(at, figures);
            if new.calls + new.replies == 0 {
                continue;
            }
            self.pending.add(new);
            if &**name != OTHER
                && let Some(method) = self.place(at, name, new.time)
            {
                method.pending = new;
            }
        }
    }

    /// A method, if it has a place or gets one.
    fn place(&mut self, at: u32, name: &Arc<str>, time: f32) -> Option<&mut Method> {
        if let Some(place) = self.kept.iter().position(|method| method.name == *name) {
            return self.kept.get_mut(place);
        }
        let new =
            Method { name: name.clone(), slices: Slices::default(), pending: Slice::default() };
        if self.kept.len() < METHODS {
            self.kept.reserve_exact(1);
            self.kept.push(new);
            return self.kept.last_mut();
        }
        let all = self.kept.iter_mut().map(|method| (usual(&method.slices, at), method));
        let (least, method) = all.min_by(|one, two| one.0.total_cmp(&two.0))?;
        if time <= least {
            return None;
        }
        *method = new;
        Some(method)
    }

    /// Their days, as of this hour; those without calls are left out.
    pub(super) fn sums(&self, hour: u32) -> Vec<Sum> {
        let at = hour / SLICE_HOURS;
        let sums = self.kept.iter().map(|method| sum(&method.name, &method.slices, at));
        sums.filter(|sum| sum.calls > 0).collect()
    }

    /// The day of all of them together, those that are not kept among them.
    pub(super) fn whole(&self, hour: u32) -> Sum {
        sum(&Arc::default(), &self.all, hour / SLICE_HOURS)
    }
}

impl Slice {
    /// What the last five minutes of a method are.
    fn new(at: u32, figures: &Figures) -> Self {
        let (counts, latency) = (&figures.recent, &figures.latency);
        let mean = latency.mean.unwrap_or_default().as_secs_f64();
        let p95 = latency.p95.unwrap_or_default().as_secs_f64();
        let short = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            at,
            spells: 1,
            calls: short(counts.calls),
            errors: short(counts.rejected + counts.failed + counts.unanswered),
            replies: short(latency.count),
            time: (mean * latency.count as f64) as f32,
            p95s: (p95 * latency.count as f64) as f32,
        }
    }

    fn add(&mut self, other: Self) {
        self.at = other.at;
        self.spells = self.spells.saturating_add(other.spells);
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.replies = self.replies.saturating_add(other.replies);
        self.time += other.time;
        self.p95s += other.p95s;
    }
}

/// Adds to the slice of the same time, which begins anew if it is of the day before.
fn add(slices: &mut Slices, new: Slice) {
    if new.spells == 0 {
        return;
    }
    let Some(slice) = slices.get_mut(new.at as usize % SLICES) else { return };
    if slice.at == new.at {
        slice.add(new);
    } else {
        *slice = new;
    }
}

/// The slices of the day that ends in this one.
fn day(slices: &Slices, at: u32) -> impl Iterator<Item = &Slice> {
    slices.iter().filter(move |slice| slice.at.saturating_add(SLICES as u32) > at)
}

/// The time that a method takes in a spell in which it is called.
fn usual(slices: &Slices, at: u32) -> f32 {
    let spells = day(slices, at).fold(0_u32, |sum, slice| sum.saturating_add(slice.spells));
    day(slices, at).map(|slice| slice.time).sum::<f32>() / spells.max(1) as f32
}

fn sum(name: &Arc<str>, slices: &Slices, at: u32) -> Sum {
    let sum = |of: fn(&Slice) -> u32| day(slices, at).map(|slice| u64::from(of(slice))).sum();
    let replies: u64 = sum(|slice| slice.replies);
    let p95s: f64 = day(slices, at).map(|slice| f64::from(slice.p95s)).sum();
    Sum {
        name: name.clone(),
        calls: sum(|slice| slice.calls),
        errors: sum(|slice| slice.errors),
        replies,
        time: day(slices, at).map(|slice| f64::from(slice.time)).sum(),
        p95: Span::from_secs(1).scaled(p95s / replies.max(1) as f64),
    }
}
