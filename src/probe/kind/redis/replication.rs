//! Who copies from whom, how far behind, and whether a cluster covers all of its slots.

use super::info::Info;
use crate::config::Limits;
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown;
use serde_json::json;

/// Slots of a cluster.
const SLOTS: f64 = 16_384.0;
/// Replicas that are shown.
const SHOWN: usize = 20;

/// Judges the replicas of a primary, or the link of a replica. How many replicas have to be there
/// is set, or else the most that were seen.
pub(super) fn judge(
    info: &Info,
    limits: &Limits,
    (expect, most): (Option<u32>, &mut u32),
    found: &mut Found,
) {
    if info.text("role") == "slave" {
        found.detail("role", "replica");
        return judge_replica(info, limits, found);
    }
    found.detail("role", "primary");
    let replicas = info.replicas();
    let written = info.number("master_repl_offset");
    let mut facts = Vec::new();
    for replica in &replicas {
        let place = shown::short(&replica.place);
        let behind = written.zip(replica.offset).map(|(all, own)| (all - own).max(0.0));
        facts.push(json!({
            "address": place, "state": shown::short(&replica.state),
            "lagSeconds": replica.lag, "lagBytes": behind,
        }));
        let late = if replica.state != "online" {
            format!("is not online yet ({})", shown::short(&replica.state))
        } else if let Some(lag) = replica.lag.filter(|lag| *lag > limits.max_lag.as_secs_f64()) {
            format!("said nothing for {lag} s (limit {})", limits.max_lag)
        } else if let Some(bytes) = behind.filter(|it| *it > limits.max_lag_bytes as f64) {
            format!("is behind by {bytes} bytes (limit {})", limits.max_lag_bytes)
        } else {
            continue;
        };
        found.trouble(Trouble::warning("stale_reads", format!("replica {place} {late}")).advice(
            format!("Look at load and network of {place}, and at client-output-buffer-limit"),
        ));
    }
    facts.truncate(SHOWN);
    found.detail("replicas", facts);
    let count = replicas.len() as u32;
    *most = (*most).max(count);
    let wanted = expect.unwrap_or(*most);
    if count < wanted {
        let message = format!("{count} of {wanted} replicas are connected");
        found.trouble(Trouble::error("replica_lost", message).definite().advice(
            "See which are left: INFO replication; look into the log of the one that is not",
        ));
    }
}

fn judge_replica(info: &Info, limits: &Limits, found: &mut Found) {
    let primary = format!("{}:{}", info.text("master_host"), info.text("master_port"));
    let primary = shown::short(&primary);
    found.detail("primary", primary.as_str());
    if info.text("master_link_status") != "up" {
        let since = info.number("master_link_down_since_seconds").filter(|secs| *secs >= 0.0);
        let since = since.map_or(String::new(), |secs| format!(" for {secs} s"));
        let syncs = if info.number("master_sync_in_progress") == Some(1.0) {
            "; it copies everything anew"
        } else {
            ""
        };
        found.trouble(
            Trouble::error(
                "stale_reads",
                format!("has no link to its primary {primary}{since}{syncs}"),
            )
            .definite()
            .advice("Check that its primary runs, masterauth, and the network"),
        );
    } else if let Some(quiet) = info
        .number("master_last_io_seconds_ago")
        .filter(|quiet| *quiet > limits.max_lag.as_secs_f64())
    {
        found.trouble(Trouble::warning(
            "stale_reads",
            format!("heard nothing from its primary for {quiet} s (limit {})", limits.max_lag),
        ));
    }
}

/// Judges `CLUSTER INFO`.
pub(super) fn judge_cluster(info: &Info, found: &mut Found) {
    let count = |name: &str| info.number(name).unwrap_or(0.0);
    let (assigned, failed) = (count("cluster_slots_assigned"), count("cluster_slots_fail"));
    found.detail("clusterState", info.text("cluster_state"));
    found.detail("clusterNodes", count("cluster_known_nodes"));
    found.detail("slotsAssigned", assigned);
    found.detail("slotsFailed", failed);
    let advice = "See who is missing: redis-cli --cluster check HOST:PORT";
    if assigned < SLOTS || failed > 0.0 || info.text("cluster_state") == "fail" {
        let lost = SLOTS - assigned + failed;
        let message = if lost > 0.0 {
            format!("{lost} of {SLOTS} slots of the cluster are served by nobody")
        } else {
            "the cluster is in state fail".to_owned()
        };
        found.trouble(Trouble::down("keys_are_lost", message).definite().advice(advice));
    } else if count("cluster_slots_pfail") > 0.0 {
        let message = format!("{} slots of the cluster may fail", count("cluster_slots_pfail"));
        found.trouble(Trouble::warning("keys_may_be_lost", message).advice(advice));
    }
}
