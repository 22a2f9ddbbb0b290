//! Silence, missing replies, and how they end (manual, 3).
//!
//! With at least 20 quick replies known, patience is 2 s: a call made at t is unanswered at t + 2.

use super::tape::{QUICK, Tape, UM};
use super::{STEADY, Scenario, plain, with};

/// Waits 2 s whatever the replies are like.
const PATIENT: &str = "[circuit]\njitter = 0.0\n\n[service.UserManagement]\npatience = \"2s\"\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("verdict_silent", STEADY, silent),
    plain("verdict_silent_with_jitter", silent),
    plain("verdict_five_second_restart", restart),
    with("verdict_five_calls_and_no_witness", STEADY, no_witness),
    with("verdict_poor_response_rate", STEADY, poor_response_rate),
    with("verdict_late_replies", PATIENT, late_replies),
    plain("verdict_rarely_called", rarely_called),
    plain("verdict_idle", idle),
    with("verdict_idle_incident", STEADY, idle_incident),
    with("verdict_two_outages", STEADY, two_outages),
    with("health_summary", STEADY, health),
    plain("verdict_leftovers_of_an_outage", leftovers),
];

/// The fifth call of the silence, made at 62.0, is unanswered at 64.0. That of 66.0 is made 6 s
/// after the first, and has waited for half of its patience at 67.0.
fn silent(tape: &mut Tape) {
    tape.healthy(UM, 0..60_000, 500);
    tape.dead(UM, 60_000..90_000, 500);
    tape.healthy(UM, 90_000..150_000, 500);
}

/// Five calls are lost, and then nobody calls for ten minutes.
fn no_witness(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.dead(UM, 30_000..32_500, 500);
    tape.lost(600_000, UM);
}

/// 20 of 80 calls are lost within five seconds: more than a tenth of five minutes.
fn restart(tape: &mut Tape) {
    tape.healthy(UM, 0..20_000, 250);
    tape.dead(UM, 20_000..25_000, 250);
    tape.healthy(UM, 25_000..60_000, 250);
}

/// Two of three calls are lost from 30 to 60. Two that are outside the six seconds from 30 are
/// known when that of 36.5 is: at 38.5.
fn poor_response_rate(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.every(30_000..60_000, 1_500, |tape, at| {
        tape.lost(at, UM);
        tape.lost(at + 500, UM);
        tape.answered(at + 1_000, UM, QUICK);
    });
    tape.healthy(UM, 60_000..90_000, 500);
}

/// Every reply from 30 to 50 takes 3 s, one more than is waited for.
fn late_replies(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.every(30_000..50_000, 500, |tape, at| tape.answered(at, UM, 3_000));
    tape.healthy(UM, 50_000..80_000, 500);
}

/// Another service proves that replies are heard. Five calls in 100 s, each waited for 30 s:
/// four settled calls are too few to say anything.
fn rarely_called(tape: &mut Tape) {
    tape.healthy(UM, 1_000..1_500, 500);
    for at in [0, 10_000, 20_000, 30_000, 100_000] {
        tape.lost(at, "Archive");
    }
}

/// Ten calls until 4.5, then nothing for 20 min.
fn idle(tape: &mut Tape) {
    tape.healthy(UM, 0..5_000, 500);
    tape.component(1_200_000, "disk", true, false, "error");
}

/// An outage that nobody looks at any more: the last call is made at 89.5.
fn idle_incident(tape: &mut Tape) {
    tape.healthy(UM, 0..60_000, 500);
    tape.dead(UM, 60_000..90_000, 500);
    tape.component(1_300_000, "disk", true, false, "error");
}

/// Twice the same silence, a minute apart.
fn two_outages(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    for start in [30_000, 110_000] {
        tape.dead(UM, start..start + 20_000, 500);
        tape.healthy(UM, start + 20_000..start + 80_000, 500);
    }
}

/// Patience is 30 s, so calls of the outage (20 to 60) run out until 90, long after the first
/// reply at 60.02.
fn leftovers(tape: &mut Tape) {
    tape.healthy(UM, 0..20_000, 2_000);
    tape.dead(UM, 20_000..60_000, 2_000);
    tape.healthy(UM, 60_000..100_000, 2_000);
}

/// A silence that begins at 10; nothing changes from 17 to 47.
fn health(tape: &mut Tape) {
    tape.healthy(UM, 0..10_000, 500);
    tape.dead(UM, 10_000..20_000, 500);
    tape.link(50_000, "up");
}
