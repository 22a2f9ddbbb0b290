//! MQTT 5: clean start, no session kept, no local, no retained messages on subscribing.
//!
//! - The largest packet is set, which also advertises it: without, the library drops the
//!   connection at 10 KiB and the broker does not know.
//! - A topic alias maximum is never set: the library tells of a message before it resolves the
//!   alias, so that its topic would be empty.
//! - Retain As Published stays off: then the retain flag means an old message and nothing else.

use super::{Event, Extras, Failure, HeardProperties, Opening, Publication, Terms, reasons};
use crate::config::Broker;
use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, DisconnectReasonCode, Filter, LastWill, Packet, PubAckReason,
    Publish, PublishProperties, RetainForwardRule, SubscribeReasonCode,
};
use rumqttc::v5::mqttbytes::{Error as BytesError, QoS};
use rumqttc::v5::{AsyncClient, ConnectionError, EventLoop, MqttOptions, StateError};
use rumqttc::{Outgoing, Transport};
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
    let (client, events) =
        AsyncClient::new(options(opening, keep_alive, transport), super::REQUESTS);
    (Client(client), Connection { events, keep_alive })
}

fn options(opening: Opening<'_>, keep_alive: Duration, transport: Transport) -> MqttOptions {
    let Opening { broker, address, will } = opening;
    let mut options = MqttOptions::new(&broker.client_id, super::host(address), address.port);
    options
        .set_transport(transport)
        .set_clean_start(true)
        .set_session_expiry_interval(Some(0))
        .set_keep_alive(keep_alive)
        .set_connection_timeout(super::connect_seconds(broker.connect_timeout))
        .set_max_packet_size(Some(super::max_packet(broker)));
    if let Some((topic, payload)) = will {
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true, None));
    }
    options.set_outgoing_inflight_upper_limit(super::PACKETS);
    if let Some((user, password)) = super::credentials(address) {
        options.set_credentials(user, password);
    }
    set_no_delay(&mut options, broker);
    options
}

fn set_no_delay(options: &mut MqttOptions, broker: &Broker) {
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(super::connect_seconds(broker.connect_timeout));
    options.set_network_options(network);
}

impl Connection {
    pub(super) async fn poll(&mut self) -> Result<Event, Failure> {
        match self.events.poll().await {
            Ok(rumqttc::v5::Event::Incoming(Packet::ConnAck(accepted))) => {
                Ok(Event::Connected(self.terms(&accepted)))
            }
            Ok(event) => Ok(translate(event)),
            Err(error) => Err(failure(error)),
        }
    }

    pub(super) fn leftovers(&mut self) -> Vec<Event> {
        self.events.state.events.drain(..).map(translate).collect()
    }

    fn terms(&mut self, accepted: &ConnAck) -> Terms {
        let properties = accepted.properties.as_ref();
        let asked = properties.and_then(|it| it.server_keep_alive);
        if asked == Some(0) {
            // The server wants no pings. The library would ping without a pause instead.
            self.events.options.set_keep_alive(self.keep_alive);
        }
        let window = properties.and_then(|it| it.receive_max).map_or(super::WINDOW, usize::from);
        Terms {
            max_packet: properties.and_then(|it| it.max_packet_size),
            window: window.clamp(1, super::WINDOW),
            keep_alive: self.events.options.keep_alive(),
        }
    }
}

impl Client {
    pub(super) fn subscribe(&self, filters: &[String], qos: u8, own: &str) -> bool {
        let filters = filters.iter().map(|filter| Filter {
            path: filter.clone(),
            qos: if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
            // On a shared subscription, no local is a protocol error.
            nolocal: !filter.starts_with("$share/") && filter != own,
            preserve_retain: false,
            retain_forward_rule: RetainForwardRule::Never,
        });
        self.0.try_subscribe_many(filters).is_ok()
    }

    pub(super) fn read_back(&self, filters: &[String]) -> bool {
        let filters = filters.iter().map(|filter| Filter {
            path: filter.clone(),
            qos: QoS::AtMostOnce,
            nolocal: true,
            preserve_retain: false,
            retain_forward_rule: RetainForwardRule::OnEverySubscribe,
        });
        self.0.try_subscribe_many(filters).is_ok()
    }

    pub(super) fn publish(
        &self,
        topic: String,
        retain: bool,
        payload: String,
        extras: Extras,
    ) -> bool {
        let qos = QoS::AtLeastOnce;
        let Extras { properties, correlation } = extras;
        if properties.is_empty() && correlation.is_none() {
            return self.0.try_publish(topic, qos, retain, payload).is_ok();
        }
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("application/json".to_owned()),
            user_properties: properties,
            correlation_data: correlation.map(Bytes::from),
            ..PublishProperties::default()
        };
        self.0.try_publish_with_properties(topic, qos, retain, payload, properties).is_ok()
    }

    pub(super) fn sing(&self, topic: String, payload: String) -> bool {
        self.0.try_publish(topic, QoS::AtMostOnce, false, payload).is_ok()
    }

    pub(super) fn disconnect(&self) -> bool {
        self.0.try_disconnect().is_ok()
    }
}

