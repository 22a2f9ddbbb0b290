//! `lookout record`: the traffic of a broker in a file for `lookout replay`.
//!
//! It listens as `lookout run` does, and says nothing: no presence, no will, a client identifier
//! of its own, so that it can run beside an observer of the same configuration. Time stamps are
//! those at which messages arrived. A message waits in the inbox while the disk is slow; what the
//! inbox had to drop is counted and said, for a recording with gaps must not pass for whole.
//!
//! The file says when the recorder could hear: it begins with `link: up` and ends with
//! `link: down`, so that a replay blames nobody for replies that came after its end. A pause of
//! the process is told by the one wait that it makes: that wait is never longer than a second.

mod output;
mod progress;
mod size;

use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Sources};
use crate::logs;
use crate::mqtt::{self, Arrival, Handle, Inbox, Plan};
use crate::observer::input::Link;
use crate::observer::{Instant, Span};
use crate::wire::{Message, Redactor, recording};
use anyhow::Context;
use output::Output;
use progress::{Progress, Tally};
use std::collections::VecDeque;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Messages taken between two looks at everything else.
const BATCH: usize = 256;
/// How often lines are written at least: a recorder that is killed loses no more than that.
const TICK: Duration = Duration::from_secs(1);
/// How long the session may take to end; it gives itself less.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Arguments of `lookout record`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
    /// How long to record, such as 90s, 10m or 1h; without it until SIGINT or SIGTERM.
    #[arg(long = "for", value_name = "DURATION", value_parser = config::parse_duration)]
    length: Option<Span>,
    /// The file to write, compressed if its name ends with `.zst`; `-` is stdout, uncompressed.
    /// An existing file is never overwritten [default: `lookout-CLUSTER-TIME.ndjson.zst`]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Begin a new file at this size, such as 100MiB; `traffic.ndjson` then becomes
    /// `traffic.1.ndjson`, `traffic.2.ndjson` and so on, each readable by itself.
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    rotate: Option<u64>,
    /// Leave out what messages say, and keep what a replay under the same configuration needs:
    /// topics, ids, names of services and methods, sessions, error codes.
    #[arg(long)]
    redact: bool,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { config, set, length, output, rotate, redact } = args;
    let config = match config::load(&Sources::of_process(config, set)) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    let stdout = output.as_deref() == Some(Path::new("-"));
    if stdout && rotate.is_some() {
        eprintln!("lookout: --rotate needs files, and `-o -` is stdout");
        return Ok(ExitCode::from(super::BAD_USAGE));
    }
    if let Some(pair) = config.traffic.unredactable().filter(|_| redact) {
        eprintln!(
            "lookout: --redact takes the content out of JSON only, and `encoding` of the pair {pair:?} is another"
        );
        return Ok(ExitCode::from(super::BAD_USAGE));
    }
    logs::start(&config.log)?;
    let stop = super::signals::watch()?;
    let clock = Clock::start();
    let output = if stdout {
        Output::stdout()
    } else {
        let name = output.unwrap_or_else(|| default_name(&config.cluster, clock.now()));
        Output::file(&name, rotate)?
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let redactor = redact.then(|| Redactor::new(config.traffic.clone()));
    let recorder = Recorder {
        clock,
        output,
        redactor,
        last: Instant::default(),
        looked: clock.now(),
        gaps: VecDeque::new(),
        tally: Tally::default(),
    };
    let ended = runtime.block_on(record(&config, recorder, stop, length));
    // Nothing is left to wait for, least of all a name that is still being looked up.
    runtime.shutdown_background();
    match ended {
        // That nobody reads on (`| head`) is no failure.
        Err(error) if stdout && super::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        ended => ended.map(|()| ExitCode::SUCCESS),
    }
}

/// The name of a recording that was given none. A cluster's name is one level of a topic, so it
/// leads into no other directory.
fn default_name(cluster: &str, now: Instant) -> PathBuf {
    let micros = i64::try_from(now.micros()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    format!("lookout-{cluster}-{}.ndjson.zst", time.strftime("%Y%m%dT%H%M%SZ")).into()
}

/// Records until asked to stop, and says what came of it.
async fn record(
    config: &Config,
    mut recorder: Recorder,
    stop: oneshot::Receiver<()>,
    length: Option<Span>,
) -> anyhow::Result<()> {
    let (session, inbox, handle) = mqtt::open(Plan::listener(config, "record"), recorder.clock);
    tracing::info!("recording from {}", app::urls(&config.broker));
    let gone = app::start(session)?;
    let (pause, no_link) = (config.settings.doubt.pause, config.fail_fast.no_link);
    let mut ears = Ears { inbox, handle, gone, pause, no_link };
    let ended = listen(&mut ears, &mut recorder, stop, length).await;
    let finished = recorder.output.finish();
    let figures = ears.handle.figures();
    recorder.tally.dropped = figures.inbox_dropped;
    if let Ok(place) = &finished
        && figures.links > 0
    {
        progress::done(&recorder.tally, recorder.output.written(), place);
    }
    // The first failure is the reason for the others.
    ended?;
    finished?;
    if figures.links == 0 {
        let problem = ears.handle.status().borrow().problem.clone();
        anyhow::bail!(
            "nothing was recorded: no link to the broker: {}",
            problem.unwrap_or_default()
        );
    }
    Ok(())
}

/// The session with the broker, from the side of who listens.
struct Ears {
    inbox: Inbox,
    handle: Handle,
    /// Tells of the session's end.
    gone: oneshot::Receiver<()>,
    /// A wait that was longer is a pause of the process; the setting is longer than a tick.
    pause: Span,
    /// Without a link for longer than this it makes no sense to go on.
    no_link: Span,
}

/// Hears and records until asked to stop, for so long, or until that makes no sense any more.
async fn listen(
    ears: &mut Ears,
    recorder: &mut Recorder,
    stop: oneshot::Receiver<()>,
    length: Option<Span>,
) -> anyhow::Result<()> {
    let clock = recorder.clock;
    let mut progress = Progress::new();
    let mut stop = pin!(stop);
    let mut over = pin!(after(length));
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let before = clock.now();
        let mut taken = None;
        let mut ticked = false;
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = &mut over => break,
            _ = tick.tick() => ticked = true,
            count = ears.inbox.recv_many(&mut batch, BATCH) => taken = Some(count),
        }
        let now = clock.now();
        if now.since(before) > ears.pause {
            tracing::warn!("stood still for {}", now.since(before));
            recorder.paused(now, now.since(before))?;
        }
        anyhow::ensure!(taken != Some(0), "the session with the broker ended");
        recorder.hear(batch.drain(..))?;
        if ticked {
            recorder.output.write()?;
            recorder.look(now, ears.handle.figures().inbox_dropped);
            progress.show(now, &recorder.tally, recorder.output.written());
            let status = ears.handle.status();
            if let Some(reason) = app::hopeless(ears.no_link, &status.borrow(), now) {
                anyhow::bail!(reason);
            }
        }
    }
    drop(progress);
    leave(ears, recorder).await
}

