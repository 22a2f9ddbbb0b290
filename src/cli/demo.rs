//! `lookout demo`: lookout and something to observe, in one process.
//!
//! The demo sets a stage (broker, services, callers); this command puts lookout itself beside
//! it, connected through the stage's relay as through a cable that can be cut. Both run on one
//! thread, taking turns. If lookout ends by itself, the demo ends with its error.

use crate::app::Lookout;
use crate::config::{self, Config, Mistake, Sources};
use crate::demo::play::{Rounds, play};
use crate::demo::script::Script;
use crate::demo::settings::SETTINGS;
use crate::demo::show::{Show, Style};
use crate::demo::stage::Stage;
use crate::observer::digest::DigestKey;
use anyhow::{Context, bail};
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;

/// The seed of the demo's traffic.
const SEED: u64 = 2;
/// The usual port of lookout's pages.
const PAGES: u16 = 9464;
/// How long lookout may take to appear, and to leave.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `lookout demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Play the script once; exit 0 if lookout saw everything and said nothing else, else 1.
    #[arg(long)]
    once: bool,
    /// Port of the embedded broker on 127.0.0.1; any free one by default.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of lookout's live page on 127.0.0.1; 9464 by default, or any free one if that is taken.
    #[arg(long)]
    pages: Option<u16>,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let good = runtime.block_on(demo(&args))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn demo(args: &Args) -> anyhow::Result<bool> {
    let script = Script::standard();
    let mut show = Show::new(Box::new(io::stdout()), style(args));
    let mut stage = Stage::set(args.port, SEED).await?;
    let lookout = open(stage.observer_door(), args.pages)?;
    show.opening(stage.broker(), lookout.pages(), &script)?;

    let (stop, stopped) = oneshot::channel::<()>();
    // The key is fixed: whoever can publish here is on this machine, and made up.
    let lookout = lookout.run(DigestKey::new(1, 2), async { drop(stopped.await) }, |_| {});
    tokio::pin!(lookout);

    let rounds = if args.once { Rounds::One } else { Rounds::Endless };
    let watching = async {
        let ready = tokio::time::timeout(PATIENCE, stage.observer_ready()).await;
        ready.context("lookout did not appear on the embedded broker")?;
        anyhow::Ok(play(&mut stage, &script, &mut show, rounds).await?)
    };
    let good = tokio::select! {
        good = watching => good?,
        ended = &mut lookout => match ended {
            Ok(()) => bail!("lookout ended before the demo did"),
            Err(error) => return Err(error.context("lookout failed")),
        },
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            // Whoever stops an endless show has seen enough; stopped, `--once` proves nothing.
            !args.once
        }
    };
    let _ = stop.send(());
    if let Ok(ended) = tokio::time::timeout(PATIENCE, lookout).await {
        ended.context("lookout failed while stopping")?;
    }
    Ok(good)
}

fn style(args: &Args) -> Style {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match (args.json, colour) {
        (true, _) => Style::Json,
        (false, true) => Style::Colour,
        (false, false) => Style::Plain,
    }
}

/// lookout, with its pages on this port of the loopback, or on the usual one, or on any that is free.
fn open(door: SocketAddr, pages: Option<u16>) -> anyhow::Result<Lookout> {
    match pages {
        Some(port) => Lookout::open(configuration(door, port)?),
        None => Lookout::open(configuration(door, PAGES)?)
            .or_else(|_| Lookout::open(configuration(door, 0)?)),
    }
}

/// The demo's configuration for a lookout that reaches its broker at `door`.
fn configuration(door: SocketAddr, pages: u16) -> anyhow::Result<Config> {
    let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let mut flags: Vec<_> = SETTINGS.iter().map(|set| own((set.key, set.value))).collect();
    flags.push(own(("broker.url", &format!("mqtt://{door}"))));
    flags.push(own(("http.listen", &format!("127.0.0.1:{pages}"))));
    // Neither a file nor the environment: the demo is the same everywhere.
    let sources = Sources { file: None, environment: Vec::new(), flags };
    config::load(&sources).map_err(|mistakes| {
        let line = |m: &Mistake| format!("{}: found {}, allowed: {}", m.key, m.found, m.allowed);
        let lines: Vec<_> = mistakes.iter().map(line).collect();
        anyhow::anyhow!("the demo's own configuration is wrong: {}", lines.join("; "))
    })
}
