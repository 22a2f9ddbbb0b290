//! Which alerts one webhook is told of, and when: grouped, so that a storm is a few messages.
//!
//! Alerts of one name and severity are a group. The first one waits a little for others, unless it is
//! critical; after a notification the next follows no sooner than an interval, when something changed,
//! or after a longer one, when nothing did. What something worse explains is not told. An alert that is
//! over before anybody was told is not told either, unless the receiver was away: then nothing is
//! left out.

use super::pause::Pause;
use crate::alert::{Board, Inhibitor};
use crate::observer::alert::{Alert, Key, Severity};
use crate::observer::{Instant, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a receiver is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    pub(super) min_severity: Severity,
    pub(super) wait: Span,
    pub(super) interval: Span,
    pub(super) repeat: Span,
}

/// A group's name: that of its alerts, and their severity.
pub(super) type Name = (Severity, Arc<str>);

/// Everything for one receiver.
#[derive(Debug)]
pub(super) struct Groups {
    rhythm: Rhythm,
    groups: BTreeMap<Name, Group>,
    /// Notifications so far.
    count: u64,
    pub(super) pause: Pause,
}

#[derive(Debug, Default)]
struct Group {
    members: BTreeMap<Key, Member>,
    /// Since when something is to be told.
    changed: Option<Instant>,
    /// When it was last told.
    told: Option<Instant>,
}

#[derive(Debug)]
struct Member {
    alert: Arc<Alert>,
    /// Whether somebody was told that it fires.
    told: bool,
    silent: bool,
}

/// What is to be told.
#[derive(Clone, Debug)]
pub(super) struct Notification {
    pub(super) group: Name,
    /// The same for each attempt.
    pub(super) number: u64,
    /// Those that fire, and those that are over.
    pub(super) alerts: Vec<Arc<Alert>>,
}

impl Groups {
    pub(super) const fn new(rhythm: Rhythm) -> Self {
        Self { rhythm, groups: BTreeMap::new(), count: 0, pause: Pause::new() }
    }

    /// Takes how things stand.
    pub(super) fn take(&mut self, now: Instant, board: &Board) {
        let firing = || board.firing.iter().map(|alert| &**alert);
        let inhibitor = Inhibitor::new(firing());
        let mut here = BTreeSet::new();
        for alert in &board.firing {
            if alert.severity < self.rhythm.min_severity {
                continue;
            }
            let silent = inhibitor.inhibits(alert);
            let name = (alert.severity, alert.key.name.clone());
            here.insert((name.clone(), alert.key.clone()));
            let group = self.groups.entry(name).or_default();
            if let Some(member) = group.members.get_mut(&alert.key) {
                let again = !member.alert.fires();
                let worth =
                    again || member.alert.reason != alert.reason || (member.silent && !member.told);
                (member.alert, member.silent) = (alert.clone(), silent);
                if worth && !silent {
                    group.changed.get_or_insert(now);
                }
                continue;
            }
            let member = Member { alert: alert.clone(), told: false, silent };
            group.members.insert(alert.key.clone(), member);
            if !silent {
                group.changed.get_or_insert(now);
            }
        }
        self.end(now, board, &here);
    }

    /// Ends those that no longer fire.
    fn end(&mut self, now: Instant, board: &Board, here: &BTreeSet<(Name, Key)>) {
        let ended: BTreeMap<_, _> = board.ended.iter().map(|alert| (&alert.key, alert)).collect();
        let away = self.pause.is_failing();
        let rhythm = self.rhythm;
        for (name, group) in &mut self.groups {
            let due = group.due(name, rhythm);
            let mut over = false;
            group.members.retain(|key, member| {
                if here.contains(&(name.clone(), key.clone())) || !member.alert.fires() {
                    return true;
                }
                // One that nobody heard of was not worth it, unless they could not hear.
                let heard =
                    member.told || (!member.silent && away && due.is_some_and(|due| due <= now));
                let alert = ended.get(key).map_or_else(
                    || Arc::new(Alert { ends: Some(now), ..(*member.alert).clone() }),
                    |alert| Arc::clone(alert),
                );
                member.alert = alert;
                over |= heard;
                heard
            });
            if over {
                group.changed.get_or_insert(now);
            }
            if group.members.values().all(|it| it.alert.fires() && (it.told || it.silent)) {
                group.changed = None;
            }
        }
        self.groups.retain(|_, group| !group.members.is_empty());
    }

    /// What is to be told now.
    pub(super) fn due(&self, now: Instant) -> Option<Notification> {
        if self.pause.until(now).is_some() {
            return None;
        }
        let is_due =
            |name: &Name, group: &Group| group.due(name, self.rhythm).is_some_and(|due| due <= now);
        // The worst first.
        let (name, group) = self.groups.iter().rev().find(|(name, group)| is_due(name, group))?;
        let members = group.members.values().filter(|it| !it.silent || it.told);
        let alerts = members.map(|member| member.alert.clone()).collect();
        Some(Notification { group: name.clone(), number: self.count, alerts })
    }

    /// When something is due next.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let due = self.groups.iter().filter_map(|(name, group)| group.due(name, self.rhythm));
        let next = due.min()?;
        Some(self.pause.until(now).map_or(next, |until| until.max(next)))
    }

    /// What was told was taken.
    pub(super) fn taken(&mut self, now: Instant, told: &Notification) {
        self.count += 1;
        let Some(group) = self.groups.get_mut(&told.group) else { return };
        (group.changed, group.told) = (None, Some(now));
        for alert in &told.alerts {
            if !alert.fires() {
                group.members.remove(&alert.key);
            } else if let Some(member) = group.members.get_mut(&alert.key) {
                member.told = true;
                // It may have ended while it was on its way.
                if !member.alert.fires() {
                    group.changed = Some(now);
                }
            }
        }
        self.groups.retain(|_, group| !group.members.is_empty());
    }

    /// Alerts that somebody is to be told of and was not yet.
    pub(super) fn waiting(&self) -> u64 {
        let members = self.groups.values().flat_map(|group| group.members.values());
        members.filter(|member| !member.told && !member.silent).count() as u64
    }
}

impl Group {
    /// When it is to be told.
    fn due(&self, (severity, _): &Name, rhythm: Rhythm) -> Option<Instant> {
        match (self.changed, self.told) {
            (Some(changed), None) => {
                let wait = if *severity >= Severity::Critical { Span::ZERO } else { rhythm.wait };
                Some(changed + wait)
            }
            (Some(changed), Some(told)) => Some(changed.max(told + rhythm.interval)),
            (None, Some(told)) => {
                let lasts =
                    self.members.values().any(|it| it.alert.fires() && it.told && !it.silent);
                lasts.then(|| told + rhythm.repeat)
            }
            (None, None) => None,
        }
    }
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
