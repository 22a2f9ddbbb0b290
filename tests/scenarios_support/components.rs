//! Reports on components (manual, 6), as far as they reach the observer.

use super::tape::Tape;
use super::{Scenario, plain};

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("component_three_in_a_row", three_in_a_row),
    plain("component_definite_and_critical", definite),
    plain("component_milder_and_worse_again", milder),
];

/// Two failures are noise; three in a row are a finding, two good checks its end.
fn three_in_a_row(tape: &mut Tape) {
    let mut report = |at: u64, healthy| tape.component(at * 1_000, "db", healthy, false, "error");
    for (at, healthy) in [(0, false), (30, false), (60, true), (90, false), (120, false)] {
        report(at, healthy);
    }
    for at in (150..480).step_by(30) {
        report(at, false);
    }
    report(480, true);
    report(510, false);
    report(540, true);
    report(570, true);
}

/// One definite answer each way.
fn definite(tape: &mut Tape) {
    tape.component(0, "db", true, false, "critical");
    tape.component(10_000, "db", false, true, "critical");
    tape.component(400_000, "db", true, true, "critical");
    tape.component(410_000, "cache", false, true, "warning");
    tape.component(420_000, "cache", true, true, "warning");
}

/// Worse, milder, as bad as before, and worse than ever; then well, and a new finding.
fn milder(tape: &mut Tape) {
    for (at, severity) in [(0, "warning"), (10, "error"), (20, "warning"), (30, "error")] {
        tape.component(at * 1_000, "db", false, true, severity);
    }
    tape.component(40_000, "db", false, true, "critical");
    tape.component(50_000, "db", true, true, "critical");
    tape.component(60_000, "db", false, true, "warning");
}
