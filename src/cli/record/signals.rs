//! The first SIGINT or SIGTERM asks for an orderly end, the second one ends the program at once.
//!
//! Signals are heard on a thread of their own: the recorder's may be stuck writing to a disk
//! that does not answer, which is exactly when somebody asks twice.

use super::progress;
use anyhow::Context;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// The exit code of a program that was ended at once: it did not do what it was started for.
const AT_ONCE: i32 = 1;

/// Hears signals from now on; the receiver tells of the first one.
///
/// # Errors
///
/// If the system lets no signal be heard.
pub(super) fn watch() -> anyhow::Result<oneshot::Receiver<()>> {
    let runtime = Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let (mut terminate, mut interrupt) = runtime.block_on(async {
        let terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
        anyhow::Ok((terminate, interrupt))
    })?;
    let (tell, told) = oneshot::channel();
    let body = move || {
        runtime.block_on(async {
            let name = next(&mut terminate, &mut interrupt).await;
            tracing::info!("stopping on {name}");
            // Nobody listens any more when the program ends anyway.
            let _ = tell.send(());
            let name = next(&mut terminate, &mut interrupt).await;
            progress::say(format_args!("ended at once by a second signal ({name})"));
            std::process::exit(AT_ONCE);
        });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(body)
        .context("no thread for signals")?;
    Ok(told)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
