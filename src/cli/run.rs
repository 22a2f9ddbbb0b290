//! `lookout run`: observe a broker until told to stop.
//!
//! Logs go to stderr; what is found (`errors`, `emergency`, `circuit-breaker`) is also said on
//! stdout, one line each, for people or as JSON like the lines of `lookout replay`. Exit code 0
//! after SIGTERM or SIGINT, 143 or 130 if a second one stopped it at once, 1 with the reason on stderr if lookout had to give up, 64 with every
//! mistake if the configuration is wrong.

mod said;

use crate::app::Lookout;
use crate::config::{self, Sources};
use crate::logs;
use crate::observer::digest::DigestKey;
use anyhow::Context;
use said::Printer;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::sync::oneshot;

/// Arguments of `lookout run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
    /// Logs and findings as JSON lines; short for `--log-format json`.
    #[arg(long, conflicts_with = "log_format")]
    json: bool,
    /// For people or for a collector; short for `--set log.format=…`.
    #[arg(long, value_name = "FORMAT", value_parser = ["human", "json"])]
    log_format: Option<String>,
}

impl Args {
    fn sources(self) -> Sources {
        let Self { config, mut set, json, log_format } = self;
        let format = if json { Some("json".to_owned()) } else { log_format };
        set.extend(format.map(|format| ("log.format".to_owned(), format)));
        Sources::of_process(config, set)
    }
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let config = match config::load(&args.sources()) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    logs::start(&config.log)?;
    let asked = super::signals::watch()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let (json, cluster) = (config.log.json, config.cluster.clone());
    let lookout = Lookout::open(config)?;
    let ended = runtime.block_on(observe(lookout, json, cluster, asked));
    // Nothing is left to wait for, least of all a name that is still being looked up.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

async fn observe(
    lookout: Lookout,
    json: bool,
    cluster: String,
    asked: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let shutdown = async move {
        // An error means that the thread of signals is gone, and with it the way to ask.
        if asked.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let mut printer = Printer::start(&cluster, json)?;
    let ended = lookout.run(key(), shutdown, |document| printer.show(document)).await;
    printer.finish();
    ended
}

/// A key nobody can foresee: whoever can publish could otherwise make up ids that share a
/// digest. The standard library keys its hash maps from the system's random source; what such
/// a hasher makes of a number is as secret as its keys.
#[allow(clippy::disallowed_methods)] // A random seed is what is asked for here.
fn key() -> DigestKey {
    let draw = || RandomState::new().hash_one(0_u8);
    DigestKey::new(draw(), draw())
}
