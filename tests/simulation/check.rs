//! Reads everything that lookout publishes, as an ordinary subscriber would, and holds it to the
//! manual while it comes.

use crate::doubts::Doubts;
use crate::plan::S;
use crate::rules::{Book, Rule};
use crate::subject::{Subject, moment, text};
use lookout::observer::Snapshot;
use lookout::observer::breaker::State;
use lookout::wire::Document;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A finding on a component, as it was said last.
struct Illness {
    id: String,
    repeat: u64,
    at: u64,
    /// How bad it was said to be, at worst.
    worst: usize,
}

const SEVERITIES: [&str; 4] = ["info", "warning", "error", "critical"];

/// A subscriber with a good memory.
#[derive(Default)]
pub(crate) struct Checker {
    last: u64,
    subjects: BTreeMap<String, Subject>,
    /// Whose a retained topic is.
    topics: BTreeMap<String, String>,
    /// Ids of incidents so far.
    used: BTreeSet<String>,
    ill: BTreeMap<String, Illness>,
    health: Option<(Value, u64)>,
    deaf: BTreeSet<String>,
    /// Critical findings that were not yet seen on `emergency`.
    emergencies: i64,
    pub(crate) book: Book,
}

const TYPES: [&str; 7] = [
    "service_unavailable",
    "service_degraded",
    "service_recovered",
    "infrastructure_error",
    "infrastructure_recovered",
    "cascading_failure_prevented",
    "pair_deaf",
];

impl Checker {
    /// lookout heard a call to a service.
    pub(crate) fn called(&mut self, service: &str, at: u64) {
        self.subjects.entry(service.to_owned()).or_default().called(at);
    }

    /// A document was published. Returns what it says, if it says something.
    pub(crate) fn hear(&mut self, document: &Document, doubts: &Doubts) -> Option<Value> {
        let at = document.at.micros();
        let book = &mut self.book;
        book.hold(at >= self.last, Rule::Order, || format!("{at} after {}", self.last));
        self.last = self.last.max(at);
        let topic = document.topic.strip_prefix("system/main/").unwrap_or_default();
        let stands = topic == "health" || topic.contains('/');
        book.hold(document.retain == stands, Rule::Retain, || format!("{document:?}"));
        let Some(payload) = &document.payload else {
            self.clear(document);
            return None;
        };
        let read: Value = serde_json::from_str(payload).unwrap_or_default();
        let params = read["params"].clone();
        self.envelope(document, &read);
        let kind = text(&params, "type");
        let known = match topic {
            "errors" => TYPES.contains(&kind),
            "emergency" => kind == "infrastructure_error",
            "health" => kind == "health",
            "circuit-breaker" => kind == "circuit_breaker",
            _ if topic.starts_with("circuit-breaker/") => kind == "circuit_breaker",
            _ => topic.starts_with("services/") && kind == "service_verdict",
        };
        let plain = !document.topic.contains(['#', '+', '\0']);
        self.book.hold(known && plain, Rule::Topic, || format!("{document:?}"));
        self.take(document, topic, kind, &params, doubts);
        Some(params)
    }

    fn envelope(&mut self, document: &Document, read: &Value) {
        let params = &read["params"];
        let notifies = read["jsonrpc"] == "2.0" && read["id"].is_null();
        let typed = read["method"] == params["type"] && params["clusterId"] == "main";
        let at = document.at.micros();
        let timely = moment(&params["timestamp"]).is_some_and(|time| time.abs_diff(at) < 1_000);
        let good = notifies && typed && timely;
        self.book.hold(good, Rule::Envelope, || format!("{document:?}"));
    }

    fn clear(&mut self, document: &Document) {
        // It is no longer known; it may be met again, as another.
        if let Some(name) = self.topics.remove(&document.topic) {
            self.subjects.remove(&name);
        }
    }

