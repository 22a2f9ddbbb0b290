//! `lookout advise`: what the last day says about how services are set up, called and cared for.
//!
//! It asks the lookout that runs here, whose address it finds as `lookout health` does, or computes
//! the same from a recording (`--replay`), whose last day is looked at. Both give the JSON of
//! `/api/v1/advice`, and people are shown what that says. No advice is no failure.

mod show;

use super::health::door;
use super::replay::engine::{Audience, Engine};
use super::replay::file::{find_pauses, for_lines};
use super::replay::{read_config, say_cut};
use crate::advice::Advisor;
use crate::config::{self, Config, Sources};
use crate::http;
use crate::observer::{Instant, Span};
use crate::pipeline::Pipeline;
use crate::probe;
use crate::wire::Document;
use crate::wire::capture::Line;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where advice is.
const PATH: &str = "/api/v1/advice";

/// Largest answer, in bytes: two hundred findings with the longest names there can be fit in.
const LARGEST: usize = 1 << 20;

/// Arguments of `lookout advise`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the lookout listens that is asked, such as http://127.0.0.1:9464; without it the one of
    /// `http.listen`.
    #[arg(long, value_name = "URL", conflicts_with = "replay")]
    url: Option<String>,
    /// Compute it from a traffic file (NDJSON, plain or `.zst`) in place of asking.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// The configuration file; without it the defaults and `LOOKOUT_…` variables apply.
    #[arg(long, short, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// Set a single setting, over file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = config::parse_flag, conflicts_with = "url")]
    set: Vec<(String, String)>,
    /// Print JSON, in the shape of `/api/v1/advice`.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn main(args: Args) -> anyhow::Result<ExitCode> {
    let Args { url, replay, config, set, json } = args;
    let told = match (replay, url) {
        (Some(file), _) => match read_config(config, set) {
            Ok(config) => from_recording(config, &file)?,
            Err(mistakes) => return Ok(super::refuse(&mistakes)),
        },
        (None, Some(url)) => ask(&(url.trim_end_matches('/').to_owned() + PATH))?,
        (None, None) => {
            let config = match config::load(&Sources::of_process(config, set)) {
                Ok(config) => config,
                Err(mistakes) => return Ok(super::refuse(&mistakes)),
            };
            let Some(http) = config.http else {
                bail!("`http.listen` is \"off\": there is nothing to ask; see --replay");
            };
            ask(&format!("http://{}{PATH}", door(http.listen)))?
        }
    };
    if json {
        return super::print(&(told + "\n"));
    }
    super::print(&show::show(&told)?)
}

/// Asks a lookout that runs.
fn ask(url: &str) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(probe::page_up_to(url, LARGEST))?;
    if !answer.good {
        bail!("{url}: {}\n{}", answer.status, answer.body.trim_end());
    }
    // Whoever answers there need not be lookout.
    serde_json::from_str::<serde_json::Map<_, _>>(&answer.body)
        .with_context(|| format!("{url} does not answer with a JSON object"))?;
    Ok(answer.body)
}

/// Computes advice from a recording.
fn from_recording(config: Config, file: &Path) -> anyhow::Result<String> {
    let pauses = find_pauses(file, config.settings.doubt.pause)?;
    let mut engine = Engine::new(config, pauses);
    let mut reader = Reader::default();
    let whole = for_lines(file, |line| engine.line(Line::read(line).as_ref(), &mut reader))?;
    engine.finish(&mut reader)?;
    if !whole {
        say_cut(file);
    }
    Ok(http::advice(reader.advisor.advice())?)
}

/// Shows an advisor what a replay comes to, once a minute.
#[derive(Default)]
struct Reader {
    advisor: Advisor,
    /// When it next wants to look.
    next: Instant,
}

impl Audience for Reader {
    fn hear(&mut self, _: Document) -> anyhow::Result<()> {
        Ok(())
    }

    fn pass(&mut self, now: Instant, pipeline: &mut Pipeline) {
        if now < self.next {
            return;
        }
        self.advisor.look(&pipeline.snapshot(now));
        let minute = Span::from_secs(60).micros();
        self.next = Instant::from_micros((now.micros() / minute).saturating_add(1) * minute);
    }
}
