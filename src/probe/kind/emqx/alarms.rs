//! EMQX's own alarms that are active.
//!
//! Those that are known get their weight here; one that is not is a warning with its name, as EMQX
//! adds some with every version. Alarms of the same name are told once with all their nodes: a
//! congested network raises one for each client.

use super::figures::member;
use crate::platform::emqx::{Api, Failure, Meta};
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown::{names, short};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Alarms on a page, pages that are read, and alarms that are shown.
const PAGE: usize = 100;
const PAGES: usize = 5;
const SHOWN: usize = 20;

/// Groups of alarms that are told one by one.
const GROUPS: usize = 20;

/// A page of alarms.
#[derive(Deserialize)]
struct Page {
    data: Vec<Map<String, Value>>,
    #[serde(default)]
    meta: Meta,
}

/// The active alarms, at most so many as stand on [`PAGES`] pages.
pub(super) struct Alarms {
    all: Vec<Map<String, Value>>,
    more: bool,
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Partition,
    Resource,
    /// The node is short of something.
    Scarce,
    Congestion,
    License,
    Other,
}

/// Reads the active alarms.
///
/// # Errors
///
/// If a page of them cannot be read.
pub(super) async fn active(api: &Api) -> Result<Alarms, Failure> {
    let limit = PAGE.to_string();
    let mut all = Vec::new();
    for page in 1..=PAGES {
        let page = page.to_string();
        let query = [("activated", "true"), ("page", page.as_str()), ("limit", limit.as_str())];
        let Page { data, meta } = api.get("alarms", &query).await?;
        all.extend(data.into_iter().take(PAGE));
        if !meta.hasnext {
            return Ok(Alarms { all, more: false });
        }
    }
    Ok(Alarms { all, more: true })
}

fn text<'a>(alarm: &'a Map<String, Value>, name: &str) -> &'a str {
    member(alarm, name).as_str().unwrap_or_default()
}

fn sort(alarm: &Map<String, Value>) -> Sort {
    let name = text(alarm, "name");
    let reason = member(alarm, "details").get("reason").and_then(Value::as_str);
    match name {
        "partition" => Sort::Partition,
        "high_system_memory_usage"
        | "high_process_memory_usage"
        | "high_cpu_usage"
        | "too_many_processes"
        | "runq_overload" => Sort::Scarce,
        _ if name.starts_with("conn_congestion") => Sort::Congestion,
        _ if name.starts_with("license_") => Sort::License,
        _ if reason == Some("resource_down") => Sort::Resource,
        _ if text(alarm, "message").starts_with("resource down") => Sort::Resource,
        _ => Sort::Other,
    }
}

/// Says what the alarms mean.
pub(super) fn judge(alarms: &Alarms, found: &mut Found) {
    found.detail("activeAlarms", alarms.all.len());
    if alarms.more {
        found.detail("moreAlarms", true);
    }
    if alarms.all.is_empty() {
        return;
    }
    let shown = alarms.all.iter().take(SHOWN).map(|alarm| {
        json!({
            "name": short(text(alarm, "name")),
            "node": short(text(alarm, "node")),
            "message": short(text(alarm, "message")),
            "since": short(text(alarm, "activate_at")),
        })
    });
    found.detail("alarms", shown.collect::<Vec<_>>());
    let mut groups: BTreeMap<(Sort, &str), Vec<&Map<String, Value>>> = BTreeMap::new();
    for alarm in &alarms.all {
        let sort = sort(alarm);
        let name = text(alarm, "name");
        // Clients and partitions are many and one matter.
        let name = match sort {
            Sort::Congestion | Sort::Partition => "",
            _ => name,
        };
        groups.entry((sort, name)).or_default().push(alarm);
    }
    for ((sort, name), group) in groups.iter().take(GROUPS) {
        found.trouble(trouble(*sort, name, group));
    }
    if let Some(more) = groups.len().checked_sub(GROUPS).filter(|more| *more > 0) {
        let message = format!("{more} more alarms are active");
        found.trouble(Trouble::warning("alarm_of_the_broker", message).advice(LIST));
    }
}

/// What a group of alarms means.
fn trouble(sort: Sort, name: &str, group: &[&Map<String, Value>]) -> Trouble {
    let nodes: BTreeSet<_> = group.iter().map(|alarm| text(alarm, "node")).collect();
    let (name, nodes) = (short(name), names(nodes));
    let said = group.iter().map(|alarm| short(text(alarm, "message"))).next().unwrap_or_default();
    match sort {
        Sort::Partition => {
            let lost: BTreeSet<_> = group
                .iter()
                .filter_map(|alarm| member(alarm, "details").get("occurred")?.as_str())
                .collect();
            let lost = if lost.is_empty() { "another node".to_owned() } else { names(lost) };
            Trouble::down("split_cluster", format!("the cluster is split: {nodes} lost sight of {lost}"))
                .definite()
                .advice(
                    "Mend the network between the nodes; if they do not find together by themselves, restart those \
                     of the smaller part: emqx ctl cluster status",
                )
        }
        Sort::Resource => Trouble::error("integration_down", format!("{name} is down on {nodes}"))
            .definite()
            .advice(
                "Check the server it leads to, and its address and password in the integration",
            ),
        Sort::Scarce => Trouble::warning("slow_broker", format!("{name} on {nodes}: {said}"))
            .definite()
            .advice("See what is used: emqx ctl vm all; then spread the clients, or add a node"),
        Sort::Congestion => {
            let message = format!("congested connections of clients on {nodes}: {}", group.len());
            Trouble::warning("possible_message_delays", message)
                .definite()
                .advice("See who they are (emqx ctl clients list), and their network")
        }
        Sort::License => Trouble::warning("license", format!("{name}: {said}"))
            .definite()
            .advice("See what is licensed: emqx ctl license info"),
        Sort::Other => {
            let message = format!("alarm {name} on {nodes}: {said}");
            Trouble::warning("alarm_of_the_broker", message).definite().advice(LIST)
        }
    }
}

const LIST: &str = "See all alarms on the dashboard (Monitoring, Alarms), or: curl -u KEY:SECRET URL/api/v5/alarms";
