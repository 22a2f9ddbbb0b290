//! Tries lines of configuration on what was heard: with the very pipeline that would run.

use super::tape::Tape;
use crate::config;
use crate::observer::digest::DigestKey;
use crate::observer::{Instant, Span};
use crate::pipeline::Pipeline;
use crate::wire::traffic::Sorted;
use std::collections::BTreeSet;

/// Nothing here leaves the program.
const KEY: DigestKey = DigestKey::new(0x6469_7363, 0x6f76_6572);
/// Calls made so shortly before the end are not held against a proposal.
const END: Span = Span::from_secs(5);
/// Services that are named in the evidence.
const NAMED: usize = 5;

/// What lines of configuration made of the traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Calls that want an answer.
    pub calls: u64,
    /// Those that got one.
    pub answered: u64,
    /// Those answered with an error.
    pub errors: u64,
    /// One-way calls.
    pub oneway: u64,
    /// Calls still open that were made shortly before the end.
    pub late: u64,
    /// Longest median reply time of a service, in seconds.
    pub median: f64,
}

impl Figures {
    /// Whether this is no chance: at least so many answers, and most calls have one.
    pub(super) fn convinces(&self, least: u64) -> bool {
        let due = self.calls.saturating_sub(self.late);
        self.answered >= least && self.answered * 10 >= due * 6
    }

    /// It in a sentence.
    pub(super) fn sentence(&self) -> String {
        let Self { calls, answered, errors, oneway, median, .. } = self;
        let oneway =
            if *oneway > 0 { format!(", {oneway} more wanted no answer") } else { String::new() };
        format!(
            "Tried on what was heard: {answered} of {calls} calls were answered, {errors} of them with an \
             error{oneway}; median reply time {:.1} ms.",
            median * 1e3
        )
    }
}

/// What came of a trial.
pub(super) struct Trial {
    pub(super) figures: Figures,
    /// The messages that the pairs are about.
    pub(super) explained: BTreeSet<usize>,
    names: Vec<String>,
}

impl Trial {
    /// The services in a sentence.
    pub(super) fn services(&self) -> String {
        let more = self.names.len().saturating_sub(NAMED);
        // Strangers choose these names, and what ends a comment would be a line of its own.
        let tame = |name: &String| name.replace(|c: char| c.is_control(), " ");
        let named = self.names.iter().take(NAMED).map(|name| format!("`{}`", tame(name)));
        let named: Vec<_> = named.collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("Services: {}{more}.", named.join(", "))
    }
}

/// Tries lines on messages of the tape; `None` if they are no configuration.
pub(super) fn run(tape: &Tape, messages: &[usize], lines: &str) -> Option<Trial> {
    let config = config::from_text(lines).ok()?;
    let narrow = config
        .traffic
        .pairs()
        .iter()
        .all(|pair| pair.dialect.as_ref().is_none_or(|dialect| !dialect.only_addressed));
    let first = tape.get(*messages.first()?)?.at;
    let traffic = config.traffic.clone();
    let mut pipeline = Pipeline::new(config.voice(), config.traffic, config.settings, KEY, first);
    let (mut explained, mut now) = (BTreeSet::new(), first);
    for at in messages {
        let Some(heard) = tape.get(*at) else { continue };
        now = now.max(heard.at);
        pipeline.hear(now, &heard.message());
        while pipeline.poll_document().is_some() {}
        let about = matches!(traffic.sort(heard.topic()), Sorted::Pairs(_));
        if about && (narrow || heard.response_topic().is_some()) {
            explained.insert(*at);
        }
    }
    Some(figures(&mut pipeline, now, explained))
}

fn figures(pipeline: &mut Pipeline, now: Instant, explained: BTreeSet<usize>) -> Trial {
    let snapshot = pipeline.snapshot(now);
    let mut figures = Figures::default();
    let mut names = Vec::new();
    for service in &snapshot.services {
        let totals = service.figures.totals;
        figures.calls += totals.calls;
        figures.answered += totals.ok + totals.rejected + totals.failed;
        figures.errors += totals.rejected + totals.failed;
        figures.oneway += totals.oneway;
        let settled = totals.ok + totals.rejected + totals.failed + totals.unanswered + totals.void;
        if service.oldest_open.is_some_and(|made| now.since(made) < END) {
            figures.late += totals.calls.saturating_sub(settled);
        }
        let median = service.figures.lifetime.p50.map_or(0.0, Span::as_secs_f64);
        figures.median = figures.median.max(median);
        if totals.calls > 0 {
            names.push(service.name.to_string());
        }
    }
    Trial { figures, explained, names }
}
