//! What was said of one service so far, and what may follow.

use crate::doubts::Doubts;
use crate::plan::S;
use crate::rules::{Book, Rule};
use serde_json::Value;
use std::collections::BTreeSet;

const REPEAT: u64 = 300 * S;
const IDLE: u64 = 600 * S;
/// What each second brings may come that much later than its time.
const TICK: u64 = S;

/// Bad news as they were said last.
#[derive(Clone, Debug)]
struct Said {
    verdict: String,
    reason: String,
    repeat: u64,
    at: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    said: Option<Said>,
    /// The incident under way.
    pub(crate) incident: Option<String>,
    /// Empty is closed, and nothing was said.
    circuit: String,
    /// The incident that opened the circuit, which may be another service's.
    pub(crate) circuit_id: Option<String>,
    retry_after: Option<u64>,
    event: Option<Value>,
    pub(crate) standing: Option<Value>,
    pub(crate) reading: Option<Value>,
    /// When lookout last heard a call to it, and when that ended a time without any.
    called: u64,
    woke: u64,
}

/// A member that is a text; empty if it is not.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// A moment as documents write it, in microseconds.
pub(crate) fn moment(value: &Value) -> Option<u64> {
    let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok()
}

impl Subject {
    pub(crate) fn called(&mut self, at: u64) {
        if self.is_idle(at) {
            self.woke = at;
        }
        self.called = at;
    }

