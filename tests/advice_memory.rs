//! What advice costs: bytes a service after a whole day, counted by the allocator, and the time of a
//! look at ten thousand services. It is a program of its own, as others allocate beside it.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "advice/made_up.rs"]
mod made_up;

use lookout::advice::Advisor;
use lookout::clock::Stopwatch;
use lookout::observer::histogram::Histogram;
use lookout::observer::latency::LAST_BIN;
use lookout::observer::snapshot::ServiceFigures;
use made_up::{Load, snapshot};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are in use.
fn in_use() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// Services of whom each is as the one given, by other names.
fn many(one: &ServiceFigures, names: &[Arc<str>]) -> Vec<ServiceFigures> {
    names.iter().map(|name| ServiceFigures { name: name.clone(), ..one.clone() }).collect()
}

fn names(count: usize) -> Vec<Arc<str>> {
    (0..count).map(|at| format!("service-{at:05}").into()).collect()
}

/// A service with a hundred methods, whose replies take from 20 to 100 ms.
fn usual() -> Load {
    let methods = (0..100).map(|at| (&*format!("method-{at:02}").leak(), 6, 20, 100));
    Load { methods: methods.collect(), failed: 6, unanswered: 6, ..Load::default() }
}

/// Bytes a service after a day in which each hour is as `shape` makes it.
fn day(shape: fn(u64, &mut ServiceFigures)) -> usize {
    const SERVICES: usize = 20;
    let (load, names) = (usual(), names(SERVICES));
    let mut advisor = Advisor::default();
    let before = in_use();
    let mut taken = 0;
    for minutes in (0..=25 * 60).step_by(5) {
        let mut one = load.after(minutes, "");
        shape(minutes, &mut one);
        advisor.look(&snapshot(minutes, many(&one, &names)));
        drop(one);
        taken = in_use() - before;
    }
    assert_eq!(advisor.advice().judged as usize, SERVICES);
    taken / SERVICES
}

#[test]
fn a_day_of_a_service_is_as_large_as_is_said() {
    // What is said in the header of the room; findings are among it.
    let bytes = day(|_, _| {});
    println!("{bytes} bytes a service with replies within a factor of ten");
    assert!(bytes < 8_500, "{bytes}");
    let bytes = day(|minutes, service| {
        // In every hour replies of every time there is, at millions an hour.
        let all = (0..=LAST_BIN).map(|bin| (bin, (minutes * 20_000) as u32));
        service.replies = Arc::new(all.collect::<Histogram>());
    });
    println!("{bytes} bytes a service with replies of all times");
    assert!(bytes < 21_000, "{bytes}");

    let (load, names) = (usual(), names(10_000));
    let mut advisor = Advisor::default();
    let mut longest = [0.0_f64; 2];
    for minutes in 0..=15 {
        let snapshot = snapshot(minutes, many(&load.after(minutes, ""), &names));
        let watch = Stopwatch::start();
        let new = advisor.look(&snapshot);
        let took = watch.elapsed().as_millis_f64();
        longest[usize::from(new)] = longest[usize::from(new)].max(took);
    }
    let [look, spell] = longest;
    println!("10 000 services of 100 methods: {look} ms a look, {spell} ms a spell, unoptimized");
    // Of five minutes, unoptimized, on a machine that does other things too.
    assert!(spell < 15_000.0, "{spell} ms");
}
