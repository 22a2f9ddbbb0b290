//! MQTT 5 and 3.1.1 behind one face, as far as callers and services need them.
//!
//! The two halves of the MQTT library have the same shape and different types: each version has
//! one file that opens a connection and translates its events; what follows from them is decided
//! once, in `link`.
//!
//! - A connection is used once. The library can reconnect by itself, but it then sends again what
//!   was not acknowledged: a call whose caller has long been told that the link broke would be
//!   carried out all the same, or twice.
//! - Requests that wait for the polling task are few; who publishes waits for room.

mod v311;
mod v5;

use super::options::{Delivery, Endpoint, Protocol};
use bytes::Bytes;

/// Requests that may wait for the polling task.
const REQUESTS: usize = 128;

/// The interval between pings, in seconds.
const KEEP_ALIVE: u64 = 15;

/// How long an attempt to connect may take, in seconds.
const CONNECT_SECONDS: u64 = 5;

/// A publication that was heard.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub(super) topic: Bytes,
    /// Its bytes.
    pub payload: Bytes,
    /// Whether it is an old one that the broker kept.
    pub retain: bool,
    /// Its Correlation Data; MQTT 5 only.
    pub correlation: Option<Bytes>,
    /// Its Response Topic; MQTT 5 only.
    pub response_topic: Option<String>,
    /// Its user property `traceparent`; MQTT 5 only.
    pub traceparent: Option<String>,
}

impl Message {
    /// Its topic; empty if it is not UTF-8.
    pub fn topic(&self) -> &str {
        std::str::from_utf8(&self.topic).unwrap_or_default()
    }
}

/// What MQTT 5 can say beside a payload; over 3.1.1 it is not said.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    /// Where the answer is awaited.
    pub(super) response_topic: Option<String>,
    /// What the answer has to carry.
    pub(super) correlation: Option<Bytes>,
    /// Seconds after which the broker drops the message undelivered.
    pub(super) expiry: Option<u32>,
    /// User properties.
    pub(super) user: Vec<(String, String)>,
}

/// A publication that is to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) delivery: Delivery,
    pub(super) retain: bool,
    pub(super) extras: Extras,
}

/// What a connection tells.
#[derive(Debug)]
pub(super) enum Event {
    /// The broker accepted the connection.
    Connected,
    /// The broker answered the subscription: for each filter whether it is granted.
    Subscribed(Vec<bool>),
    /// A publication came.
    Heard(Message),
    /// Our goodbye is written.
    Disconnected,
    /// Something that needs no attention.
    Other,
}

/// The polled half of a connection.
pub(super) enum Connection {
    V5(Box<rumqttc::v5::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

/// The asking half.
#[derive(Clone, Debug)]
pub(super) enum Client {
    V5(rumqttc::v5::AsyncClient),
    V311(rumqttc::AsyncClient),
}

/// The connection is gone, and what was to be sent with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone;

/// A connection that connects when it is first polled.
pub(super) fn open(endpoint: &Endpoint) -> (Client, Connection) {
    match endpoint.protocol {
        Protocol::V5 => {
            let (client, events) = v5::open(endpoint);
            (Client::V5(client), Connection::V5(Box::new(events)))
        }
        Protocol::V311 => {
            let (client, events) = v311::open(endpoint);
            (Client::V311(client), Connection::V311(Box::new(events)))
        }
    }
}

impl Connection {
    /// The next event, or what ended the connection. What a broker says may be in the text.
    pub(super) async fn poll(&mut self) -> Result<Event, String> {
        match self {
            Self::V5(events) => v5::poll(events).await,
            Self::V311(events) => v311::poll(events).await,
        }
    }
}

impl Client {
    /// Subscribes to all filters at once; false if the library does not take it.
    pub(super) fn subscribe(&self, filters: &[(String, Delivery)]) -> bool {
        match self {
            Self::V5(client) => v5::subscribe(client, filters),
            Self::V311(client) => v311::subscribe(client, filters),
        }
    }

    /// Publishes; waits for room.
    pub(super) async fn publish(&self, out: Outgoing) -> Result<(), Gone> {
        match self {
            Self::V5(client) => v5::publish(client, out).await,
            Self::V311(client) => v311::publish(client, out).await,
        }
    }

    /// Says goodbye, after everything else that was asked for; false if there is no room for it.
    pub(super) fn disconnect(&self) -> bool {
        match self {
            Self::V5(client) => client.try_disconnect().is_ok(),
            Self::V311(client) => client.try_disconnect().is_ok(),
        }
    }
}

/// How to reach the broker.
fn transport(endpoint: &Endpoint) -> rumqttc::Transport {
    #[cfg(feature = "client-tls")]
    if let Some(tls) = &endpoint.tls {
        let tls = rumqttc::TlsConfiguration::Rustls(std::sync::Arc::clone(&tls.0));
        return rumqttc::Transport::tls_with_config(tls);
    }
    let _ = endpoint;
    rumqttc::Transport::Tcp
}