    fn take(
        &mut self,
        document: &Document,
        topic: &str,
        kind: &str,
        params: &Value,
        doubts: &Doubts,
    ) {
        let at = document.at.micros();
        if topic == "emergency" {
            self.emergencies -= 1;
            return;
        }
        match kind {
            "health" => self.health = Some((params.clone(), at)),
            "infrastructure_error" => self.ill(params, at),
            "infrastructure_recovered" => {
                let name = text(params, "component");
                let ill = self.ill.remove(name);
                let same = ill.is_some_and(|ill| ill.id == text(params, "correlationId"));
                self.book.hold(same, Rule::Component, || params.to_string());
            }
            "pair_deaf" => {
                // A pair whose only service was down all the time looks deaf too.
                let deaf = params["calls"] == 20;
                let once = self.deaf.insert(text(params, "pair").to_owned());
                self.book.hold(deaf && once, Rule::Deaf, || params.to_string());
            }
            "cascading_failure_prevented" => self.cascade(params, at),
            _ => self.take_service(document, topic, kind, params, doubts),
        }
    }

    fn take_service(
        &mut self,
        document: &Document,
        topic: &str,
        kind: &str,
        params: &Value,
        doubts: &Doubts,
    ) {
        let name = text(params, "service");
        let at = document.at.micros();
        if text(params, "reason") == "dependency_unavailable" && !topic.contains('/') {
            let id = Some(text(params, "correlationId"));
            let origins = || self.subjects.values().map(|other| other.incident.as_deref());
            let theirs = origins().any(|incident| incident == id);
            self.book.hold(theirs, Rule::Cascade, || format!("nobody's incident: {params}"));
        }
        if document.retain {
            self.topics.insert(document.topic.clone(), name.to_owned());
        }
        let Self { subjects, used, book, .. } = self;
        let subject = subjects.entry(name.to_owned()).or_default();
        book.hold(name != "Deaf" || document.retain, Rule::Deaf, || format!("blamed: {params}"));
        match kind {
            "service_unavailable" | "service_degraded" => {
                subject.bad(params, at, doubts, used, book);
            }
            "service_recovered" => subject.recovered(params, at, doubts, used, book),
            "circuit_breaker" if document.retain => subject.standing = Some(params.clone()),
            "circuit_breaker" => subject.moved(params, at, doubts, used, book),
            _ => subject.reading = Some(params.clone()),
        }
    }

    fn ill(&mut self, params: &Value, at: u64) {
        let severity = text(params, "severity").to_owned();
        let id = text(params, "correlationId").to_owned();
        let repeat = params["repeat"].as_u64().unwrap_or(u64::MAX);
        self.emergencies += i64::from(severity == "critical");
        let name = text(params, "component").to_owned();
        let bad = SEVERITIES.iter().position(|known| *known == severity);
        let legal = match self.ill.get(&name) {
            None => repeat == 0 && bad.is_some() && self.used.insert(id.clone()),
            // Between repeats only what is worse than ever is said.
            Some(ill) if repeat == ill.repeat => id == ill.id && bad > Some(ill.worst),
            Some(ill) => {
                let waited = at - ill.at;
                let on_time = (300 * S..=301 * S).contains(&waited);
                repeat == ill.repeat + 1 && id == ill.id && on_time
            }
        };
        self.book.hold(legal, Rule::Component, || params.to_string());
        // Getting worse is said at once, and does not put off the next repeat.
        let before = self.ill.get(&name);
        let at = before.filter(|ill| ill.repeat == repeat).map_or(at, |ill| ill.at);
        let worst = before.map_or(0, |ill| ill.worst).max(bad.unwrap_or_default());
        self.ill.insert(name, Illness { id, repeat, at, worst });
    }

