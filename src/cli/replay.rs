//! `lookout replay`: the real pipeline under a traffic file's own clock.
//!
//! The file's time stamps are the clock: a gap between lines is quiet time, driven through
//! deadline by deadline and second by second. A pause is written at its end, but the process
//! stood still before; the file is therefore searched for pauses first, so that nothing is
//! judged in a moment at which, in truth, nobody was looking. At the end the clock runs on
//! until every open call is settled and every held reply decided. Equal file, configuration
//! and seed give equal bytes.

use crate::alert::Alerts;
use crate::clock::Clock;
use crate::config::{self, Config, Sources};
use crate::observer::digest::DigestKey;
use crate::observer::input::Doubt;
use crate::observer::survey::Survey;
use crate::observer::{Input, Instant, Span};
use crate::pipeline::Pipeline;
use crate::wire::Document;
use crate::wire::capture::{Line, MAX_LINE, What};
use crate::wire::summary::Summary;
use anyhow::Context;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Digests never leave the program; in a replay their key is fixed, so that even the order of
/// simultaneous events is the same each time.
const KEY: DigestKey = DigestKey::new(0x6c6f_6f6b_6f75_7421, 0x7265_706c_6179_2121);
const SECOND: Span = Span::from_secs(1);
/// Lines between two looks at the clock for the progress line.
const PROGRESS_EVERY: u64 = 16_384;

/// Arguments of `lookout replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The traffic file: NDJSON, plain or `.zst`.
    file: PathBuf,
    /// The configuration file; without it the defaults apply.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag)]
    set: Vec<(String, String)>,
    /// Where to write the figures over the whole file, as JSON.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let sources = Sources::of_process(args.config, args.set);
    let config = match config::load_for(&sources, Some("lookout-1")) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::refuse(&mistakes)),
    };
    match replay(config, &args.file, args.summary.as_deref()) {
        // That nobody reads on (`| head`) is no failure.
        Err(error) if super::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn replay(config: Config, file: &Path, summary_file: Option<&Path>) -> anyhow::Result<()> {
    let clock = Clock::start();
    let begun = clock.now();
    let stdout = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let shortest = config.settings.doubt.pause;
    let mut replay = Replay::new(config, stdout);
    replay.pauses = find_pauses(file, shortest)?;
    let mut progress = Progress::new(&clock);
    let whole = for_lines(file, |line| {
        replay.line(line)?;
        progress.line(&clock);
        Ok(())
    })?;
    let mut summary = replay.finish()?;
    progress.done();
    if !whole {
        eprintln!("lookout: {} ends in the middle; what is before that was read", file.display());
    }
    if let Some(path) = summary_file {
        summary.wall_s = clock.now().since(begun).as_secs_f64();
        let json = serde_json::to_string_pretty(&summary)?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("--summary {}", path.display()))?;
    }
    Ok(())
}

/// A pause: when it began, and the moment of the line that tells of it.
type Pause = (Instant, Instant);

struct Replay<W: Write> {
    config: Option<Config>,
    pipeline: Option<Pipeline>,
    seconds: Seconds,
    out: W,
    now: Instant,
    pauses: VecDeque<Pause>,
    messages: u64,
    bad_lines: u64,
}

impl<W: Write> Replay<W> {
    fn new(config: Config, out: W) -> Self {
        Self {
            config: Some(config),
            pipeline: None,
            seconds: Seconds::default(),
            out,
            now: Instant::default(),
            pauses: VecDeque::new(),
            messages: 0,
            bad_lines: 0,
        }
    }

    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let Some(line) = Line::read(line) else {
            self.bad_lines += 1;
            return Ok(());
        };
        let pipeline = match (&mut self.pipeline, self.config.take()) {
            (Some(pipeline), _) => pipeline,
            (none, Some(config)) => {
                self.now = line.at;
                let voice = config.voice();
                let Config { traffic, settings, alerts, .. } = config;
                let alerts = alerts.map(|policy| Alerts::new(policy, Box::new(|_| None)));
                self.seconds.wanted = alerts.is_some();
                self.seconds.next = line.at + SECOND;
                none.insert(
                    Pipeline::new(voice, traffic, settings, KEY, line.at).with_alerts(alerts),
                )
            }
            (None, None) => anyhow::bail!("the pipeline was not built"),
        };
        // A time stamp that goes back is taken as the latest.
        let now = self.now.max(line.at);
        while let Some((begin, _)) = self.pauses.front().filter(|(begin, _)| *begin <= now) {
            let begin = self.now.max(*begin);
            self.seconds.advance(pipeline, begin, &mut self.out)?;
            pipeline.tell(begin, Input::Doubt(Doubt::Pause, true));
            self.pauses.pop_front();
        }
        self.seconds.advance(pipeline, now, &mut self.out)?;
        self.now = now;
        match &line.what {
            What::Message(recorded) => {
                self.messages += 1;
                pipeline.hear(now, &recorded.message());
            }
            What::Link(link) => pipeline.tell(now, Input::Link(*link)),
            What::Paused(_) => pipeline.tell(now, Input::Doubt(Doubt::Pause, false)),
            What::Replicas(replicas) => {
                let service = pipeline.service(replicas.service());
                pipeline.tell(now, Input::Replicas(replicas.replicas(service)));
            }
            What::Subscribers(look) => {
                let service = pipeline.service(look.service());
                pipeline.tell(now, Input::Subscribers(look.subscribers(service, now)));
            }
            What::Component(component) => pipeline.tell(now, Input::Component(component.report())),
            What::Unknown => {}
        }
        drain(pipeline, &mut self.out)
    }

    fn finish(mut self) -> anyhow::Result<Summary> {
        let snapshot = match &mut self.pipeline {
            None => crate::observer::Snapshot::default(),
            Some(pipeline) => {
                while !pipeline.is_settled() {
                    self.now = pipeline.poll_timeout().max(self.now);
                    self.seconds.advance(pipeline, self.now, &mut self.out)?;
                    pipeline.advance(self.now);
                    drain(pipeline, &mut self.out)?;
                }
                pipeline.snapshot(self.now)
            }
        };
        self.out.flush()?;
        Ok(Summary::new(&snapshot, self.messages, self.bad_lines))
    }
}

