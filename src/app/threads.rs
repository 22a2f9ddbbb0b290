//! Futures on threads and tasks of their own, so that what they do, a panic too, is no affair of the loop.

use super::supervise::{Restarts, supervise};
use anyhow::Context;
use std::future::{Future, pending};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Runs a future on a thread of its own; the receiver tells of its end.
///
/// # Errors
///
/// If the system gives no thread, or none of what a runtime needs.
pub(super) fn on_thread<T: Send + 'static>(
    name: &str,
    what: &str,
    future: impl Future<Output = T> + Send + 'static,
) -> anyhow::Result<oneshot::Receiver<T>> {
    let (done, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .with_context(|| format!("no runtime for {what}"))?;
    let body = move || {
        let result = runtime.block_on(future);
        // Nobody waits when the program failed for another reason.
        let _ = done.send(result);
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .with_context(|| format!("no thread for {what}"))?;
    Ok(ended)
}

/// Runs a future on a task of its own, where a panic is caught; it ends with this one.
pub(super) async fn apart(
    future: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    let mut own = JoinSet::new();
    own.spawn(future);
    if let Some(ended) = own.join_next().await {
        ended.context("a bug: see what was said before")??;
    }
    anyhow::bail!("it ended")
}

/// Keeps running what `make` makes, on a thread of its own, until the future is dropped.
pub(super) async fn keep_on_thread<T>(
    name: &str,
    what: &str,
    restarts: &Restarts,
    make: impl Fn() -> T,
) where
    T: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let make = || {
        let running = make();
        async move {
            running.await?;
            anyhow::bail!("it ended")
        }
    };
    keep_on_thread_until_done(name, what, restarts, make).await;
}

/// Keeps running what `make` makes, on a thread of its own, until it ends well or the future is dropped.
pub(super) async fn keep_on_thread_until_done<T>(
    name: &str,
    what: &str,
    restarts: &Restarts,
    make: impl Fn() -> T,
) where
    T: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let make = || {
        let running = make();
        async move {
            // Dropped with this future, and then the thread ends.
            let (_alive, gone) = oneshot::channel::<()>();
            let serving = async move {
                tokio::select! {
                    ended = running => ended,
                    _ = gone => Ok(()),
                }
            };
            let ended = on_thread(name, what, serving)?.await;
            ended.context("a bug: see what was said before")?
        }
    };
    supervise(what, restarts, pending(), make).await;
}
