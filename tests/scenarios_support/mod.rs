//! The scenarios of `tests/scenarios/`: who writes their traffic, and how a replay is read.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod tape;
pub(crate) mod transcript;

mod alerts;
mod circuits;
mod components;
mod dialects;
mod doubt;
mod failures;
mod files;
mod forms;
mod malformed;
mod matching;
mod mqtt5;
mod outages;
mod profiles;
mod replicas;
mod replies;
mod slowness;
mod templates;
mod trials;

use tape::Tape;

/// A scenario: its name, its configuration (may be empty) and who writes its traffic.
pub(crate) struct Scenario {
    /// The name of its files.
    pub(crate) name: &'static str,
    /// `NAME.toml`; there is no such file if it is empty.
    pub(crate) config: &'static str,
    /// Writes `NAME.ndjson`.
    pub(crate) write: fn(&mut Tape),
}

/// A scenario under the default configuration.
const fn plain(name: &'static str, write: fn(&mut Tape)) -> Scenario {
    Scenario { name, config: "", write }
}

/// A scenario with a configuration of its own.
const fn with(name: &'static str, config: &'static str, write: fn(&mut Tape)) -> Scenario {
    Scenario { name, config, write }
}

/// Circuits that open for exactly 30 s, so that a transcript can say when they are tried.
const STEADY: &str = "[circuit]\njitter = 0.0\n";

/// Every scenario there is.
pub(crate) fn all() -> Vec<&'static Scenario> {
    let chapters: [&[Scenario]; 18] = [
        alerts::SCENARIOS,
        forms::SCENARIOS,
        mqtt5::SCENARIOS,
        templates::SCENARIOS,
        matching::SCENARIOS,
        replies::SCENARIOS,
        malformed::SCENARIOS,
        outages::SCENARIOS,
        failures::SCENARIOS,
        slowness::SCENARIOS,
        replicas::SCENARIOS,
        doubt::SCENARIOS,
        circuits::SCENARIOS,
        trials::SCENARIOS,
        components::SCENARIOS,
        files::SCENARIOS,
        profiles::SCENARIOS,
        dialects::SCENARIOS,
    ];
    chapters.into_iter().flatten().collect()
}
