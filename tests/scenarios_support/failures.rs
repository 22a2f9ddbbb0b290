//! Failure rates (manual, 3): steady, sudden, on a quiet service; and whose fault they are.

use super::tape::{Tape, UM};
use super::{STEADY, Scenario, plain, with};

const INTERNAL: i64 = -32_603;

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("failures_steady", steady),
    with("failures_burst", STEADY, burst),
    plain("failures_of_a_quiet_service", quiet),
    plain("failures_of_the_callers", callers),
    plain("failures_repeated_every_5_min", repeated),
    plain("failures_flapping", flapping),
];

/// Every fifth of 60 calls fails; then all is well.
fn steady(tape: &mut Tape) {
    tape.every(0..30_000, 2_500, |tape, at| {
        tape.healthy(UM, at..at + 2_000, 500);
        tape.refused(at + 2_000, UM, INTERNAL);
    });
    tape.healthy(UM, 30_000..60_000, 500);
}

/// After 120 good calls ten fail, one a second.
fn burst(tape: &mut Tape) {
    tape.healthy(UM, 0..120_000, 1_000);
    tape.failing(UM, 120_000..130_000, 1_000, INTERNAL);
    tape.healthy(UM, 130_000..165_000, 1_000);
}

/// A call a minute, every fourth of the first twenty fails.
fn quiet(tape: &mut Tape) {
    tape.every(0..1_200_000, 240_000, |tape, at| {
        tape.healthy(UM, at..at + 180_000, 60_000);
        tape.refused(at + 180_000, UM, INTERNAL);
    });
    tape.healthy(UM, 1_200_000..1_500_000, 60_000);
}

/// A flood of errors that are the callers' own doing.
fn callers(tape: &mut Tape) {
    tape.healthy(UM, 0..10_000, 500);
    for (start, code) in [(10_000, -32_602), (20_000, -32_001), (30_000, -32_006), (40_000, 404)] {
        tape.failing(UM, start..start + 10_000, 250, code);
    }
}

/// Every fifth call fails, for 11 min, one call every 2 s.
fn repeated(tape: &mut Tape) {
    tape.every(0..660_000, 10_000, |tape, at| {
        tape.healthy(UM, at..at + 8_000, 2_000);
        tape.refused(at + 8_000, UM, INTERNAL);
    });
}

/// Replicas go and come back five times; each time the verdict changes twice.
fn flapping(tape: &mut Tape) {
    tape.healthy(UM, 0..800_000, 4_000);
    for at in [20_000, 40_000, 60_000, 80_000, 100_000] {
        tape.replicas(at, UM, [3, 1, 3], None);
        tape.replicas(at + 1_000, UM, [3, 3, 3], None);
    }
}