    fn cascade(&mut self, params: &Value, at: u64) {
        let origin = self.subjects.get(text(params, "originService"));
        let id = text(params, "correlationId");
        let affected: Vec<&str> = params["affectedServices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let origin_down = origin.is_some_and(|it| it.incident.as_deref() == Some(id));
        let open = affected.iter().all(|name| {
            let subject = self.subjects.get(*name);
            subject.is_some_and(|it| it.state() == "open" && it.circuit_id.as_deref() == Some(id))
        });
        let used = self.subjects.values().filter(|it| it.is_called_within_an_hour(at)).count();
        let few = affected.len() <= used.saturating_sub(1) / 2;
        let legal = origin_down && open && few && !affected.is_empty();
        self.book.hold(legal, Rule::Cascade, || format!("of {used} services: {params}"));
    }

    /// All that was due up to `now` is done, and all documents are read.
    pub(crate) fn calm(&mut self, now: u64, doubts: &mut Doubts) {
        let doubt = doubts.is_on(now);
        for (name, subject) in &self.subjects {
            subject.check(name, now, doubt, &mut self.book);
        }
        let all = self.emergencies == 0;
        self.book.hold(all, Rule::Component, || "emergencies do not add up".to_owned());
    }

    /// A second has begun.
    pub(crate) fn second(&mut self, now: u64, doubts: &mut Doubts) {
        self.calm(now, doubts);
        for (name, subject) in &self.subjects {
            subject.overdue(name, now, doubts, &mut self.book);
        }
        for (name, ill) in &self.ill {
            let late = now > ill.at + 301 * S;
            self.book.hold(!late, Rule::Component, || format!("{name} is not said again"));
        }
        let last = self.health.as_ref().map(|(_, at)| *at);
        // The first one may take until the second second.
        let on_time = last.is_none_or(|at| now <= at + 30 * S);
        self.book.hold(on_time, Rule::Health, || format!("at {now}: the last one was {last:?}"));
    }

    /// Holds the summary, just said, against the snapshot of the same moment.
    pub(crate) fn agrees(&mut self, snapshot: &Snapshot, doubts: &mut Doubts) {
        let Some((health, _)) = &self.health else { return };
        let doubt = doubts.is_on(snapshot.at.micros());
        let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut open = 0;
        for service in &snapshot.services {
            let Some(verdict) = service.verdict else { continue };
            *verdicts.entry(verdict.name()).or_default() += 1;
            let state = service.circuit.unwrap_or_default();
            open += u64::from(matches!(state, State::Open | State::HalfOpen | State::ForcedOpen));
            let reading = self.subjects.get(&*service.name).and_then(|it| it.reading.as_ref());
            let stands = reading.map_or("unknown", |reading| text(reading, "verdict"));
            let same = stands == verdict.name();
            let name = &service.name;
            self.book.hold(same, Rule::Standing, || format!("{name}: {stands}, is {verdict:?}"));
        }
        let mut same = health["openCircuits"] == open && health["inDoubt"] == doubt;
        for verdict in ["healthy", "degraded", "unavailable", "unknown"] {
            same &= health["services"][verdict] == verdicts.get(verdict).copied().unwrap_or(0);
        }
        let ill = |name: &str| health["components"][name].as_u64().unwrap_or(u64::MAX / 4);
        same &= ill("degraded") + ill("unhealthy") == self.ill.len() as u64;
        let incidents = self.subjects.values().filter(|it| it.incident.is_some()).count();
        same &= health["openIncidents"] == (incidents + self.ill.len()) as u64;
        same &= self.status_fits(health, snapshot.health.critical);
        self.book.hold(same, Rule::Health, || {
            format!("{health}: {verdicts:?}, {open} circuits, {incidents} incidents, {doubt}")
        });
    }

    fn status_fits(&self, health: &Value, critical: bool) -> bool {
        let count = |name: &str| health["services"][name].as_u64().unwrap_or(0);
        let all = count("healthy") + count("degraded") + count("unavailable") + count("unknown");
        let wrong = count("degraded") + count("unavailable") > 0 || !self.ill.is_empty();
        let open = health["openCircuits"] != 0;
        let unhealthy = critical || count("unavailable") * 2 > all;
        let expected = match (unhealthy, wrong || open) {
            (true, _) => "unhealthy",
            (false, true) => "degraded",
            (false, false) => "healthy",
        };
        health["status"] == expected
    }

    pub(crate) fn is_unavailable(&self, service: &str) -> bool {
        self.subjects.get(service).is_some_and(Subject::is_unavailable)
    }
}