/// The seconds at which alerts are looked for.
#[derive(Default)]
struct Seconds {
    wanted: bool,
    next: Instant,
    survey: Survey,
}

impl Seconds {
    /// Lets the clock run up to `now`, and prints what is said on the way.
    fn advance(
        &mut self,
        pipeline: &mut Pipeline,
        now: Instant,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        // Step by step, so that a quiet year does not pile its documents up in memory.
        loop {
            let next = pipeline.poll_timeout();
            if self.wanted && self.next < now && self.next <= next {
                pipeline.advance(self.next);
                pipeline.turn(self.next, &mut self.survey, None);
                self.next = self.next + SECOND;
            } else if next < now {
                pipeline.advance(next);
            } else {
                return Ok(());
            }
            drain(pipeline, out)?;
        }
    }
}

fn drain(pipeline: &mut Pipeline, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(Document { at, topic, retain, payload, .. }) = pipeline.poll_document() {
        if !topic.starts_with("system/") {
            // A direct answer: what it answers was answered or not when it was recorded.
            continue;
        }
        let topic = serde_json::to_string(&topic)?;
        let payload = payload.as_deref().unwrap_or("null");
        let ts = at.micros();
        writeln!(out, r#"{{"ts":{ts},"topic":{topic},"retain":{retain},"payload":{payload}}}"#)?;
    }
    Ok(())
}

/// All pauses of a file longer than `shortest`, in the order in which they began.
fn find_pauses(path: &Path, shortest: Span) -> anyhow::Result<VecDeque<Pause>> {
    let finder = memchr::memmem::Finder::new(b"\"paused_s\"");
    let mut pauses = Vec::new();
    for_lines(path, |line| {
        if finder.find(line).is_some()
            && let Some(Line { at, what: What::Paused(length) }) = Line::read(line)
            && length > shortest
        {
            pauses.push((at - length, at));
        }
        Ok(())
    })?;
    pauses.sort_unstable();
    Ok(pauses.into())
}

/// Hands each line of a file on, without its line break; false if a compressed file ends in the
/// middle, as it may when whoever wrote it was killed.
pub(super) fn for_lines(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut reader: Box<dyn BufRead> = if path.extension().is_some_and(|end| end == "zst") {
        Box::new(BufReader::with_capacity(1 << 18, zstd::Decoder::new(file)?))
    } else {
        Box::new(BufReader::with_capacity(1 << 18, file))
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, MAX_LINE as u64).read_until(b'\n', &mut line);
        let read = match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            read => read.with_context(|| path.display().to_string())?,
        };
        if read == 0 {
            return Ok(true);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read == MAX_LINE {
            skip_line(&mut reader)?;
            line.truncate(0);
        }
        take(&line)?;
    }
}

/// Skips the rest of a line that is too long.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// A progress line on stderr, if that is a terminal.
struct Progress {
    shown: bool,
    lines: u64,
    last: Instant,
}

impl Progress {
    fn new(clock: &Clock) -> Self {
        Self { shown: std::io::stderr().is_terminal(), lines: 0, last: clock.now() }
    }

    fn line(&mut self, clock: &Clock) {
        self.lines += 1;
        if !self.shown || !self.lines.is_multiple_of(PROGRESS_EVERY) {
            return;
        }
        let now = clock.now();
        if now.since(self.last) >= Span::from_secs(1) {
            self.last = now;
            eprint!("\r{} lines", self.lines);
        }
    }

    fn done(&self) {
        if self.shown {
            eprintln!("\r{} lines, done", self.lines);
        }
    }
}
