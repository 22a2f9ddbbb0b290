//! What a comparison found, for people and as JSON.
//!
//! The text begins with the figures, and shows the first [`SHOWN`] alarms of each kind of
//! difference; the JSON has all. Names come from strangers: what a terminal would obey is escaped.
//! Equal comparisons give equal bytes.

use super::alarms::{Alarm, Key};
use super::matching::{Differences, Moved, apart};
use crate::observer::{Instant, Span};
use crate::wire::Time;
use crate::wire::comparison::{self, Comparison, Side};
use crate::wire::line::tame;
use std::fmt;

/// Alarms of a kind that are shown to people.
const SHOWN: usize = 100;

/// What a comparison found.
#[derive(Debug)]
pub(super) struct Report {
    /// The recording's first moment.
    pub(super) from: Instant,
    /// Its last.
    pub(super) to: Instant,
    /// Whether the file was read to its end.
    pub(super) whole: bool,
    /// The first configuration.
    pub(super) base: Side,
    /// The other.
    pub(super) other: Side,
    /// In what they differ.
    pub(super) differences: Differences,
}

impl Report {
    /// All of it, to be written as JSON.
    pub(super) fn into_shape(self) -> Comparison {
        let Self { from, to, whole, base, other, differences } = self;
        let Differences { added, spared, moved, same, until } = differences;
        let shapes = |alarms: Vec<Alarm>| alarms.into_iter().map(shape).collect();
        let moved = moved.into_iter();
        Comparison {
            from: Time(from),
            to: Time(to),
            whole,
            base,
            other,
            added: shapes(added),
            spared: shapes(spared),
            moved: moved
                .map(|it| comparison::Moved { base: shape(it.base), other: shape(it.other) })
                .collect(),
            same,
            compared_until: until.map(Time),
        }
    }
}

fn shape(alarm: Alarm) -> comparison::Alarm {
    let Alarm { key: Key { kind, subject, reason }, begin, end } = alarm;
    comparison::Alarm {
        kind,
        subject,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        begin: Time(begin),
        end: end.map(Time),
        seconds: end.map(|end| rounded(end.since(begin))),
    }
}

/// A span in seconds, rounded to milliseconds.
fn rounded(span: Span) -> f64 {
    (span.as_secs_f64() * 1e3).round() / 1e3
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, whole, base, other, differences } = self;
        let Differences { added, spared, moved, same, until } = differences;
        let cut = if *whole { "" } else { " (the file ends in the middle)" };
        writeln!(f, "{} to {}{cut}", Time(*from), Time(*to))?;
        for (side, Side { config, alarms }) in [("base", base), ("other", other)] {
            writeln!(f, "{side:5}  {}: {}", tame(config), counted(*alarms))?;
        }
        if let Some(until) = until {
            writeln!(
                f,
                "compared is what began before {}: there were too many alarms to keep them all",
                Time(*until)
            )?;
        }
        let (added_, spared_) = (added.len(), spared.len());
        writeln!(f, "{added_} added, {spared_} spared, {} moved, {same} the same", moved.len())?;
        section(f, "added: only under the other configuration", added, line)?;
        section(f, "spared: only under the base", spared, line)?;
        section(f, "moved: under both, at other times", moved, moved_line)
    }
}

fn counted(alarms: u64) -> String {
    if alarms == 1 { "1 alarm".to_owned() } else { format!("{alarms} alarms") }
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    alarms: &[T],
    line: fn(&T) -> String,
) -> fmt::Result {
    if alarms.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for alarm in alarms.iter().take(SHOWN) {
        writeln!(f, "  {}", line(alarm))?;
    }
    if alarms.len() > SHOWN {
        writeln!(f, "  and {} more, which --json has", alarms.len() - SHOWN)?;
    }
    Ok(())
}

/// `2026-01-15T10:30:00.000Z service_unavailable A: not_responding, for 33.02s`
fn line(alarm: &Alarm) -> String {
    let lasted = match alarm.end {
        Some(end) => format!(", for {}s", rounded(end.since(alarm.begin))),
        None => ", not over at the end".to_owned(),
    };
    name(alarm) + &lasted
}

fn name(alarm: &Alarm) -> String {
    let Alarm { key, begin, .. } = alarm;
    let mut line = format!("{} {} {}", Time(*begin), key.kind, key.subject);
    if !key.reason.is_empty() {
        line.push_str(": ");
        line.push_str(&key.reason);
    }
    tame(&line)
}

/// How an alarm is under the other configuration: when it begins, and how long it lasts.
fn moved_line(moved: &Moved) -> String {
    let Moved { base, other } = moved;
    let mut line = name(base);
    let by = apart(base.begin, other.begin);
    if by > Span::ZERO {
        let way = if other.begin > base.begin { "later" } else { "earlier" };
        line.push_str(&format!(", begins {}s {way}", rounded(by)));
    }
    let length = |alarm: &Alarm| alarm.end.map(|end| end.since(alarm.begin));
    match (length(base), length(other)) {
        (Some(was), Some(is)) if is != was => {
            let (by, way) = if is > was {
                (is.micros() - was.micros(), "longer")
            } else {
                (was.micros() - is.micros(), "shorter")
            };
            line.push_str(&format!(", lasts {}s {way}", rounded(Span::from_micros(by))));
        }
        (Some(_), None) => line.push_str(", is not over at the end"),
        (None, Some(is)) => line.push_str(&format!(", is over after {}s", rounded(is))),
        _ => {}
    }
    line
}
