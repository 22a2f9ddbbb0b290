//! lookout's own logs and metrics.
//!
//! Logs go to stderr through `tracing`, for people or as JSON lines. The level says what the
//! operator has to do: `error` act, `warn` look, `info` nothing.
//!
//! Metrics are a page that is written from a snapshot when somebody asks for it. Their one list is
//! [`metrics`], and a metric is on it if, and only if, [`page`] can write it.

mod exposition;
mod figures;
mod ground;
mod observed;
mod own;
mod platform;
mod reference;

pub use exposition::{Kind, Metric};
pub use figures::{Figures, LinkFigures, Looks, PageFigures};
pub use reference::reference;

use crate::config::Log;
use crate::observer::Snapshot;
use exposition::Page;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Directs this process's logs to stderr; to be called once.
///
/// # Errors
///
/// If the filter cannot be read, or logs are directed somewhere already.
pub fn start_logs(log: &Log) -> anyhow::Result<()> {
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

/// Every metric of this program, in the order of the manual.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    [own::METRICS, observed::METRICS, platform::METRICS].into_iter().flatten().copied()
}

/// The page for Prometheus, in its text format 0.0.4; `pairs` are the names of the traffic pairs.
pub fn page(figures: &Figures, snapshot: &Snapshot, pairs: &[String]) -> String {
    // What a method takes, roughly; growing a page of megabytes would copy it again and again.
    let methods: usize = snapshot.services.iter().map(|service| service.methods.len()).sum();
    let mut page = Page::with_capacity(16_384 + 4_096 * snapshot.services.len() + 1_024 * methods);
    own::write(&mut page, figures);
    observed::write(&mut page, snapshot, pairs);
    platform::write(&mut page, figures, snapshot);
    page.finish()
}

#[cfg(test)]
mod tests;
