//! What the operator meant.
//! (interface first; the body follows)

use crate::observer::{Settings, Span};
use crate::wire::Traffic;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A configuration that cannot be wrong.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names `system/{cluster}/…`.
    pub cluster: String,
    /// lookout's id.
    pub id: String,
    /// The broker and how to reach it.
    pub broker: Broker,
    /// What is heard.
    pub traffic: Traffic,
    /// How it is judged.
    pub settings: Settings,
    /// Messages that may wait between socket and observer.
    pub inbox: usize,
    /// Events that may wait for the broker.
    pub outbox: usize,
    /// lookout's own logs.
    pub log: Log,
    /// Where metrics are served; `None` is nowhere.
    pub http: Option<SocketAddr>,
}

/// The broker and how to reach it.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// MQTT protocol version.
    pub protocol: Protocol,
    /// Client identifier.
    pub client_id: String,
    /// User name.
    pub user: Option<String>,
    /// Password, already read from its file, the environment or the URL. Never shown.
    pub password: Option<Secret>,
    /// Keep-alive interval, at least 5 s.
    pub keep_alive: Span,
    /// Time to wait for a connection.
    pub connect_timeout: Span,
    /// First wait before reconnecting.
    pub backoff_min: Span,
    /// Longest wait before reconnecting.
    pub backoff_max: Span,
    /// Largest packet accepted, in bytes; advertised to an MQTT 5 broker.
    pub max_packet: u32,
    /// Quality of service of the subscriptions: 0 or 1.
    pub qos: u8,
}

/// MQTT protocol versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1.1.
    V311,
    /// MQTT 5.
    V5,
}

/// A string that does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// lookout's own logs, on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// JSON lines instead of human-readable ones.
    pub json: bool,
    /// A `tracing` filter such as `info` or `lookout=debug`.
    pub level: String,
}

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// File and line, `environment`, or `command line`.
    pub place: String,
    /// The setting, such as `verdict.min_silence` or `LOOKOUT_BROKER`.
    pub key: String,
    /// What was found, as written; never a secret.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

/// Where settings come from beside the defaults; later ones win in the order file,
/// environment, flags.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// `LOOKOUT_…` variables with their values.
    pub environment: Vec<(String, String)>,
    /// `--set key=value` flags.
    pub flags: Vec<(String, String)>,
}

/// Reads and resolves a configuration, or reports every mistake in it.
pub fn load(_sources: &Sources) -> Result<Config, Vec<Mistake>> {
    Err(Vec::new())
}
