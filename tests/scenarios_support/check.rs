//! What holds for every replay, whatever its traffic: envelopes, conservation, legal
//! transitions, one correlation id per incident.

use super::transcript::{OUTCOMES, members, since_start, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is wrong with a replay, one sentence each.
pub(crate) fn faults(documents: &[Value], summary: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    let mut used = BTreeSet::new();
    let mut last = 0;
    for document in documents {
        let mut fault = |what: String| faults.push(format!("{} {what}", since_start(document)));
        let ts = document["ts"].as_u64().unwrap_or(0);
        if ts < last {
            fault("is earlier than the line before".to_owned());
        }
        last = ts;
        if document["payload"].is_null() {
            continue;
        }
        envelope(document, &mut fault);
        let params = &document["payload"]["params"];
        let topic = document["topic"].as_str().unwrap_or_default();
        if !matches!(topic, "system/default/errors" | "system/default/circuit-breaker") {
            continue;
        }
        if let Some(name) = params["service"].as_str() {
            let others: Vec<String> =
                services.values().filter_map(|service| service.bad.clone()).collect();
            let service = services.entry(name.to_owned()).or_default();
            service.hear(params, &others, &mut used, &mut fault);
        }
    }
    conservation(summary, &mut faults);
    faults
}

fn envelope(document: &Value, fault: &mut impl FnMut(String)) {
    let payload = &document["payload"];
    let params = &payload["params"];
    if payload["jsonrpc"] != "2.0" || !payload["id"].is_null() {
        fault("is no JSON-RPC 2.0 notification".to_owned());
    }
    if params["clusterId"] != "default" || !params["timestamp"].is_string() {
        fault(format!("lacks its cluster or time: {params}"));
    }
    if payload["method"] != params["type"] {
        fault(format!("says {} and is {}", payload["method"], params["type"]));
    }
    let retained = document["topic"].as_str().is_some_and(|topic| {
        let rest = topic.trim_start_matches("system/default/");
        rest == "health" || rest.contains('/')
    });
    if document["retain"] != retained {
        fault("is retained and should not be, or the other way about".to_owned());
    }
}

fn conservation(summary: &Value, faults: &mut Vec<String>) {
    let count = |row: &Value, name: &str| row[name].as_u64().unwrap_or(u64::MAX);
    for (name, service) in members(&summary["services"]) {
        let mut rows = vec![(name.clone(), service)];
        rows.extend(members(&service["methods"]).map(|(m, row)| (format!("{name}.{m}"), row)));
        for (name, row) in rows {
            // One-way calls are counted apart.
            let sum: u64 = OUTCOMES[1..].iter().map(|outcome| count(row, outcome)).sum();
            if count(row, "calls") != sum {
                faults.push(format!("{name}: {} calls, {sum} outcomes", row["calls"]));
            }
        }
        for figure in OUTCOMES.iter().chain(&["calls"]) {
            let sum: u64 = members(&service["methods"]).map(|(_, row)| count(row, figure)).sum();
            if name != "_other" && sum != count(service, figure) {
                faults.push(format!("{name}: {figure} {}, by method {sum}", service[*figure]));
            }
        }
    }
}

/// What was last heard of a service.
#[derive(Default)]
struct Service {
    /// Correlation id of a bad verdict.
    bad: Option<String>,
    /// Correlation id of an open or half-open circuit.
    circuit: Option<String>,
    /// The circuit is open for another service's sake.
    borrowed: bool,
    state: Option<String>,
}

impl Service {
    fn hear(
        &mut self,
        params: &Value,
        others: &[String],
        used: &mut BTreeSet<String>,
        fault: &mut impl FnMut(String),
    ) {
        let id = text(params, "correlationId").to_owned();
        let kind = text(params, "type");
        if kind == "circuit_breaker" {
            return self.moved(params, id, others, used, fault);
        }
        let own = self.circuit.as_ref().filter(|_| !self.borrowed);
        match self.bad.as_ref().or(own) {
            Some(known) if *known != id => fault(format!("{kind}: {id} within {known}")),
            None if !used.insert(id.clone()) => fault(format!("{kind}: {id} again")),
            _ => {}
        }
        self.bad = (kind != "service_recovered").then_some(id);
    }

    fn moved(
        &mut self,
        params: &Value,
        id: String,
        others: &[String],
        used: &mut BTreeSet<String>,
        fault: &mut impl FnMut(String),
    ) {
        let (from, to, why) =
            (text(params, "previous"), text(params, "state"), text(params, "reason"));
        let known = self.state.as_deref().unwrap_or("closed");
        if known != from {
            fault(format!("circuit leaves {from}, but was {known}"));
        }
        let legal = match (from, to) {
            ("closed", "open") => {
                matches!(
                    why,
                    "failure_rate"
                        | "consecutive_unanswered"
                        | "slow_call_rate"
                        | "dependency_unavailable"
                )
            }
            ("open", "half_open") => matches!(why, "open_timeout" | "dependency_recovered"),
            ("half_open", "open") => why == "trial_failed",
            ("half_open", "closed") => why == "trial_succeeded",
            ("closed", "observe_only") => why != "manual",
            ("closed", "forced_open" | "disabled") => why == "manual",
            _ => false,
        };
        if !legal {
            fault(format!("circuit {from}->{to} {why} is not legal"));
        }
        if why == "dependency_unavailable" {
            self.borrowed = true;
            if !others.contains(&id) {
                fault(format!("circuit: {id} is not the origin's"));
            }
        } else {
            match self.circuit.as_ref().or(self.bad.as_ref()) {
                Some(known) if *known != id => fault(format!("circuit: {id} within {known}")),
                None if !used.insert(id.clone()) => fault(format!("circuit: {id} again")),
                _ => {}
            }
        }
        self.state = Some(to.to_owned());
        self.circuit = matches!(to, "open" | "half_open").then_some(id);
        self.borrowed &= self.circuit.is_some();
    }
}
