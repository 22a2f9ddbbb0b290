//! Alerts: what is worth telling people, from the first moment to the all-clear.
//!
//! Once a second the snapshot is looked through for what is wrong (`sources`), and every so often the
//! published figures are held against the rules (`rule`, `expression`, `watch`). What is wrong long
//! enough becomes an alert, with what people need to act (`context`); what is gone long enough ends it.
//! Each change is an event like those of the observer; those who deliver alerts take them all from the
//! [`Board`], which says what holds, not what changed, so that they can be away.
//!
//! Edge rules: while lookout doubts its ears no alert about a service begins or ends; a verdict that
//! reads unknown for want of calls keeps its alert; an alert that begins again while its end is still
//! told takes the place of the ended one; nothing here knows a clock, a socket or a setting's name, so a
//! replay gives the same alerts as the original.

mod condition;
mod context;
pub mod expression;
mod inhibit;
mod library;
pub mod rule;
mod signals;
mod sources;
mod tracked;
mod watch;

pub use inhibit::Inhibitor;
pub use library::librarian;
pub use sources::NAMES;

use crate::observer::alert::{Alert, Context, Key, Runbook};
use crate::observer::event::{Event, What};
use crate::observer::incident::Ids;
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Snapshot, Span};
use crate::telemetry::{self, Figures};
use condition::{Condition, Source};
use context::Past;
use rule::Rule;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tracked::{Tracked, due, make};
use watch::Watch;

/// Alerts at once; those beyond are counted and not made.
pub const MOST_ALERTS: usize = 20_000;
/// Alerts that are over and still told of.
const MOST_ENDED: usize = 20_000;
/// How long the end of an alert is told, as Prometheus does: fifteen minutes.
pub const ENDED_FOR: Span = Span::from_secs(900);

/// Steps of a runbook that stand for advice where there is none.
const ADVISED: usize = 3;
/// The span of published figures: one that began in it holds what was before.
const FIGURES: Span = Span::from_secs(300);

/// What an operator can set about alerts.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How often figures are held against the rules.
    pub every: Span,
    /// How long the cause of an alert has to be gone.
    pub clear_for: Span,
    /// How often an alert that lasts is said again; zero is never.
    pub repeat_every: Span,
    /// Names of alerts that are not made.
    pub off: Vec<String>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// Names of the traffic pairs.
    pub pairs: Vec<Arc<str>>,
    /// Gives incidents of their own to alerts that belong to none.
    pub seed: u64,
}

/// All alerts, as they stand.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Those that fire, in order of their keys.
    pub firing: Vec<Arc<Alert>>,
    /// Those that are over, the oldest first; kept for fifteen minutes.
    pub ended: Vec<Arc<Alert>>,
    /// What Alertmanager alone is told: that alerts get through, and what is explained.
    pub signals: Vec<Arc<Alert>>,
}

/// Finds what to do about an alert; it is told the call topic of the alert's service as well.
pub type Librarian = Box<dyn Fn(&Alert, Option<&str>) -> Option<Runbook> + Send>;

/// Makes alerts.
pub struct Alerts {
    policy: Policy,
    watches: Vec<Watch>,
    wanted: Vec<&'static str>,
    librarian: Librarian,
    /// When figures are next held against the rules.
    due: Option<Instant>,
    /// What the rules found the last time.
    found: Vec<Condition>,
    tracked: BTreeMap<Key, Tracked>,
    ended: VecDeque<Arc<Alert>>,
    /// When services were last unavailable, if that was lately.
    outages: BTreeMap<Arc<str>, Instant>,
    past: Past,
    news: VecDeque<Event>,
    ids: Ids,
    /// When it all began.
    start: Option<Instant>,
    /// Whether something was said since the last turn.
    stirred: bool,
    changed: bool,
    refused: u64,
}

impl std::fmt::Debug for Alerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alerts").field("tracked", &self.tracked.len()).finish_non_exhaustive()
    }
}

