//! A replica: whether it streams from its primary, and how far behind it is.
//!
//! When the last transaction was replayed says nothing while the primary is idle; so lag in time is
//! judged only of a replica that has received what it did not replay.

use super::{primary, rows};
use crate::config::Limits;
use crate::probe::found::{Found, Trouble};
use tokio_postgres::{Client, Error};

const RECEIVER: &str = "select status, extract(epoch from now() - last_msg_receipt_time)::float8 as quiet \
    from pg_stat_wal_receiver limit 1";

const REPLAY: &str = "select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 as bytes, \
    extract(epoch from now() - pg_last_xact_replay_timestamp())::float8 as seconds, \
    pg_is_wal_replay_paused() as paused";

/// Looks at its way to the primary. Whether it may not see enough of that.
pub(super) async fn judge(
    client: &Client,
    limits: &Limits,
    sees: bool,
    found: &mut Found,
) -> Result<bool, Error> {
    let mut blind = false;
    let receiver = rows::all(client, RECEIVER).await?.into_iter().next();
    // Without the right there is a row, and nothing in it.
    let state = receiver.as_ref().map(|row| row.text("status"));
    if let Some(state) = state.as_deref().filter(|state| !state.is_empty()) {
        found.detail("receiver", state);
    }
    match state.as_deref() {
        Some("streaming") => {}
        Some(_) if !sees => blind = true,
        other => {
            let state = other.map_or(String::new(), |state| format!(" (state {state})"));
            let message = format!("receives nothing from its primary{state}");
            found.trouble(
                Trouble::error("stale_reads", message)
                    .advice("Check that its primary runs, primary_conninfo, and its log"),
            );
        }
    }
    let replay = rows::first(client, REPLAY).await?;
    let bytes = replay.number("bytes").max(0.0);
    found.detail("lagBytes", bytes);
    if replay.is("paused") {
        found.detail("replayPaused", true);
    }
    let seconds = replay.known("seconds").filter(|_| bytes > 0.0);
    if let Some(seconds) = seconds {
        found.detail("lagSeconds", seconds.max(0.0).round());
    }
    if let Some(trouble) = primary::behind("here", seconds, Some(bytes), limits) {
        found.trouble(trouble);
    }
    Ok(blind)
}
