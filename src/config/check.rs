//! `[[check]]`: a component, and what is looked at there.
//!
//! `resolve` makes what stands here of what was written.

mod resolve;

pub(super) use resolve::checks;

use super::{Emqx, Secret, Tls, duration};
use crate::observer::Span;
use std::path::PathBuf;
use url::Url;

/// What an address looks like.
pub(super) const ADDRESS: &str = "an address such as postgresql://db1:5432/orders";

/// A component, and how it is looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Whether the platform cannot do without it.
    pub critical: bool,
    /// From the end of a look to the next.
    pub interval: Span,
    /// How long a look may take.
    pub timeout: Span,
    /// What is looked at.
    pub kind: Kind,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A cluster of EMQX.
    Emqx {
        /// Its interface.
        api: Emqx,
        /// Nodes that have to be there.
        expect: Option<u32>,
        /// Share of a node's memory.
        max_memory: f64,
    },
    /// Mosquitto, by what it tells of itself under `$SYS`.
    Mosquitto,
    /// lookout's own canary, there and back.
    Loopback {
        /// 95th percentile of a round trip.
        slow: Span,
    },
    /// A PostgreSQL server.
    Postgresql {
        /// Where it is.
        at: Server,
        /// What is too much.
        limits: Limits,
        /// Replicas that have to be there, by application name.
        replicas: Vec<String>,
        /// The longest transaction.
        max_transaction: Span,
    },
    /// A member of a MongoDB replica set, or a server on its own.
    Mongodb {
        /// Where it is.
        at: Server,
        /// What is too much.
        limits: Limits,
        /// Members that have to be there.
        expect: Option<u32>,
    },
    /// A Redis server.
    Redis {
        /// Where it is.
        at: Server,
        /// What is too much.
        limits: Limits,
        /// Share of `maxmemory`.
        max_memory: f64,
        /// Replicas that have to be there.
        expect: Option<u32>,
    },
    /// The nodes of a Kubernetes cluster.
    Kubernetes {
        /// Nodes that have to be there.
        expect: Option<u32>,
    },
    /// Docker, and containers in it.
    Docker {
        /// Containers that have to run.
        containers: Vec<String>,
    },
    /// Anything that answers over HTTP.
    Http {
        /// Where it is.
        at: Server,
        /// An answer that takes longer is slow.
        slow: Span,
        /// Status codes that are good; none is any from 200 to 299.
        status: Vec<u16>,
        /// What the answer must hold.
        contains: Option<String>,
    },
    /// Anything that lets others connect.
    Tcp {
        /// A name or an address.
        host: String,
        /// A port.
        port: u16,
        /// A connection that takes longer is slow.
        slow: Span,
    },
    /// A file system of this host.
    Disk {
        /// A place on it.
        path: PathBuf,
        /// Shares of it that are a warning and an error.
        shares: (f64, f64),
    },
    /// The memory of this host, or of the container.
    Memory {
        /// Share of it.
        max_memory: f64,
    },
}

/// Where a server is, and who logs in there.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its address without user and password.
    pub url: Url,
    /// Who logs in.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// How to speak TLS with it; nobody is trusted if the address does not ask for it.
    pub tls: Tls,
    /// The file of the authorities in `tls`, if one is set.
    pub ca_file: Option<PathBuf>,
}

/// What is too much, for servers of data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// An answer that takes longer is slow.
    pub slow: Span,
    /// How far a replica may be behind.
    pub max_lag: Span,
    /// The same in bytes.
    pub max_lag_bytes: u64,
    /// Share of the connections.
    pub max_connections: f64,
}

impl Kind {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Emqx { .. } => "emqx",
            Self::Mosquitto => "mosquitto",
            Self::Loopback { .. } => "loopback",
            Self::Postgresql { .. } => "postgresql",
            Self::Mongodb { .. } => "mongodb",
            Self::Redis { .. } => "redis",
            Self::Kubernetes { .. } => "kubernetes",
            Self::Docker { .. } => "docker",
            Self::Http { .. } => "http",
            Self::Tcp { .. } => "tcp",
            Self::Disk { .. } => "disk",
            Self::Memory { .. } => "memory",
        }
    }

    /// What must never be shown of it.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Emqx { api, .. } => Some(&api.key.1),
            Self::Postgresql { at, .. }
            | Self::Mongodb { at, .. }
            | Self::Redis { at, .. }
            | Self::Http { at, .. } => at.password.as_ref(),
            _ => None,
        }
    }
}

/// Reads an address; `None` if it is none, or none of a host.
pub(super) fn parse(text: &str) -> Option<Url> {
    let url =
        Url::parse(text).ok().filter(|url| url.host_str().is_some_and(|it| !it.is_empty()))?;
    url.fragment().is_none().then_some(url)
}

/// Whether an address asks for TLS.
pub fn is_encrypted(url: &Url) -> bool {
    let says = |name: &str, words: &[&str]| {
        url.query_pairs().any(|(key, value)| key == name && words.contains(&&*value))
    };
    match url.scheme() {
        "https" | "rediss" => true,
        "postgresql" | "postgres" => says("sslmode", &["require", "verify-ca", "verify-full"]),
        "mongodb" => says("tls", &["true"]) || says("ssl", &["true"]),
        _ => false,
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, every {})", self.name, self.kind.name(), duration::show(self.interval))
    }
}
