//! A primary: its replicas, and the slots that keep its log for them.

use super::rows;
use crate::config::Limits;
use crate::observer::Span;
use crate::probe::found::{Found, Trouble};
use serde_json::json;
use tokio_postgres::{Client, Error};

const REPLICAS: &str = "select application_name as name, state, sync_state as sync, \
    extract(epoch from replay_lag)::float8 as seconds, \
    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as bytes \
    from pg_stat_replication order by application_name limit 100";

const SLOTS: &str = "select slot_name as name, active, wal_status as status \
    from pg_replication_slots order by slot_name limit 100";

/// Looks at its replicas and slots; `wanted` are those that have to be there. Whether it may not see
/// enough of them.
pub(super) async fn judge(
    client: &Client,
    limits: &Limits,
    wanted: &[String],
    sees: bool,
    found: &mut Found,
) -> Result<bool, Error> {
    let rows = rows::all(client, REPLICAS).await?;
    let mut shown = Vec::new();
    for row in &rows {
        let (name, state) = (row.text("name"), row.text("state"));
        let (seconds, bytes) = (row.known("seconds"), row.known("bytes"));
        shown.push(json!({
            "name": name, "state": state, "sync": row.text("sync"),
            "lagSeconds": seconds, "lagBytes": bytes,
        }));
        if let Some(trouble) = behind(&name, seconds, bytes, limits) {
            found.trouble(trouble);
        }
    }
    found.detail("replicas", shown);
    for name in wanted {
        let row = rows.iter().find(|row| row.text("name") == *name);
        let state = row.map(|row| row.text("state"));
        match state.as_deref() {
            // One that catches up streams what it missed; its lag tells how far it is.
            Some("streaming" | "catchup") => {}
            Some(_) if !sees => {}
            other => {
                let state =
                    other.map_or(String::new(), |state| format!(" (it is in state {state})"));
                let message = format!("replica {name} does not stream from this server{state}");
                found.trouble(
                    Trouble::error("replica_lost", message)
                        .definite()
                        .advice(format!("Look into the log of {name}: journalctl -u postgresql"))
                        .advice("A slot keeps the log for it until the disk is full: watch pg_wal"),
                );
            }
        }
    }
    judge_slots(client, found).await?;
    let asked = !rows.is_empty() || !wanted.is_empty();
    Ok(asked && !sees)
}

/// Whether a replica is too far behind.
pub(super) fn behind(
    name: &str,
    seconds: Option<f64>,
    bytes: Option<f64>,
    limits: &Limits,
) -> Option<Trouble> {
    let lag = Span::from_millis(1).scaled(seconds.unwrap_or(0.0).max(0.0) * 1_000.0);
    let bytes = bytes.unwrap_or(0.0).max(0.0);
    let by = if lag > limits.max_lag {
        format!("{lag} (limit {})", limits.max_lag)
    } else if bytes > limits.max_lag_bytes as f64 {
        format!("{bytes} bytes (limit {})", limits.max_lag_bytes)
    } else {
        return None;
    };
    Some(Trouble::warning("stale_reads", format!("replica {name} is behind by {by}")).advice(
        format!(
            "Look at load, disk and network of {name}, and at queries there that hold replay up"
        ),
    ))
}

async fn judge_slots(client: &Client, found: &mut Found) -> Result<(), Error> {
    let mut idle = Vec::new();
    for slot in rows::all(client, SLOTS).await? {
        let name = slot.text("name");
        if !slot.is("active") {
            idle.push(name.clone());
        }
        let advice = format!(
            "Bring its replica back, or drop it: select pg_drop_replication_slot('{name}');"
        );
        match slot.text("status").as_str() {
            "lost" => found.trouble(
                Trouble::error(
                    "replica_lost",
                    format!("slot {name} has lost what its replica still needs"),
                )
                .definite()
                .advice("Its replica has to be made anew with pg_basebackup")
                .advice(advice),
            ),
            "unreserved" => found.trouble(
                Trouble::warning(
                    "replica_lost",
                    format!("slot {name} is about to lose what its replica still needs"),
                )
                .definite()
                .advice(advice),
            ),
            _ => {}
        }
    }
    found.detail("inactiveSlots", idle);
    Ok(())
}
