//! Self-doubt (manual, 3): a blind observer blames nobody.

use super::tape::{QUICK, Tape, UM};
use super::{Scenario, plain};

pub(crate) const SCENARIOS: &[Scenario] = &[
    plain("doubt_link_down", link_down),
    plain("doubt_pause", pause),
    plain("doubt_then_silence", then_silence),
];

/// The link is down from 30 to 40, so doubt lasts until 45.
fn link_down(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.answered(29_900, UM, 16_200); // open at the beginning: void; its reply is late
    tape.link(30_000, "down");
    tape.link(40_000, "up");
    tape.lost(41_000, UM); // runs out at 43.0, within the doubt: void
    tape.answered(42_000, UM, QUICK);
    tape.lost(44_500, UM); // still open at its end: void
    tape.healthy(UM, 46_000..60_000, 500);
    tape.lost(50_250, UM); // unanswered
}

/// The process stands still from 48 to 60, so doubt lasts until 65. Five seconds are no pause.
fn pause(tape: &mut Tape) {
    tape.healthy(UM, 0..48_000, 500);
    tape.lost(47_900, UM); // open when it began: void
    tape.paused(60_000, 12);
    tape.lost(62_000, UM); // runs out at 64.0: void
    tape.lost(64_900, UM); // still open at its end: void
    tape.healthy(UM, 65_250..100_000, 500);
    tape.lost(94_100, UM); // open at 95.0, but that is no pause: unanswered
    tape.paused(100_000, 5);
}

/// The link is down from 30 to 35, doubt lasts until 40, and the service is silent after it.
fn then_silence(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.link(30_000, "down");
    tape.link(35_000, "up");
    tape.dead(UM, 38_250..60_250, 500);
}
