//! Alarms: intervals in which something bad was said about somebody, read from the documents of a
//! replay.
//!
//! A service's alarm lasts from `service_unavailable` or `service_degraded` until it recovers, or
//! until something else is said of it: another reason is another alarm. A component's lasts until it
//! recovers or its severity changes, a circuit's until it is closed, one of type `alert` until it is
//! resolved. A deaf pair is said once and never taken back. Repeats belong to the alarm that they
//! repeat, and what goes to two topics is one alarm. Begin and end are the moments at which they
//! were said.
//!
//! Memory is bounded: [`MOST`] alarms are kept, in order of their beginnings. From the first one that
//! is not kept, alarms are only counted, and [`Alarms::kept_until`] says from when.

use crate::observer::Instant;
use crate::wire::Document;
use crate::wire::heard::{self, Said};
use serde_json::Value;
use std::collections::BTreeMap;

/// Alarms that are kept of a replay: more than people read, in some megabytes.
pub(super) const MOST: usize = 10_000;

/// Alarms that may be on at once: all services, their circuits and all components, twice over.
const MOST_AT_ONCE: usize = 50_000;

/// What an alarm is about. Alarms of two replays that agree in this can be the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The type of the document that says it, or `circuit_open`.
    pub(super) kind: &'static str,
    /// Service, component, pair, or the labels of an alert.
    pub(super) subject: String,
    /// Why; the severity of a component, the name of an alert.
    pub(super) reason: String,
}

/// An interval in which something bad was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    /// What it is about.
    pub(super) key: Key,
    /// When it was first said.
    pub(super) begin: Instant,
    /// When it was over; `None` if it was not before the recording ended.
    pub(super) end: Option<Instant>,
}

/// What can have one alarm at a time.
type Slot = (Subject, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Service,
    Component,
    Circuit,
    Pair,
    Alert,
}

/// The alarms of a replay.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// Documents of this cluster.
    cluster: String,
    /// In the order in which they began.
    kept: Vec<Alarm>,
    /// What is on: its place in `kept`, if it is there, and what it is about.
    on: BTreeMap<Slot, (Option<usize>, Key)>,
    /// Alarms that are not kept.
    left_out: u64,
    /// When the first of these began.
    kept_until: Option<Instant>,
}

impl Alarms {
    /// Alarms of a cluster.
    pub(super) fn new(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), ..Self::default() }
    }

    /// The alarms that are kept, in the order in which they began.
    pub(super) fn kept(&self) -> &[Alarm] {
        &self.kept
    }

    /// How many there were, with those that are not kept.
    pub(super) const fn count(&self) -> u64 {
        self.kept.len() as u64 + self.left_out
    }

    /// When the first alarm began that is not kept; `None` if all are.
    pub(super) const fn kept_until(&self) -> Option<Instant> {
        self.kept_until
    }

    /// Takes a document; most of them say nothing of alarms.
    pub(super) fn hear(&mut self, document: &Document) {
        let topic = document.topic.as_str();
        let Some(payload) = document.payload.as_deref() else {
            // A service that is forgotten has no alarm any more.
            if let Some(Said::Gone(service)) = heard::read(&self.cluster, topic, b"") {
                self.end(document.at, (Subject::Service, service.clone()));
                self.end(document.at, (Subject::Circuit, service));
            }
            return;
        };
        let below =
            topic.strip_prefix("system/").and_then(|rest| rest.strip_prefix(&*self.cluster));
        if !matches!(below, Some("/errors" | "/circuit-breaker" | "/alerts")) {
            return;
        }
        let whole: Value = serde_json::from_str(payload).unwrap_or_default();
        // Bare documents have no envelope.
        self.facts(document.at, whole.get("params").unwrap_or(&whole));
    }

    fn facts(&mut self, at: Instant, facts: &Value) {
        let fact = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default();
        let service = || fact("service").to_owned();
        let reason = fact("reason");
        match fact("type") {
            "service_unavailable" => {
                self.begin(at, Subject::Service, "service_unavailable", service(), reason);
            }
            "service_degraded" => {
                self.begin(at, Subject::Service, "service_degraded", service(), reason);
            }
            "service_recovered" => self.end(at, (Subject::Service, service())),
            "infrastructure_error" => {
                let component = fact("component").to_owned();
                let severity = fact("severity");
                self.begin(at, Subject::Component, "infrastructure_error", component, severity);
            }
            "infrastructure_recovered" => {
                self.end(at, (Subject::Component, fact("component").to_owned()));
            }
            "circuit_breaker" => match fact("state") {
                // A half-open circuit is on trial: still the same alarm, whatever moved it.
                "open" | "half_open" | "forced_open" => {
                    let on = (Subject::Circuit, service());
                    if !self.on.contains_key(&on) {
                        self.begin(at, Subject::Circuit, "circuit_open", on.1, reason);
                    }
                }
                _ => self.end(at, (Subject::Circuit, service())),
            },
            "pair_deaf" => {
                self.begin(at, Subject::Pair, "pair_deaf", fact("pair").to_owned(), "");
            }
            "alert" => self.alert(at, fact("alert"), fact("status"), labels(facts)),
            _ => {}
        }
    }

    /// An alert fires or is resolved: another name with the same labels is another alert.
    fn alert(&mut self, at: Instant, name: &str, status: &str, labels: String) {
        let slot = (Subject::Alert, format!("{name} {labels}"));
        if status == "resolved" {
            return self.end(at, slot);
        }
        self.turn_on(at, slot, Key { kind: "alert", subject: labels, reason: name.to_owned() });
    }

    fn begin(
        &mut self,
        at: Instant,
        whose: Subject,
        kind: &'static str,
        subject: String,
        reason: &str,
    ) {
        let key = Key { kind, subject: subject.clone(), reason: reason.to_owned() };
        self.turn_on(at, (whose, subject), key);
    }

    fn turn_on(&mut self, at: Instant, slot: Slot, key: Key) {
        if self.on.get(&slot).is_some_and(|(_, on)| *on == key) {
            return;
        }
        self.end(at, slot.clone());
        let place =
            (self.kept_until.is_none() && self.kept.len() < MOST).then_some(self.kept.len());
        if place.is_some() {
            self.kept.push(Alarm { key: key.clone(), begin: at, end: None });
        } else {
            self.left_out += 1;
            self.kept_until.get_or_insert(at);
        }
        if self.on.len() < MOST_AT_ONCE {
            self.on.insert(slot, (place, key));
        }
    }

    fn end(&mut self, at: Instant, slot: Slot) {
        let ended = self.on.remove(&slot).and_then(|(place, _)| self.kept.get_mut(place?));
        if let Some(alarm) = ended {
            alarm.end = Some(at);
        }
    }
}

/// The labels of an alert as `name=value`, in order of their names.
fn labels(facts: &Value) -> String {
    let labels = facts.get("labels").and_then(Value::as_object).into_iter().flatten();
    let mut labels: Vec<_> =
        labels.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
    labels.sort_unstable();
    labels.join(",")
}

#[cfg(test)]
impl Alarms {
    /// Alarms as they are, for tests of what is made of them.
    pub(super) fn of(kept: Vec<Alarm>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// As if from this moment on alarms had only been counted.
    pub(super) fn cut_at(self, at: Instant) -> Self {
        Self { kept_until: Some(at), ..self }
    }
}

#[cfg(test)]
#[path = "alarms_tests.rs"]
mod tests;
