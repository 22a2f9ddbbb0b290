//! `lookout replay --compare`: the same traffic under two configurations, in one pass.
//!
//! Both pipelines are given each line in turn, so that neither the file nor what is said of it is
//! ever in memory as a whole; only their alarms are kept, and compared at the end. How long lookout
//! may stand still before it doubts itself is a setting too, so each has its own list of pauses.

use super::alarms::Alarms;
use super::engine::{Audience, Engine};
use super::file::{find_pauses, for_lines};
use super::matching;
use super::progress::Progress;
use super::report::Report;
use crate::clock::Clock;
use crate::config::Config;
use crate::wire::Document;
use crate::wire::capture::Line;
use crate::wire::comparison::Side;
use anyhow::Context;
use std::io::Write;
use std::path::Path;

/// A configuration, and what it is called in the report.
pub(super) type Named = (String, Config);

impl Audience for Alarms {
    fn hear(&mut self, document: Document) -> anyhow::Result<()> {
        Alarms::hear(self, &document);
        Ok(())
    }
}

/// Runs a file under both configurations and says in which alarms they differ.
pub(super) fn compare(
    file: &Path,
    base: Named,
    other: Named,
    json: Option<&Path>,
) -> anyhow::Result<()> {
    let mut progress = Progress::new(Clock::start());
    let mut sides = [side(file, base)?, side(file, other)?];
    let mut first = None;
    let whole = for_lines(file, |line| {
        let line = Line::read(line);
        first = first.or(line.as_ref().map(|line| line.at));
        for (_, engine, alarms) in &mut sides {
            engine.line(line.as_ref(), alarms)?;
        }
        progress.line();
        Ok(())
    })?;
    progress.done();
    if !whole {
        super::say_cut(file);
    }
    let last = sides.iter().map(|(_, engine, _)| engine.now()).max().unwrap_or_default();
    let [base, other] = sides.map(|(name, engine, mut alarms)| {
        let finished = engine.finish(&mut alarms);
        finished.map(|_| (name, alarms))
    });
    let ((base_name, base), (other_name, other)) = (base?, other?);
    let report = Report {
        from: first.unwrap_or(last),
        to: last,
        whole,
        base: Side { config: base_name, alarms: base.count() },
        other: Side { config: other_name, alarms: other.count() },
        differences: matching::compare(&base, &other),
    };
    publish(report, json)
}

fn side(file: &Path, (name, config): Named) -> anyhow::Result<(String, Engine, Alarms)> {
    let pauses = find_pauses(file, config.settings.doubt.pause)?;
    let alarms = Alarms::new(&config.cluster);
    Ok((name, Engine::new(config, pauses), alarms))
}

/// Prints the report, for people unless stdout is where its JSON goes.
fn publish(report: Report, json: Option<&Path>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let text = report.to_string();
    let Some(path) = json else { return Ok(stdout.write_all(text.as_bytes())?) };
    let json = serde_json::to_string_pretty(&report.into_shape())? + "\n";
    if path == Path::new("-") {
        return Ok(stdout.write_all(json.as_bytes())?);
    }
    std::fs::write(path, json).with_context(|| format!("--json {}", path.display()))?;
    Ok(stdout.write_all(text.as_bytes())?)
}
