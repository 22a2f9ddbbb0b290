//! `lookout replay`: what lookout would have said of recorded traffic, and what it would have said
//! under another configuration.
//!
//! The file is read by `file`, judged by the pipeline that `engine` drives under the file's own
//! clock, and printed document by document; or `compare` runs two pipelines side by side and says
//! in which alarms they differ. Equal file, configuration and seed give equal bytes.

mod alarms;
mod compare;
pub(super) mod engine;
pub(super) mod file;
mod matching;
mod progress;
mod report;

use crate::clock::Clock;
use crate::config::{self, Config, Mistake, Sources};
use crate::wire::Document;
use crate::wire::capture::Line;
use crate::wire::document;
use anyhow::Context;
use engine::{Audience, Engine};
use file::for_lines;
use progress::Progress;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    summary: Option<PathBuf>,
    /// Another configuration file: say which alarms it would have added, spared or moved, in place of
    /// what is said under the first.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Where to write the comparison as JSON; `-` is stdout, in place of the report for people.
    #[arg(long, value_name = "FILE", requires = "compare")]
    json: Option<PathBuf>,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { file, config, set, summary, compare, json } = args;
    let name = config.as_deref().map_or_else(|| "defaults".to_owned(), shown);
    let base = read_config(config, set.clone());
    let done = match compare {
        Some(compared) => match (base, read_config(Some(compared.clone()), set)) {
            (Ok(base), Ok(other)) => {
                let other = (shown(&compared), other);
                compare::compare(&file, (name, base), other, json.as_deref())
            }
            (base, other) => return Ok(refuse_both(base.err(), other.err())),
        },
        None => match base {
            Ok(config) => replay(config, &file, summary.as_deref()),
            Err(mistakes) => return Ok(super::refuse(&mistakes)),
        },
    };
    match done {
        // That nobody reads on (`| head`) is no failure.
        Err(error) if super::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Prints the mistakes of two configurations; what both took from the environment or the command
/// line is wrong once.
fn refuse_both(base: Option<Vec<Mistake>>, other: Option<Vec<Mistake>>) -> ExitCode {
    let mut mistakes: Vec<Mistake> = Vec::new();
    for mistake in [base, other].into_iter().flatten().flatten() {
        if !mistakes.contains(&mistake) {
            mistakes.push(mistake);
        }
    }
    super::refuse(&mistakes)
}

/// Reads a configuration for a replay, which is the same on every host.
pub(super) fn read_config(
    file: Option<PathBuf>,
    set: Vec<(String, String)>,
) -> Result<Config, Vec<Mistake>> {
    config::load_for(&Sources::of_process(file, set), Some("lookout-1"))
}

fn replay(config: Config, file: &Path, summary_file: Option<&Path>) -> anyhow::Result<()> {
    let clock = Clock::start();
    let begun = clock.now();
    let mut stdout = Printer(BufWriter::with_capacity(1 << 16, std::io::stdout().lock()));
    let pauses = file::find_pauses(file, config.settings.doubt.pause)?;
    let mut engine = Engine::new(config, pauses);
    let mut progress = Progress::new(clock);
    let whole = for_lines(file, |line| {
        engine.line(Line::read(line).as_ref(), &mut stdout)?;
        progress.line();
        Ok(())
    })?;
    let mut summary = engine.finish(&mut stdout)?;
    stdout.0.flush()?;
    progress.done();
    if !whole {
        say_cut(file);
    }
    if let Some(path) = summary_file {
        summary.wall_s = clock.now().since(begun).as_secs_f64();
        let json = serde_json::to_string_pretty(&summary)?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("--summary {}", path.display()))?;
    }
    Ok(())
}

/// Says that a file ends in the middle.
pub(super) fn say_cut(file: &Path) {
    eprintln!("lookout: {} ends in the middle; what is before that was read", file.display());
}

/// Prints each document on a line.
struct Printer<W: Write>(W);

impl<W: Write> Audience for Printer<W> {
    fn hear(&mut self, document: Document) -> anyhow::Result<()> {
        let Document { at, topic, retain, payload, .. } = document;
        Ok(writeln!(self.0, "{}", document::line(at, &topic, retain, payload.as_deref()))?)
    }
}
