//! Where the corridor leaves calls, and never waits; and where they are taken from in batches.
//!
//! The corridor takes the lock once for all that the messages of a turn have ended, the other side for the
//! move of a pointer: nothing is encoded or woken for under it. A task is woken for full batches only,
//! and looks for one that is not full when its time has come.
//!
//! Bounded by calls; their texts are bounded where they are made. The last quarter is for calls that
//! are kept whatever the ratio, so that errors get through a flood.

use super::span;
use crate::observer::trace::Traced;
use crate::telemetry::TraceFigures;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Spans that a collector took.
    pub(super) exported: AtomicU64,
    /// Spans that were given up, by why.
    pub(super) dropped: [AtomicU64; Loss::ALL],
    /// Requests that were not taken.
    pub(super) failed: AtomicU64,
}

/// Why spans are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Loss {
    /// Too many waited.
    QueueFull,
    /// The collector did not want them.
    Refused,
    /// They were not taken for too long.
    Expired,
    /// lookout, or the thread that sends them, ended first.
    Stopped,
}

impl Loss {
    pub(super) const ALL: usize = 4;
}

impl Tally {
    pub(super) fn lose(&self, why: Loss, spans: u64) {
        self.dropped[why as usize].fetch_add(spans, Ordering::Relaxed);
    }
}

/// How much waits at most, and what a batch is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Calls.
    pub(super) calls: usize,
    /// Spans of a batch.
    pub(super) batch: usize,
    /// Whether services have spans of their own.
    pub(super) server_spans: bool,
}

/// Calls that wait.
#[derive(Debug, Default)]
struct Waiting {
    /// Full batches, the oldest first.
    full: VecDeque<Vec<Traced>>,
    /// The one that is being filled, and its spans.
    open: Vec<Traced>,
    spans: usize,
    /// Calls in all of them.
    calls: usize,
}

/// What became of a call.
enum Pushed {
    /// It waits with others for a batch to be full.
    Open,
    /// With it a batch is full.
    Filled,
    /// Too many waited.
    NoRoom,
}

impl Waiting {
    fn push(&mut self, call: Traced, spans: usize, bounds: Bounds) -> Pushed {
        let most = bounds.calls;
        let room = if call.kept { most } else { most - most / 4 };
        if self.calls >= room {
            return Pushed::NoRoom;
        }
        self.calls += 1;
        self.spans += spans;
        self.open.push(call);
        // A batch is full when the next call might not fit.
        if self.spans + 1 < bounds.batch {
            return Pushed::Open;
        }
        self.spans = 0;
        let next = Vec::with_capacity(self.open.len());
        self.full.push_back(std::mem::replace(&mut self.open, next));
        Pushed::Filled
    }
}

/// What both ends share.
#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    waiting: Mutex<Waiting>,
    full: Notify,
    tally: Tally,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nobody can panic while holding it; and what is there is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The corridor's end. That it is gone is the sign to send what is left and to end.
#[derive(Debug)]
pub struct Tracer {
    shared: Arc<Shared>,
    _open: watch::Sender<()>,
}

/// The other end.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
    open: watch::Receiver<()>,
}

/// Both ends of one.
pub(super) fn queue(bounds: Bounds) -> (Tracer, Queue) {
    let (shared, open) = (
        Arc::new(Shared {
            bounds,
            waiting: Mutex::default(),
            full: Notify::new(),
            tally: Tally::default(),
        }),
        watch::channel(()),
    );
    (Tracer { shared: shared.clone(), _open: open.0 }, Queue { shared, open: open.1 })
}

impl Tracer {
    /// Leaves calls to be sent; those that find too many waiting are dropped and counted.
    ///
    /// Meant for all that ended in one turn of the loop: the lock is taken once for them, and not at all
    /// if there are none.
    pub fn tell_all(&self, calls: impl IntoIterator<Item = Traced>) {
        let mut calls = calls.into_iter().peekable();
        if calls.peek().is_none() {
            return;
        }
        let (mut filled, mut lost) = (false, 0);
        let mut waiting = self.shared.waiting();
        for call in calls {
            let spans = span::count(&call.end, self.shared.bounds.server_spans);
            match waiting.push(call, spans, self.shared.bounds) {
                Pushed::Filled => filled = true,
                Pushed::Open => {}
                Pushed::NoRoom => lost += spans as u64,
            }
        }
        drop(waiting);
        if lost > 0 {
            self.shared.tally.lose(Loss::QueueFull, lost);
        }
        if filled {
            self.shared.full.notify_one();
        }
    }

    /// What was counted.
    pub fn figures(&self) -> TraceFigures {
        let Tally { exported, dropped, failed } = &self.shared.tally;
        TraceFigures {
            exported: exported.load(Ordering::Relaxed),
            dropped: dropped.each_ref().map(|it| it.load(Ordering::Relaxed)),
            failed: failed.load(Ordering::Relaxed),
            waiting: self.shared.waiting().calls as u64,
        }
    }
}

impl Queue {
    /// The oldest batch that is full.
    pub(super) fn take_full(&self) -> Option<Vec<Traced>> {
        let mut waiting = self.shared.waiting();
        let batch = waiting.full.pop_front()?;
        waiting.calls -= batch.len();
        Some(batch)
    }

    /// The oldest batch, full or not.
    pub(super) fn take(&self) -> Option<Vec<Traced>> {
        if let Some(batch) = self.take_full() {
            return Some(batch);
        }
        let mut waiting = self.shared.waiting();
        if waiting.open.is_empty() {
            return None;
        }
        waiting.spans = 0;
        let batch = std::mem::take(&mut waiting.open);
        waiting.calls -= batch.len();
        Some(batch)
    }

    /// Waits until there may be a full batch.
    pub(super) async fn filled(&self) {
        self.shared.full.notified().await;
    }

    /// Waits until the corridor's end is gone.
    pub(super) async fn closed(&self) {
        let mut open = self.open.clone();
        // Nothing is ever sent.
        while open.changed().await.is_ok() {}
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// Counts what waits as lost, as nobody will send it.
    pub(super) fn give_up(&self) {
        while let Some(batch) = self.take() {
            let server_spans = self.shared.bounds.server_spans;
            let spans: usize = batch.iter().map(|it| span::count(&it.end, server_spans)).sum();
            self.tally().lose(Loss::Stopped, spans as u64);
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
