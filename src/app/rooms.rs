//! The rooms beside the loop: each runs on a thread or a task of its own, and is started anew when it fails.

use super::supervise::{Restarts, supervise};
use super::threads::{apart, keep_on_thread, keep_on_thread_until_done, on_thread};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::Server;
use crate::mqtt::{Handle, Session};
use crate::notify::Receivers;
use crate::probe::{Bans, Listeners, NewBans, Results};
use crate::trace::Exporter;
use std::future::{Future, pending};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Runs the session on a thread of its own; the receiver tells of its end.
///
/// # Errors
///
/// If the system gives no thread, or none of what a runtime needs.
pub(crate) fn start(session: Session) -> anyhow::Result<oneshot::Receiver<()>> {
    on_thread("mqtt", "the session with the broker", session.run())
}

/// Keeps a session running until it is asked to end.
///
/// # Errors
///
/// If the first one cannot be started.
pub(super) fn keep(
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

/// Keeps looking for those who listen to services, where the broker can be asked, until the future
/// is dropped.
///
/// # Errors
///
/// If the broker cannot be asked as set.
pub(super) fn listeners(
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

/// Keeps asking EMQX whom it banned by itself, where there is a security watch and EMQX can be asked, until the
/// future is dropped.
///
/// # Errors
///
/// If the broker cannot be asked as set.
pub(super) fn bans(
    config: &Config,
    restarts: &Restarts,
) -> anyhow::Result<(impl Future<Output = ()> + use<>, NewBans)> {
    let (mut spare, mut found) = (None, NewBans::none());
    if let Some(emqx) = config.emqx.clone().filter(|_| config.security.enabled) {
        let (bans, new) = Bans::new(emqx, config.bans_every)?;
        (spare, found) = (Some(bans), new);
    }
    let restarts = restarts.clone();
    let keep = async move {
        let Some(spare) = spare else { return pending().await };
        supervise("asking EMQX for bans", &restarts, pending(), || {
            let spare = spare.clone();
            apart(async move {
                spare.run().await;
                Ok(())
            })
        })
        .await;
    };
    Ok((keep, found))
}

/// Keeps the HTTP server running, if there is one, until the future is dropped.
pub(super) async fn serve(server: Option<Server>, restarts: &Restarts) {
    let Some(server) = server else { return pending().await };
    keep_on_thread("http", "the HTTP server", restarts, || server.clone().serve()).await;
}

/// Keeps telling those who are told of alerts, if there are any, until the future is dropped.
pub(super) async fn tell(receivers: Receivers, restarts: &Restarts) {
    if receivers.is_empty() {
        return pending().await;
    }
    keep_on_thread("alerts", "sending alerts", restarts, || receivers.clone().run()).await;
}

/// Keeps sending traces, if there are to be any, until the corridor's end is gone and what was left is
/// sent.
pub(super) async fn trace(exporter: Option<Exporter>, restarts: &Restarts) {
    let Some(exporter) = exporter else { return pending().await };
    keep_on_thread_until_done("traces", "sending traces", restarts, || exporter.clone().run())
        .await;
}
