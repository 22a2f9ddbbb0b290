//! The world's truth against lookout's words.
//!
//! A service that the world kept healthy is never blamed. One that was wholly down, while
//! lookout could hear all the time, is called unavailable in the promised time, and recovers in
//! the promised time after. All times here are the world's.

use crate::plan::{Latency, Phase, Plan, Role, S, Trouble};
use crate::rules::{Book, Rule};
use crate::subject::text;
use serde_json::Value;

/// How long before an outage nothing may have disturbed lookout for the promise to count.
const CALM_BEFORE: u64 = 45 * S;
/// Seconds are looked at one by one, and a test must not be smarter than its clock.
const SLACK: u64 = 2 * S;

/// What the oracles looked at, to know that they were not idle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) outages: u64,
    pub(crate) recoveries: u64,
    pub(crate) healthy: u64,
}

/// One total outage of one service.
#[derive(Clone, Debug)]
struct Outage {
    service: String,
    phase: Phase,
    /// When it must have been said, and when its end.
    due: u64,
    over: u64,
    decided: (bool, bool),
}

#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    healthy: Vec<String>,
    outages: Vec<Outage>,
    /// When lookout's process began to listen.
    started: u64,
    /// Times in which lookout could not hear well.
    disturbed: Vec<(u64, u64)>,
    /// What was said of services that fail, and when.
    heard: Vec<(u64, String, String)>,
    pub(crate) looked: Looked,
}

impl Oracle {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut outages = Vec::new();
        for service in plan.services.iter().filter(|it| it.role == Role::Failing && !plan.tight) {
            let Latency::Usual(_, _, longest) = service.latency else { continue };
            let detour = if plan.detours > 0.0 { 400_000 } else { 0 };
            let reply = longest + detour + 10_000;
            let interval = service.interval.0 * 12 / 10;
            let patience = (reply * 42 / 10).clamp(2 * S, 30 * S);
            for phase in service.phases.iter().filter(|it| it.trouble == Trouble::Down) {
                outages.push(Outage {
                    service: service.name.clone(),
                    phase: *phase,
                    // Five calls run out of patience, and one that is made 6 s after the first
                    // of them has waited for half of it.
                    due: phase.from
                        + reply
                        + (6 * S + 2 * interval + patience / 2).max(5 * interval + patience)
                        + SLACK,
                    // Three calls are answered, and then 10 s pass.
                    over: phase.to + reply + 4 * interval + 10 * S + SLACK,
                    decided: (false, false),
                });
            }
        }
        let healthy: Vec<String> = plan
            .services
            .iter()
            .filter(|it| it.role == Role::Healthy)
            .map(|it| it.name.clone())
            .collect();
        let looked = Looked { healthy: healthy.len() as u64, ..Looked::default() };
        Self { healthy, outages, started: 0, disturbed: Vec::new(), heard: Vec::new(), looked }
    }

    /// A new lookout begins to listen.
    pub(crate) fn restarted(&mut self, now: u64) {
        self.started = now;
        self.disturb(now, now);
    }

    /// Between these moments lookout could not hear well.
    pub(crate) fn disturb(&mut self, from: u64, to: u64) {
        match self.disturbed.last_mut() {
            Some(last) if last.1 + S >= from => last.1 = last.1.max(to),
            _ => self.disturbed.push((from, to)),
        }
    }

    fn is_calm(&self, from: u64, to: u64) -> bool {
        !self.disturbed.iter().any(|(a, b)| *a <= to && from <= *b)
    }

    /// lookout said something at `now`.
    pub(crate) fn hear(&mut self, now: u64, params: &Value, book: &mut Book) {
        let (name, kind) = (text(params, "service"), text(params, "type"));
        let opens = kind == "circuit_breaker" && text(params, "state") == "open";
        let blames = opens || matches!(kind, "service_unavailable" | "service_degraded");
        if blames && self.healthy.iter().any(|healthy| healthy == name) {
            book.note(Rule::Healthy, format!("{params}"));
        }
        let mut outages = self.outages.iter().filter(|outage| outage.service == name).peekable();
        if outages.peek().is_none() {
            return;
        }
        let fresh = params["repeat"].as_u64().unwrap_or(0) == 0;
        let trial = text(params, "reason") == "trial_failed";
        let in_outage = outages.any(|it| it.phase.from <= now && now <= it.over);
        if blames && fresh && !trial && !in_outage {
            book.note(Rule::Healthy, format!("not in an outage: {params}"));
        }
        if kind.starts_with("service_") {
            self.heard.push((now, name.to_owned(), kind.to_owned()));
        }
    }

    /// Looks at what is due.
    pub(crate) fn second(
        &mut self,
        now: u64,
        is_unavailable: impl Fn(&str) -> bool,
        book: &mut Book,
    ) {
        for at in 0..self.outages.len() {
            let outage = &self.outages[at];
            let Phase { from, to, .. } = outage.phase;
            let known = self.started + 60 * S <= from;
            if now >= outage.due && outage.due < to && !outage.decided.0 {
                if known && self.is_calm(from.saturating_sub(CALM_BEFORE), outage.due) {
                    let found = self.said(outage, "service_unavailable", from, outage.due);
                    book.hold(found, Rule::Outage, || format!("not found in time: {outage:?}"));
                    self.looked.outages += 1;
                }
                self.outages[at].decided.0 = true;
            }
            let outage = &self.outages[at];
            if now >= outage.over && !outage.decided.1 {
                if known && self.is_calm(from.saturating_sub(CALM_BEFORE), outage.over) {
                    let found = self.said(outage, "service_recovered", to, outage.over);
                    let early = self.said(outage, "service_recovered", from, to);
                    let well = found && !early && !is_unavailable(&outage.service);
                    book.hold(well, Rule::Recovery, || format!("not over in time: {outage:?}"));
                    self.looked.recoveries += 1;
                }
                self.outages[at].decided.1 = true;
            }
        }
    }

    fn said(&self, outage: &Outage, kind: &str, from: u64, to: u64) -> bool {
        let fits = |said: &&(u64, String, String)| {
            from < said.0 && said.0 <= to && said.1 == outage.service && said.2 == kind
        };
        self.heard.iter().any(|said| fits(&said))
    }
}
