//! How many replicas of each service run, as the platform that runs them tells.
//!
//! Kubernetes is watched, Docker is asked every so often. What is known is told when it changes, and
//! all of it again every so often, for services that were called for the first time since. A service
//! whose workload vanished is told once with nothing. Whether that matters is for the observer to say.
//!
//! A platform that cannot be watched ends the watch with an error: whoever runs it says so and starts
//! it anew. Until then what was known stands.

mod cause;
mod docker;
mod kubernetes;
mod tally;

pub use cause::Cause;

use crate::config::{Platform, Platforms};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Reports that may wait.
const WAITING: usize = 1_000;
/// Services that are told of.
const SERVICES: usize = 10_000;

/// The replicas of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that run.
    pub running: u32,
    /// Those that are ready.
    pub ready: u32,
    /// Those that should be there.
    pub total: u32,
    /// How often those that are there were started anew.
    pub restarts: u32,
    /// Why the worst of those that are not ready is not.
    pub cause: Option<Cause>,
}

/// A report on the replicas of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicated {
    /// The service.
    pub service: Arc<str>,
    /// How many there are.
    pub counts: Counts,
}

/// Watches the platform. A clone can take the place of one that failed.
#[derive(Clone, Debug)]
pub struct Watcher {
    platforms: Platforms,
    reports: mpsc::Sender<Replicated>,
}

impl Watcher {
    /// A watch that has not begun, and where its reports come out.
    pub fn new(platforms: &Platforms) -> (Self, mpsc::Receiver<Replicated>) {
        let (reports, taken) = mpsc::channel(WAITING);
        (Self { platforms: platforms.clone(), reports }, taken)
    }

    /// Watches until nobody takes reports any more; never ready if there is nothing to watch.
    ///
    /// # Errors
    ///
    /// If the platform cannot be watched.
    pub async fn run(self) -> anyhow::Result<()> {
        let Some(replicas) = &self.platforms.replicas else { return std::future::pending().await };
        match replicas.from {
            Platform::Kubernetes => {
                kubernetes::run(&self.platforms.kubernetes, replicas, &self.reports).await
            }
            Platform::Docker => docker::run(&self.platforms.docker, replicas, &self.reports).await,
        }
    }
}

/// Asks the platform once: what it lets lookout see, in a line for people.
///
/// # Errors
///
/// If it cannot be asked.
pub async fn reach(platforms: &Platforms) -> anyhow::Result<String> {
    let Some(replicas) = &platforms.replicas else { return Ok("none".to_owned()) };
    match replicas.from {
        Platform::Kubernetes => kubernetes::reach(&platforms.kubernetes, replicas).await,
        Platform::Docker => docker::reach(&platforms.docker, replicas).await,
    }
}
