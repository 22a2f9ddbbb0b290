//! The corridor: it starts the rooms, joins them in one loop, and stops them in order.
//!
//! ```text
//! mqtt (own thread) ═inbox═► corridor ─► pipeline ─► outbox ═► mqtt
//!                               │ once a second
//!                               └─► view ─► http (own thread)
//! ```
//!
//! The session with the broker has a thread of its own: however long the observer takes over a
//! message, pings are answered and messages are stamped when they arrive. Everything else is one
//! task, and the pipeline has one owner.
//!
//! Started: metrics (so that a port in use is known at once), then the session. Stopped the
//! other way round: offline, the outbox, the connection, within ten seconds; metrics stay until
//! the end. The session and the HTTP server are started anew when they fail (`supervise`); that the
//! loop itself fails ends the program, and the reason goes to stderr.

mod canary;
mod corridor;
mod ears;
mod echoes;
mod examine;
mod ground;
mod hope;
mod rooms;
mod supervise;
mod systemd;
mod threads;
mod witness;

use crate::clock::Clock;
use crate::config::{Broker, Config};
use crate::http::{self, Desk, Order, Server};
use crate::mqtt::{self, Inbox, Plan};
use crate::notify::Receivers;
use crate::observer::digest::DigestKey;
use crate::trace::Exporter;
use crate::wire::Document;
use corridor::{Corridor, Ends};
use echoes::Echoes;
pub use examine::{Finding, State, examine};
use futures_util::future::join;
use ground::Ground;
pub(crate) use hope::hopeless;
pub(crate) use rooms::start;
use rooms::{bans, keep, listeners, serve, tell, trace};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use supervise::Tasks;
use systemd::Systemd;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Messages handled between two looks at everything else.
const BATCH: usize = 256;

/// How often figures are exported and the loop turns at least.
const TICK: Duration = Duration::from_secs(1);

/// How long the session may take to end. It gives itself less; the program has ten seconds.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// How long the last traces may take. They give themselves less.
const TRACES_WITHIN: Duration = Duration::from_secs(3);

/// A lookout that is set up and does not observe yet.
pub struct Lookout {
    config: Config,
    clock: Clock,
    pages: Pages,
}

impl Lookout {
    /// Sets it up.
    ///
    /// # Errors
    ///
    /// If the address of the pages cannot be bound.
    pub fn open(config: Config) -> anyhow::Result<Self> {
        let clock = Clock::start();
        let pages = Pages::open(&config, clock)?;
        Ok(Self { config, clock, pages })
    }

    /// Where its pages are, if they are served.
    pub fn pages(&self) -> Option<SocketAddr> {
        self.pages.server.as_ref().map(Server::address)
    }

