//! MQTT 5: clean start, no session kept.
//!
//! - The largest packet is set, which also advertises it: without, the library drops the
//!   connection at 10 KiB and the broker does not know.
//! - A topic alias maximum is never set: the library tells of a message before it resolves the
//!   alias, so that its topic would be empty.
//! - Retain As Published stays off: then the retain flag means an old message and nothing else.

use super::{CONNECT_SECONDS, Event, Gone, KEEP_ALIVE, Message, Outgoing, REQUESTS};
use crate::client::options::{Delivery, Endpoint, Login};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    Filter, Packet, Publish, PublishProperties, RetainForwardRule, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, EventLoop, MqttOptions};
use std::time::Duration;

pub(super) fn open(endpoint: &Endpoint) -> (AsyncClient, EventLoop) {
    let Endpoint { host, port, client_id, max_packet, .. } = endpoint;
    let mut options = MqttOptions::new(client_id, host, *port);
    options
        .set_transport(super::transport(endpoint))
        .set_max_packet_size(Some(*max_packet))
        .set_keep_alive(Duration::from_secs(KEEP_ALIVE))
        .set_clean_start(true)
        .set_session_expiry_interval(Some(0));
    if let Some(Login { user, password }) = &endpoint.login {
        options.set_credentials(user, password);
    }
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_SECONDS);
    options.set_network_options(network);
    AsyncClient::new(options, REQUESTS)
}

pub(super) async fn poll(events: &mut EventLoop) -> Result<Event, String> {
    Ok(match events.poll().await.map_err(|error| error.to_string())? {
        rumqttc::v5::Event::Incoming(Packet::Publish(publish)) => Event::Heard(message(publish)),
        rumqttc::v5::Event::Incoming(Packet::ConnAck(_)) => Event::Connected,
        rumqttc::v5::Event::Incoming(Packet::SubAck(answer)) => {
            let granted = |code: &_| matches!(code, SubscribeReasonCode::Success(_));
            Event::Subscribed(answer.return_codes.iter().map(granted).collect())
        }
        rumqttc::v5::Event::Outgoing(rumqttc::Outgoing::Disconnect) => Event::Disconnected,
        _ => Event::Other,
    })
}

fn message(publish: Publish) -> Message {
    let Publish { topic, payload, retain, properties, .. } = publish;
    let mut message = Message { topic, payload, retain, ..Message::default() };
    if let Some(properties) = properties {
        message.correlation = properties.correlation_data;
        message.response_topic = properties.response_topic;
        let mut user = properties.user_properties.into_iter();
        message.traceparent =
            user.find(|(name, _)| name == super::super::trace::NAME).map(|it| it.1);
    }
    message
}

pub(super) fn subscribe(client: &AsyncClient, filters: &[(String, Delivery)]) -> bool {
    let filters = filters.iter().map(|(path, delivery)| Filter {
        path: path.clone(),
        qos: qos(*delivery),
        nolocal: false,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnEverySubscribe,
    });
    client.try_subscribe_many(filters).is_ok()
}

pub(super) async fn publish(client: &AsyncClient, out: Outgoing) -> Result<(), Gone> {
    let Outgoing { topic, payload, delivery, retain, extras } = out;
    let properties = PublishProperties {
        payload_format_indicator: Some(1),
        content_type: Some("application/json".to_owned()),
        response_topic: extras.response_topic,
        correlation_data: extras.correlation,
        message_expiry_interval: extras.expiry,
        user_properties: extras.user,
        ..PublishProperties::default()
    };
    let sent =
        client.publish_with_properties(topic, qos(delivery), retain, payload, properties).await;
    // The request channel closes only with the connection.
    sent.map_err(|_| Gone)
}

const fn qos(delivery: Delivery) -> QoS {
    match delivery {
        Delivery::AtMostOnce => QoS::AtMostOnce,
        Delivery::AtLeastOnce => QoS::AtLeastOnce,
    }
}
