//! Random histories: everything adds up at every step, time always gets on, and the same
//! history tells the same story.

use crate::kit::{Ears, FAILED, OK, REJECTED, at, conserved, id};
use crate::lcg::Lcg;
use lookout::observer::call::{Malformed, PairId};
use lookout::observer::input::{CallKind, Direction, Doubt, Link};
use lookout::observer::{Input, Instant, Span};

const SEEDS: u64 = 50;
const STEPS: u64 = 2_000;

/// Inputs that reached the observer, to be held against what it tells.
#[derive(Default)]
struct Told {
    no_pauses: bool,
    calls: u64,
    oneway: u64,
    replies: u64,
    malformed: u64,
    ignored: u64,
}

fn step(ears: &mut Ears, random: &mut Lcg, now: u64, told: &mut Told) {
    let service = format!("S{}.m{}", random.below(8), random.below(4));
    let key = random.below(40).to_string();
    match random.below(100) {
        0..35 => {
            told.calls += 1;
            let second = (random.below(4) == 0).then(|| id(&random.below(40).to_string()));
            let deadline =
                (random.below(5) == 0).then(|| Span::from_micros(random.below(9_000_000)));
            ears.call_of(now, &service, (id(&key), second), random.below(3) == 0, deadline);
        }
        35..38 => {
            let (name, method) = service.split_once('.').unwrap();
            if random.below(2) == 0 {
                told.oneway += 1;
                ears.kind(now, name, method, CallKind::OneWay);
            } else {
                told.calls += 1;
                ears.kind(now, name, method, CallKind::Unheard);
            }
        }
        38..80 => {
            told.replies += 1;
            let answer = [Ok(OK), Ok(OK), Ok(FAILED), Ok(REJECTED), Err(Malformed::Ambiguous)];
            let mut keys = vec![id(&key)];
            if random.below(4) == 0 {
                keys.push(id(&random.below(40).to_string()));
            }
            ears.reply_of(now, &keys, answer[random.below(5) as usize]);
        }
        80..83 => {
            told.malformed += 1;
            let input = Input::Malformed(PairId(0), Direction::Call, Malformed::NotJson);
            ears.input(now, input);
        }
        83..85 => {
            told.ignored += 1;
            ears.input(now, Input::Ignored);
        }
        85..88 => ears.input(now, Input::Link(Link::Down)),
        88..93 => ears.input(now, Input::Link(Link::Up)),
        93..95 if !told.no_pauses => {
            ears.input(now, Input::Paused(at(now.saturating_sub(random.below(20_000_000)))))
        }
        _ => {
            let doubt = [Doubt::Canary, Doubt::BrokerDrops, Doubt::Inbox, Doubt::Pause];
            // Mostly over soon, so that there is something to judge.
            let on = random.below(3) == 0;
            ears.input(now, Input::Doubt(doubt[random.below(4) as usize], on));
        }
    }
}

fn jump(random: &mut Lcg) -> u64 {
    match random.below(1_000) {
        0 => random.below(3_600_000_000),
        1..10 => random.below(120_000_000),
        10..200 => random.below(3_000_000),
        200..300 => 0,
        _ => random.below(50_000),
    }
}

/// Runs one history and returns what was said.
fn run(seed: u64, every: u64) -> String {
    let mut random = Lcg::new(seed);
    let mut ears = Ears::with(|settings| {
        settings.limits.open_calls = 20;
        settings.limits.settled_calls = 15;
        settings.limits.held_replies = 5;
        settings.limits.services = 4;
        settings.limits.methods = 2;
    });
    let mut now = 0;
    let mut told = Told::default();
    for at_step in 0..STEPS {
        now += jump(&mut random);
        step(&mut ears, &mut random, now, &mut told);
        if at_step % every == 0 {
            let snapshot = ears.snapshot();
            conserved(&snapshot);
            assert!(snapshot.open_calls <= 20);
            assert!(snapshot.services.len() <= 5);
            let calls: u64 = snapshot.services.iter().map(|s| s.figures.totals.calls).sum();
            let oneway: u64 = snapshot.services.iter().map(|s| s.figures.totals.oneway).sum();
            assert_eq!((calls, oneway), (told.calls, told.oneway), "no call is lost");
            assert!(snapshot.services.iter().all(|service| service.methods.len() <= 3));
            // It may ask to be called once more at once, but not again and again.
            let due = ears.observer.poll_timeout();
            if due <= at(now) {
                ears.observer.handle_timeout(due);
                assert!(ears.observer.poll_timeout() > at(now), "time gets on");
            }
        }
    }
    // At the end the clock runs until every call is settled and every reply decided.
    ears.input(now, Input::Link(Link::Up));
    let mut last = at(now);
    for turn in 0.. {
        if ears.observer.is_settled() {
            break;
        }
        let next = ears.observer.poll_timeout();
        assert!(next > last, "time gets on");
        assert!(turn < 5_000, "the end comes");
        ears.observer.handle_timeout(next);
        ears.drain();
        last = next;
    }
    let snapshot = ears.snapshot();
    conserved(&snapshot);
    let answered: u64 = snapshot
        .services
        .iter()
        .map(|s| s.figures.totals)
        .map(|t| t.ok + t.rejected + t.failed)
        .sum();
    let malformed: u64 = snapshot.malformed.iter().map(|(.., count)| count).sum();
    let counted = answered + snapshot.late + snapshot.unmatched + snapshot.duplicate;
    assert_eq!(counted + malformed, told.replies + told.malformed, "every reply is something");
    assert_eq!(snapshot.ignored, told.ignored);
    format!("{:?}\n{:?}", ears.events, snapshot)
}

#[test]
fn random_histories_add_up_at_every_step() {
    for seed in 0..SEEDS {
        // Looking costs more than the history itself; what does not add up stays that way.
        let every = if seed % 5 == 0 { 1 } else { 11 };
        let ran = std::panic::catch_unwind(|| run(seed, every));
        assert!(ran.is_ok(), "seed {seed}");
    }
}

#[test]
fn equal_histories_tell_equal_stories() {
    for seed in 0..4 {
        let story = run(seed, STEPS);
        assert!(story == run(seed, STEPS), "seed {seed}");
        assert!(story.len() > 1_000, "seed {seed} tells something");
    }
}

/// Driven from deadline to deadline, or told the time only now and then: the same story, but
/// for pauses, which say that the time was not told.
#[test]
fn how_often_the_time_is_told_changes_nothing() {
    for seed in 0..4 {
        let mut all = Vec::new();
        for fine in [false, true] {
            let mut random = Lcg::new(seed);
            let mut ears = Ears::with(|settings| settings.limits.open_calls = 20);
            let (mut now, mut told) = (0, Told { no_pauses: true, ..Told::default() });
            for _ in 0..STEPS {
                let next = now + jump(&mut random);
                while fine && ears.observer.poll_timeout() < at(next) {
                    let due: Instant = ears.observer.poll_timeout();
                    ears.observer.handle_timeout(due);
                    assert!(ears.observer.poll_timeout() > due, "a deadline is handled at once");
                }
                now = next;
                step(&mut ears, &mut random, now, &mut told);
            }
            ears.drain();
            let snapshot = ears.snapshot();
            all.push(format!("{:?}\n{snapshot:?}", ears.events));
        }
        assert!(all[0] == all[1], "seed {seed}");
    }
}
