//! `lookout discover`: what speaks request and reply on a broker that nobody described?
//!
//! It listens to everything, says nothing, and proposes pairs with the lines to configure. What it
//! kept is in memory only, and gone when it ends. A recording can be looked at instead of a broker;
//! it holds what it was recorded for, so one that was made with `traffic.ignore` or narrow pairs
//! shows no more than that.

use super::replay;
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Sources};
use crate::discover::{Proposal, Tape, TapeLimits, proposals};
use crate::logs;
use crate::mqtt::{self, Arrival, Plan};
use crate::observer::{Instant, Span};
use crate::wire::capture::{Line, What};
use crate::wire::filter::Filter;
use anyhow::Context;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{interval, sleep, timeout};

/// Everything. A wildcard in the first level leaves out what begins with `$` (MQTT 5, 4.7.2), so
/// the systems that are known to use such topics are named.
const FILTERS: [&str; 6] =
    ["#", "$aws/#", "$iothub/#", "$mcp-rpc/#", "$mcp-server/#", "$mcp-client/#"];
/// Messages taken between two looks at everything else.
const BATCH: usize = 256;
/// How often it is asked whether there is hope for the link.
const TICK: Duration = Duration::from_secs(1);
/// How long the session may take to end; it gives itself less.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Arguments of `lookout discover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A recording to look at, plain or `.zst`, instead of a broker.
    #[arg(conflicts_with_all = ["length", "topics"])]
    file: Option<PathBuf>,
    /// How long to listen, such as 60s or 10m; SIGINT or SIGTERM ends it sooner.
    #[arg(long = "for", value_name = "DURATION", value_parser = config::parse_duration, default_value = "60s")]
    length: Span,
    /// Listen to this topic filter only; may be given several times [default: everything]
    #[arg(long = "topic", value_name = "FILTER", value_parser = filter)]
    topics: Vec<String>,
    /// The configuration file, for the broker and how to reach it.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { file, length, topics, config, set } = args;
    let mut tape = Tape::new(TapeLimits::default());
    if let Some(file) = file {
        read(&file, &mut tape)?;
        return super::print(&report(&tape));
    }
    let config = match config::load(&Sources::of_process(config, set)) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    logs::start(&config.log)?;
    let stop = super::signals::watch()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let topics = if topics.is_empty() { FILTERS.map(str::to_owned).into() } else { topics };
    let heard = runtime.block_on(listen(&config, stop, (length, topics), &mut tape));
    runtime.shutdown_background();
    heard?;
    super::print(&report(&tape))
}

/// Checks a topic filter, for the parser of the command line.
fn filter(text: &str) -> Result<String, String> {
    Filter::new(text).map(|_| text.to_owned())
}

/// Reads a recording.
fn read(file: &Path, tape: &mut Tape) -> anyhow::Result<()> {
    replay::file::for_lines(file, |line| {
        if let Some(Line { at, what: What::Message(message) }) = Line::read(line) {
            tape.hear(at, &message.message());
        }
        Ok(())
    })?;
    Ok(())
}

/// Listens for so long, or until asked to stop.
async fn listen(
    config: &Config,
    stop: oneshot::Receiver<()>,
    (length, topics): (Span, Vec<String>),
    tape: &mut Tape,
) -> anyhow::Result<()> {
    let clock = Clock::start();
    let mut plan = Plan::listener(config, "discover");
    plan.filters = topics;
    let what =
        if plan.filters == FILTERS { "everything".to_owned() } else { plan.filters.join(", ") };
    tracing::info!("listening to {what} on {} for {length}", app::urls(&config.broker));
    let (session, mut inbox, handle) = mqtt::open(plan, clock);
    let mut gone = app::start(session)?;
    let (mut stop, mut over) = (pin!(stop), pin!(sleep(Duration::from_micros(length.micros()))));
    let mut tick = interval(TICK);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = &mut over => break,
            _ = tick.tick() => {
                let status = handle.status();
                let hopeless = app::hopeless(config.fail_fast.no_link, &status.borrow(), clock.now());
                if let Some(reason) = hopeless {
                    anyhow::bail!(reason);
                }
            }
            count = inbox.recv_many(&mut batch, BATCH) => {
                anyhow::ensure!(count > 0, "the session with the broker ended");
                keep(tape, &mut batch);
            }
        }
    }
    handle.stop();
    // The inbox ends with the session.
    let rest = async { while inbox.recv_many(&mut batch, BATCH).await > 0 {} };
    let _ = timeout(STOP_WITHIN, rest).await;
    keep(tape, &mut batch);
    let _ = timeout(STOP_WITHIN, &mut gone).await;
    let figures = handle.figures();
    if figures.links == 0 {
        let problem = handle.status().borrow().problem.clone().unwrap_or_default();
        anyhow::bail!(
            "nothing was heard: no link to the broker: {problem}; if it refuses to let this user hear \
             everything, say with --topic what may be heard"
        );
    }
    if figures.inbox_dropped > 0 {
        tracing::warn!("{} messages came too fast and were not looked at", figures.inbox_dropped);
    }
    Ok(())
}

fn keep(tape: &mut Tape, batch: &mut Vec<Arrival>) {
    for arrival in batch.drain(..) {
        if let Arrival::Message(heard) = arrival
            && let Some(message) = heard.as_message()
        {
            tape.hear(heard.at.max(Instant::default()), &message);
        }
    }
}

/// What was found, for people: comments, and lines that are a configuration.
fn report(tape: &Tape) -> String {
    let found = proposals(tape);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# {} messages were looked at.", tape.len());
    if tape.left_out() > 0 {
        let _ =
            writeln!(out, "# {} more found no room; listen for a shorter time.", tape.left_out());
    }
    if found.is_empty() {
        out.push_str(
            "# Nothing among them looks like calls with replies. Services may have been quiet: listen\n\
             # for longer with --for, and make a call meanwhile. Topics that begin with $ are heard\n\
             # only if they are known (docs/DIALECTS.md), and a broker delivers only what this user\n\
             # may read.\n",
        );
        return out;
    }
    for Proposal { title, lines, evidence, .. } in &found {
        let _ = writeln!(out, "\n# {title}");
        for sentence in evidence {
            let _ = writeln!(out, "#   {sentence}");
        }
        out.push_str(lines);
    }
    out
}
