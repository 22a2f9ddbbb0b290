//! What the platform says of a service's replicas (manual, 3, the rows that name them), and the
//! broker of who listens to its topic.

use super::tape::{QUICK, Tape, UM};
use super::{STEADY, Scenario, plain, with};

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("replicas_gone", STEADY, gone),
    plain("replicas_fewer_than_half", half),
    plain("replicas_none_wanted_and_silent", none_wanted_and_silent),
    plain("replicas_none_wanted_and_answering", none_wanted_and_answering),
    plain("replicas_not_ready_and_failing", not_ready_and_failing),
    plain("subscribers_none", no_subscriber),
];

/// A silence from 30 to 60, in which the platform tells one thing after another.
fn gone(tape: &mut Tape) {
    tape.replicas(10_000, UM, [3, 3, 3], None);
    tape.healthy(UM, 0..30_000, 500);
    tape.dead(UM, 30_000..60_000, 500);
    tape.healthy(UM, 60_000..90_000, 500);
    tape.replicas(32_000, UM, [0, 0, 3], None);
    tape.replicas(40_000, UM, [0, 0, 3], Some("container_oom_killed"));
    tape.replicas(44_000, UM, [3, 0, 3], None);
    tape.replicas(48_000, UM, [3, 0, 3], Some("pod_restart_loop"));
    tape.replicas(52_000, UM, [3, 3, 3], None);
}

/// The service answers all the time. Half of four is not fewer than half, one of three is.
fn half(tape: &mut Tape) {
    tape.healthy(UM, 0..60_000, 1_000);
    tape.replicas(10_000, UM, [4, 2, 4], None);
    tape.replicas(20_000, UM, [3, 1, 3], None);
    tape.replicas(30_000, UM, [3, 2, 3], None);
    tape.replicas(50_000, UM, [0, 0, 0], None);
    tape.replicas(50_000, "NeverCalled", [0, 0, 3], None);
}

/// Scaled to nothing, and missed.
fn none_wanted_and_silent(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.replicas(28_000, UM, [0, 0, 0], None);
    tape.dead(UM, 30_000..40_000, 500);
}

/// Scaled to nothing, they say, but one of three calls is answered.
fn none_wanted_and_answering(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.replicas(28_000, UM, [0, 0, 0], None);
    one_of_three(tape);
}

/// It restarts within five seconds at 30, and is away for good from 60 to 90. Called every two
/// Nobody is there for a moment at 30, and from 60 to 90.
fn no_subscriber(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 2_000);
    for at in [31_500, 35_500] {
        tape.subscribers(at, UM, at > 35_000);
    }
    tape.healthy(UM, 36_000..60_000, 2_000);
    tape.dead(UM, 60_000..90_000, 2_000);
    tape.every(61_000..90_000, 3_000, |tape, at| tape.subscribers(at, UM, false));
    tape.subscribers(91_500, UM, true);
    tape.healthy(UM, 90_000..120_000, 2_000);
}

/// One of three calls is answered, by whatever is left.
fn not_ready_and_failing(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    one_of_three(tape);
    tape.replicas(35_000, UM, [3, 0, 3], None);
    tape.replicas(42_000, UM, [0, 0, 3], Some("image_pull_failed"));
}

/// As in `verdict_poor_response_rate`: found at 38.500.
fn one_of_three(tape: &mut Tape) {
    tape.every(30_000..45_000, 1_500, |tape, at| {
        tape.lost(at, UM);
        tape.lost(at + 500, UM);
        tape.answered(at + 1_000, UM, QUICK);
    });
}
