//! The only room that acts on other systems: restarts what runs a service, and does what is to be done about
//! an attack.
//!
//! It decides nothing. The observer says which service is to be restarted and when; here it is found
//! at the platform that runs it, by the label that names it, and told to start anew. The responder says what is
//! done about an attack, and when it is undone; here EMQX or a program of the operator's is asked for it.

mod bans;
mod docker;
mod hook;
mod kubernetes;
mod means;

pub use means::Doers;

use crate::config::{Platform, Platforms};

/// Who restarts services.
#[derive(Clone, Debug)]
pub struct Remedy {
    platforms: Platforms,
}

impl Remedy {
    /// At these platforms.
    pub fn new(platforms: &Platforms) -> Self {
        Self { platforms: platforms.clone() }
    }

    /// Restarts what runs a service. What was done, or why not, in a line for people.
    ///
    /// # Errors
    ///
    /// If nothing runs it, the platform gives no answer, or does not allow it.
    pub async fn restart(&self, service: &str) -> Result<String, String> {
        let Some(replicas) = &self.platforms.replicas else {
            return Err("no platform is known (`replicas.from`)".to_owned());
        };
        let done = match replicas.from {
            Platform::Kubernetes => {
                kubernetes::restart(&self.platforms.kubernetes, replicas, service).await
            }
            Platform::Docker => docker::restart(&self.platforms.docker, replicas, service).await,
        };
        done.map_err(|error| format!("{error:#}"))
    }
}
