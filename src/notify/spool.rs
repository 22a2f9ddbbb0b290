//! What one Alertmanager has been told, and what it still has to be.
//!
//! The rules are those that Prometheus keeps as a client: an alert that fires is sent again and again,
//! with an end some intervals ahead, so that it ends by itself if nobody sends it any more; one that is
//! over is sent with its end for fifteen minutes more. What holds is sent, not what changed: an instance
//! that was away hears all of it when it is back.
//!
//! Edge rules: an alert that ended while the instance was away is first sent as one that fires, and an
//! interval later as one that is over: Alertmanager tells nobody of an end whose beginning it never
//! heard, or forgot, as it keeps alerts in memory. Beyond [`MOST`] alerts those that are over give way first, and are counted.

use super::pause::Pause;
use crate::alert::{Board, ENDED_FOR};
use crate::observer::alert::{Alert, Key, Severity};
use crate::observer::{Instant, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Alerts that are kept for an instance.
pub(super) const MOST: usize = 20_000;
/// Alerts in one request, as many as Prometheus sends.
pub(super) const BATCH: usize = 64;
/// How many intervals ahead the end of an alert that fires is.
const AHEAD: u64 = 4;

/// What an Alertmanager tells one alert from another by: labels, of which the severity is one.
type Id = (Key, Severity);

/// Everything for one instance.
#[derive(Debug)]
pub(super) struct Spool {
    resend_every: Span,
    entries: BTreeMap<Id, Entry>,
    pause: Pause,
    pub(super) dropped: u64,
}

#[derive(Debug)]
struct Entry {
    alert: Arc<Alert>,
    /// When it was over.
    ends: Option<Instant>,
    /// When it was last taken, and whether as one that fires.
    sent: Option<(Instant, bool)>,
    /// Whether something about it has to be sent now.
    dirty: bool,
    /// Whether it was over before it was first taken.
    late: bool,
}

/// An alert as it is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) alert: Arc<Alert>,
    /// When it is, or was, over.
    pub(super) ends: Instant,
    /// Whether it is sent as one that fires.
    pub(super) fires: bool,
}

impl Spool {
    pub(super) const fn new(resend_every: Span) -> Self {
        Self { resend_every, entries: BTreeMap::new(), pause: Pause::new(), dropped: 0 }
    }

    /// Takes how things stand.
    pub(super) fn take(&mut self, now: Instant, board: &Board) {
        let id = |alert: &Arc<Alert>| (alert.key.clone(), alert.severity);
        let mut here: BTreeMap<Id, (&Arc<Alert>, Option<Instant>)> = BTreeMap::new();
        for alert in &board.ended {
            here.insert(id(alert), (alert, alert.ends));
        }
        for alert in board.firing.iter().chain(&board.signals) {
            here.insert(id(alert), (alert, None));
        }
        for (id, entry) in &mut self.entries {
            // It is no longer told of, or has another severity: its end was never told here.
            if entry.ends.is_none() && !here.contains_key(id) {
                (entry.ends, entry.dirty) = (Some(now), true);
            }
        }
        for (id, (alert, ends)) in here {
            match self.entries.get_mut(&id) {
                Some(entry) if Arc::ptr_eq(&entry.alert, alert) && entry.ends == ends => {}
                // A signal is made anew with each board, and says nothing new.
                Some(entry) if alert.event == "signal" && entry.ends.is_none() => {}
                Some(entry) => {
                    let again = entry.ends.is_some() && ends.is_none();
                    entry.late &= !again;
                    (entry.alert, entry.ends, entry.dirty) = (alert.clone(), ends, true);
                }
                // Its end has been told for long enough, or was heard by whoever ran before.
                None if ends.is_some_and(|ends| now.since(ends) > ENDED_FOR) => {}
                None => {
                    let late = ends.is_some();
                    let entry = Entry { alert: alert.clone(), ends, sent: None, dirty: true, late };
                    self.entries.insert(id, entry);
                }
            }
        }
        if self.pause.is_failing() {
            self.doubt();
        }
        self.make_room();
    }

    /// What is to be sent now, at most one request full.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Sending> {
        self.forget(now);
        if self.pause.until(now).is_some() {
            return Vec::new();
        }
        let every = self.resend_every;
        let due = self.entries.values().filter(|entry| entry.due(every) <= now);
        due.take(BATCH).map(|entry| entry.sending(now, every)).collect()
    }

    /// Whether the last attempt failed.
    pub(super) const fn is_failing(&self) -> bool {
        self.pause.is_failing()
    }

    /// When something is due next.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let next = self.entries.values().map(|entry| entry.due(self.resend_every)).min()?;
        Some(self.pause.until(now).map_or(next, |until| until.max(next)))
    }

    /// What was sent was not taken.
    pub(super) fn failed(&mut self, now: Instant) {
        self.pause.failed(now);
        self.doubt();
    }

    /// Whoever is away may have been started anew: ends that it does not know of begin again.
    fn doubt(&mut self) {
        for entry in self.entries.values_mut() {
            if entry.ends.is_some() && matches!(entry.sent, Some((_, true))) {
                (entry.sent, entry.late) = (None, true);
            }
        }
    }

    /// What was sent was taken.
    pub(super) fn taken(&mut self, now: Instant, sent: &[Sending]) {
        self.pause.over();
        for sending in sent {
            let id = (sending.alert.key.clone(), sending.alert.severity);
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            entry.late |= entry.sent.is_none() && entry.ends.is_some();
            entry.sent = Some((now, sending.fires));
            // It may have changed while it was on its way.
            entry.dirty = !Arc::ptr_eq(&entry.alert, &sending.alert)
                || (sending.fires && entry.ends.is_some());
        }
    }

    /// Alerts that were never taken.
    pub(super) fn waiting(&self) -> u64 {
        self.entries.values().filter(|entry| entry.sent.is_none()).count() as u64
    }

    /// Forgets what has been told for long enough.
    fn forget(&mut self, now: Instant) {
        self.entries.retain(|_, entry| match (entry.ends, entry.sent) {
            (Some(ends), Some((_, false))) => now.since(ends) <= ENDED_FOR,
            _ => true,
        });
    }

    fn make_room(&mut self) {
        if self.entries.len() <= MOST {
            return;
        }
        let excess = self.entries.len() - MOST;
        let mut ids: Vec<_> = self
            .entries
            .iter()
            .map(|(id, entry)| {
                (entry.ends.is_none(), entry.sent.is_none(), entry.alert.starts, id.clone())
            })
            .collect();
        ids.sort_unstable();
        for (_, unsent, _, id) in ids.into_iter().take(excess) {
            self.entries.remove(&id);
            self.dropped += u64::from(unsent);
        }
    }
}

impl Entry {
    /// When it is to be sent.
    fn due(&self, every: Span) -> Instant {
        match self.sent {
            None => Instant::default(),
            // Its beginning was told late: people are given an interval to hear of it.
            Some((at, true)) if self.late && self.ends.is_some() => at + every,
            Some(_) if self.dirty => Instant::default(),
            Some((at, _)) => at + every,
        }
    }

    fn sending(&self, now: Instant, every: Span) -> Sending {
        let ahead = now + Span::from_micros(every.micros().saturating_mul(AHEAD));
        let unheard = self.sent.is_none();
        match self.ends {
            Some(ends) if !unheard => Sending { alert: self.alert.clone(), ends, fires: false },
            _ => Sending { alert: self.alert.clone(), ends: ahead, fires: true },
        }
    }
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
