//! The same calls with nothing but `rumqttc`: what a program does that writes request and reply by
//! hand, and nothing more. No deadline, no errors, no reconnection.

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Open = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

fn connect(id: &str, port: u16) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(id, "127.0.0.1", port);
    options.set_clean_start(true).set_max_packet_size(Some(1 << 20));
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    AsyncClient::new(options, 128)
}

/// Polls until the subscription is granted.
async fn subscribed(client: &AsyncClient, events: &mut EventLoop, filter: &str, qos: QoS) {
    client.subscribe(filter, qos).await.unwrap();
    while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
}

/// Answers calls on `service/bare` with their parameters.
pub(crate) struct Responder(JoinHandle<()>);

impl Responder {
    pub(crate) async fn start(port: u16, qos: QoS) -> Self {
        let (client, mut events) = connect(&format!("responder-{qos:?}"), port);
        let name = if qos == QoS::AtMostOnce { "service/bare" } else { "service/bare1" };
        subscribed(&client, &mut events, name, qos).await;
        Self(tokio::spawn(async move {
            loop {
                let Ok(Event::Incoming(Packet::Publish(call))) = events.poll().await else {
                    continue;
                };
                let body: Value = serde_json::from_slice(&call.payload).unwrap();
                let answer = json!({"jsonrpc": "2.0", "id": body["id"], "result": body["params"]});
                let topic = body["replyTo"].as_str().unwrap();
                client.try_publish(topic, qos, false, answer.to_string()).unwrap();
            }
        }))
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A caller without a client library.
pub(crate) struct Bare {
    client: AsyncClient,
    open: Open,
    next: AtomicU64,
    qos: QoS,
    reply_to: String,
    task: JoinHandle<()>,
}

impl Bare {
    pub(crate) async fn connect(port: u16, qos: QoS) -> Self {
        let session = format!("s-bare-{}", qos as u8);
        let (client, mut events) = connect(&session, port);
        let reply_to = format!("session/{session}/response");
        subscribed(&client, &mut events, &reply_to, qos).await;
        let open = Open::default();
        let waiting = Arc::clone(&open);
        let task = tokio::spawn(async move {
            loop {
                let Ok(Event::Incoming(Packet::Publish(answer))) = events.poll().await else {
                    continue;
                };
                let mut body: Value = serde_json::from_slice(&answer.payload).unwrap();
                let call = waiting.lock().unwrap().remove(&body["id"].as_u64().unwrap());
                if let Some(call) = call {
                    let _ = call.send(body["result"].take());
                }
            }
        });
        Self { client, open, next: AtomicU64::new(1), qos, reply_to, task }
    }

    pub(crate) async fn call(&self, service: &str, params: &Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = oneshot::channel();
        self.open.lock().unwrap().insert(id, send);
        let body = json!({
            "jsonrpc": "2.0", "id": id, "method": "echo", "params": params,
            "replyTo": self.reply_to, "correlationId": format!("bare-{id}"),
        });
        let name = if self.qos == QoS::AtMostOnce { "" } else { "1" };
        let topic = format!("service/{service}{name}");
        let properties = PublishProperties {
            response_topic: Some(self.reply_to.clone()),
            correlation_data: Some(id.to_string().into()),
            ..PublishProperties::default()
        };
        let payload = body.to_string();
        self.client
            .publish_with_properties(topic, self.qos, false, payload, properties)
            .await
            .unwrap();
        answer.await.unwrap()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.task.abort();
    }
}
