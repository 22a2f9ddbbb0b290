//! Half-open circuits (manual, 4): what a trial is, and how long the next one is waited for.

use super::circuits::PATIENT;
use super::tape::{Tape, UM};
use super::{STEADY, Scenario, with};

const INTERNAL: i64 = -32_603;

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("trial_fails_then_succeeds", STEADY, fails_then_succeeds),
    with("trial_doubles_to_five_minutes", PATIENT, doubles),
    with("trial_fourth_call_fails", STEADY, fourth_fails),
];

/// One call every 2 s: ten are good, then forty fail, then all are good.
fn fails_then_succeeds(tape: &mut Tape) {
    tape.healthy(UM, 0..20_000, 2_000);
    tape.failing(UM, 20_000..100_000, 2_000, INTERNAL);
    tape.healthy(UM, 100_000..150_000, 2_000);
}

/// One call every 10 s, none is answered for 20 min.
fn doubles(tape: &mut Tape) {
    tape.healthy(UM, 0..100_000, 10_000);
    tape.dead(UM, 100_000..1_300_000, 10_000);
    tape.healthy(UM, 1_300_000..1_400_000, 10_000);
}

/// Ten failures, and a trial of failed, ok, ok, failed, ok.
fn fourth_fails(tape: &mut Tape) {
    tape.failing(UM, 0..10_000, 1_000, INTERNAL);
    tape.refused(40_000, UM, INTERNAL);
    tape.healthy(UM, 41_000..43_000, 1_000);
    tape.refused(43_000, UM, INTERNAL);
    tape.healthy(UM, 44_000..45_000, 1_000);
}
