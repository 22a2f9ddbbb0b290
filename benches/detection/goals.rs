//! What the product promises, each reached or missed.

use super::alarms;
use super::ears::Word;
use super::faults::Fault;
use super::figures::{Cell, quantile, shown};
use super::healthy::Days;

/// The patience that a usual reply time of 50 ms gives: the least there is.
const PATIENCE: f64 = 2.0;
/// No verdict of silence before this: a five-second restart is no outage.
const MIN_SILENCE: f64 = 6.0;
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
            Fault::Outage => outage(cell, &mut goals),
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
        let slow_end = matches!(cell.fault, Fault::Dependency) && cell.service != ORIGIN;
        if (rate - 1.0).abs() < 0.01 && !slow_end {
            let what = format!("recovery from {} at 1/s within 15 s", cell.name());
            goals.push(within(&what, cell.recovered(0.95), 15.0));
        }
    }
    healthy(days, &mut goals);
    goals
}

/// The literal bound is patience + 5 calls; the five calls are those that were made, since
/// independent calls bunch. The effective one knows that silence is nothing before 6 s.
fn outage(cell: &Cell, goals: &mut Vec<Goal>) {
    let rate = cell.plan.rate;
    let past = |bound: &dyn Fn(f64) -> f64| {
        let late = cell.outcomes.iter().map(|one| Some(one.first(unavailable)? - bound(one.fifth)));
        quantile(late, 0.95)
    };
    let literal = past(&|fifth| fifth + PATIENCE);
    let effective = past(&|fifth| (fifth + PATIENCE).max(MIN_SILENCE));
    let show =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:+.1} s"));
    goals.push(Goal {
        what: format!(
            "outage at {rate}/s: unavailable by max(patience + 5 calls, 6 s) + 1 s at p95"
        ),
        found: format!(
            "past max(patience + 5 calls, 6 s): {}; past patience + 5 calls: {}; p95 {} s in all",
            show(effective),
            show(literal),
            shown(cell.told(0.95, unavailable))
        ),
        reached: effective.is_some_and(|late| late <= 1.0),
    });
    if rate >= 10.0 {
        let what = format!("outage at {rate}/s: unavailable within 8 s");
        goals.push(within(&what, cell.told(0.95, unavailable), 8.0));
    }
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
