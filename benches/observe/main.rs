//! What the judge costs: time per message, and bytes per open call and per service.
//!
//! `cargo bench --bench observe --no-default-features` drives the pure observer with calls and
//! replies made beforehand, on virtual time, so that nothing but [`Observer::handle`] and its
//! timers is in the loop. Times are the median of several runs; bytes are counted by the
//! allocator. `-- --callgrind` counts instructions with valgrind instead, which no other load
//! on the machine can disturb. Method and results: `docs/PERFORMANCE.md`.

mod callgrind;
mod memory;
mod tape;
mod time;

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = memory::COUNTED;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if let Some(scene) = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")) {
        // What valgrind runs: one pass over one scene.
        return time::once(scene);
    }
    if has("--callgrind") {
        return callgrind::count();
    }
    if !has("--memory") {
        time::report();
    }
    if !has("--time") {
        memory::report();
    }
}
