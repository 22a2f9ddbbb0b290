//! An MQTT broker inside the process, on the loopback only.
//!
//! It keeps everything in memory: its default would write a directory to wherever the command
//! was typed. Port 0 lets the system choose; [`Broker::address`] tells what it chose.

use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, MqttBroker};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running broker; stopped when dropped.
pub struct Broker {
    address: SocketAddr,
    shutdown: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Broker {
    /// Starts a broker on 127.0.0.1 and waits until it accepts connections.
    pub async fn start(port: u16) -> io::Result<Self> {
        // The broker reports a taken port in four lines; the system does in one.
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?);
        let config = BrokerConfig::new()
            .with_bind_address((Ipv4Addr::LOCALHOST, port))
            .with_storage(StorageConfig::new().with_backend(StorageBackend::Memory))
            .with_sys_topics_enabled(false);
        let mut broker = MqttBroker::with_config(config).await.map_err(io::Error::other)?;
        let address = broker.local_addr().ok_or_else(|| io::Error::other("no address"))?;
        let shutdown = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move { drop(broker.run().await) });
        ready.wait_for(|ready| *ready).await.map_err(io::Error::other)?;
        Ok(Self { address, shutdown, task })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it and waits until its port is free again.
    pub async fn stop(mut self) {
        self.shutdown.shutdown();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shutdown.shutdown();
    }
}
