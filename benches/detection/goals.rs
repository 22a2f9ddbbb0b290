//! What the product promises, each reached or missed.

use super::alarms;
use super::ears::Word;
use super::faults::Fault;
use super::figures::{Cell, shown};
use super::healthy::Days;

/// The patience that a usual reply time of 50 ms gives: the least there is.
const PATIENCE: f64 = 2.0;
const ORIGIN: usize = 1;

pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) found: String,
    pub(crate) reached: bool,
}

/// A goal on the 95th percentile, in seconds.
fn within(what: &str, found: Option<f64>, bound: f64) -> Goal {
    Goal {
        what: what.to_owned(),
        found: format!("p95 {} s, bound {bound:.1} s", shown(found)),
        reached: found.is_some_and(|found| found <= bound),
    }
}

fn unavailable(word: &Word) -> bool {
    matches!(word, Word::Bad { unavailable: true, .. })
}

fn is(word: &Word, wanted: &str) -> bool {
    matches!(word, Word::Bad { unavailable: false, reason } if reason == wanted)
}

pub(crate) fn all(cells: &[Cell], days: &[Days]) -> Vec<Goal> {
    let mut goals = Vec::new();
    for cell in cells {
        let rate = cell.plan.rate;
        match cell.fault {
            Fault::Steady => outage(cell, &mut goals),
            Fault::Errors if rate >= 1.0 => {
                let what = format!("80 % internal errors at {rate}/s within 30 s");
                goals.push(within(&what, cell.detected(0.95), 30.0));
            }
            Fault::Slow if rate >= 1.0 => {
                let what = format!("20-fold slow-down at {rate}/s called slow_responses in 60 s");
                let found = cell.told(0.95, |word| is(word, "slow_responses"));
                goals.push(within(&what, found, 60.0));
                let dead = cell.outcomes.iter().filter(|one| one.first(unavailable).is_some());
                let dead = dead.count();
                goals.push(Goal {
                    what: format!("20-fold slow-down at {rate}/s never called dead"),
                    found: format!("{dead} of {} trials", cell.outcomes.len()),
                    reached: dead == 0,
                });
            }
            _ => {}
        }
        // The first good reply is one after an outage: with half of the replies lost or failed
        // there were good ones all along, and the failures of the last ten seconds count for ten
        // more by the manual.
        let out = matches!(cell.fault, Fault::Outage | Fault::Steady)
            || matches!(cell.fault, Fault::Dependency) && cell.service == ORIGIN;
        if (rate - 1.0).abs() < 0.01 && out {
            let what = format!("recovery from {} at 1/s within 15 s", cell.name());
            goals.push(within(&what, cell.recovered(0.95), 15.0));
        }
    }
    healthy(days, &mut goals);
    goals
}

/// Patience and five calls and a second, or eight seconds where that is less than a restart may
/// take. Counted in calls, so the calls come at a steady pace; how long it takes when they bunch
/// is in the table of faults.
fn outage(cell: &Cell, goals: &mut Vec<Goal>) {
    let rate = cell.plan.rate;
    let bound = (PATIENCE + 5.0 / rate + 1.0).max(8.0);
    let what = format!("outage at {rate}/s, steady calls: unavailable in time");
    goals.push(within(&what, cell.told(0.95, unavailable), bound));
}

fn healthy(days: &[Days], goals: &mut Vec<Goal>) {
    let service_days: u64 = days.iter().map(|one| one.service_days).sum();
    let mut none = |what: &str, count: usize| {
        goals.push(Goal {
            what: format!("{what} in {service_days} healthy service-days: none"),
            found: count.to_string(),
            reached: count == 0,
        });
    };
    none("service_unavailable", alarms::count(days, "unavailable"));
    none("circuits opened", alarms::count(days, "circuit opened"));
    none("outages made of a 5 s restart gap", alarms::count_at(days, "unavailable", "deploy gap"));
}

pub(crate) fn table(goals: &[Goal]) -> String {
    let row = |goal: &Goal| {
        let verdict = if goal.reached { "reached" } else { "MISSED" };
        format!("| {verdict} | {} | {} |\n", goal.what, goal.found)
    };
    let rows: String = goals.iter().map(row).collect();
    format!("| | goal | found |\n|---|---|---|\n{rows}")
}
