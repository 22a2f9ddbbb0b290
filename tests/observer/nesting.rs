//! Learned dependencies: what counts as a sighting, how many it takes, how they fade, and that
//! they open circuits as configured ones do.

use crate::kit::{Ears, KEY, OK, at, id, s};
use lookout::observer::breaker::Cause;
use lookout::observer::digest::{Digest, Kind};
use lookout::observer::event::What;
use lookout::observer::input::CallKind;
use lookout::observer::{Input, Span};

const MS: u64 = 1_000;

/// How B is called within the call to A: when it is made and answered, in milliseconds after
/// the call to A, which is answered after 100.
#[derive(Clone, Copy)]
struct Inner {
    made: u64,
    answered: u64,
    same: bool,
}

const INSIDE: Inner = Inner { made: 20, answered: 60, same: true };

struct World {
    ears: Ears,
    now: u64,
    number: u64,
}

impl World {
    fn new(learn: bool) -> Self {
        Self { ears: Ears::with(|settings| settings.cascade.learn = learn), now: s(1), number: 0 }
    }

    /// One operation, a second long: A is called, and B in it. B is called on its own behalf as
    /// well, and so is C, which nobody depends on.
    fn operation(&mut self, inner: Inner, kind: Kind) {
        let (now, number) = (self.now, self.number);
        let part = |name: String| KEY.digest(kind, name.as_bytes());
        let ours = part(format!("operation {number}"));
        let theirs = if inner.same { ours } else { part(format!("another {number}")) };
        let mut steps = vec![
            (0, "A", true, ours),
            (inner.made, "B", true, theirs),
            (inner.answered, "B", false, theirs),
            (100, "A", false, ours),
            (300, "C", true, part(format!("third {number}"))),
            (350, "C", false, ours),
        ];
        steps.sort_by_key(|step| step.0);
        for (after, service, call, part) in steps {
            let key = format!("{service}{number}");
            if call {
                let keys = (id(&key), None);
                let kind =
                    CallKind::TwoWay { keys, shared: [false; 2], lenient: false, deadline: None };
                let parts = if number % 2 == 0 { [Some(part), None] } else { [None, Some(part)] };
                self.ears.part(now + after * MS, service, "m", kind, parts);
            } else {
                self.ears.reply(now + after * MS, &key, OK);
            }
        }
        self.now += s(1);
        self.number += 1;
    }

    /// B falls silent, and is called until that is said. Whose circuits opened ahead?
    fn outage(&mut self) -> Vec<String> {
        for call in 0..20 {
            self.ears.call(self.now + call * s(1), "B", &format!("lost {}", self.now + call));
        }
        self.ears.until(self.now + s(60));
        let opened = self.ears.events.iter().filter_map(|event| match &event.what {
            What::Circuit(news) if news.transition.cause == Cause::DependencyUnavailable => {
                Some(news.service.to_string())
            }
            _ => None,
        });
        opened.collect()
    }
}

/// After so many operations of this kind, does A wait for B?
fn waits(learn: bool, operations: u64, inner: Inner) -> Vec<String> {
    let mut world = World::new(learn);
    for _ in 0..operations {
        world.operation(inner, Kind::Correlation);
    }
    world.outage()
}

#[test]
fn twenty_calls_inside_others_make_a_dependency() {
    let outside = Inner { answered: 150, ..INSIDE };
    let before = Inner { made: 110, answered: 150, same: true };
    let stranger = Inner { same: false, ..INSIDE };
    let cases = [
        ("twenty are enough", true, 20, INSIDE, vec!["A"]),
        ("nineteen are not", true, 19, INSIDE, vec![]),
        ("only if it is asked for", false, 100, INSIDE, vec![]),
        ("not calls that outlive the other", true, 100, outside, vec![]),
        ("not calls made after the other", true, 100, before, vec![]),
        ("not calls of another operation", true, 100, stranger, vec![]),
    ];
    for (what, learn, operations, inner, expected) in cases {
        assert_eq!(waits(learn, operations, inner), expected, "{what}");
    }
}

#[test]
fn calls_made_side_by_side_are_no_dependency() {
    // Whichever is answered first: now and then the one lies inside the other by chance.
    let mut world = World::new(true);
    for at in 0..60 {
        let answered = if at % 3 == 0 { 60 } else { 120 };
        world.operation(Inner { made: 0, answered, same: true }, Kind::Trace);
    }
    assert_eq!(world.outage(), Vec::<String>::new());
}

#[test]
fn what_is_called_while_a_service_is_silent_was_not_called_by_it() {
    let learned = |answers: bool| {
        let mut world = World::new(true);
        for number in 0..40 {
            let part = KEY.digest(Kind::Correlation, format!("operation {number}").as_bytes());
            for (after, service) in [(0, "A"), (100, "B")] {
                let keys = (id(&format!("{service}{number}")), None);
                let kind =
                    CallKind::TwoWay { keys, shared: [false; 2], lenient: false, deadline: None };
                world.ears.part(world.now + after * MS, service, "m", kind, [Some(part), None]);
            }
            world.ears.reply(world.now + 150 * MS, &format!("B{number}"), OK);
            if answers {
                world.ears.reply(world.now + 200 * MS, &format!("A{number}"), OK);
            }
            world.now += s(1);
        }
        world.ears.until(world.now + s(60));
        world.ears.observer.dependencies(at(world.now + s(60))).len()
    };
    assert_eq!((learned(true), learned(false)), (1, 0));
}

#[test]
fn sightings_fade_within_a_day() {
    for (hours, expected) in [(22, vec!["A"]), (25, vec![])] {
        let mut world = World::new(true);
        for _ in 0..40 {
            world.operation(INSIDE, Kind::Trace);
        }
        world.now += s(hours * 3_600);
        // All three are in use again; A without B.
        for _ in 0..30 {
            world.operation(Inner { same: false, ..INSIDE }, Kind::Trace);
        }
        assert_eq!(world.outage(), expected, "after {hours} h");
    }
}

#[test]
fn strangers_cost_a_bounded_amount() {
    // Ever new operations and services: nothing to assert but the figures, which stay right,
    // and that what was learned before is still known.
    let mut world = World::new(true);
    for _ in 0..30 {
        world.operation(INSIDE, Kind::Trace);
    }
    let digest = |text: &str| KEY.digest(Kind::Correlation, text.as_bytes());
    let one: Digest = digest("one operation for all");
    for number in 0..40_000_u64 {
        let key = format!("s{number}");
        let kind = CallKind::TwoWay {
            keys: (id(&key), None),
            shared: [false; 2],
            lenient: false,
            deadline: None,
        };
        let own = digest(&key);
        let service = format!("S{}", number % 300);
        world.ears.part(world.now + number, &service, "m", kind, [Some(one), Some(own)]);
        if number % 2 == 0 {
            world.ears.reply(world.now + number, &key, OK);
        }
    }
    world.now += s(1);
    world.ears.input(world.now, Input::Ignored);
    crate::kit::conserved(&world.ears.snapshot());
    let learned = world.ears.observer.dependencies(at(world.now) + Span::from_secs(1));
    let known = learned.iter().any(|(caller, called, _)| (&**caller, &**called) == ("A", "B"));
    assert!(known && learned.len() <= 10_000, "{} learned", learned.len());
}
