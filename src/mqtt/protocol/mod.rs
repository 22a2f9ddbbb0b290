//! MQTT 5 and 3.1.1 behind one face.
//!
//! The two halves of the client library have the same shape and different types. Each version
//! has one file that opens a connection with its options and translates events, codes and
//! errors; whatever is decided about them is decided once, in the session.
//!
//! A connection is used once. The library can reconnect on its own, but it carries requests,
//! buffered events, packet identifiers and a keep-alive interval of the server's choice from
//! one connection to the next; a fresh one starts from what we know.

mod reasons;
mod v311;
mod v5;

use super::failure::Failure;
use super::inlet::HeardProperties;
use crate::config::{Address, Broker, Protocol, Scheme};
use crate::observer::Span;
use bytes::Bytes;
use rumqttc::{TlsConfiguration, Transport};
use std::sync::Arc;
use std::time::Duration;

/// Publications that may be on their way at once. Brokers allow 20 and more by default.
pub(super) const WINDOW: usize = 16;

/// Requests that fit between the session and the library: the window, the subscription, the
/// goodbye and the disconnection, with room. A full channel is never waited for.
const REQUESTS: usize = WINDOW + 8;

/// Packet identifiers in use. More than the window, so that a broker that answers out of order
/// does not make the library wait for the one that is next in turn.
const PACKETS: u16 = 1_000;

/// What is said when nothing came of an attempt to connect. The session counts the time; the
/// library, which counts whole seconds, does so as well.
pub(super) const NO_CONNECTION: &str =
    "no connection within `broker.connect_timeout`: check `broker.url` and the network";

/// The largest packet that MQTT can carry.
const MQTT_MAX: u32 = 268_435_455;

/// What a connection is opened with.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    /// The broker and how to reach it.
    pub(super) broker: &'a Broker,
    /// Which of its addresses.
    pub(super) address: &'a Address,
    /// Topic and payload of the will, published retained; none leaves without a word.
    pub(super) will: Option<(&'a str, String)>,
}

/// A message from the broker, before it is stamped.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) topic: Bytes,
    pub(super) payload: Bytes,
    pub(super) retain: bool,
    pub(super) properties: Option<Box<HeardProperties>>,
}

/// What MQTT 5 can say beside a payload.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// User properties.
    pub(super) properties: Vec<(String, String)>,
    /// The Correlation Data of the call that is answered.
    pub(super) correlation: Option<Box<[u8]>>,
}

