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
//! the end. The session and the HTTP server are started anew when they fail (`supervise`); that the
//! loop itself fails ends the program, and the reason goes to stderr.

mod canary;
mod corridor;
mod ears;
mod hope;
mod supervise;
mod systemd;

use crate::clock::Clock;
use crate::config::{Broker, Config};
use crate::http::Server;
use crate::mqtt::{self, Handle, Inbox, Plan, Session};
use crate::observer::digest::DigestKey;
use crate::probe::{Listeners, Results};
use crate::telemetry::Exporter;
use crate::wire::Document;
use anyhow::Context;
use corridor::Corridor;
pub(crate) use hope::hopeless;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use supervise::{Restarts, Tasks, supervise};
use systemd::Systemd;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
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
    let restarts: Tasks = Default::default();
    let [of_http, of_session, of_listeners] = &restarts;
    let mut http = pin!(serve(&config, &exporter, of_http).await?);
    tracing::info!(
        "lookout {} observing {} as {}, cluster {}",
        env!("CARGO_PKG_VERSION"),
        urls(&config.broker),
        config.id,
        config.cluster
    );
    let (session, inbox, handle) = mqtt::open(Plan::new(&config), clock);
    let mut sessions = pin!(keep(session, handle.clone(), of_session)?);
    let (listeners, results) = listeners(&config, clock, of_listeners)?;
    let mut listeners = pin!(listeners);
    let tasks = restarts.clone();
    let corridor = Corridor::new(config, key, clock, handle.clone(), exporter, tasks, said);
    let ended = tokio::select! {
        ended = walk(corridor, inbox, results, shutdown) => ended,
        // It was not asked to.
        () = &mut sessions => return Err(anyhow::anyhow!("the session with the broker ended")),
        () = &mut http => Err(anyhow::anyhow!("the HTTP server ended")),
        () = &mut listeners => Err(anyhow::anyhow!("the questions to EMQX ended")),
    };
    Systemd::stopping();
    handle.stop();
    if timeout(STOP_WITHIN, sessions).await.is_err() {
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

/// Keeps looking for those who listen to services, where the broker can be asked, until the future
/// is dropped.
///
/// # Errors
///
/// If the broker cannot be asked as set.
fn listeners(
    config: &Config,
    clock: Clock,
    restarts: &Restarts,
) -> anyhow::Result<(impl Future<Output = ()> + use<>, Results)> {
    let (mut spare, mut results) = (None, Results::none());
    if let Some(emqx) = config.emqx.clone() {
        let (listeners, found) = Listeners::new(emqx, &config.broker.client_id, clock)?;
        (spare, results) = (Some(listeners), found);
    }
    let restarts = restarts.clone();
    let keep = async move {
        let Some(spare) = spare else { return pending().await };
        supervise("asking EMQX", &restarts, pending(), || {
            let spare = spare.clone();
            apart(async move {
                spare.run().await;
                Ok(())
            })
        })
        .await;
    };
    Ok((keep, results))
}

/// Runs a future on a task of its own, where a panic is caught; it ends with this one.
async fn apart(
    future: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    let mut own = JoinSet::new();
    own.spawn(future);
    if let Some(ended) = own.join_next().await {
        ended.context("a bug: see what was said before")??;
    }
    anyhow::bail!("it ended")
}

/// Keeps a session running until it is asked to end.
///
/// # Errors
///
/// If the first one cannot be started.
fn keep(
    session: Session,
    handle: Handle,
    restarts: &Restarts,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let spare = Arc::new(session);
    let mut first = Some(start(Session::clone(&spare))?);
    let make = move || {
        let (first, spare) = (first.take(), Arc::clone(&spare));
        async move {
            let running = match first {
                Some(running) => running,
                None => start(Session::clone(&spare))?,
            };
            // Its thread ended without a word.
            let ended =
                running.await.map_err(|_| anyhow::anyhow!("a bug: see what was said before"));
            ended.inspect_err(|error| spare.failed(&format!("the session failed: {error}")))
        }
    };
    let stopped = async move { handle.stopped().await };
    let restarts = restarts.clone();
    Ok(async move { supervise("the session with the broker", &restarts, stopped, make).await })
}

/// Keeps the HTTP server running, if there is one, until the future is dropped.
///
/// # Errors
///
/// If its address cannot be bound.
async fn serve(
    config: &Config,
    exporter: &Exporter,
    restarts: &Restarts,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let mut first = None;
    if let Some(address) = config.http {
        let server = Server::bind(address).await?;
        tracing::info!("metrics at http://{}/metrics", server.address());
        first = Some(server);
    }
    // The port that the system chose stays.
    let address = first.as_ref().map(Server::address);
    let (page, restarts) = (exporter.page(), restarts.clone());
    Ok(async move {
        let Some(address) = address else { return pending().await };
        let make = || {
            let (first, page) = (first.take(), page.clone());
            async move {
                let server = match first {
                    Some(server) => server,
                    None => Server::bind(address).await?,
                };
                apart(server.serve(page)).await
            }
        };
        supervise("the HTTP server", &restarts, pending(), make).await;
    })
}

/// The broker's addresses as they may be shown: without user and password.
pub(crate) fn urls(broker: &Broker) -> String {
    let shown: Vec<_> = broker.addresses.iter().map(ToString::to_string).collect();
    shown.join(", ")
}
