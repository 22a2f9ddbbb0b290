//! What is known of the platform: how services and components stand, and whether a lookout is
//! there to say so.
//!
//! Told by the polling task, asked by every call; one shared map, so that calls to different
//! services do not wait for each other.
//!
//! - What lookout said counts while a lookout is there. When the link breaks everything is
//!   forgotten: what the broker keeps comes again with the next link.
//! - Names are bounded in length and number: what is on the broker may be anybody's.

use super::changes::{Change, Changes, Component, WAITING};
use super::document::{self, Document};
use super::error::Source;
use super::link::LinkState;
use super::options::Delivery;
use super::standing::{Circuit, Judged, Pass, Standing};
use super::view::{self, ServiceState};
use crate::observer::breaker::State as CircuitState;
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Span};
use dashmap::DashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

const MAX_NAME: usize = 256;
const MAX_SERVICES: usize = 10_000;
const MAX_COMPONENTS: usize = 1_000;
const MAX_LOOKOUTS: usize = 64;

/// Services by verdict, as `health` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) judged: u32,
    pub(super) unavailable: u32,
}

/// What is known of the platform.
#[derive(Debug)]
pub(super) struct State {
    prefix: String,
    services: DashMap<String, Standing>,
    present: AtomicBool,
    rest: Mutex<Rest>,
    changes: broadcast::Sender<Change>,
}

/// What is not asked by every call.
#[derive(Debug, Default)]
struct Rest {
    lookouts: BTreeSet<String>,
    components: BTreeMap<String, Component>,
    tally: Tally,
}

impl State {
    pub(super) fn new(cluster: &str) -> Self {
        Self {
            prefix: format!("system/{cluster}/"),
            services: DashMap::new(),
            present: AtomicBool::new(false),
            rest: Mutex::default(),
            changes: broadcast::Sender::new(WAITING),
        }
    }

    /// The filters of what is listened to. What stands may be many documents at once when it is
    /// subscribed to: with QoS 1 a broker would send them a few at a time, and drop what does not
    /// fit its queue.
    pub(super) fn filters(&self) -> Vec<(String, Delivery)> {
        [
            ("errors", Delivery::AtLeastOnce),
            ("emergency", Delivery::AtLeastOnce),
            ("circuit-breaker/#", Delivery::AtMostOnce),
            ("services/#", Delivery::AtMostOnce),
            ("health", Delivery::AtMostOnce),
            ("observer/+", Delivery::AtMostOnce),
        ]
        .map(|(rest, delivery)| (format!("{}{rest}", self.prefix), delivery))
        .into()
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a lookout is there.
    pub(super) fn is_present(&self) -> bool {
        self.present.load(Ordering::Relaxed)
    }

    pub(super) fn changes(&self) -> Changes {
        Changes(self.changes.subscribe())
    }

    fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.changes.send(change);
    }

    /// The link changed.
    pub(super) fn link(&self, link: LinkState) {
        if link != LinkState::Up {
            self.services.retain(|_, standing| {
                *standing = Standing::with_own(standing.own);
                !standing.is_empty()
            });
            *self.rest() = Rest::default();
        }
        let up = link == LinkState::Up;
        self.tell(Change::Link(link));
        if !up {
            self.set_present(false);
        }
    }

    fn set_present(&self, present: bool) {
        if self.present.swap(present, Ordering::Relaxed) != present {
            self.tell(Change::Lookout(present));
        }
    }

    /// Takes a message; false if it is none of lookout's.
    pub(super) fn hear(&self, topic: &str, payload: &[u8], kept: bool, now: Instant) -> bool {
        let Some(rest) = topic.strip_prefix(&self.prefix) else { return false };
        let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
        match kind {
            "observer" => self.presence(name, document::online(payload)),
            "services" | "circuit-breaker" if payload.is_empty() => {
                self.cleared(kind, &document::unescaped(name), now);
            }
            _ => {
                let Some(document) = document::read(payload) else { return true };
                match kind {
                    "services" => self.verdict(&document, kept, now),
                    "circuit-breaker" => self.circuit(&document, kept, now),
                    "errors" => self.error(&document),
                    "emergency" => self.emergency(&document),
                    "health" => self.health(&document),
                    _ => {}
                }
            }
        }
        true
    }

