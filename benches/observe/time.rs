//! Nanoseconds per message, over scenes that differ in one thing each.

use super::tape::{Cast, Recorder, Scene, observer, play};

/// The scenes; the first is the measure of the others.
pub(crate) const SCENES: [Scene; 4] = [
    scene("50 services x 10 methods", 50, 0, 0),
    scene("10 000 services x 10 methods", 10_000, 0, 0),
    scene("50 x 10, 1 % failed, 0.1 % unanswered", 50, 10, 1),
    scene("10 000 x 10, 1 % failed, 0.1 % unanswered", 10_000, 10, 1),
];

const RUNS: u64 = 3;
/// Seconds before the clock runs: longer than the windows, so that as much is forgotten as is
/// learned.
const WARM_UP: u64 = 310;
const MEASURED: u64 = 30;

const fn scene(name: &'static str, services: u32, failed: u64, lost: u64) -> Scene {
    Scene { name, services, methods: 10, calls_per_second: 10_000, failed, lost }
}

/// Times every scene.
pub(crate) fn report() {
    println!("time per message, median of {RUNS} runs, 20 000 messages/s of virtual time");
    let mut first = None;
    for scene in &SCENES {
        let mut times: Vec<f64> = (0..RUNS).map(|seed| run(scene, seed)).collect();
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        let base = *first.get_or_insert(median);
        let (least, most) = (times[0], times[times.len() - 1]);
        println!(
            "  {:<44} {median:>6.0} ns  ({least:.0} to {most:.0}), {:.2} x the first",
            scene.name,
            median / base
        );
    }
}

fn run(scene: &Scene, seed: u64) -> f64 {
    let cast = Cast::new(scene);
    let mut recorder = Recorder::new(scene, &cast, seed);
    let mut observer = observer();
    for _ in 0..WARM_UP {
        play(&mut observer, &cast, &recorder.record(1));
    }
    let measured = recorder.record(MEASURED);
    let nanos = clocked(|| {
        std::hint::black_box(play(&mut observer, &cast, &measured));
    });
    nanos / measured.len() as f64
}

/// What something takes, in nanoseconds of the real clock, which the observer does not know.
#[allow(clippy::disallowed_methods)]
fn clocked(what: impl FnOnce()) -> f64 {
    let begin = std::time::Instant::now();
    what();
    begin.elapsed().as_nanos() as f64
}

/// One short pass over a scene, for an instruction counter; prints how many messages it was.
pub(crate) fn once(name: &str) {
    let Some(scene) = SCENES.iter().find(|scene| scene.name == name) else {
        return eprintln!("no scene is called {name:?}");
    };
    let cast = Cast::new(scene);
    let mut recorder = Recorder::new(scene, &cast, 0);
    let mut observer = observer();
    for _ in 0..WARM_UP {
        play(&mut observer, &cast, &recorder.record(1));
    }
    let tape = recorder.record(5);
    let events = measured(&mut observer, &cast, &tape);
    println!("{} messages, {events} events", tape.len());
}

/// The part that the instruction counter looks at, found by its name.
#[inline(never)]
fn measured(
    observer: &mut lookout::observer::Observer,
    cast: &Cast,
    tape: &[super::tape::Heard],
) -> u64 {
    play(observer, cast, tape)
}
