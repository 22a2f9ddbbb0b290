//! The corridor: it starts the rooms, joins them in one loop, and stops them in order.
//!
//! ```text
//! mqtt (own thread) ═inbox═► corridor ─► pipeline ─► outbox ═► mqtt
//!                               │ once a second
//!                               └─► telemetry ─► http
//! ```
//!
//! The session with the broker has a thread of its own: however long the observer takes over a
//! message, pings are answered and messages are stamped when they arrive. Everything else is one
//! task, and the pipeline has one owner.
//!
//! Started: metrics (so that a port in use is known at once), then the session. Stopped the
//! other way round: offline, the outbox, the connection, within ten seconds; metrics stay until
//! the end. Whatever else ends is a failure, and the reason goes to stderr.

mod canary;
mod corridor;
mod ears;
mod hope;
mod systemd;

use crate::clock::Clock;
use crate::config::{Broker, Config};
use crate::http::Server;
use crate::mqtt::{self, Inbox, Plan, Session};
use crate::observer::digest::DigestKey;
use crate::probe::{Listeners, Results};
use crate::telemetry::Exporter;
use crate::wire::Document;
use anyhow::Context;
use corridor::Corridor;
pub(crate) use hope::hopeless;
use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;
use systemd::Systemd;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Messages handled between two looks at everything else.
const BATCH: usize = 256;

/// How often figures are exported and the loop turns at least.
const TICK: Duration = Duration::from_secs(1);

/// How long the session may take to end. It gives itself less; the program has ten seconds.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Observes until `shutdown` is ready, then stops in order.
///
/// # Errors
///
/// If metrics cannot be served, the session with the broker fails as a whole, or there is no
/// hope: see `[fail_fast]` in the configuration.
pub async fn run(
    config: Config,
    key: DigestKey,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    run_with(config, key, shutdown, |_| {}).await
}

/// As [`run`], and shows every document to `said` before it is published.
///
/// # Errors
///
/// As [`run`].
pub async fn run_with(
    config: Config,
    key: DigestKey,
    shutdown: impl Future<Output = ()>,
    said: impl FnMut(&Document),
) -> anyhow::Result<()> {
    let clock = Clock::start();
    let pairs: Vec<_> = config.settings.pairs.iter().map(|pair| pair.name.clone()).collect();
    let exporter = Exporter::new(&pairs);
    let mut http = serve(&config, &exporter).await?;
    tracing::info!(
        "lookout {} observing {} as {}, cluster {}",
        env!("CARGO_PKG_VERSION"),
        urls(&config.broker),
        config.id,
        config.cluster
    );
    let (session, inbox, handle) = mqtt::open(Plan::new(&config), clock);
    let mut session = start(session)?;
    let results = listeners(&config, clock)?;
    let corridor = Corridor::new(config, key, clock, handle.clone(), exporter, said);
    let ended = tokio::select! {
        ended = walk(corridor, inbox, results, shutdown) => ended,
        // Its inbox ends with it, but the reason is plainer here.
        _ = &mut session => return Err(anyhow::anyhow!("the session with the broker failed")),
        failed = http.failed() => Err(failed),
    };
    Systemd::stopping();
    handle.stop();
    if timeout(STOP_WITHIN, session).await.is_err() {
        tracing::warn!("the session with the broker did not end in time");
    }
    ended
}

/// The one loop: returns when asked to stop, or when there is no hope.
async fn walk<S: FnMut(&Document)>(
    mut corridor: Corridor<S>,
    mut inbox: Inbox,
    mut results: Results,
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
                results.set_waiting(corridor.export(inbox.len())?);
                systemd.turn(&corridor.status());
            }
            taken = inbox.recv_many(&mut batch, BATCH) => {
                anyhow::ensure!(taken > 0, "the session with the broker ended");
                corridor.turn();
                corridor.hear(batch.drain(..));
            }
            look = results.next() => corridor.looked(&look),
            () = sleep(corridor.rest()) => corridor.turn(),
        }
        if inbox.is_empty() {
            corridor.idle();
        }
    }
}

/// Runs the session on a thread of its own; the receiver tells of its end.
///
/// # Errors
///
/// If the system gives no thread, or none of what a runtime needs.
pub(crate) fn start(session: Session) -> anyhow::Result<oneshot::Receiver<()>> {
    let (done, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime for the session with the broker")?;
    let body = move || {
        runtime.block_on(session.run());
        // Nobody waits when the program failed for another reason.
        let _ = done.send(());
    };
    std::thread::Builder::new()
        .name("mqtt".to_owned())
        .spawn(body)
        .context("no thread for the session with the broker")?;
    Ok(ended)
}

/// Starts to look for those who listen to services, where the broker can be asked.
fn listeners(config: &Config, clock: Clock) -> anyhow::Result<Results> {
    let Some(emqx) = config.emqx.clone() else { return Ok(Results::none()) };
    let (listeners, results) = Listeners::new(emqx, &config.broker.client_id, clock)?;
    // It ends when its other end is gone, which the loop holds.
    tokio::spawn(listeners.run());
    Ok(results)
}

/// The HTTP server, if there is one; it ends with the value.
struct Http(Option<JoinHandle<anyhow::Result<()>>>);

impl Http {
    /// Waits for the server to fail, which it should not.
    async fn failed(&mut self) -> anyhow::Error {
        match &mut self.0 {
            None => pending().await,
            Some(server) => match server.await {
                Ok(Ok(())) => anyhow::anyhow!("the HTTP server ended"),
                Ok(Err(error)) => error,
                Err(error) => anyhow::Error::new(error).context("the HTTP server failed"),
            },
        }
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        if let Some(server) = &self.0 {
            server.abort();
        }
    }
}

async fn serve(config: &Config, exporter: &Exporter) -> anyhow::Result<Http> {
    let Some(address) = config.http else { return Ok(Http(None)) };
    let server = Server::bind(address).await?;
    tracing::info!("metrics at http://{}/metrics", server.address());
    Ok(Http(Some(tokio::spawn(server.serve(exporter.page())))))
}

/// The broker's addresses as they may be shown: without user and password.
pub(crate) fn urls(broker: &Broker) -> String {
    let shown: Vec<_> = broker.addresses.iter().map(ToString::to_string).collect();
    shown.join(", ")
}
