//! Slow answers (manual, 3), and how long a reply is waited for (manual, 1).

use super::tape::{QUICK, Tape, UM};
use super::{Scenario, plain, with};

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("slow_mean", mean),
    plain("slow_median", median),
    plain("patience_of_a_new_service", new_service),
    plain("patience_learned", learned),
    with("patience_set", "[service.UserManagement]\npatience = \"700ms\"\n", set),
];

/// Replies take 6 s until calls of 59.0, then 20 ms.
fn mean(tape: &mut Tape) {
    tape.every(0..60_000, 1_000, |tape, at| tape.answered(at, UM, 6_000));
    tape.healthy(UM, 60_000..90_000, 1_000);
}

/// 120 replies of 20 ms, then 80 of 1.5 s, then quick ones again.
fn median(tape: &mut Tape) {
    tape.healthy(UM, 0..60_000, 500);
    tape.every(60_000..100_000, 500, |tape, at| tape.answered(at, UM, 1_500));
    tape.healthy(UM, 100_000..130_000, 500);
}

/// No reply is known yet: one comes after exactly 30 s, one a millisecond later.
fn new_service(tape: &mut Tape) {
    tape.answered(0, UM, 30_000);
    tape.answered(100, UM, 30_001);
}

/// 20 quick replies are known: one comes after exactly 2 s, one a millisecond later.
fn learned(tape: &mut Tape) {
    tape.healthy(UM, 0..10_000, 500);
    // At 9.510 only 19 replies are known.
    tape.answered(9_510, UM, 20_000);
    tape.answered(10_000, UM, 2_000);
    tape.answered(10_100, UM, 2_001);
}

/// What is set for a service is no matter of experience.
fn set(tape: &mut Tape) {
    tape.answered(0, UM, 700);
    tape.answered(1_000, UM, 701);
    tape.healthy(UM, 2_000..3_000, QUICK);
}