fn translate(event: rumqttc::v5::Event) -> Event {
    match event {
        rumqttc::v5::Event::Incoming(Packet::Publish(publish)) => {
            Event::Heard(publication(publish))
        }
        rumqttc::v5::Event::Incoming(Packet::SubAck(answer)) => {
            Event::Subscribed(answer.return_codes.into_iter().map(not_granted).collect())
        }
        rumqttc::v5::Event::Incoming(Packet::PubAck(answer)) => {
            Event::Acknowledged(answer.pkid, not_taken(answer.reason))
        }
        // What goes with QoS 0 has no identifier, and nobody waits for it.
        rumqttc::v5::Event::Outgoing(Outgoing::Publish(0)) => Event::Other,
        rumqttc::v5::Event::Outgoing(Outgoing::Publish(packet)) => Event::Identified(packet),
        rumqttc::v5::Event::Outgoing(Outgoing::Disconnect) => Event::Disconnected,
        _ => Event::Other,
    }
}

fn publication(publish: Publish) -> Publication {
    let properties = publish.properties.and_then(|all| {
        let kept = HeardProperties {
            response_topic: all.response_topic,
            correlation_data: all.correlation_data,
            message_expiry: all.message_expiry_interval,
            user: all.user_properties.into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
        };
        (kept != HeardProperties::default()).then(|| Box::new(kept))
    });
    let Publish { topic, payload, retain, .. } = publish;
    let topic: Bytes = topic;
    Publication { topic, payload, retain, properties }
}

const fn not_granted(code: SubscribeReasonCode) -> Option<&'static str> {
    Some(match code {
        SubscribeReasonCode::Success(_) => return None,
        SubscribeReasonCode::NotAuthorized => "not authorized",
        SubscribeReasonCode::TopicFilterInvalid => "invalid filter",
        SubscribeReasonCode::QuotaExceeded => "quota exceeded",
        SubscribeReasonCode::SharedSubscriptionsNotSupported => "no shared subscriptions",
        SubscribeReasonCode::WildcardSubscriptionsNotSupported => "no wildcards",
        _ => "refused",
    })
}

const fn not_taken(reason: PubAckReason) -> Option<&'static str> {
    Some(match reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => return None,
        PubAckReason::NotAuthorized => "not authorized",
        PubAckReason::TopicNameInvalid => "invalid topic",
        PubAckReason::QuotaExceeded => "quota exceeded",
        _ => "refused",
    })
}

fn failure(error: ConnectionError) -> Failure {
    match error {
        ConnectionError::ConnectionRefused(code) => refusal(code),
        ConnectionError::Io(error) => reasons::of(&error),
        ConnectionError::Tls(error) => reasons::of(&error),
        ConnectionError::Websocket(error) => reasons::of_web_socket(&error),
        ConnectionError::ResponseValidation(_) => reasons::no_subprotocol(),
        ConnectionError::Timeout(_) => Failure::Timeout(super::NO_CONNECTION),
        ConnectionError::MqttState(error) => lost(error),
        other => Failure::Unreadable(format!("{other:?}")),
    }
}

fn refusal(code: ConnectReturnCode) -> Failure {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::BadAuthenticationMethod => {
            Failure::Credentials
        }
        ConnectReturnCode::NotAuthorized | ConnectReturnCode::Banned => Failure::NotAuthorized,
        ConnectReturnCode::UnsupportedProtocolVersion
        | ConnectReturnCode::RefusedProtocolVersion => Failure::Protocol,
        ConnectReturnCode::ClientIdentifierNotValid | ConnectReturnCode::BadClientId => {
            Failure::ClientId
        }
        other => Failure::Broker(format!("{other:?}")),
    }
}

fn lost(error: StateError) -> Failure {
    match error {
        StateError::ServerDisconnect { reason_code, reason_string } => match reason_code {
            DisconnectReasonCode::SessionTakenOver => Failure::TakenOver,
            DisconnectReasonCode::NotAuthorized => Failure::NotAuthorized,
            // The text is the broker's; debug output escapes it.
            code => Failure::Broker(match reason_string {
                Some(text) => format!("{code:?} {text:?}"),
                None => format!("{code:?}"),
            }),
        },
        StateError::Deserialization(BytesError::PayloadSizeLimitExceeded { pkt_size, .. })
        | StateError::IncomingPacketTooLarge { pkt_size, .. } => Failure::TooLarge(Some(pkt_size)),
        StateError::AwaitPingResp => Failure::Timeout("no answer to a ping"),
        StateError::ConnectionAborted => Failure::Closed("the connection was closed".into()),
        StateError::Io(error) | StateError::Deserialization(BytesError::Io(error)) => {
            reasons::of(&error)
        }
        other => Failure::Unreadable(other.to_string()),
    }
}