/// Ends the session and records what had arrived by then.
async fn leave(ears: &mut Ears, recorder: &mut Recorder) -> anyhow::Result<()> {
    ears.handle.stop();
    let mut batch = Vec::with_capacity(BATCH);
    let rest = async {
        // The inbox ends with the session.
        while ears.inbox.recv_many(&mut batch, BATCH).await > 0 {
            recorder.hear(batch.drain(..))?;
        }
        // An error means the same.
        let _ = (&mut ears.gone).await;
        recorder.look(recorder.clock.now(), ears.handle.figures().inbox_dropped);
        recorder.fill_gaps(Instant::from_micros(u64::MAX))
    };
    let Ok(rest) = timeout(STOP_WITHIN, rest).await else {
        tracing::warn!("the session with the broker did not end in time");
        return Ok(());
    };
    rest
}

async fn after(length: Option<Span>) {
    match length {
        Some(span) => sleep(Duration::from_micros(span.micros())).await,
        None => pending().await,
    }
}

/// Turns arrivals into lines.
struct Recorder {
    clock: Clock,
    output: Output,
    redactor: Option<Redactor>,
    /// The time of the last line; no line is earlier.
    last: Instant,
    /// When it was last asked whether messages were lost.
    looked: Instant,
    /// Where messages were lost: to be written before what was heard later.
    gaps: VecDeque<(Instant, Link)>,
    tally: Tally,
}

impl Recorder {
    fn hear(&mut self, arrivals: impl Iterator<Item = Arrival>) -> anyhow::Result<()> {
        for arrival in arrivals {
            self.fill_gaps(arrival.at())?;
            self.last = self.last.max(arrival.at());
            let at = self.last;
            let taken = match arrival {
                Arrival::Link(_, link) => self.link(at, link)?,
                // It has none.
                Arrival::Canary(..) => true,
                Arrival::Message(heard) => match heard.as_message() {
                    Some(message) => self.message(at, &message)?,
                    // A line is text, and no template could match it.
                    None => false,
                },
            };
            self.tally.left_out += u64::from(!taken);
        }
        Ok(())
    }

    fn message(&mut self, at: Instant, message: &Message<'_>) -> anyhow::Result<bool> {
        let redactor = self.redactor.as_ref();
        let redacted = redactor.map(|it| (it.payload(message), it.user(message)));
        let mut message = *message;
        if let Some((payload, user)) = &redacted {
            (message.payload, message.properties.user) = (payload, user);
        }
        let taken = self.output.take(|line| recording::message(at, &message, line))?;
        self.tally.messages += u64::from(taken);
        Ok(taken)
    }

    /// Writes what stands for messages that were lost before `until`.
    fn fill_gaps(&mut self, until: Instant) -> anyhow::Result<()> {
        while let Some((at, link)) = self.gaps.pop_front_if(|(at, _)| *at <= until) {
            self.last = self.last.max(at);
            self.link(self.last, link)?;
        }
        Ok(())
    }

    /// So many messages were lost by now. Those that were since the last look are newer than what
    /// still waits. A lost link stands for them, as whoever replays the file must not blame a
    /// service for a reply that is not in it.
    fn look(&mut self, now: Instant, dropped: u64) {
        if dropped > self.tally.dropped {
            self.gaps.extend([(self.looked, Link::Down), (now, Link::Up)]);
        }
        (self.looked, self.tally.dropped) = (now, dropped);
    }

    fn link(&mut self, at: Instant, link: Link) -> anyhow::Result<bool> {
        self.output.take(|line| recording::link(at, link, line))
    }

    fn paused(&mut self, now: Instant, span: Span) -> anyhow::Result<()> {
        self.last = self.last.max(now);
        let at = self.last;
        self.output.take(|line| recording::paused(at, span, line)).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_named_after_its_cluster_and_its_time() {
        let name = default_name("east", Instant::from_micros(1_732_270_200_123_456));
        assert_eq!(name, Path::new("lookout-east-20241122T101000Z.ndjson.zst"));
    }
}
