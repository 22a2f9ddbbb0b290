//! The stage: broker, relay, services, callers, and a listener to what lookout says.
//!
//! Services, callers and the listener connect to the broker directly; only lookout goes through
//! the relay, so that its link, and nobody else's, can be cut.

use super::broker::Broker;
use super::caller::Tally;
use super::careful::{Careful, Spared};
use super::notice::{self, Notice};
use super::players::Players;
use super::random::Random;
use super::relay::Relay;
use super::script::Fault;
use super::settings::CLUSTER;
use crate::client::{CallError, Endpoint, Filters, Heard, Link};
use crate::clock::Clock;
use crate::observer::Instant;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use tokio::sync::mpsc;

/// Notices that may wait to be shown; a round has a few dozen.
const NOTICES: usize = 4_096;

/// Why the stage cannot be set.
#[derive(Debug)]
pub enum StageError {
    /// The broker or the relay did not get a port.
    Port(io::Error),
    /// A player did not get its connection.
    Player(CallError),
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(error) => write!(f, "cannot listen on the loopback: {error}"),
            Self::Player(error) => write!(f, "cannot reach the embedded broker: {error}"),
        }
    }
}

impl std::error::Error for StageError {}

/// Everything but lookout.
#[derive(Debug)]
pub struct Stage {
    // Dropped in this order: whoever is connected goes before the broker does.
    players: Players,
    careful: Careful,
    listener: Link,
    relay: Relay,
    broker: Broker,
    notices: mpsc::Receiver<(Instant, Notice)>,
    clock: Clock,
}

impl Stage {
    /// Sets the stage on `port` of the loopback; 0 lets the system choose.
    pub async fn set(port: u16, seed: u64) -> Result<Self, StageError> {
        let clock = Clock::start();
        let mut random = Random::new(seed);
        let broker = Broker::start(port).await.map_err(StageError::Port)?;
        let relay = Relay::start(broker.address()).await.map_err(StageError::Port)?;
        let (listener, notices) = listen(broker.address(), clock);
        let players = Players::gather(&broker.address().into(), clock, &mut random);
        let careful = Careful::connect(&broker.address().into(), &mut random);
        let stage = Self { players, careful, listener, relay, broker, notices, clock };
        stage.ready().await.map_err(StageError::Player)?;
        Ok(stage)
    }

    async fn ready(&self) -> Result<(), CallError> {
        self.listener.ready().await?;
        self.players.ready().await
    }

    /// The broker's address, for whoever wants to watch.
    pub const fn broker(&self) -> SocketAddr {
        self.broker.address()
    }

    /// The address by which lookout reaches the broker.
    pub const fn observer_door(&self) -> SocketAddr {
        self.relay.address()
    }

    /// The clock by which everything on the stage is timed.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// The next thing that lookout published and that matters here.
    pub async fn hear(&mut self) -> (Instant, Notice) {
        match self.notices.recv().await {
            Some(notice) => notice,
            // The sender lives in the listener's task, which ends with the stage.
            None => std::future::pending().await,
        }
    }

    /// Waits until lookout is there.
    pub async fn observer_ready(&mut self) {
        while self.hear().await.1 != Notice::Presence(true) {}
    }

    /// Lets everybody sign in, and the traffic begin.
    pub fn start_traffic(&mut self) {
        self.players.start_traffic();
        self.careful.start();
    }

    /// What became of the calls of the one caller who listens to lookout.
    pub fn spared(&self) -> Spared {
        self.careful.spared()
    }

    /// What the callers saw so far.
    pub fn tally(&self) -> Tally {
        self.players.tally()
    }

    /// Breaks something.
    pub fn begin(&mut self, fault: Fault) {
        if fault == Fault::LinkCut {
            self.relay.cut();
        }
        self.players.begin(fault);
    }

    /// Mends it.
    pub fn end(&mut self, fault: Fault) {
        if fault == Fault::LinkCut {
            self.relay.mend();
        }
        self.players.end(fault);
    }
}

/// Subscribes to everything that lookout publishes.
fn listen(broker: SocketAddr, clock: Clock) -> (Link, mpsc::Receiver<(Instant, Notice)>) {
    let (tell, notices) = mpsc::channel(NOTICES);
    let endpoint = Endpoint::new(broker.ip().to_string(), broker.port(), "demo-listener");
    let hook = move |_: &_, heard| {
        let Heard::Message(message) = heard else { return };
        if let Some(notice) = notice::read(CLUSTER, message.topic(), &message.payload) {
            // A full queue loses the notice; then something expected is missed, and said so.
            let _ = tell.try_send((clock.now(), notice));
        }
    };
    let filters = Filters::needed([format!("system/{CLUSTER}/#")]);
    (Link::open(&endpoint, filters, hook), notices)
}