impl Alerts {
    /// No alerts yet.
    pub fn new(policy: Policy, librarian: Librarian) -> Self {
        let is_on = |rule: &Rule| !policy.off.iter().any(|off| **off == *rule.name);
        let rules = policy.rules.iter().filter(|rule| is_on(rule));
        let watches: Vec<_> = rules.cloned().map(Watch::new).collect();
        let mut wanted: Vec<_> =
            watches.iter().map(|watch| watch.rule.expression.metric.name).collect();
        wanted.sort_unstable();
        wanted.dedup();
        Self {
            ids: Ids::new(policy.seed ^ 0x616c_6572_7421),
            policy,
            watches,
            wanted,
            librarian,
            due: None,
            found: Vec::new(),
            tracked: BTreeMap::new(),
            ended: VecDeque::new(),
            outages: BTreeMap::new(),
            past: Past::default(),
            news: VecDeque::new(),
            start: None,
            stirred: false,
            changed: true,
            refused: 0,
        }
    }

    /// Takes what was said: it may belong to an alert.
    pub fn hear(&mut self, event: &Event) {
        // The summary of everything follows from the rest.
        self.stirred |= !matches!(event.what, What::Health(_));
        self.past.hear(event);
    }

    /// Whether a second may bring anything: something was said, something is or was wrong, or it is time
    /// to look at the figures. Whoever draws up a snapshot for this alone can do without it else.
    pub fn wants(&self, now: Instant) -> bool {
        let figures = !self.wanted.is_empty() && self.due.is_none_or(|due| due <= now);
        self.stirred || figures || !self.tracked.is_empty()
    }

    /// Takes what a second brought; without lookout's `own` figures, as in a replay, nothing is known of
    /// lookout itself.
    pub fn turn(&mut self, snapshot: &Snapshot, own: Option<&Figures>, pairs: &[String]) {
        let now = snapshot.at;
        self.start.get_or_insert(now);
        self.stirred = false;
        self.look(snapshot, own, pairs);
        let mut found = self.found.clone();
        sources::conditions(snapshot, &self.policy.pairs, self.policy.clear_for, &mut found);
        let doubt = snapshot.health.in_doubt;
        self.note_outages(snapshot);
        for tracked in self.tracked.values_mut() {
            tracked.here = false;
        }
        for condition in found {
            self.take(now, condition, doubt);
        }
        self.settle(snapshot, doubt);
        let is_past =
            |alert: &Arc<Alert>| alert.ends.is_some_and(|ends| now.since(ends) > ENDED_FOR);
        while self.ended.len() > MOST_ENDED || self.ended.front().is_some_and(is_past) {
            self.ended.pop_front();
            self.changed = true;
        }
    }

    /// The next thing to say.
    pub fn poll(&mut self) -> Option<Event> {
        self.news.pop_front()
    }

