//! How good lookout's judgement is: how soon faults are found, how often the healthy are blamed.
//!
//! Virtual time and seeded chance: the same command gives the same figures everywhere. What is
//! measured, how, and what it does not show is in `docs/DETECTION.md`, whose tables this program
//! writes with `--write`. `TRIALS=` scales the trials (1 is the default), `DAYS=` sets the
//! healthy service-days (1000), `SEED=` the seed (1), `FAULT=` runs only faults whose name holds
//! the word. Ends with 1 if a goal is missed.

mod alarms;
mod caller;
mod chance;
mod ears;
mod faults;
mod figures;
mod goals;
mod healthy;
mod rules;

use faults::{Fault, Outcome, Plan};
use figures::Cell;
use healthy::Days;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/DETECTION.md");
const MARKS: [&str; 2] = ["<!-- results -->", "<!-- end of results -->"];

/// A piece of work for one core.
enum Job {
    Trial(usize, u64),
    Healthy(u64, u64),
}

enum Done {
    Trial(usize, Vec<Outcome>),
    Healthy(Days),
}

fn main() -> ExitCode {
    let trials = setting("TRIALS", 1.0);
    let seed = setting("SEED", 1.0) as u64;
    let wanted = std::env::var("FAULT").unwrap_or_default();
    let kinds: Vec<(Fault, Plan)> = Fault::ALL
        .into_iter()
        .filter(|fault| fault.name().contains(&wanted))
        .flat_map(|fault| Plan::ALL.into_iter().map(move |plan| (fault, plan)))
        .collect();
    let per_platform = healthy::DAYS as f64 * healthy::SERVICES as f64;
    let platforms = (setting("DAYS", 1000.0) / per_platform).ceil() as u64;
    // The longest first, so that no core is idle at the end.
    let mut jobs: Vec<Job> =
        (0..platforms).map(|platform| Job::Healthy(platform, healthy::DAYS)).collect();
    for (index, (_, plan)) in kinds.iter().enumerate().rev() {
        let count = (plan.trials as f64 * trials).ceil() as u64;
        jobs.extend((0..count).map(|trial| Job::Trial(index, trial)));
    }
    let (mut days, mut cells) = (Vec::new(), Vec::new());
    for (fault, plan) in &kinds {
        let services = if *fault == Fault::Dependency { 2 } else { 1 };
        cells.push((0..services).map(|service| Cell {
            fault: *fault,
            plan: *plan,
            service,
            outcomes: Vec::new(),
        }));
    }
    let mut cells: Vec<Vec<Cell>> = cells.into_iter().map(Iterator::collect).collect();
    for done in work(&jobs, &kinds, seed) {
        match done {
            Done::Healthy(one) => days.push(one),
            Done::Trial(index, outcomes) => {
                for (cell, outcome) in cells[index].iter_mut().zip(outcomes) {
                    cell.outcomes.push(outcome);
                }
            }
        }
    }
    let cells: Vec<Cell> = cells.into_iter().flatten().collect();
    let goals = goals::all(&cells, &days);
    let report = report(&cells, &days, &goals, seed);
    println!("{report}\n{}", alarms::list(&days));
    if std::env::args().any(|argument| argument == "--write")
        && let Err(error) = write(&report)
    {
        eprintln!("{DOCUMENT}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(goals.iter().any(|goal| !goal.reached)))
}

fn setting(name: &str, default: f64) -> f64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// All jobs on all cores; the results are in the order of the jobs.
fn work(jobs: &[Job], kinds: &[(Fault, Plan)], seed: u64) -> Vec<Done> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<Done>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let one = |job: &Job| match *job {
        Job::Healthy(platform, days) => Done::Healthy(healthy::run(platform, days, seed)),
        Job::Trial(index, trial) => {
            let (fault, plan) = &kinds[index];
            let path = [seed, 1, index as u64, trial];
            Done::Trial(index, faults::run(*fault, plan, &path))
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(job) = jobs.get(index)
                {
                    let result = one(job);
                    if let Ok(mut slot) = done[index].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    done.into_iter().filter_map(|slot| slot.into_inner().ok().flatten()).collect()
}

fn report(cells: &[Cell], days: &[Days], goals: &[goals::Goal], seed: u64) -> String {
    let service_days: u64 = days.iter().map(|one| one.service_days).sum();
    let calls: u64 = days.iter().map(|one| one.calls).sum();
    format!(
        "Seed {seed}.\n\n### Goals\n\n{}\n### Faults: lookout\n\n{}\n\
         ### Time to detect: p50 / p95 in seconds\n\n{}\n\
         ### Time to recover, from the first good reply: p50 / p95 in seconds\n\n{}\n\
         ### False alarms: {service_days} healthy service-days, {} million calls\n\n{}\n{}",
        goals::table(goals),
        figures::lookout(cells),
        figures::beside(cells, false),
        figures::beside(cells, true),
        calls / 1_000_000,
        alarms::lookout(days),
        alarms::others(days)
    )
}

/// Puts the report between the marks of the document.
fn write(report: &str) -> std::io::Result<()> {
    let text = std::fs::read_to_string(DOCUMENT)?;
    let cut = text.split_once(MARKS[0]).zip(text.split_once(MARKS[1]));
    let Some(((before, _), (_, after))) = cut else {
        return Err(std::io::Error::other("the marks are missing"));
    };
    let [begin, end] = MARKS;
    std::fs::write(DOCUMENT, format!("{before}{begin}\n\n{report}\n{end}{after}"))
}
