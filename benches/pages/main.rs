//! What the pages cost: the snapshot that the observer draws up each second and the look for alerts,
//! while which nothing is heard, and the page that Prometheus reads, which is written on another thread.
//!
//! `cargo bench --bench pages`; `-- --listeners` is the part with readers of the event stream. The whole snapshot, as `lookout replay` draws it up at its end, is
//! timed in the same run for comparison.

mod listeners;
#[allow(dead_code)]
#[path = "../observe/tape.rs"]
mod tape;

use lookout::config;
use lookout::observer::survey::Survey;
use lookout::telemetry::{self, Format};
use tape::{Cast, Recorder, Scene, at, observer, play};

/// Seconds before the clock runs: longer than the windows.
const WARM_UP: u64 = 310;
const MEASURED: u64 = 20;

const SCENES: [(u32, u32); 3] = [(1_000, 1_000), (1_000, 10_000), (10_000, 10_000)];

/// What something takes in milliseconds of the real clock, which the observer does not know.
#[allow(clippy::disallowed_methods)]
fn clocked<T>(what: impl FnOnce() -> T) -> (f64, T) {
    let begin = std::time::Instant::now();
    let done = what();
    (begin.elapsed().as_secs_f64() * 1e3, done)
}

fn main() {
    if std::env::args().any(|argument| argument == "--listeners") {
        return listeners::report();
    }
    for (services, calls_per_second) in SCENES {
        measure(Scene {
            name: "pages",
            services,
            methods: 10,
            calls_per_second,
            failed: 10,
            lost: 1,
        });
    }
    listeners::report();
}

fn measure(scene: Scene) {
    let cast = Cast::new(&scene);
    let mut recorder = Recorder::new(&scene, &cast, 1);
    let (mut observer, mut survey) = (observer(), Survey::default());
    let (mut figures, mut size) = (telemetry::Figures::default(), 0);
    figures.link.up = true;
    // The built-in rules are held against the figures every tenth second.
    let Some(mut alerts) = config::from_text("").ok().and_then(|config| config.alerts()) else {
        return eprintln!("the default configuration has no alerts");
    };
    let mut times = [const { Vec::new() }; 5];
    for second in 0..WARM_UP + MEASURED {
        play(&mut observer, &cast, &recorder.record(1));
        let now = at(second + 1);
        let (in_turns, snapshot) = clocked(|| observer.survey(now, &mut survey));
        if second < WARM_UP {
            continue;
        }
        let (whole, _) = clocked(|| observer.snapshot(now));
        let write = |format| telemetry::page(&figures, &snapshot, &["default".to_owned()], format);
        let (page, text) = clocked(|| write(Format::Text));
        let (open, _) = clocked(|| write(Format::OpenMetrics));
        let (look, ()) = clocked(|| alerts.turn(&snapshot, Some(&figures), &[]));
        size = text.len();
        for (list, time) in times.iter_mut().zip([in_turns, whole, page, open, look]) {
            list.push(time);
        }
    }
    let Scene { services, methods, calls_per_second, .. } = scene;
    println!("{services} services x {methods} methods, {calls_per_second} calls/s");
    let names = [
        "snapshot in turns",
        "whole snapshot",
        "metrics page",
        "in OpenMetrics",
        "look for alerts",
    ];
    for (name, mut times) in names.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
        println!("  {name:<20} {median:>7.1} ms  (most {most:.1})");
    }
    println!("  {:<20} {:>7.1} MB", "metrics page", size as f64 / 1e6);
}
