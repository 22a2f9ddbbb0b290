//! What people are told (manual, 8): when alerts begin, repeat and end, and what is no alert.

use super::tape::{QUICK, Tape, UM};
use super::{STEADY, Scenario, plain, with};

/// A component that explains the one service.
const EXPLAINS: &str = "[circuit]\njitter = 0.0\n\n[[check]]\nname = \"db\"\nkind = \"postgresql\"\n\
    url = \"postgresql://db/orders\"\ncritical = true\nexplains = [\"UserManagement\"]\n";

/// A rule of an operator's own, quick to begin and end.
const OWN_RULE: &str = "[alerts]\noff = [\"LookoutServiceDegraded\"]\n\n[[rule]]\nname = \"Busy\"\n\
    expr = 'increase(lookout_calls_total{service=\"UserManagement\",outcome=\"ok\"}[1m]) > 100'\nfor = \"0s\"\n\
    clear = 50\nclear_for = \"0s\"\nseverity = \"info\"\n";

pub(crate) const SCENARIOS: &[Scenario] = &[
    with("alerts_silence", STEADY, silence),
    with("alerts_doubt", STEADY, doubt),
    plain("alerts_failure_rate", failure_rate),
    with("alerts_explained", EXPLAINS, explained),
    with("alerts_most_services", STEADY, most),
    with("alerts_own_rule", OWN_RULE, own_rule),
];

/// The outage of `verdict_silent`, and then peace for as long as figures hold it.
fn silence(tape: &mut Tape) {
    tape.healthy(UM, 0..60_000, 500);
    tape.dead(UM, 60_000..90_000, 500);
    tape.healthy(UM, 90_000..480_000, 500);
}

/// The link is lost in the middle of an outage, from 50 to 55: doubt until 60.
fn doubt(tape: &mut Tape) {
    tape.healthy(UM, 0..30_000, 500);
    tape.dead(UM, 30_000..49_500, 500);
    tape.link(50_000, "down");
    tape.link(55_000, "up");
    tape.healthy(UM, 60_000..150_000, 500);
}

/// One call in fourteen fails for five minutes; nine of ten callers of the shop do it wrong all the time.
fn failure_rate(tape: &mut Tape) {
    for index in 0..1_200_u64 {
        let at = index * 500;
        if at < 300_000 && index % 14 == 13 {
            tape.refused(at, UM, -32_603);
        } else {
            tape.answered(at, UM, QUICK);
        }
        if index % 10 == 0 {
            tape.answered(at + 100, "Shop", QUICK);
        } else {
            tape.refused(at + 100, "Shop", -32_001);
        }
    }
}

/// The database is down from 55 to 95, and the service that needs it from 60 to 90.
fn explained(tape: &mut Tape) {
    tape.component(0, "db", true, true, "critical");
    tape.healthy(UM, 0..60_000, 500);
    tape.component(55_000, "db", false, true, "critical");
    tape.dead(UM, 60_000..90_000, 500);
    tape.healthy(UM, 90_000..180_000, 500);
    tape.component(95_000, "db", true, true, "critical");
}

/// Two of three services are silent at once.
fn most(tape: &mut Tape) {
    for service in [UM, "Billing"] {
        tape.healthy(service, 0..60_000, 500);
        tape.dead(service, 60_000..90_000, 500);
        tape.healthy(service, 90_000..180_000, 500);
    }
    tape.healthy("Search", 0..180_000, 500);
}

/// Two calls a second for a minute and a half, then one every two seconds.
fn own_rule(tape: &mut Tape) {
    tape.healthy(UM, 0..90_000, 500);
    tape.healthy(UM, 90_000..240_000, 2_000);
}
