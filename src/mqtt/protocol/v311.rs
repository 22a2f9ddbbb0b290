//! MQTT 3.1.1: clean session. No local and retain handling do not exist; retained messages and
//! our own are told apart later.
//!
//! - The limit on incoming packets is ours alone, the broker cannot be told. A larger message
//!   costs the connection, so the limit has to be generous.
//! - The limit on outgoing packets is lifted: it would cost the connection, too.

use super::{Event, Failure, Opening, Publication, Terms, reasons};
use crate::config::Address;
use bytes::Bytes;
use rumqttc::mqttbytes::Error as BytesError;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Outgoing, Packet, QoS, StateError, SubscribeFilter, SubscribeReasonCode,
    Transport,
};
use std::time::Duration;

/// The polled half.
pub(in crate::mqtt) struct Connection {
    events: EventLoop,
    keep_alive: Duration,
}

/// The asking half.
pub(in crate::mqtt) struct Client(AsyncClient);

/// A connection that connects when it is first polled.
pub(super) fn open(opening: Opening<'_>, transport: Transport) -> (Client, Connection) {
    let keep_alive = super::keep_alive(opening.broker);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(super::connect_seconds(opening.broker.connect_timeout));
    let (client, mut events) =
        AsyncClient::new(options(opening, keep_alive, transport), super::REQUESTS);
    events.set_network_options(network);
    (Client(client), Connection { events, keep_alive })
}

fn options(opening: Opening<'_>, keep_alive: Duration, transport: Transport) -> MqttOptions {
    let Opening { broker, address, will } = opening;
    let mut options = MqttOptions::new(&broker.client_id, super::host(address), address.port);
    options
        .set_transport(transport)
        .set_clean_session(true)
        .set_keep_alive(keep_alive)
        .set_inflight(super::PACKETS)
        .set_max_packet_size(bytes(super::max_packet(broker)), bytes(super::MQTT_MAX));
    if let Some((topic, payload)) = will {
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true));
    }
    log_in(&mut options, address);
    options
}

fn log_in(options: &mut MqttOptions, address: &Address) {
    if let Some((user, password)) = super::credentials(address) {
        options.set_credentials(user, password);
    }
}

fn bytes(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

impl Connection {
    pub(super) async fn poll(&mut self) -> Result<Event, Failure> {
        match self.events.poll().await {
            Ok(rumqttc::Event::Incoming(Packet::ConnAck(_))) => Ok(Event::Connected(Terms {
                max_packet: None,
                window: super::WINDOW,
                keep_alive: self.keep_alive,
            })),
            Ok(event) => Ok(translate(event)),
            Err(error) => Err(failure(error)),
        }
    }

    pub(super) fn leftovers(&mut self) -> Vec<Event> {
        self.events.state.events.drain(..).map(translate).collect()
    }
}

impl Client {
    pub(super) fn subscribe(&self, filters: &[String], qos: u8) -> bool {
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), qos));
        self.0.try_subscribe_many(filters).is_ok()
    }

    pub(super) fn publish(&self, topic: String, retain: bool, payload: String) -> bool {
        self.0.try_publish(topic, QoS::AtLeastOnce, retain, payload).is_ok()
    }

    pub(super) fn sing(&self, topic: String, payload: String) -> bool {
        self.0.try_publish(topic, QoS::AtMostOnce, false, payload).is_ok()
    }

    pub(super) fn disconnect(&self) -> bool {
        self.0.try_disconnect().is_ok()
    }
}

fn translate(event: rumqttc::Event) -> Event {
    match event {
        rumqttc::Event::Incoming(Packet::Publish(publish)) => Event::Heard(Publication {
            topic: Bytes::from(publish.topic),
            payload: publish.payload,
            retain: publish.retain,
            properties: None,
        }),
        rumqttc::Event::Incoming(Packet::SubAck(answer)) => {
            Event::Subscribed(answer.return_codes.into_iter().map(not_granted).collect())
        }
        rumqttc::Event::Incoming(Packet::PubAck(answer)) => Event::Acknowledged(answer.pkid, None),
        // What goes with QoS 0 has no identifier, and nobody waits for it.
        rumqttc::Event::Outgoing(Outgoing::Publish(0)) => Event::Other,
        rumqttc::Event::Outgoing(Outgoing::Publish(packet)) => Event::Identified(packet),
        rumqttc::Event::Outgoing(Outgoing::Disconnect) => Event::Disconnected,
        _ => Event::Other,
    }
}

const fn not_granted(code: SubscribeReasonCode) -> Option<&'static str> {
    match code {
        SubscribeReasonCode::Success(_) => None,
        SubscribeReasonCode::Failure => Some("refused"),
    }
}

fn failure(error: ConnectionError) -> Failure {
    match error {
        ConnectionError::ConnectionRefused(code) => refusal(code),
        ConnectionError::Io(error) => reasons::of(&error),
        ConnectionError::Tls(error) => reasons::of(&error),
        ConnectionError::Websocket(error) => reasons::of_web_socket(&error),
        ConnectionError::ResponseValidation(_) => reasons::no_subprotocol(),
        ConnectionError::NetworkTimeout => Failure::Timeout(super::NO_CONNECTION),
        ConnectionError::FlushTimeout => Failure::Timeout("the broker takes no more bytes"),
        ConnectionError::MqttState(error) => lost(error),
        other => Failure::Unreadable(format!("{other:?}")),
    }
}

fn refusal(code: ConnectReturnCode) -> Failure {
    match code {
        ConnectReturnCode::BadUserNamePassword => Failure::Credentials,
        ConnectReturnCode::NotAuthorized => Failure::NotAuthorized,
        ConnectReturnCode::RefusedProtocolVersion => Failure::Protocol,
        ConnectReturnCode::BadClientId => Failure::ClientId,
        other => Failure::Broker(format!("{other:?}")),
    }
}

fn lost(error: StateError) -> Failure {
    match error {
        StateError::Deserialization(BytesError::PayloadSizeLimitExceeded(size)) => {
            Failure::TooLarge(Some(size))
        }
        StateError::AwaitPingResp => Failure::Timeout("no answer to a ping"),
        StateError::ConnectionAborted => Failure::Closed("the connection was closed".into()),
        StateError::Io(error) | StateError::Deserialization(BytesError::Io(error)) => {
            reasons::of(&error)
        }
        other => Failure::Unreadable(other.to_string()),
    }
}