    /// Observes until `shutdown` is ready, then stops in order. Every document is shown to `said`
    /// before it is published.
    ///
    /// # Errors
    ///
    /// If the session with the broker fails as a whole, or there is no hope: see `[fail_fast]` in the
    /// configuration.
    pub async fn run(
        self,
        key: DigestKey,
        shutdown: impl Future<Output = ()>,
        said: impl FnMut(&Document),
    ) -> anyhow::Result<()> {
        let Self { config, clock, pages: Pages { server, desk, orders } } = self;
        let restarts: Tasks = Default::default();
        let [of_http, of_session, of_listeners, of_checks, of_platform, of_alerts, of_traces] =
            &restarts;
        let mut http = pin!(serve(server.clone(), of_http));
        tracing::info!(
            "lookout {} observing {} as {}, cluster {}",
            env!("CARGO_PKG_VERSION"),
            urls(&config.broker),
            config.id,
            config.cluster
        );
        let (listeners, results) = listeners(&config, clock, of_listeners)?;
        let (bans, banned) = bans(&config, of_listeners)?;
        let mut listeners = pin!(join(listeners, bans));
        let mut ground = Ground::new(&config, clock, results, banned)?;
        let mut watch = pin!(ground.watch(&config, of_platform));
        let (checks, told) = ground.check(&config, clock, of_checks);
        let mut checks = pin!(checks);
        let (receivers, notices) = Receivers::new(&config, clock);
        let mut alerts = pin!(tell(receivers, of_alerts));
        let (exporter, tracer) = Exporter::new(&config, clock).unzip();
        let mut traces = pin!(trace(exporter, of_traces));
        let mut plan = Plan { told, ..Plan::new(&config) };
        if config.security.enabled {
            plan.told.extend(Echoes::filters(&config.cluster));
        }
        let (session, inbox, handle) = mqtt::open(plan, clock);
        let mut sessions = pin!(keep(session, handle.clone(), of_session)?);
        let tasks = restarts.clone();
        let ends = Ends { handle: handle.clone(), desk, ears: ground.take_ears(), notices, tracer };
        let corridor = Corridor::new(config, key, clock, ends, tasks, said);
        let ended = tokio::select! {
            ended = walk(corridor, inbox, ground, orders, shutdown) => ended,
            // It was not asked to.
            () = &mut sessions => return Err(anyhow::anyhow!("the session with the broker ended")),
            () = &mut http => Err(anyhow::anyhow!("the HTTP server ended")),
            _ = &mut listeners => Err(anyhow::anyhow!("the questions to EMQX ended")),
            () = &mut checks => Err(anyhow::anyhow!("the checks ended")),
            () = &mut watch => Err(anyhow::anyhow!("the watch of replicas ended")),
            () = &mut alerts => Err(anyhow::anyhow!("those who send alerts ended")),
            () = &mut traces => Err(anyhow::anyhow!("those who send traces ended")),
        };
        Systemd::stopping();
        if let Some(server) = &server {
            server.stopping();
        }
        handle.stop();
        // Whoever probes it sees that it stops.
        let ending = async {
            tokio::select! {
                ended = timeout(STOP_WITHIN, sessions) => ended.is_ok(),
                () = &mut http => true,
            }
        };
        // The corridor is gone, so that traces end once they are sent.
        let (ended_in_time, _) = join(ending, timeout(TRACES_WITHIN, traces)).await;
        if !ended_in_time {
            tracing::warn!("the session with the broker did not end in time");
        }
        ended
    }
}

/// The one loop: returns when asked to stop, or when there is no hope.
async fn walk<S: FnMut(&Document)>(
    mut corridor: Corridor<S>,
    mut inbox: Inbox,
    mut ground: Ground,
    mut orders: mpsc::Receiver<Order>,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut shutdown = pin!(shutdown);
    let mut systemd = Systemd::ready();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        // The inbox comes before the timers: deadlines are judged when everything that arrived
        // before them was heard.
        tokio::select! {
            biased;
            () = &mut shutdown => return Ok(()),
            _ = tick.tick() => {
                corridor.turn();
                ground.set_waiting(corridor.export(inbox.len())?);
                systemd.turn(&corridor.status());
            }
            taken = inbox.recv_many(&mut batch, BATCH) => {
                anyhow::ensure!(taken > 0, "the session with the broker ended");
                corridor.turn();
                corridor.hear(batch.drain(..));
            }
            told = ground.next() => corridor.told(&told),
            Some(order) = orders.recv() => corridor.obey(order),
            () = sleep(corridor.rest()) => corridor.turn(),
        }
        if inbox.is_empty() {
            corridor.idle();
        }
        corridor.sick().for_each(|service| ground.restart(service));
        corridor.measures().for_each(|(measure, own)| ground.act(measure, own));
    }
}

/// The HTTP server, if there is one, and the corridor's ends of it.
struct Pages {
    server: Option<Server>,
    desk: Option<Desk>,
    orders: mpsc::Receiver<Order>,
}

impl Pages {
    /// Binds the address, so that one in use is known at once.
    ///
    /// # Errors
    ///
    /// If it cannot be bound.
    fn open(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let Some(http) = &config.http else {
            return Ok(Self { server: None, desk: None, orders: mpsc::channel(1).1 });
        };
        let plan = http::Plan {
            listen: http.listen,
            tokens: http.tokens.clone(),
            cluster: config.cluster.clone(),
            id: config.id.clone(),
            pairs: config.settings.pairs.iter().map(|pair| pair.name.clone()).collect(),
            runbooks: config.runbooks.clone(),
            links: config.links.clone(),
        };
        let (server, desk, orders) = Server::bind(plan, clock)?;
        tracing::info!("live page at http://{0}/, metrics at http://{0}/metrics", server.address());
        Ok(Self { server: Some(server), desk: Some(desk), orders })
    }
}

/// The broker's addresses as they may be shown: without user and password.
pub(crate) fn urls(broker: &Broker) -> String {
    let shown: Vec<_> = broker.addresses.iter().map(ToString::to_string).collect();
    shown.join(", ")
}
