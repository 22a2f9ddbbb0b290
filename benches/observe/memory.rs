//! Bytes, counted by the allocator: per open call, and per service with its windows full.

use super::tape::{Cast, Recorder, Scene, at, observer, observer_with, play};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

/// How long a service is called before its bytes are counted: 70 min.
const SECONDS: u64 = 4_200;

/// The system's allocator, counted.
pub(crate) static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn in_use() -> usize {
    let stats = COUNTED.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// Prints what an open call and a service cost.
pub(crate) fn report() {
    println!("bytes");
    let scene = Scene {
        name: "open calls",
        services: 50,
        methods: 10,
        calls_per_second: 100_000,
        failed: 0,
        lost: 1_000,
    };
    println!("  per open call (1 000 000 at once): {}", per_open_call(&scene));
    for (services, calls_per_second) in
        [(200, 200), (200, 1_000), (200, 2_000), (20, 2_000), (4, 4_000)]
    {
        let scene =
            Scene { name: "services", services, methods: 10, calls_per_second, failed: 2, lost: 1 };
        let rate = f64::from(calls_per_second) / f64::from(services);
        let bytes = per_service(&scene);
        println!("  per service with 10 methods at {rate} calls/s, windows full: {bytes}");
    }
}

fn per_open_call(scene: &Scene) -> usize {
    let cast = Cast::new(scene);
    let tape = Recorder::new(scene, &cast, 1).record(10);
    let mut observer = observer();
    let before = in_use();
    play(&mut observer, &cast, &tape);
    let bytes = in_use() - before;
    let open = observer.snapshot(at(10)).open_calls as usize;
    assert_eq!(open, 1_000_000, "no call was answered");
    bytes / open
}

/// What one service more costs: what all services share is the same for half as many at the same
/// rate each, but for calls that are open.
fn per_service(scene: &Scene) -> usize {
    let half = Scene {
        services: scene.services / 2,
        calls_per_second: scene.calls_per_second / 2,
        ..*scene
    };
    let (all, less) = (of_services(scene), of_services(&half));
    (all - less) / half.services as usize
}

fn of_services(scene: &Scene) -> usize {
    let cast = Cast::new(scene);
    let mut recorder = Recorder::new(scene, &cast, 1);
    // What is remembered of settled calls is one table for all services, measured above.
    let mut observer = observer_with(|settings| settings.limits.settled_calls = 1);
    let before = in_use();
    // Longer than the windows, and than the hour that slowness is compared with. Recorded by the
    // second, so that the tape itself is gone when the bytes are counted.
    for _ in 0..SECONDS {
        play(&mut observer, &cast, &recorder.record(1));
    }
    // Until the last calls are answered.
    observer.handle_timeout(at(SECONDS + 2));
    in_use() - before
}
