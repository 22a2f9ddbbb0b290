//! The kinds of components, a file for each; they have one face.
//!
//! A look asks the component how it is and says what it found. It may be given up at any moment:
//! whoever looks has a time limit. What is kept between two looks, such as a connection or the
//! counters of the last look, is the probe's own.

mod disk;
mod docker;
mod emqx;
mod http;
mod kubernetes;
mod loopback;
mod memory;
mod mongodb;
mod mosquitto;
mod postgresql;
mod redis;
mod shown;
mod tcp;

use super::ears::Heard;
use super::found::Found;
use crate::config::{Kind, Platforms};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

/// A component that can be looked at.
pub trait Probe: Send {
    /// Looks once.
    fn look(&mut self) -> BoxFuture<'_, Found>;

    /// The last look took too long and was given up.
    fn gave_up(&mut self) {}
}

/// What probes need beside their settings.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What runs the services.
    pub platforms: Platforms,
    /// What lookout's own session hears.
    pub heard: watch::Receiver<Heard>,
}

/// The probe of a component.
///
/// # Errors
///
/// If what it needs cannot be set up; nothing is connected yet.
pub fn probe(kind: &Kind, setting: &Setting) -> anyhow::Result<Box<dyn Probe>> {
    Ok(match kind {
        Kind::Emqx { api, expect, max_memory } => {
            Box::new(emqx::Emqx::new(api, *expect, *max_memory)?)
        }
        Kind::Http { at, slow, status, contains } => {
            Box::new(http::Http::new(at, *slow, status, contains.as_deref())?)
        }
        Kind::Mosquitto => Box::new(mosquitto::Mosquitto::new(setting.heard.clone())),
        Kind::Loopback { slow } => Box::new(loopback::Loopback::new(setting.heard.clone(), *slow)),
        Kind::Mongodb { at, limits, expect } => {
            Box::new(mongodb::Mongodb::new(at, *limits, *expect)?)
        }
        Kind::Postgresql { at, limits, replicas, max_transaction } => {
            Box::new(postgresql::Postgresql::new(at, *limits, replicas, *max_transaction))
        }
        Kind::Redis { at, limits, max_memory, expect } => {
            Box::new(redis::Redis::new(at, *limits, *max_memory, *expect)?)
        }
        Kind::Kubernetes { expect } => {
            Box::new(kubernetes::Kubernetes::new(&setting.platforms.kubernetes, *expect))
        }
        Kind::Docker { containers } => {
            Box::new(docker::Docker::new(&setting.platforms.docker, containers))
        }
        Kind::Tcp { host, port, slow } => Box::new(tcp::Tcp::new(host, *port, *slow)),
        Kind::Disk { path, shares } => Box::new(disk::Disk::new(path, *shares)),
        Kind::Memory { max_memory } => Box::new(memory::Memory::new(*max_memory)),
    })
}