    /// All alerts, if they changed since this was last asked.
    pub fn board(&mut self) -> Option<Board> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let firing: Vec<_> = self
            .tracked
            .values()
            .filter_map(|it| it.alert.as_ref().map(|(alert, _)| alert.clone()))
            .collect();
        let start = self.start.unwrap_or_default();
        let signals = signals::signals(&firing, start, &self.policy.off);
        Some(Board { firing, ended: self.ended.iter().cloned().collect(), signals })
    }

    /// Alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.tracked.values().filter_map(|it| it.alert.as_ref()).map(|(alert, _)| alert)
    }

    /// Alerts that were not made because there were too many, and figures that no rule could watch.
    pub fn refused(&self) -> u64 {
        self.refused + self.watches.iter().map(|watch| watch.left_out).sum::<u64>()
    }

    /// Holds the figures against the rules, when it is time.
    fn look(&mut self, snapshot: &Snapshot, own: Option<&Figures>, pairs: &[String]) {
        let now = snapshot.at;
        if self.due.is_some_and(|due| now < due) || self.wanted.is_empty() {
            return;
        }
        self.due = Some(now + self.policy.every);
        let samples = telemetry::samples(self.wanted.clone(), own, snapshot, pairs);
        let tracked = &self.tracked;
        let fires = |key: &Key| tracked.get(key).is_some_and(|it| it.alert.is_some());
        self.found.clear();
        for watch in &mut self.watches {
            watch.look(now, &samples, snapshot, fires, &mut self.found);
        }
    }

    /// Notes which services are unavailable, or were within the span of figures.
    fn note_outages(&mut self, snapshot: &Snapshot) {
        let now = snapshot.at;
        self.outages.retain(|_, last| now.since(*last) <= FIGURES);
        for service in &snapshot.services {
            if service.verdict == Some(Verdict::Unavailable) {
                self.outages.insert(service.name.clone(), now);
            }
        }
    }

    fn take(&mut self, now: Instant, condition: Condition, doubt: bool) {
        let is_off = self.policy.off.iter().any(|off| **off == *condition.key.name);
        let yields = condition.yields
            && condition.key.service().is_some_and(|service| self.outages.contains_key(service))
            && self.tracked.get(&condition.key).is_none_or(|it| it.alert.is_none());
        let held = (doubt && condition.source == Source::Service) || yields;
        if is_off || held {
            return;
        }
        if let Some(tracked) = self.tracked.get_mut(&condition.key) {
            tracked.here = true;
            tracked.gone = None;
            if !condition.only_keeps {
                tracked.condition = condition;
            }
            return;
        }
        if condition.only_keeps {
            return;
        }
        if self.tracked.len() >= MOST_ALERTS {
            self.refused += 1;
            return;
        }
        // A cause may be known to be older than we have been looking.
        let since = condition.since.min(now);
        let key = condition.key.clone();
        let tracked = Tracked { condition, since, gone: None, alert: None, here: true };
        self.tracked.insert(key, tracked);
    }

    /// Tells what is due, and ends what is gone.
    fn settle(&mut self, snapshot: &Snapshot, doubt: bool) {
        let now = snapshot.at;
        let mut over = Vec::new();
        for (key, tracked) in &mut self.tracked {
            let condition = &tracked.condition;
            if doubt && condition.source == Source::Service {
                continue;
            }
            if !tracked.here {
                let gone = *tracked.gone.get_or_insert(now);
                if tracked.alert.is_none() || now.since(gone) >= condition.clear_for {
                    over.push(key.clone());
                }
                continue;
            }
            let incident = match (&tracked.alert, condition.incident) {
                (_, Some(incident)) => incident,
                (Some((alert, _)), None) => alert.incident,
                (None, None) if now.since(tracked.since) >= condition.lasting => self.ids.next(now),
                (None, None) => continue,
            };
            let Some((repeat, is_news)) = due(tracked, now, self.policy.repeat_every) else {
                continue;
            };
            let mut alert = make(snapshot, &self.past, tracked, incident, repeat);
            let service = alert.key.service().and_then(|name| watch::service(snapshot, name));
            alert.trace = service.and_then(|it| it.trace);
            alert.runbook = (self.librarian)(&alert, service.map(|it| &*it.topic));
            // What no check advises the runbook does.
            if let (true, Some(runbook)) = (alert.context.actions.is_empty(), &alert.runbook) {
                let steps = runbook.steps.iter().take(ADVISED);
                alert.context.actions = steps.map(|(title, _)| title.clone()).collect();
            }
            let alert = Arc::new(alert);
            let told = match &tracked.alert {
                Some((_, told)) if !is_news => *told,
                _ => now,
            };
            tracked.alert = Some((alert.clone(), told));
            self.changed = true;
            if is_news {
                self.ended.retain(|ended| ended.key != alert.key);
                self.news.push_back(Event { at: now, what: What::Alert(alert) });
            }
        }
        for key in over {
            self.end(snapshot, &key);
        }
    }

    fn end(&mut self, snapshot: &Snapshot, key: &Key) {
        let Some(tracked) = self.tracked.remove(key) else { return };
        let Some((alert, _)) = &tracked.alert else { return };
        let ends = tracked.gone.unwrap_or(snapshot.at).max(alert.starts);
        let ended = make(snapshot, &self.past, &tracked, alert.incident, 0);
        // What it said while it fired says what it was about.
        let ended = Arc::new(Alert {
            ends: Some(ends),
            context: Context {
                impact: alert.context.impact.clone(),
                causes: alert.context.causes.clone(),
                ..ended.context.clone()
            },
            runbook: alert.runbook.clone(),
            trace: alert.trace,
            ..ended
        });
        self.ended.push_back(ended.clone());
        self.changed = true;
        self.news.push_back(Event { at: snapshot.at, what: What::Alert(ended) });
    }
}

#[cfg(test)]
mod tests;
