//! Any history: the observer keeps its promises at every step, time gets on, and at the end
//! everything settles.

use super::bytes::Bytes;
use super::history::{Ears, Pace, step};
use super::{promises, settings};
use lookout::observer::input::{Doubt, Link};
use lookout::observer::verdict::Verdict;
use lookout::observer::{Event, Input, Instant, Settings, Snapshot, Span};

/// Steps of one history; more only make it slow.
const STEPS: usize = 150;
/// Where a clock can begin: somewhere in 2023, at the epoch, and a minute before seconds no longer
/// fit 32 bits, in 2106.
const STARTS: [Instant; 3] = [
    Instant::from_micros(1_700_000_000_300_000),
    Instant::from_micros(0),
    Instant::from_micros((u32::MAX as u64 - 60) * 1_000_000),
];

/// How long a history lasts at most: a day, after which much is forgotten, is rare as it costs.
const SHORT: Span = Span::from_secs(2_000);
const LONG: Span = Span::from_secs(100_000);

pub(crate) fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let start = bytes.pick(&STARTS);
    let length = if bytes.byte() == 0xff { LONG } else { SHORT };
    let every = 1 + bytes.below(8);
    let twice = bytes.below(4) == 0;
    let settings = settings::take(&mut bytes);
    let told = run(&settings, (start, length), every, bytes.clone(), Pace::Coarse);
    if twice {
        // A pause says that the time was not told; otherwise it does not matter how often it is.
        let pace = if told.timed { Pace::Coarse } else { Pace::Fine };
        let again = run(&settings, (start, length), every, bytes, pace);
        assert_eq!(told.events.len(), again.events.len(), "{pace:?}: another story");
        for (one, other) in told.events.iter().zip(&again.events) {
            assert_eq!(one, other, "{pace:?}: another story");
        }
        assert!(told.snapshot == again.snapshot, "{pace:?}: other figures");
    }
}

/// What came of a history.
struct Story {
    events: Vec<Event>,
    snapshot: Snapshot,
    timed: bool,
}

fn run(
    settings: &Settings,
    (start, length): (Instant, Span),
    every: usize,
    mut bytes: Bytes<'_>,
    pace: Pace,
) -> Story {
    let mut ears = Ears::new(settings, start, length, pace);
    for at in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        step(&mut ears, &mut bytes);
        if at % every == 0 {
            look(&mut ears);
        }
    }
    settle(&mut ears, settings);
    let snapshot = look(&mut ears);
    ears.promises.settled(&snapshot);
    if every.is_multiple_of(2) {
        rest(&mut ears, settings);
    }
    Story { snapshot: look(&mut ears), events: ears.events, timed: ears.timed }
}

/// Holds what can be seen now.
fn look(ears: &mut Ears) -> Snapshot {
    let now = ears.now;
    // It may ask to be called once more at once, but not again and again.
    if ears.observer.poll_timeout() <= now {
        ears.until(now);
        assert!(ears.observer.poll_timeout() > now, "time gets on");
    }
    let snapshot = ears.observer.snapshot(now);
    ears.promises.look(&snapshot, now);
    let learned = ears.observer.dependencies(now);
    assert!(learned.is_sorted() && learned.iter().all(|(caller, called, _)| caller != called));
    snapshot
}

/// The clock runs from deadline to deadline until every call is settled and every reply decided.
fn settle(ears: &mut Ears, settings: &Settings) {
    ears.input(Input::Link(Link::Up));
    for doubt in [Doubt::Canary, Doubt::BrokerDrops, Doubt::Inbox, Doubt::Pause] {
        ears.input(Input::Doubt(doubt, false));
    }
    let patience = &settings.patience;
    let fixed = settings.services.iter().filter_map(|(_, service)| service.patience);
    let longest = [patience.initial, patience.max, patience.max_deadline, settings.limits.held_for]
        .into_iter()
        .chain(fixed)
        .max();
    let end = ears.now + longest.unwrap_or_default() + Span::from_secs(1);
    ears.until(ears.now);
    while !ears.observer.is_settled() {
        let next = ears.observer.poll_timeout();
        assert!(next > ears.now, "time gets on");
        ears.until(next);
        assert!(next <= end, "the end comes");
    }
}

/// When nobody calls for long enough, nothing is said of anyone any more.
fn rest(ears: &mut Ears, settings: &Settings) {
    let idle = settings.verdict.idle_after.max(settings.doubt.after);
    ears.until(ears.now + idle + Span::from_secs(2));
    let snapshot = look(ears);
    let unknown = |service: &lookout::observer::snapshot::ServiceFigures| {
        service.verdict.is_none_or(|verdict| verdict == Verdict::Unknown)
    };
    assert!(snapshot.services.iter().all(unknown), "idle, and yet judged");
    promises::conserved(&snapshot);
}
