//! lookout's own logs.
//!
//! They go to stderr through `tracing`, for people or as JSON lines. The level says what the
//! operator has to do: `error` act, `warn` look, `info` nothing.

use crate::config::Log;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Directs this process's logs to stderr; to be called once.
///
/// # Errors
///
/// If the filter cannot be read, or logs are directed somewhere already.
pub fn start(log: &Log) -> anyhow::Result<()> {
    // The client of Kubernetes logs each of its attempts, and whole answers that it cannot read:
    // what matters of it is said by who asked. A level set for it wins, as it stands behind.
    let level = format!("kube_client=off,kube_runtime=off,{}", log.level);
    let filter = EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("`log.level` is no filter: {error}"))?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // Whoever reads our logs may go away; that is no reason to end.
        .log_internal_errors(false);
    let started = if log.json {
        logs.json().flatten_event(true).try_init()
    } else {
        logs.with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logs cannot be set up: {error}"))
}