    fn presence(&self, id: &str, online: bool) {
        let mut rest = self.rest();
        if !online {
            rest.lookouts.remove(id);
        } else if rest.lookouts.len() < MAX_LOOKOUTS && id.len() <= MAX_NAME {
            rest.lookouts.insert(id.to_owned());
        }
        let present = !rest.lookouts.is_empty();
        if !present {
            // Nobody would say that they are well again; the next lookout says what still is not.
            rest.components.clear();
        }
        drop(rest);
        self.set_present(present);
    }

    /// Changes how a service stands; `None` if there are too many already.
    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Standing) -> T) -> Option<T> {
        if let Some(mut standing) = self.services.get_mut(name) {
            return Some(change(&mut standing));
        }
        if name.is_empty() || name.len() > MAX_NAME || self.services.len() >= MAX_SERVICES {
            return None;
        }
        Some(change(&mut self.services.entry(name.to_owned()).or_default()))
    }

    fn verdict(&self, document: &Document<'_>, kept: bool, now: Instant) {
        let Some(verdict) = Verdict::read(&document.verdict) else { return };
        let before = self.with(&document.service, |standing| {
            let before = standing.verdict.as_ref().map(|it| (it.verdict, it.reason.clone()));
            let same = standing.verdict.as_ref().filter(|it| it.since == document.since);
            let begun = same.map_or_else(
                || document::begin(document::moment(&document.since), kept, now),
                |it| it.begun,
            );
            standing.verdict = Some(Judged {
                verdict,
                reason: document.reason.clone().into_owned(),
                since: document.since.chars().take(40).collect(),
                at: document::moment(&document.since),
                begun,
                incident: some(&document.correlation_id),
                caused_by: document.caused_by.as_ref().map(|it| it.component.clone()),
            });
            if verdict == Verdict::Healthy {
                standing.estimate = None;
            }
            before
        });
        let is_new = before.is_some_and(|before| {
            before.is_none_or(|(old, why)| old != verdict || why != document.reason)
        });
        if is_new && let Some(state) = self.service(&document.service, now) {
            self.tell(Change::Service(Box::new(state)));
        }
    }

    fn circuit(&self, document: &Document<'_>, kept: bool, now: Instant) {
        let Some(state) = CircuitState::read(&document.state) else { return };
        let changed = self.with(&document.service, |standing| {
            // What is kept is also told, in any order.
            let known = standing.circuit.as_ref();
            if known.is_some_and(|it| it.state == state && it.stamp == document.timestamp) {
                return false;
            }
            let changed = standing.state() != state;
            standing.circuit = Some(Circuit {
                state,
                reason: document.reason.clone().into_owned(),
                stamp: document.timestamp.chars().take(40).collect(),
                at: document::moment(&document.timestamp),
                begun: document::begin(document::moment(&document.timestamp), kept, now),
                until: document::end(document, kept, now),
                trials: document.trial_calls,
                incident: some(&document.correlation_id),
            });
            changed
        });
        if changed == Some(true) {
            self.tell(Change::Circuit {
                service: document.service.clone().into_owned(),
                state,
                reason: document.reason.clone().into_owned(),
                source: Source::Lookout,
            });
        }
    }

    /// lookout forgot a service: whoever shows what it said has to take it down.
    fn cleared(&self, kind: &str, name: &str, now: Instant) {
        let change = self.services.get_mut(name).and_then(|mut standing| {
            if kind == "services" {
                standing.verdict.take()?;
                let state = view::of(name, &standing, self.is_present(), now);
                return Some(Change::Service(Box::new(state)));
            }
            let (was, service) = (standing.circuit.take()?.state, name.to_owned());
            let (state, reason, source) = (CircuitState::Closed, String::new(), Source::Lookout);
            (was != state).then_some(Change::Circuit { service, state, reason, source })
        });
        self.services.remove_if(name, |_, standing| standing.is_empty());
        if let Some(change) = change {
            self.tell(change);
        }
    }

    fn error(&self, document: &Document<'_>) {
        match &*document.r#type {
            "service_unavailable" => {
                let estimate = some(&document.estimated_recovery).filter(|it| it != "unknown");
                let _ = self.with(&document.service, |standing| standing.estimate = estimate);
            }
            "infrastructure_error" if document.component.len() <= MAX_NAME => {
                let component = Component {
                    name: document.component.clone().into_owned(),
                    kind: document.kind.clone().into_owned(),
                    severity: document.severity.clone().into_owned(),
                    message: document.message.clone().into_owned(),
                    affected: document.affected_services.iter().take(100).cloned().collect(),
                };
                let mut rest = self.rest();
                let room = rest.components.len() < MAX_COMPONENTS;
                if room || rest.components.contains_key(&component.name) {
                    rest.components.insert(component.name.clone(), component.clone());
                    drop(rest);
                    self.tell(Change::Component(component));
                }
            }
            "infrastructure_recovered"
                if self.rest().components.remove(&*document.component).is_some() =>
            {
                self.tell(Change::ComponentRecovered(document.component.clone().into_owned()));
            }
            _ => {}
        }
    }

    fn emergency(&self, document: &Document<'_>) {
        // That an alert is over is no emergency.
        if document.status == "resolved" {
            return;
        }
        let subject =
            [&document.component, &document.service].into_iter().find(|it| !it.is_empty());
        let subject = subject.map(|it| it.clone().into_owned()).unwrap_or_default();
        let said = [&document.message, &document.summary].into_iter().find(|it| !it.is_empty());
        let message = said.map(|it| it.clone().into_owned()).unwrap_or_default();
        self.tell(Change::Emergency { subject, message });
    }

    fn health(&self, document: &Document<'_>) {
        let Some(services) = document.services else { return };
        let judged = [services.healthy, services.degraded, services.unavailable];
        let judged = judged.into_iter().fold(0, u32::saturating_add);
        self.rest().tally = Tally { judged, unavailable: services.unavailable };
    }

    /// Whether to call a service now.
    pub(super) fn ask(&self, name: &str, now: Instant, every: Span) -> Pass {
        match self.services.get_mut(name) {
            Some(mut standing) => standing.ask(name, now, self.is_present(), every),
            None => Pass::Go,
        }
    }

    /// A claim was heard; how many there were before it in its round.
    pub(super) fn claimed(&self, name: &str, round: &str) -> u32 {
        // Whoever hears of a service for the first time by a claim has nothing to ask yet.
        self.services.get_mut(name).map_or(0, |mut it| it.rounds.heard(round))
    }

    /// The service answered.
    pub(super) fn answered(&self, name: &str, clock: impl FnOnce() -> Instant) {
        let Some(mut standing) = self.services.get_mut(name) else { return };
        let closed = standing.answered(clock);
        let forget = standing.is_empty();
        drop(standing);
        if forget {
            self.services.remove_if(name, |_, standing| standing.is_empty());
        }
        if closed && !self.is_present() {
            self.tell_own(name, CircuitState::Closed, "answered");
        }
    }

    /// A call of the service was not answered in time.
    pub(super) fn timed_out(&self, name: &str, now: Instant, most: u32, trial: bool, spread: f64) {
        let opened = self.with(name, |standing| standing.timed_out(now, most, trial, spread));
        if opened == Some(true) && !self.is_present() {
            self.tell_own(name, CircuitState::Open, "consecutive_timeouts");
        }
    }

    fn tell_own(&self, name: &str, state: CircuitState, reason: &str) {
        let (service, reason) = (name.to_owned(), reason.to_owned());
        self.tell(Change::Circuit { service, state, reason, source: Source::Own });
    }

    /// A trial call of the own circuit ended without saying anything.
    pub(super) fn abandoned(&self, name: &str) {
        if let Some(mut standing) = self.services.get_mut(name) {
            standing.own.abandoned();
        }
    }

    /// How a service stands; `None` if nothing is known of it.
    pub(super) fn service(&self, name: &str, now: Instant) -> Option<ServiceState> {
        let standing = self.services.get(name)?;
        Some(view::of(name, &standing, self.is_present(), now))
    }

    /// The names of all services of which something is known, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.services.iter().map(|entry| entry.key().clone()).collect();
        names.sort_unstable();
        names
    }

    /// The components in trouble, by name, and the services by verdict.
    pub(super) fn components(&self) -> (Vec<Component>, Tally) {
        let rest = self.rest();
        (rest.components.values().cloned().collect(), rest.tally)
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
