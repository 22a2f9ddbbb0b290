//! When circuits open (manual, 4), and what is set by hand.

use super::tape::{Tape, UM};
use super::{STEADY, Scenario, with};

const INTERNAL: i64 = -32_603;

/// Circuits that open for exactly 30 s, and 2 s of patience.
pub(crate) const PATIENT: &str =
    "[circuit]\njitter = 0.0\n\n[service.UserManagement]\npatience = \"2s\"\n";
const SLOW_CALLS: &str =
    "[circuit]\njitter = 0.0\nslow_call_duration = \"1s\"\nslow_call_rate = 0.8\n";
const MODES: &str = "[service.Forced]\ncircuit = \"forced_open\"\n\n\
     [service.Disabled]\ncircuit = \"disabled\"\n\n\
     [service.Observed]\ncircuit = \"observe_only\"\n";
const CASCADE: &str = "[circuit]\njitter = 0.0\n\n[dependencies]\n\
     Billing = [\"UserManagement\"]\n\
     OrderService = [\"UserManagement\"]\n\
     Reports = [\"UserManagement\"]\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("circuit_consecutive_is_named", PATIENT, both_rules),
    with("circuit_minimum_of_calls", STEADY, minimum),
    with("circuit_last_ten_calls", STEADY, last_ten),
    with("circuit_slow_calls", SLOW_CALLS, slow_calls),
    with("circuit_modes", MODES, modes),
    with("circuit_cascade", CASCADE, cascade),
    with("circuit_cascade_of_two", CASCADE, cascade_of_two),
    with("circuit_cascade_of_a_flapping_service", CASCADE, cascade_and_flapping),
];

/// Ten answered and ten unanswered calls, one every 2 s: rate and run are reached together.
fn both_rules(tape: &mut Tape) {
    tape.healthy(UM, 0..20_000, 2_000);
    tape.dead(UM, 20_000..40_000, 2_000);
}

/// Nine failures; the tenth is made long after.
fn minimum(tape: &mut Tape) {
    tape.failing(UM, 0..9_000, 1_000, INTERNAL);
    tape.failing(UM, 100_000..101_000, 1_000, INTERNAL);
}

/// A call a minute, every second one fails; then a trial of ok, failed, rejected, ok.
fn last_ten(tape: &mut Tape) {
    tape.every(0..600_000, 120_000, |tape, at| {
        tape.healthy(UM, at..at + 60_000, 60_000);
        tape.refused(at + 60_000, UM, INTERNAL);
    });
    tape.healthy(UM, 600_000..660_000, 60_000);
    tape.refused(660_000, UM, INTERNAL);
    tape.refused(720_000, UM, -32_602);
    tape.healthy(UM, 780_000..840_000, 60_000);
}

/// Two quick replies, eight of 1.2 s, then quick ones.
fn slow_calls(tape: &mut Tape) {
    tape.healthy(UM, 0..2_000, 1_000);
    tape.every(2_000..10_000, 1_000, |tape, at| tape.answered(at, UM, 1_200));
    tape.healthy(UM, 11_000..50_000, 1_000);
}

/// Three services fail alike, a tenth of a second apart.
fn modes(tape: &mut Tape) {
    for (offset, service) in [(0, "Forced"), (100, "Disabled"), (200, "Observed")] {
        tape.failing(service, offset..20_000, 1_000, INTERNAL);
    }
}

/// Three of five services depend on one that is silent from 30 to 60.
fn cascade(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.dead(UM, 30_000..60_000, 500);
    tape.healthy(UM, 60_000..90_000, 500);
    for (offset, service) in
        [(100, "Billing"), (200, "OrderService"), (300, "Reports"), (400, "Catalog")]
    {
        tape.healthy(service, offset..90_000, 2_000);
    }
}

/// Half of one other service is none.
fn cascade_of_two(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.dead(UM, 30_000..40_000, 500);
    tape.healthy("OrderService", 100..40_000, 2_000);
}

/// Six changes of verdict, the last to unavailable; the seventh, to healthy, makes it flapping.
fn cascade_and_flapping(tape: &mut Tape) {
    tape.healthy(UM, 0..61_000, 500);
    tape.dead(UM, 61_000..80_000, 500);
    tape.healthy(UM, 80_000..100_000, 500);
    tape.healthy(UM, 100_000..700_000, 5_000);
    for at in [20_000, 40_000, 60_000] {
        tape.replicas(at, UM, [3, 1, 3], None);
        let ready = if at == 60_000 { 70_000 } else { at + 1_000 };
        tape.replicas(ready, UM, [3, 3, 3], None);
    }
    for (offset, service) in [(100, "OrderService"), (200, "Catalog")] {
        tape.healthy(service, offset..100_000, 2_000);
    }
}
