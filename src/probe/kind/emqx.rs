//! A cluster of EMQX, by what its REST API tells: nodes, lost messages, alarms, listeners.
//!
//! The list of nodes comes first: without it nothing is known. The rest is asked for at once, and
//! one part of it that fails spoils no other. A part that EMQX cannot give because a node left
//! while it was asked is passed over; the next look sees who it was. A key that may not read the
//! listeners, and a version that has no such page, cost only the details from there.

mod alarms;
mod figures;
mod losses;
mod nodes;
mod ports;

use super::Probe;
use crate::clock::Stopwatch;
use crate::config;
use crate::platform::emqx::{Api, CHECK, Failure, Why};
use crate::probe::found::{Found, Trouble};
use figures::figure;
use futures_util::future::BoxFuture;
use losses::Losses;
use nodes::{Cluster, Node, Nodes};
use reqwest::StatusCode;
use serde_json::{Map, Value};

/// A cluster.
pub(super) struct Emqx {
    api: Api,
    nodes: Nodes,
    losses: Losses,
}

/// Counts of the whole cluster that are facts, and how they are called.
const STATS: &[(&str, &str)] = &[
    ("connections.count", "connections"),
    ("live_connections.count", "liveConnections"),
    ("sessions.count", "sessions"),
    ("topics.count", "topics"),
    ("subscriptions.count", "subscriptions"),
    ("subscriptions.shared.count", "sharedSubscriptions"),
    ("retained.count", "retainedMessages"),
];

/// Rates of the whole cluster, in messages a second, that are facts.
const RATES: &[(&str, &str)] = &[
    ("received_msg_rate", "receivedPerSecond"),
    ("sent_msg_rate", "sentPerSecond"),
    ("dropped_msg_rate", "droppedPerSecond"),
];

impl Emqx {
    /// A cluster by one of its nodes, how many nodes it has to have, and the share of a node's
    /// memory that is too much.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(
        api: &config::Emqx,
        expect: Option<u32>,
        max_memory: f64,
    ) -> anyhow::Result<Self> {
        let api = Api::new(api.clone(), CHECK)?;
        Ok(Self { api, nodes: Nodes::new(expect, max_memory), losses: Losses::default() })
    }

    async fn ask(&mut self) -> Found {
        let watch = Stopwatch::start();
        let nodes: Vec<Node> = match self.api.get("nodes", &[]).await {
            Ok(nodes) => nodes,
            Err(failure) => return Found::only(unusable(&failure)),
        };
        let took = watch.elapsed();
        let (cluster, metrics, alarms, stats, rates, listeners) = tokio::join!(
            self.api.get::<Cluster>("cluster", &[]),
            // A sum would hide who left and came back with its counters; see `losses`.
            self.api.get::<Value>("metrics", &[("aggregate", "false")]),
            alarms::active(&self.api),
            self.api.get::<Map<String, Value>>("stats", &[("aggregate", "true")]),
            self.api.get::<Map<String, Value>>("monitor_current", &[]),
            self.api.get::<Vec<Map<String, Value>>>("listeners", &[]),
        );
        let mut parts = Parts { found: Found::new(), skipped: Vec::new() };
        parts.found.detail("answerMs", took.as_millis_f64());
        let cluster = parts.needed(cluster);
        let metrics = parts.needed(metrics);
        let alarms = parts.needed(alarms);
        let stats = parts.spare(stats);
        let rates = parts.spare(rates);
        let listeners = parts.spare(listeners);
        let Parts { mut found, skipped } = parts;
        self.nodes.judge(&nodes, cluster.as_ref(), &mut found);
        for (counts, names) in [(stats, STATS), (rates, RATES)] {
            copy(&counts.unwrap_or_default(), names, &mut found);
        }
        if let Some(alarms) = alarms {
            alarms::judge(&alarms, &mut found);
        }
        if let Some(listeners) = listeners {
            ports::judge(&listeners, &mut found);
        }
        if let Some(metrics) = metrics {
            self.losses.judge(&metrics, &mut found);
        }
        if !skipped.is_empty() {
            found.detail("skipped", skipped);
        }
        found
    }
}

/// A look in the making.
struct Parts {
    found: Found,
    skipped: Vec<String>,
}

impl Parts {
    /// A part without which it is not known whether all is well.
    fn needed<T>(&mut self, part: Result<T, Failure>) -> Option<T> {
        if let Err(failure) = &part
            && !failure.is_node_gone()
        {
            let trouble = Trouble::warning("checked_in_part", failure.to_string());
            self.found.trouble(advised(trouble, failure));
            return None;
        }
        self.spare(part)
    }

    /// A part that can be done without.
    fn spare<T>(&mut self, part: Result<T, Failure>) -> Option<T> {
        part.map_err(|failure| self.skipped.push(failure.brief())).ok()
    }
}

/// What it means that the nodes are not told.
fn unusable(failure: &Failure) -> Trouble {
    let message = failure.to_string();
    let trouble = match failure.why() {
        Why::NoAnswer(_) | Why::TooLong => Trouble::down("unreachable", message),
        // It answers, so it may well do its work.
        Why::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            Trouble::error("cannot_be_checked", message).definite()
        }
        Why::Refused(StatusCode::SERVICE_UNAVAILABLE, _) => Trouble::down("no_broker", message),
        Why::Refused(status, _) if status.is_server_error() => {
            Trouble::error("bad_answers", message)
        }
        Why::Refused(..) | Why::Strange => Trouble::down("bad_answers", message),
    };
    advised(trouble, failure)
}

/// The trouble with what to do about a failure.
fn advised(trouble: Trouble, failure: &Failure) -> Trouble {
    trouble.advice(match failure.why() {
        Why::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            "Create an API key with the role viewer (dashboard: System, API Key) and give it as `user` and \
             `password_file` of the check, or as `emqx.api_key` and `emqx.api_secret_file`"
        }
        Why::Refused(status, _) if status.is_server_error() => {
            "Look how the node is: emqx ctl status; emqx ctl cluster status"
        }
        Why::NoAnswer(_) | Why::Refused(..) | Why::TooLong | Why::Strange => {
            "Check that `url` is the address of the dashboard (port 18083 unless set otherwise), and that a node \
             runs there: emqx ctl status"
        }
    })
}

/// Copies figures into the details.
fn copy(from: &Map<String, Value>, names: &[(&str, &str)], found: &mut Found) {
    for (name, detail) in names {
        if let Some(value) = from.get(*name).and_then(figure) {
            found.detail(detail, value);
        }
    }
}

impl Probe for Emqx {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Box::pin(self.ask())
    }
}
