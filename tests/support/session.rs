//! A session under test, and another client at the same broker.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lookout::clock::Clock;
use lookout::config::{Address, Broker, Protocol, Scheme, Secret};
use lookout::mqtt::{Arrival, Canary, Handle, Heard, Inbox, Plan, Status, open};
use lookout::observer::input::Link;
use lookout::observer::{Instant, Span};
use lookout::telemetry::LinkFigures;
use lookout::wire::Document;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use std::future::Future;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// How long a condition may take to come about. Nothing takes a tenth of it; it only turns a
/// test that would hang into one that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the sessions of these tests say that they are there.
pub const PRESENCE: &str = "system/test/observer/lookout-test";

/// Waits for something, but not forever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("no {what} in {PATIENCE:?}"))
}

/// An address on this machine.
pub fn address(scheme: Scheme, port: u16) -> Address {
    let path = if scheme.is_web_socket() { "/mqtt" } else { "" }.into();
    Address { scheme, host: "127.0.0.1".into(), port, path, user: None, password: None }
}

/// A plan for a broker on this machine.
pub fn plan(port: u16, protocol: Protocol, filters: &[&str]) -> Plan {
    Plan {
        broker: Broker {
            addresses: vec![address(Scheme::Mqtt, port)],
            tls: None,
            protocol,
            client_id: "lookout-test".into(),
            keep_alive: Span::from_secs(60),
            connect_timeout: Span::from_secs(30),
            backoff_min: Span::from_millis(10),
            backoff_max: Span::from_millis(200),
            max_packet: 4 << 20,
            qos: 0,
        },
        filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
        presence: Some(PRESENCE.into()),
        canary: Some(Canary::new("test", "lookout-test")),
        standing: Vec::new(),
        told: Vec::new(),
        inbox: 1_000,
        outbox: 1_000,
    }
}

/// The same plan with a user and a password.
pub fn log_in(mut plan: Plan, user: &str, password: &str) -> Plan {
    for address in &mut plan.broker.addresses {
        address.user = Some(user.into());
        address.password = Some(Secret(password.into()));
    }
    plan
}

/// An event for `topic`.
pub fn event(topic: &str, payload: &str) -> Document {
    Document {
        at: Instant::default(),
        topic: topic.into(),
        retain: false,
        critical: false,
        payload: Some(payload.into()),
        correlation: None,
        event: None,
    }
}

/// A running session.
pub struct Running {
    pub handle: Handle,
    pub inbox: Inbox,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start(plan: Plan) -> Self {
        let (session, inbox, handle) = open(plan, Clock::start());
        let task = tokio::spawn(session.run());
        Self { handle, inbox, task }
    }

    /// Waits until the link's status is as wanted.
    pub async fn wait(&self, what: &str, wanted: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.handle.status();
        soon(what, status.wait_for(wanted)).await.unwrap().clone()
    }

    pub async fn wait_up(&self) {
        self.wait("link", |status| status.link == Link::Up).await;
    }

    pub async fn wait_down(&self) {
        self.wait("loss of the link", |status| status.link == Link::Down).await;
    }

    /// Waits for a problem that says `what`.
    pub async fn wait_problem(&self, what: &str) -> String {
        let says = |status: &Status| status.problem.as_ref().is_some_and(|it| it.contains(what));
        self.wait(what, says).await.problem.unwrap()
    }

    /// Waits until the figures are as wanted.
    pub async fn wait_figures(&self, what: &str, wanted: impl Fn(&LinkFigures) -> bool) {
        soon(what, async {
            while !wanted(&self.handle.figures()) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// The next arrival.
    pub async fn next(&mut self) -> Arrival {
        let mut arrivals = Vec::new();
        soon("arrival", self.inbox.recv_many(&mut arrivals, 1)).await;
        arrivals.pop().expect("a session that runs")
    }

    /// The next message, past changes of the link.
    pub async fn hear(&mut self) -> Heard {
        loop {
            if let Arrival::Message(heard) = self.next().await {
                return heard;
            }
        }
    }

    /// Ends it as a crash would.
    pub async fn abort(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Ends it in an orderly way.
    pub async fn stop(self) {
        self.handle.stop();
        soon("end of the session", self.task).await.unwrap();
    }
}

/// A message as the other client heard it: topic, payload, retain flag.
pub type Seen = (String, String, bool);

/// Another client at the broker.
pub struct Peer {
    client: AsyncClient,
    seen: UnboundedReceiver<Seen>,
    acknowledged: UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Connects and subscribes; a `durable` one is remembered by the broker while it is away.
    pub async fn connect(port: u16, id: &str, filter: &str, durable: bool) -> Self {
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_clean_session(!durable).set_max_packet_size(4 << 20, 4 << 20);
        let (client, mut events) = AsyncClient::new(options, 100);
        let (tell, seen) = unbounded_channel();
        let (acknowledge, acknowledged) = unbounded_channel();
        let (ready, mut subscribed) = unbounded_channel();
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::Publish(it)) => {
                        let payload = String::from_utf8_lossy(&it.payload).into_owned();
                        let _ = tell.send((it.topic, payload, it.retain));
                    }
                    Event::Incoming(Packet::SubAck(_)) => {
                        let _ = ready.send(());
                    }
                    Event::Incoming(Packet::PubAck(_)) => {
                        let _ = acknowledge.send(());
                    }
                    _ => {}
                }
            }
        });
        soon("subscription of the other client", subscribed.recv()).await.unwrap();
        Self { client, seen, acknowledged, task }
    }

    /// Publishes, and waits until the broker has it.
    pub async fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).await.unwrap();
        soon("acknowledgement", self.acknowledged.recv()).await.unwrap();
    }

    /// The next message.
    pub async fn see(&mut self) -> Seen {
        soon("message for the other client", self.seen.recv()).await.unwrap()
    }

    /// The next message that `wanted` takes.
    pub async fn see_where(&mut self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        loop {
            let seen = self.see().await;
            if wanted(&seen) {
                return seen;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