    fn is_idle(&self, now: u64) -> bool {
        now.saturating_sub(self.called) > IDLE
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.verdict == "unavailable")
    }

    pub(crate) fn is_called_within_an_hour(&self, now: u64) -> bool {
        now.saturating_sub(self.called) <= 3_600 * S
    }

    pub(crate) fn state(&self) -> &str {
        if self.circuit.is_empty() { "closed" } else { &self.circuit }
    }

    /// A bad verdict is said, or said again.
    pub(crate) fn bad(
        &mut self,
        params: &Value,
        at: u64,
        doubts: &Doubts,
        used: &mut BTreeSet<String>,
        book: &mut Book,
    ) {
        let unavailable = text(params, "type") == "service_unavailable";
        let verdict = if unavailable { "unavailable" } else { "degraded" }.to_owned();
        let reason = text(params, "reason").to_owned();
        let repeat = params["repeat"].as_u64().unwrap_or(u64::MAX);
        let fail = |what: &str| format!("{what}: {params}");
        book.hold(!doubts.at(at), Rule::Doubt, || fail("blamed in doubt"));
        match &self.said {
            Some(said) if repeat > 0 => {
                let same = said.verdict == verdict && said.reason == reason;
                let next = same && repeat == said.repeat + 1;
                book.hold(next, Rule::Repeat, || fail("not the next repeat"));
                let waited = at.saturating_sub(said.at);
                let due = said.at + REPEAT;
                let excused = doubts.overlap(due, at) || self.woke >= due;
                let on_time = waited >= REPEAT && (waited <= REPEAT + TICK || excused);
                book.hold(on_time, Rule::Repeat, || fail("not after 5 min"));
                book.hold(!self.is_idle(at), Rule::Repeat, || fail("repeated though idle"));
            }
            Some(said) => {
                let new = said.verdict != verdict || said.reason != reason;
                book.hold(new, Rule::Once, || fail("said twice"));
                self.calm_after_flapping(at, book);
            }
            None => book.hold(repeat == 0, Rule::Repeat, || fail("repeats what was never said")),
        }
        self.belongs(text(params, "correlationId"), used, book);
        self.said = Some(Said { verdict, reason, repeat, at });
    }

    pub(crate) fn recovered(
        &mut self,
        params: &Value,
        at: u64,
        doubts: &Doubts,
        used: &mut BTreeSet<String>,
        book: &mut Book,
    ) {
        let fail = |what: &str| format!("{what}: {params}");
        book.hold(!doubts.at(at), Rule::Doubt, || fail("recovered in doubt"));
        self.calm_after_flapping(at, book);
        let before = self.said.take();
        let known = before.is_some_and(|said| said.verdict == text(params, "previous"));
        book.hold(known, Rule::Once, || fail("recovered from what was not said"));
        self.belongs(text(params, "correlationId"), used, book);
        self.end_incident();
    }

    fn calm_after_flapping(&self, at: u64, book: &mut Book) {
        let flapped = self.said.as_ref().filter(|said| said.reason == "flapping");
        let calm = flapped.is_none_or(|said| at.saturating_sub(said.at) >= 600 * S);
        book.hold(calm, Rule::Once, || "said within 10 min of flapping".to_owned());
    }

    /// What is said belongs to the incident under way, or begins one with an id of its own.
    fn belongs(&mut self, id: &str, used: &mut BTreeSet<String>, book: &mut Book) {
        match &self.incident {
            Some(known) => book.hold(known == id, Rule::Incident, || format!("{id} in {known}")),
            None => {
                let new = !id.is_empty() && used.insert(id.to_owned());
                book.hold(new, Rule::Incident, || format!("{id} again"));
                self.incident = Some(id.to_owned());
            }
        }
    }

    fn end_incident(&mut self) {
        if self.said.is_none() && !matches!(self.state(), "open" | "half_open") {
            self.incident = None;
        }
    }

    pub(crate) fn moved(
        &mut self,
        params: &Value,
        at: u64,
        doubts: &Doubts,
        used: &mut BTreeSet<String>,
        book: &mut Book,
    ) {
        let fail = |what: &str| format!("{what}: {params}");
        let (from, to, why) =
            (text(params, "previous"), text(params, "state"), text(params, "reason"));
        book.hold(self.state() == from, Rule::Transition, || fail("does not alternate"));
        book.hold(is_legal(from, to, why), Rule::Transition, || fail("is not legal"));
        if why == "open_timeout" {
            let early = self.retry_after.is_none_or(|due| at < due || at > due + 1_000);
            book.hold(!early, Rule::Transition, || fail("not at its time"));
        }
        // Finding "a trial fails in doubt": half-open circuits reopen on errors heard in doubt. The
        // manual speaks of verdicts only, so this is held for circuits that were closed.
        let blames = matches!(to, "open" | "observe_only") && why != "manual" && from == "closed";
        book.hold(!(blames && doubts.at(at)), Rule::Doubt, || fail("opened in doubt"));
        let id = text(params, "correlationId");
        match &self.circuit_id {
            Some(known) => book.hold(known == id, Rule::Incident, || fail("another incident")),
            // The origin's; the checker holds that against what it knows of the others.
            None if why == "dependency_unavailable" => {}
            None => self.belongs(id, used, book),
        }
        self.retry_after = moment(&params["retryAfter"]);
        self.circuit = to.to_owned();
        self.circuit_id = matches!(to, "open" | "half_open").then(|| id.to_owned());
        self.event = Some(params.clone());
        self.end_incident();
    }

    /// Holds what stands against what was said. `now` is a moment at which all that was due is
    /// done.
    pub(crate) fn check(&self, name: &str, now: u64, doubt: bool, book: &mut Book) {
        let same = self.standing == self.event;
        book.hold(same, Rule::Standing, || format!("{name}: the circuit that stands is another"));
        let Some(reading) = &self.reading else {
            let nothing = self.said.is_none() && self.state() == "closed";
            book.hold(nothing, Rule::Standing, || format!("{name}: no verdict stands"));
            return;
        };
        let fail = |what: &str| format!("{name} at {now}: {what}: {reading}, said {:?}", self.said);
        let circuit = text(reading, "circuit") == self.state();
        book.hold(circuit, Rule::Standing, || fail("another circuit"));
        let (verdict, reason) = (text(reading, "verdict"), text(reading, "reason"));
        // Being idle, and no longer so, is noticed each second.
        let idle = now.saturating_sub(self.called);
        if (IDLE..IDLE + 2 * TICK).contains(&idle) || now < self.woke + 2 * TICK {
            return;
        }
        if doubt || idle > IDLE {
            let rule = if doubt { Rule::Doubt } else { Rule::Standing };
            return book.hold(verdict == "unknown", rule, || fail("not unknown"));
        }
        let told = match &self.said {
            Some(said) => said.verdict == verdict && said.reason == reason,
            None => matches!(verdict, "healthy" | "unknown") && reason.is_empty(),
        };
        book.hold(told, Rule::Standing, || fail("another verdict"));
        let id = reading["correlationId"].as_str();
        let borrowed = self.circuit_id.is_some() && self.circuit_id != self.incident;
        if self.said.is_some() || (self.circuit_id.is_some() && !borrowed) {
            let known = id == self.incident.as_deref();
            book.hold(known, Rule::Incident, || fail("another incident"));
        } else if verdict == "healthy" && !borrowed {
            book.hold(id.is_none(), Rule::Incident, || fail("no incident lasts"));
        }
    }

    /// Whether a repeat is overdue.
    pub(crate) fn overdue(&self, name: &str, now: u64, doubts: &Doubts, book: &mut Book) {
        let Some(said) = self.said.as_ref().filter(|said| said.reason != "flapping") else {
            return;
        };
        let lately = now.saturating_sub(2 * TICK);
        let excused = doubts.overlap(lately, now) || self.is_idle(now) || self.woke >= lately;
        let late = now > said.at + REPEAT + TICK && !excused;
        book.hold(!late, Rule::Repeat, || format!("{name} at {now}: not said again: {said:?}"));
    }
}

fn is_legal(from: &str, to: &str, why: &str) -> bool {
    let tripped = matches!(why, "failure_rate" | "consecutive_unanswered" | "slow_call_rate");
    match (from, to) {
        _ if why == "manual" => from != to && matches!(to, "closed" | "forced_open" | "disabled"),
        ("closed", "open") => tripped || why == "dependency_unavailable",
        ("closed", "observe_only") => tripped,
        ("open", "half_open") => matches!(why, "open_timeout" | "dependency_recovered"),
        ("half_open", "open") => why == "trial_failed",
        ("half_open", "closed") => why == "trial_succeeded",
        _ => false,
    }
}
