//! Who belongs to the cluster, and how each node is.
//!
//! EMQX names a core node that is known and stopped; any other that is gone it just does not
//! mention. So the most nodes that ran at once since the start are remembered, with their names,
//! unless it is set how many there have to be.

use super::figures::{figure, used};
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown::{names, share, short};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Nodes that are shown among the details.
const SHOWN: usize = 32;
/// Names of nodes that are remembered.
const REMEMBERED: usize = 1_000;
/// Share of a node's processes, and of its file descriptors, that is too much.
const FULL: f64 = 0.9;

/// A node, as `/nodes` has it. What it tells of itself may be missing, or not be a number.
#[derive(Debug, Deserialize)]
pub(super) struct Node {
    node: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The cluster, as `/cluster` has it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cluster {
    #[serde(default)]
    name: String,
    /// Nodes that run.
    #[serde(default)]
    nodes: Vec<String>,
}

/// What is wanted of the nodes, and who was there.
pub(super) struct Nodes {
    expect: Option<u32>,
    max_memory: f64,
    /// Who ran when most did.
    most: BTreeSet<String>,
}

impl Node {
    fn get(&self, name: &str) -> &Value {
        self.more.get(name).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_str().map(short)
    }

    /// Its state, if it is another than running.
    fn stopped(&self) -> Option<String> {
        self.text("node_status").filter(|status| !status.eq_ignore_ascii_case("running"))
    }

    /// Facts about it.
    fn details(&self) -> Value {
        let mut facts = Map::new();
        facts.insert("node".to_owned(), short(&self.node).into());
        facts.insert("status".to_owned(), self.text("node_status").into());
        for (name, detail) in [
            ("load1", "load1"),
            ("connections", "connections"),
            ("process_used", "processes"),
            ("uptime", "uptimeMs"),
        ] {
            if let Some(value) = figure(self.get(name)) {
                facts.insert(detail.to_owned(), value);
            }
        }
        if let Some(role) = self.text("role") {
            facts.insert("role".to_owned(), role.into());
        }
        if let Some(used) = used(self.get("memory_used"), self.get("memory_total")) {
            facts.insert("usedMemoryShare".to_owned(), share(used).into());
        }
        Value::Object(facts)
    }
}

impl Nodes {
    /// How many there have to be, and the share of a node's memory that is too much.
    pub(super) const fn new(expect: Option<u32>, max_memory: f64) -> Self {
        Self { expect, max_memory, most: BTreeSet::new() }
    }

    /// Says what is wrong with them.
    pub(super) fn judge(&mut self, nodes: &[Node], cluster: Option<&Cluster>, found: &mut Found) {
        let running: Vec<&Node> = nodes.iter().filter(|node| node.stopped().is_none()).collect();
        self.tell(nodes, running.len(), cluster, found);
        for (node, status) in nodes.iter().filter_map(|node| Some((node, node.stopped()?))) {
            let message = format!("node {} is {status}", short(&node.node));
            found.trouble(Trouble::error("fewer_nodes", message).definite().advice(START));
        }
        let mut known: BTreeSet<_> = nodes.iter().map(|node| node.node.as_str()).collect();
        let silent: Vec<_> = cluster
            .into_iter()
            .flat_map(|cluster| cluster.nodes.iter().map(String::as_str))
            .filter(|name| !known.contains(name))
            .collect();
        known.extend(&silent);
        if running.is_empty() {
            let trouble = Trouble::down("no_broker", "no node of the cluster runs");
            found.trouble(trouble.definite().advice(START));
        } else {
            self.miss(&known, &running, found);
        }
        if !silent.is_empty() {
            let message =
                format!("in the cluster, and not answering for itself: {}", names(silent));
            found.trouble(Trouble::warning("node_does_not_answer", message).advice(LOOK));
        }
        running.into_iter().for_each(|node| self.scarce(node, found));
    }

    /// Says who is gone without a trace: stopped nodes and silent ones are told by name already.
    fn miss(&mut self, known: &BTreeSet<&str>, running: &[&Node], found: &mut Found) {
        let most = self.most.len().max(running.len());
        let wanted = self.expect.map_or(most, |wanted| wanted as usize);
        if known.len() < wanted {
            let gone = self.most.iter().map(String::as_str).filter(|name| !known.contains(name));
            let gone = gone.collect::<Vec<_>>();
            let who =
                if gone.is_empty() { String::new() } else { format!("; gone: {}", names(gone)) };
            let message = format!("{} of {wanted} nodes run{who}", running.len());
            let trouble = Trouble::error("fewer_nodes", message).definite().advice(START);
            found.trouble(if self.expect.is_some() { trouble } else { trouble.advice(ON_PURPOSE) });
        }
        if running.len() >= self.most.len() {
            let names = running.iter().take(REMEMBERED).map(|node| node.node.clone());
            self.most = names.collect();
        }
    }

    /// Says what a node is short of.
    fn scarce(&self, node: &Node, found: &mut Found) {
        let name = short(&node.node);
        let resources = [
            (
                "memory",
                "memory_used",
                "memory_total",
                self.max_memory,
                "node_may_be_killed",
                MEMORY,
            ),
            ("processes", "process_used", "process_available", FULL, "refused_connections", LOOK),
            ("file descriptors", "connections", "max_fds", FULL, "refused_connections", FILES),
        ];
        for (what, part, whole, limit, impact, advice) in resources {
            let Some(share) = used(node.get(part), node.get(whole)).filter(|it| *it >= limit)
            else {
                continue;
            };
            let message = format!(
                "node {name} uses {:.0} % of its {what} (limit {:.0} %)",
                share * 100.0,
                limit * 100.0
            );
            found.trouble(Trouble::warning(impact, message).advice(advice));
        }
    }

    /// Adds the facts.
    fn tell(&self, nodes: &[Node], running: usize, cluster: Option<&Cluster>, found: &mut Found) {
        if let Some(cluster) = cluster.filter(|cluster| !cluster.name.is_empty()) {
            found.detail("cluster", cluster.name.as_str());
        }
        found.detail("runningNodes", running);
        if let Some(wanted) = self.expect {
            found.detail("expectedNodes", wanted);
        }
        for (detail, name) in [("version", "version"), ("edition", "edition")] {
            let all: BTreeSet<_> = nodes.iter().filter_map(|node| node.text(name)).collect();
            if !all.is_empty() {
                found.detail(detail, names(all.iter().map(String::as_str)));
            }
        }
        let shown: Vec<_> = nodes.iter().take(SHOWN).map(Node::details).collect();
        found.detail("nodes", json!(shown));
    }
}

const START: &str = "See who is there: emqx ctl cluster status; then look into the log of the node \
    that is not (journalctl -u emqx, kubectl logs --previous) and start it";
const ON_PURPOSE: &str =
    "If it was taken away on purpose, set `expect` of the check, or restart lookout";
const LOOK: &str = "Look how the node is: emqx ctl status; emqx ctl vm all";
const MEMORY: &str = "See what uses it: emqx ctl vm memory; emqx ctl broker stats";
const FILES: &str = "Raise the limit of open files of EMQX (LimitNOFILE, ulimit -n), or add a node";