/// What the broker said when it accepted the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The largest packet it takes, in bytes.
    pub(super) max_packet: Option<u32>,
    /// Publications that may be on their way at once.
    pub(super) window: usize,
    /// The interval between pings.
    pub(super) keep_alive: Duration,
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum Event {
    /// The broker accepted the connection.
    Connected(Terms),
    /// The broker answered the subscription: for each filter the reason why not, or `None`.
    Subscribed(Vec<Option<&'static str>>),
    /// A message came.
    Heard(Publication),
    /// The next publication on its way was given this packet identifier.
    Identified(u16),
    /// The broker answered for a publication, with its reason if it refused it.
    Acknowledged(u16, Option<&'static str>),
    /// Our disconnection is written.
    Disconnected,
    /// Something that needs no attention.
    Other,
}

/// The polled half of a connection.
pub(super) enum Connection {
    V5(Box<v5::Connection>),
    V311(Box<v311::Connection>),
}

/// The asking half of a connection. Nothing here waits.
pub(super) enum Client {
    V5(v5::Client),
    V311(v311::Client),
}

/// A connection that connects when it is first polled.
///
/// # Errors
///
/// If the address asks for TLS and the broker has none.
pub(super) fn open(opening: Opening<'_>) -> Result<(Client, Connection), Failure> {
    let transport = transport(&opening)
        .ok_or_else(|| Failure::Tls("TLS is not set up: check `broker.url`".to_owned()))?;
    Ok(match opening.broker.protocol {
        Protocol::V5 => {
            let (client, connection) = v5::open(opening, transport);
            (Client::V5(client), Connection::V5(Box::new(connection)))
        }
        Protocol::V311 => {
            let (client, connection) = v311::open(opening, transport);
            (Client::V311(client), Connection::V311(Box::new(connection)))
        }
    })
}

impl Connection {
    /// The next event. The future must not be dropped before it is ready, except to end the
    /// connection: it may be in the middle of writing a packet.
    pub(super) async fn poll(&mut self) -> Result<Event, Failure> {
        match self {
            Self::V5(connection) => connection.poll().await,
            Self::V311(connection) => connection.poll().await,
        }
    }

    /// Events that came with the end of the connection and were not told yet.
    pub(super) fn leftovers(&mut self) -> Vec<Event> {
        match self {
            Self::V5(connection) => connection.leftovers(),
            Self::V311(connection) => connection.leftovers(),
        }
    }
}

impl Client {
    /// Subscribes to all filters at once, to `own` also for what we publish ourselves; false if
    /// the library does not take them.
    pub(super) fn subscribe(&self, filters: &[String], qos: u8, own: &str) -> bool {
        match self {
            Self::V5(client) => client.subscribe(filters, qos, own),
            Self::V311(client) => client.subscribe(filters, qos),
        }
    }

    /// Subscribes to what the broker keeps; false if the library does not take it.
    pub(super) fn read_back(&self, filters: &[String]) -> bool {
        filters.is_empty()
            || match self {
                Self::V5(client) => client.read_back(filters),
                Self::V311(client) => client.subscribe(filters, 0),
            }
    }

    /// Publishes with QoS 1, over MQTT 5 with these extras; false if the library does not take it
    /// now.
    pub(super) fn publish(
        &self,
        topic: String,
        retain: bool,
        payload: String,
        extras: Extras,
    ) -> bool {
        match self {
            Self::V5(client) => client.publish(topic, retain, payload, extras),
            Self::V311(client) => client.publish(topic, retain, payload),
        }
    }

    /// Publishes with QoS 0; nobody answers for it, and it is lost if the library does not take
    /// it now.
    pub(super) fn sing(&self, topic: String, payload: String) -> bool {
        match self {
            Self::V5(client) => client.sing(topic, payload),
            Self::V311(client) => client.sing(topic, payload),
        }
    }

    /// Disconnects cleanly, after everything else that was asked for.
    pub(super) fn disconnect(&self) -> bool {
        match self {
            Self::V5(client) => client.disconnect(),
            Self::V311(client) => client.disconnect(),
        }
    }
}

/// The host as the library wants it. For a WebSocket it wants the whole URL. Over TLS the host is
/// also the name to check; else it is put together with the port by a colon, which an IPv6
/// address has of its own (the resolver copes with one that is bare).
fn host(address: &Address) -> String {
    let Address { scheme, host, .. } = address;
    match scheme {
        Scheme::Ws | Scheme::Wss => address.to_string(),
        Scheme::Mqtt if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        Scheme::Mqtt | Scheme::Mqtts => host.clone(),
    }
}

/// The way to the broker as the library wants it. A configuration has TLS where an address asks
/// for it; without it there is no way.
fn transport(opening: &Opening<'_>) -> Option<Transport> {
    let tls = || {
        let tls = opening.broker.tls.as_ref()?;
        Some(TlsConfiguration::Rustls(Arc::clone(&tls.0)))
    };
    Some(match opening.address.scheme {
        Scheme::Mqtt => Transport::Tcp,
        Scheme::Mqtts => Transport::tls_with_config(tls()?),
        Scheme::Ws => Transport::Ws,
        Scheme::Wss => Transport::wss_with_config(tls()?),
    })
}

/// The keep-alive interval within what the library accepts (it panics below 5 s) and the
/// protocol can carry (16 bits of seconds).
fn keep_alive(broker: &Broker) -> Duration {
    Duration::from_secs((broker.keep_alive.micros() / 1_000_000).clamp(5, u64::from(u16::MAX)))
}

/// Time to wait for a connection, in whole seconds and not none.
fn connect_seconds(span: Span) -> u64 {
    span.micros().div_ceil(1_000_000).max(1)
}

/// The largest packet that is accepted, within what the protocol can carry.
fn max_packet(broker: &Broker) -> u32 {
    broker.max_packet.clamp(1, MQTT_MAX)
}

/// The user name and password to log in with, if there are any.
fn credentials(address: &Address) -> Option<(String, String)> {
    let user = address.user.clone().unwrap_or_default();
    let password = address.password.as_ref().map_or_else(String::new, |secret| secret.0.clone());
    (!user.is_empty() || !password.is_empty()).then_some((user, password))
}
