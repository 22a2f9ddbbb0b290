//! The worlds that are run: two hundred by default, in eight parts that can run side by side.

use crate::oracle::Looked;
use crate::plan::{Plan, S};
use crate::shell::{Drive, Lookout};
use crate::world::World;
use std::collections::BTreeMap;

const PARTS: u64 = 8;
const SEEDS: u64 = 200;

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    digest: u64,
    documents: u64,
    messages: u64,
    looked: Looked,
}

/// Runs the world of a seed, and fails with everything that is needed to see it again.
fn run(plan: &Plan, drive: Option<Drive>) -> Outcome {
    let mut lookout = Lookout::new(plan);
    lookout.drive = drive.unwrap_or(lookout.drive);
    let mut world = World::new(plan, lookout);
    world.run();
    let (seed, at, lookout) = (plan.seed, world.now / S, &world.lookout);
    let broken: Vec<String> = lookout.checker.book.0.iter().map(ToString::to_string).collect();
    if !broken.is_empty() {
        let shown = if number("SEED").is_some() { 60 } else { 10 };
        let tail = lookout.tail.iter().rev().take(shown).rev().cloned().collect::<Vec<_>>();
        panic!(
            "seed {seed}, {at} s into the world:\n  {}\n\nlast said:\n  {}\n\nreplay with\n  \
             SEED={seed} cargo test --test simulation one_seed -- --nocapture\n",
            broken.iter().take(6).cloned().collect::<Vec<_>>().join("\n  "),
            tail.join("\n  "),
        );
    }
    Outcome {
        digest: lookout.digest.0,
        documents: lookout.documents,
        messages: lookout.messages,
        looked: lookout.oracle.looked,
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}={value} is no number")))
}

fn part(part: u64) {
    if number("SEED").is_some() {
        return;
    }
    let clock = stopwatch::start();
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let mut simulated = 0;
    let mut all = Outcome { digest: 0, documents: 0, messages: 0, looked: Looked::default() };
    for seed in (part..seeds).step_by(PARTS as usize) {
        let plan = Plan::new(seed);
        let outcome = run(&plan, None);
        simulated += plan.length / S;
        all.digest ^= outcome.digest.rotate_left((seed % 64) as u32);
        all.documents += outcome.documents;
        all.messages += outcome.messages;
        all.looked.outages += outcome.looked.outages;
        all.looked.recoveries += outcome.looked.recoveries;
        all.looked.healthy += outcome.looked.healthy;
    }
    let hours = simulated as f64 / 3_600.0;
    let rate = hours / clock.seconds();
    println!("part {part}: {hours:.1} h simulated, {rate:.2} h/s, {all:?}");
    // Oracles that are never asked say nothing.
    let asked = all.looked.outages;
    assert!(seeds < SEEDS || asked >= 5, "part {part}: the oracles were hardly asked: {all:?}");
}

/// Measures the run itself, and nothing in it.
mod stopwatch {
    pub(super) struct Stopwatch(std::time::Instant);

    #[allow(clippy::disallowed_methods)] // The figure is printed; no world sees it.
    pub(super) fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    impl Stopwatch {
        #[allow(clippy::disallowed_methods)]
        pub(super) fn seconds(&self) -> f64 {
            self.0.elapsed().as_secs_f64()
        }
    }
}

macro_rules! parts {
    ($($name:ident $part:expr;)*) => {
        $(#[test]
        fn $name() {
            part($part);
        })*
    };
}

parts! {
    worlds_part_0 0;
    worlds_part_1 1;
    worlds_part_2 2;
    worlds_part_3 3;
    worlds_part_4 4;
    worlds_part_5 5;
    worlds_part_6 6;
    worlds_part_7 7;
}

/// `SEED=7` runs the world of that seed alone; else the first one.
#[test]
fn one_seed() {
    let plan = Plan::new(number("SEED").unwrap_or(0));
    let troubles: Vec<_> = plan.services.iter().map(|it| (&it.name, &it.phases)).collect();
    if number("SEED").is_some() {
        println!("{troubles:#?}\n{:#?}", plan.changes);
    }
    println!("{:?}", run(&plan, None));
}

#[test]
fn equal_seeds_say_equal_bytes() {
    for seed in [3, 17, 40] {
        let plan = Plan::new(seed);
        assert_eq!(run(&plan, None), run(&Plan::new(seed), None), "seed {seed}");
    }
}

#[test]
fn what_is_said_does_not_depend_on_how_often_the_loop_turns() {
    // Worlds with an odd clock are left out: where it runs backwards, time stands still at the
    // last moment that was told, and how often it is told decides which one that is (seed 5).
    for plan in (10..).map(Plan::new).filter(|plan| !plan.odd_clock).take(2) {
        let [often, each_second, seldom] = [Drive::Deadlines, Drive::Seconds, Drive::Seldom]
            .map(|drive| run(&plan, Some(drive)).digest);
        assert!(often == each_second && each_second == seldom, "seed {}", plan.seed);
    }
}

#[test]
fn every_kind_of_fault_is_frequent() {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut plan = Plan::new(seed);
        plan.kinds.sort_unstable();
        plan.kinds.dedup();
        for kind in plan.kinds {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    println!("worlds with each fault: {kinds:#?}");
    let rare: Vec<_> = kinds.iter().filter(|(_, worlds)| **worlds < 15).collect();
    assert!(kinds.len() >= 34 && rare.is_empty(), "{} kinds, rare: {rare:?}", kinds.len());
}
