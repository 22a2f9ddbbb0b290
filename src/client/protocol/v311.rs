//! MQTT 3.1.1: clean session. What MQTT 5 says beside a payload has to be in the payload.
//!
//! The limit on incoming packets is ours alone, the broker cannot be told: a larger message costs
//! the connection.

use super::{CONNECT_SECONDS, Event, Gone, KEEP_ALIVE, Message, Outgoing, REQUESTS};
use crate::client::options::{Delivery, Endpoint, Login};
use rumqttc::{
    AsyncClient, EventLoop, MqttOptions, NetworkOptions, Packet, QoS, SubscribeFilter,
    SubscribeReasonCode,
};
use std::time::Duration;

/// The largest packet that MQTT can carry: the library's own limit would cost the connection.
const MQTT_MAX: usize = 268_435_455;

pub(super) fn open(endpoint: &Endpoint) -> (AsyncClient, EventLoop) {
    let Endpoint { host, port, client_id, max_packet, .. } = endpoint;
    let mut options = MqttOptions::new(client_id, host, *port);
    options
        .set_transport(super::transport(endpoint))
        .set_max_packet_size(usize::try_from(*max_packet).unwrap_or(MQTT_MAX), MQTT_MAX)
        .set_keep_alive(Duration::from_secs(KEEP_ALIVE))
        .set_clean_session(true);
    if let Some(Login { user, password }) = &endpoint.login {
        options.set_credentials(user, password);
    }
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_SECONDS);
    let (client, mut events) = AsyncClient::new(options, REQUESTS);
    events.set_network_options(network);
    (client, events)
}

pub(super) async fn poll(events: &mut EventLoop) -> Result<Event, String> {
    Ok(match events.poll().await.map_err(|error| error.to_string())? {
        rumqttc::Event::Incoming(Packet::Publish(publish)) => Event::Heard(Message {
            topic: publish.topic.into(),
            payload: publish.payload,
            retain: publish.retain,
            ..Message::default()
        }),
        rumqttc::Event::Incoming(Packet::ConnAck(_)) => Event::Connected,
        rumqttc::Event::Incoming(Packet::SubAck(answer)) => {
            let granted = |code: &_| matches!(code, SubscribeReasonCode::Success(_));
            Event::Subscribed(answer.return_codes.iter().map(granted).collect())
        }
        rumqttc::Event::Outgoing(rumqttc::Outgoing::Disconnect) => Event::Disconnected,
        _ => Event::Other,
    })
}

pub(super) fn subscribe(client: &AsyncClient, filters: &[(String, Delivery)]) -> bool {
    let filters =
        filters.iter().map(|(path, delivery)| SubscribeFilter::new(path.clone(), qos(*delivery)));
    client.try_subscribe_many(filters).is_ok()
}

pub(super) async fn publish(client: &AsyncClient, out: Outgoing) -> Result<(), Gone> {
    let Outgoing { topic, payload, delivery, retain, .. } = out;
    client.publish(topic, qos(delivery), retain, payload).await.map_err(|_| Gone)
}

const fn qos(delivery: Delivery) -> QoS {
    match delivery {
        Delivery::AtMostOnce => QoS::AtMostOnce,
        Delivery::AtLeastOnce => QoS::AtLeastOnce,
    }
}
