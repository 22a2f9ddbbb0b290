//! A made-up world in virtual time around the real pipeline: hours in a second, faults of every
//! kind, and the truth about each service to hold lookout's words against.
//!
//! Each seed is a world of its own. `SEEDS=1000` runs that many instead of 200, `SEED=7` runs one
//! alone; a failure names its seed and the command that replays it. `check` and `figures` hold
//! what must be true whatever happens, `oracle` what follows from what the world knows, and
//! `planted` shows that each of these rules can fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/check.rs"]
mod check;
#[path = "simulation/doubts.rs"]
mod doubts;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/figures.rs"]
mod figures;
#[path = "simulation/messages.rs"]
mod messages;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/planted.rs"]
mod planted;
#[path = "simulation/rules.rs"]
mod rules;
#[path = "simulation/runs.rs"]
mod runs;
#[path = "simulation/settings.rs"]
mod settings;
#[path = "simulation/shell.rs"]
mod shell;
#[path = "simulation/subject.rs"]
mod subject;
#[path = "simulation/traces.rs"]
mod traces;
#[path = "simulation/world.rs"]
mod world;

// Without the daemon the library has no pipeline; it needs nothing of it, so a quick build can
// do without.
#[cfg(feature = "daemon")]
use lookout::pipeline;
#[cfg(not(feature = "daemon"))]
use lookout::{observer, wire};
#[cfg(not(feature = "daemon"))]
#[path = "../src/pipeline.rs"]
#[allow(dead_code)]
mod pipeline;
