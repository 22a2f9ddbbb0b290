//! The bounds on services and methods, and who gives way to whom.

use crate::kit::{Ears, OK, at, conserved, s};
use lookout::observer::Span;
use lookout::observer::event::What;
use lookout::observer::input::CallKind;

fn names(ears: &mut Ears) -> Vec<String> {
    ears.snapshot().services.iter().map(|service| service.name.to_string()).collect()
}

fn served(ears: &mut Ears, micros: u64, service: &str) {
    ears.call(micros, service, service);
    ears.reply(micros + 1, service, OK);
}

#[test]
fn services_that_answered_are_never_displaced_by_one_that_never_did() {
    let mut ears = Ears::with(|settings| settings.limits.services = 3);
    for (micros, service) in [(0, "A"), (10, "B"), (20, "C")] {
        served(&mut ears, micros, service);
    }
    for at in 0..100 {
        ears.call(100 + at, &format!("made-up-{at}"), &format!("x{at}"));
    }
    assert_eq!(names(&mut ears), ["A", "B", "C", "_other"]);
    assert_eq!(ears.totals("_other").calls, 100);
    // Nor by one that answers: there is nobody to give way.
    served(&mut ears, 1_000, "D");
    served(&mut ears, 2_000, "D");
    assert_eq!(names(&mut ears), ["A", "B", "C", "_other"]);
    conserved(&ears.snapshot());
    ears.until(s(60));
    conserved(&ears.snapshot());
    assert_eq!(ears.totals("A").ok, 1);
}

#[test]
fn a_name_that_is_answered_among_the_others_takes_the_place_of_one_that_never_was() {
    let mut ears = Ears::with(|settings| settings.limits.services = 3);
    served(&mut ears, 0, "A");
    ears.call(10, "fake-1", "f1");
    ears.call(20, "fake-2", "f2");
    served(&mut ears, 30, "D");
    assert_eq!(names(&mut ears), ["A", "_other", "fake-1", "fake-2"]);
    served(&mut ears, 40, "D");
    let now = names(&mut ears);
    assert!(now.contains(&"D".to_owned()) && now.contains(&"A".to_owned()), "{now:?}");
    assert_eq!(now.len(), 4, "{now:?}");
    assert_eq!(ears.totals("D").ok, 1);
    conserved(&ears.snapshot());
    let gone = ears.events.iter().filter(|event| matches!(event.what, What::Gone(_))).count();
    assert_eq!(gone, 1, "what stands of the displaced one is cleared");
    // Its open call settles among the others.
    ears.until(s(31));
    conserved(&ears.snapshot());
    let total: u64 = ears.snapshot().services.iter().map(|s| s.figures.totals.calls).sum();
    assert_eq!(total, 5, "no call is lost");
    // A late reply proves a service as well.
    ears.call(s(40), "E", "e");
    ears.until(s(71));
    ears.reply(s(72), "e", OK);
    ears.call(s(73), "E", "e2");
    assert!(names(&mut ears).contains(&"E".to_owned()));
    conserved(&ears.snapshot());
}

#[test]
fn others_have_no_verdict_and_no_circuit() {
    let mut ears = Ears::with(|settings| settings.limits.services = 1);
    served(&mut ears, 0, "A");
    for at in 1..200 {
        ears.call(at * s(1), &format!("x{at}"), &format!("x{at}"));
    }
    ears.until(s(300));
    let snapshot = ears.snapshot();
    let other = snapshot.services.iter().find(|service| &*service.name == "_other").unwrap();
    assert_eq!((other.verdict, other.circuit), (None, None));
    assert_eq!(other.figures.totals.unanswered, 199);
    let said = format!("{:?}", ears.events);
    assert!(!said.contains("_other"), "nothing is said of the others");
}

