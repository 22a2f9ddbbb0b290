//! The first SIGINT or SIGTERM asks for an orderly end, the second one ends the program at once.
//!
//! Signals are heard on a thread of their own: the program's may be stuck, writing to a disk that
//! does not answer or working off a backlog, which is exactly when somebody asks twice.

use anyhow::Context;
use std::io::Write;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

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
            let (name, _) = next(&mut terminate, &mut interrupt).await;
            tracing::info!("stopping on {name}; a second signal stops at once");
            // Nobody listens any more when the program ends anyway.
            let _ = tell.send(());
            let (name, code) = next(&mut terminate, &mut interrupt).await;
            // That nobody reads it is no reason to stay.
            let _ =
                writeln!(std::io::stderr(), "lookout: ended at once by a second signal ({name})");
            std::process::exit(code);
        });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(body)
        .context("no thread for signals")?;
    Ok(told)
}

/// The next signal, with the exit code by which shells tell of a program that it ended.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> (&'static str, i32) {
    tokio::select! {
        _ = terminate.recv() => ("SIGTERM", 128 + 15),
        _ = interrupt.recv() => ("SIGINT", 128 + 2),
    }
}
