//! Memory, persistence and clients of a Redis server.

use super::info::Info;
use crate::config::Limits;
use crate::probe::found::{Found, Trouble};
use crate::probe::kind::shown;

/// Memory in use against `maxmemory`. What happens at the limit is the policy's choice; with
/// `noeviction` writes are refused.
pub(super) fn judge_memory(info: &Info, max: f64, found: &mut Found) {
    let (used, limit) =
        (info.number("used_memory").unwrap_or(0.0), info.number("maxmemory").unwrap_or(0.0));
    found.detail("usedMemoryBytes", used);
    found.detail("evictedKeys", info.number("evicted_keys"));
    if limit <= 0.0 {
        return;
    }
    let policy = shown::short(info.text("maxmemory_policy"));
    found.detail("maxMemoryBytes", limit);
    found.detail("maxMemoryPolicy", policy.as_str());
    let share = used / limit;
    if share < max {
        return;
    }
    let message = format!(
        "{:.0} % of maxmemory is in use (limit {:.0} %), policy {policy}",
        share * 100.0,
        max * 100.0
    );
    let advice =
        "See what takes it: redis-cli --bigkeys, MEMORY STATS; raise maxmemory, or let keys expire";
    found.trouble(if policy == "noeviction" && share >= 1.0 {
        Trouble::error("writes_fail", format!("{message}: writes are refused"))
            .definite()
            .advice(advice)
    } else {
        Trouble::warning("memory_runs_out", message).advice(advice)
    });
}

/// Whether what is written is kept.
pub(super) fn judge_persistence(info: &Info, found: &mut Found) {
    found.detail("changesSinceSave", info.number("rdb_changes_since_last_save"));
    for (name, what) in [
        ("rdb_last_bgsave_status", "the last snapshot could not be written"),
        ("aof_last_write_status", "the append-only file could not be written: writes are refused"),
        ("aof_last_bgrewrite_status", "the append-only file could not be rewritten"),
    ] {
        if info.text(name) == "err" {
            found.trouble(
                Trouble::error("data_may_be_lost", what)
                    .definite()
                    .advice("Look at the disk it writes to (CONFIG GET dir) and into its log"),
            );
        }
    }
}

/// Clients against their limit, and who was refused since the last look.
pub(super) fn judge_clients(
    info: &Info,
    limits: &Limits,
    before: &mut Option<f64>,
    found: &mut Found,
) {
    let (clients, most) =
        (info.number("connected_clients").unwrap_or(0.0), info.number("maxclients").unwrap_or(0.0));
    found.detail("clients", clients);
    found.detail("maxClients", most);
    found.detail("blockedClients", info.number("blocked_clients"));
    if most > 0.0 && clients >= limits.max_connections * most {
        let limit = limits.max_connections * 100.0;
        let message = format!("{clients} of {most} clients are connected (limit {limit:.0} %)");
        found.trouble(
            Trouble::warning("connections_run_out", message)
                .advice("See who they are: CLIENT LIST; raise maxclients"),
        );
    }
    let rejected = info.number("rejected_connections").unwrap_or(0.0);
    let known = before.replace(rejected);
    // One that went back is a new start.
    if let Some(known) = known.filter(|known| rejected > *known) {
        let message =
            format!("{} connections were refused, as there are too many", rejected - known);
        found.trouble(
            Trouble::error("connections_fail", message)
                .counted()
                .advice("See who holds them: CLIENT LIST; raise maxclients"),
        );
    }
}