#[test]
fn methods_are_bounded_per_service() {
    let mut ears = Ears::with(|settings| settings.limits.methods = 2);
    for (at, method) in (0..).zip(["a", "b", "c", "d", "a", "b", "c"]) {
        ears.call(at * 10, &format!("A.{method}"), "1");
        ears.reply(at * 10 + 1, "1", OK);
    }
    let snapshot = ears.snapshot();
    let methods: Vec<_> =
        snapshot.services[0].methods.iter().map(|(name, f)| (&**name, f.totals.ok)).collect();
    assert_eq!(methods, [("_other", 3), ("a", 2), ("b", 2)]);
    conserved(&snapshot);
    // A call without a method, or with one whose name is too long, is among the others.
    let mut ears = Ears::with(|_| ());
    ears.call(0, "A.", "1");
    ears.call(1, &format!("A.{}", "m".repeat(257)), "2");
    ears.call(2, &format!("A.{}", "m".repeat(256)), "3");
    let snapshot = ears.snapshot();
    let methods = &snapshot.services[0].methods;
    assert_eq!(methods.len(), 2);
    assert_eq!((&*methods[0].0, methods[0].1.totals.open), ("_other", 2));
}

#[test]
fn names_longer_than_256_bytes_are_among_the_others() {
    let mut ears = Ears::with(|_| ());
    let (long, longer) = ("s".repeat(256), "s".repeat(257));
    ears.call(0, &long, "1");
    ears.call(1, &longer, "2");
    assert_eq!(names(&mut ears), ["_other", &long]);
    ears.reply(2, "2", OK);
    ears.call(3, &longer, "3");
    assert_eq!(names(&mut ears), ["_other", &long]);
    assert_eq!(ears.totals("_other").calls, 2);
}

/// A circuit that waited for another service goes with its service: it must not count against the
/// next cascade.
#[test]
fn a_displaced_service_waits_for_nobody() {
    let mut ears = Ears::with(|settings| {
        settings.limits.services = 4;
        settings.patience.initial = Span::from_secs(1);
        let on_origin = |name: &str| (name.to_owned(), vec!["O".to_owned()]);
        settings.dependencies = vec![on_origin("D"), on_origin("E")];
    });
    let answered = |ears: &mut Ears, from: u64, name: &str| {
        for call in 0..25 {
            let key = format!("{name}{from}{call}");
            ears.call(from + call * s(1), name, &key);
            ears.reply(from + call * s(1) + 10_000, &key, OK);
        }
    };
    let lost = |ears: &mut Ears, from: u64| {
        for call in 0..12 {
            ears.call(from + call * s(1), "O", &format!("lost{from}{call}"));
        }
        ears.until(from + s(20));
    };
    answered(&mut ears, s(1), "O");
    ears.kind(s(30), "D", "m", CallKind::OneWay);
    answered(&mut ears, s(31), "E");
    answered(&mut ears, s(60), "F");
    // Half of the three others, rounded down, is one: the first that is configured.
    lost(&mut ears, s(100));
    // D never answered, and gives way to one that exists.
    for call in 0..2 {
        ears.call(s(130) + call, "G", &format!("g{call}"));
        ears.reply(s(130) + call, &format!("g{call}"), OK);
    }
    answered(&mut ears, s(140), "O");
    lost(&mut ears, s(200));
    let ahead = ears.events.iter().filter_map(|event| match &event.what {
        What::CascadePrevented { affected, .. } => Some(affected.concat()),
        _ => None,
    });
    assert_eq!(ahead.collect::<Vec<_>>(), ["D", "E"]);
}

#[test]
fn the_oldest_open_call_of_each_service_is_known() {
    let mut ears = Ears::with(|_| ());
    let oldest = |ears: &mut Ears| {
        let services = ears.snapshot().services;
        services.iter().map(|it| (it.name.to_string(), it.oldest_open)).collect::<Vec<_>>()
    };
    for (micros, service, key) in [(s(1), "A", "1"), (s(2), "B", "2"), (s(3), "A", "3")] {
        ears.call(micros, service, key);
    }
    assert_eq!(oldest(&mut ears), [("A".into(), Some(at(s(1)))), ("B".into(), Some(at(s(2))))]);
    ears.reply(s(4), "1", OK);
    ears.reply(s(4), "2", OK);
    assert_eq!(oldest(&mut ears), [("A".into(), Some(at(s(3)))), ("B".into(), None)]);
}
