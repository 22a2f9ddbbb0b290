//! What callers and services are told at their start: where the broker is, and how to behave.
//!
//! Every number has a default and a reason; none needs to be set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The version of MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 5. Deadlines, reply topics and traces are told beside the payload too.
    #[default]
    V5,
    /// MQTT 3.1.1, for brokers that speak nothing newer.
    V311,
}

/// How calls and answers are delivered.
///
/// Both ends have sessions that end with their connection, so that QoS 1 repeats nothing: what it
/// adds is an acknowledgement of every message. A broker that does not set `TCP_NODELAY`, as
/// Mosquitto does not unless told so, holds the answer back behind the acknowledgement of the call
/// until the operating system acknowledges that, some 40 ms; and it lets no more than a few
/// messages of QoS 1 be on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// QoS 0: a call is carried out once or not at all.
    #[default]
    AtMostOnce,
    /// QoS 1, for brokers or bridges that treat QoS 0 as less.
    AtLeastOnce,
}

/// Where a broker is and how to introduce oneself.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Client identifier; unique at the broker.
    pub client_id: String,
    /// Largest packet that is accepted, in bytes.
    pub max_packet: u32,
    /// Who logs in; nobody where the broker asks for no name.
    pub login: Option<Login>,
    /// The version of MQTT.
    pub protocol: Protocol,
    /// How calls and answers are delivered.
    pub delivery: Delivery,
    /// TLS, where the broker asks for it.
    #[cfg(feature = "client-tls")]
    pub tls: Option<super::Tls>,
}

/// A user of the broker. The password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password; may be empty.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?}, ***)", self.user)
    }
}

impl Endpoint {
    /// An endpoint that speaks MQTT 5 without TLS, accepts packets of up to 1 MiB, and where
    /// nobody logs in.
    pub fn new(host: impl Into<String>, port: u16, client_id: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port,
            client_id: client_id.into(),
            max_packet: 1 << 20,
            login: None,
            protocol: Protocol::default(),
            delivery: Delivery::default(),
            #[cfg(feature = "client-tls")]
            tls: None,
        }
    }
}

/// How a [`Platform`](super::Platform) calls.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The broker; the client identifier defaults to the session's name.
    pub endpoint: Endpoint,
    /// The session, unique among clients: answers come on `session/{session}/response`.
    pub session: String,
    /// The cluster whose lookout is listened to: the one in `system/{cluster}/`. Default
    /// `default`, as is lookout's.
    pub cluster: String,
    /// Whether to listen to lookout at all. Without, calls are only counted by the client itself.
    pub listen: bool,
    /// Whether calls are held back while a service is known not to answer. Without, everything is
    /// known and sent all the same.
    pub fail_fast: bool,
    /// How long a call may take in all, if it has no deadline of its own. Default 30 s.
    pub deadline: Duration,
    /// How long a call waits for a link that is down. Default 5 s.
    pub link_wait: Duration,
    /// Calls that may be open at once; one more fails at once. Default 65 536.
    pub max_open: usize,
    /// Time-outs in a row after which a service is left alone if no lookout is there. Default 3.
    pub own_timeouts: u32,
    /// How often calls are let through to a service that does not answer. Default 30 s, which is
    /// lookout's own `circuit.open_timeout`.
    pub trial_every: Duration,
    /// Where clients agree on who makes a trial call: a topic below which each service has its
    /// own. Default `trials/{cluster}`. Without one, each client lets its own few through.
    pub trial_topic: Option<String>,
    /// When and how often idempotent calls are made again.
    pub retry: Retry,
    /// Answers of earlier calls, for when there are no new ones.
    pub cache: Option<Arc<dyn super::Cache>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Options");
        shown.field("endpoint", &self.endpoint).field("session", &self.session);
        shown.field("cluster", &self.cluster).field("deadline", &self.deadline);
        shown.finish_non_exhaustive()
    }
}

impl Options {
    /// The defaults for a session at a broker.
    pub fn new(host: impl Into<String>, port: u16, session: impl Into<String>) -> Self {
        let session = session.into();
        Self::at(Endpoint::new(host, port, session.clone()), session)
    }

    /// The defaults for a session at an endpoint.
    pub fn at(endpoint: Endpoint, session: impl Into<String>) -> Self {
        Self {
            endpoint,
            session: session.into(),
            cluster: "default".to_owned(),
            listen: true,
            fail_fast: true,
            deadline: Duration::from_secs(30),
            link_wait: Duration::from_secs(5),
            max_open: 1 << 16,
            own_timeouts: 3,
            trial_every: Duration::from_secs(30),
            trial_topic: Some("trials/{cluster}".to_owned()),
            retry: Retry::default(),
            cache: None,
        }
    }

    /// The same for another cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = cluster.into();
        self
    }

    /// What is wrong with them, if anything is; it names the option.
    pub(super) fn problem(&self) -> Option<String> {
        let named = |name: &str, what: &str| Some(format!("`{name}` {what}"));
        let plain = |text: &str| !text.is_empty() && !text.contains(['+', '#', '/', '\0']);
        if self.endpoint.host.is_empty() {
            named("endpoint.host", "is empty")
        } else if !plain(&self.session) {
            named("session", "is one level of a topic, without wildcards")
        } else if !plain(&self.cluster) {
            named("cluster", "is one level of a topic, without wildcards")
        } else if self.trials().is_some_and(|it| it.is_empty() || it.contains(['+', '#', '\0'])) {
            named("trial_topic", "is a topic, without wildcards")
        } else if self.trial_every.is_zero() {
            named("trial_every", "is more than nothing")
        } else {
            None
        }
    }

    /// The topic below which trials are claimed, if they are.
    pub(super) fn trials(&self) -> Option<String> {
        let topic = self.trial_topic.as_ref().filter(|_| self.listen)?;
        Some(topic.replace("{cluster}", &self.cluster))
    }
}

/// When and how often idempotent calls are made again.
///
/// The waits double and are spread over their whole length ("full jitter"), so that callers who
/// failed together do not return together. The budget bounds what all calls of a client add to
/// the load of a service that is in trouble: a tenth, after the first few.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts in all, the first one included. Default 3; 1 is no retry.
    pub attempts: u32,
    /// Longest wait before the second attempt. Default 100 ms.
    pub first: Duration,
    /// Longest wait before any attempt. Default 5 s.
    pub most: Duration,
    /// Retries that each call pays for. Default 0.1.
    pub per_call: f64,
    /// Retries that can be saved up, and are there at the start. Default 10.
    pub saved: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            first: Duration::from_millis(100),
            most: Duration::from_secs(5),
            per_call: 0.1,
            saved: 10,
        }
    }
}
