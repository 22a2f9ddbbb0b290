//! Each detector with an attack that it must find, and with the same just below the threshold.

use crate::kit::{World, at, name};
use lookout::observer::digest::Kind as Of;
use lookout::security::incident::{Kind, State};
use lookout::security::sign::{Banned, Foreign, Sign, Who};

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;

/// A user who calls one service some times each working hour of ten days.
fn learned(world: &mut World, user: &str, calls: usize) {
    for day in 0..10 {
        for hour in 8..18 {
            for call in 0..calls {
                let seconds = f64::from(day) * DAY + f64::from(hour) * HOUR + call as f64 * 5.0;
                world.call(seconds, user, "Billing");
                world.answer(seconds + 0.1, user, 10_000, false);
            }
        }
    }
    assert_eq!(world.told(), [""; 0], "that is how it works");
}

/// The beginning of the eleventh day's ninth hour.
const THEN: f64 = 10.0 * DAY + 9.0 * HOUR;

#[test]
fn five_failures_of_a_user_within_fifteen_minutes_are_brute_force() {
    for (gap, times, found) in
        [(MINUTE, 4, false), (MINUTE, 5, true), (3.7 * MINUTE, 5, true), (3.75 * MINUTE, 5, false)]
    {
        let mut world = World::new();
        for time in 0..times {
            // From somewhere else each time, so that no address is to blame.
            world.login(f64::from(time) * gap, "ana", &format!("192.0.2.{time}"), false);
        }
        let all = world.found(Kind::BruteForce);
        assert_eq!(all.len(), usize::from(found), "{times} failures, {gap} s apart");
        for attack in all {
            assert_eq!(attack.last, at(f64::from(times - 1) * gap), "with the fifth");
            assert_eq!((attack.measured, attack.threshold), (5.0, 5.0));
            assert_eq!(attack.since, at(0.0));
        }
    }
}

#[test]
fn a_success_ends_a_run_of_a_user_and_many_successes_excuse_an_address() {
    let mut world = World::new();
    for round in 0..10 {
        for time in 0..4 {
            world.login(f64::from(round * 10 + time), "ana", "192.0.2.1", false);
        }
        world.login(f64::from(round * 10 + 5), "ana", "192.0.2.2", true);
    }
    // Forty failures from one address and no success there are an attack on somebody.
    assert_eq!(world.found(Kind::BruteForce).len(), 1);

    let mut office = World::new();
    for minute in 0..600 {
        let (user, seconds) = (format!("user-{minute}"), f64::from(minute) * 20.0);
        // Every third of them mistypes once.
        if minute % 3 == 0 {
            office.login(seconds, &user, "192.0.2.1", false);
        }
        office.login(seconds + 5.0, &user, "192.0.2.1", true);
    }
    assert_eq!(office.told(), [""; 0], "an office behind one address");
}

#[test]
fn one_address_and_many_users_are_credential_stuffing_and_one_attack() {
    let mut world = World::new();
    for user in 0..40 {
        world.login(f64::from(user) * 10.0, &format!("user-{user}"), "192.0.2.1", false);
    }
    world.advance(2.0 * HOUR);
    assert_eq!(
        world.told(),
        [
            "brute_force opened critical user-4 from 192.0.2.1",
            "credential_stuffing escalated critical user-4 from 192.0.2.1",
            "credential_stuffing ended critical user-4 from 192.0.2.1",
        ]
    );
    let over = world.said.last().unwrap();
    assert_eq!(over.evidence.len(), 32, "the first and the last that happened");
    assert_eq!(&*over.evidence[0].what, "login of user-4 from 192.0.2.1 failed: bad password");
    assert_eq!(&*over.evidence[31].what, "login of user-39 from 192.0.2.1 failed: bad password");
    assert_eq!(over.last, at(390.0));
}

#[test]
fn many_addresses_and_one_user_are_password_spraying() {
    let mut world = World::with(|policy| policy.failures = 20);
    for address in 0..9 {
        world.login(f64::from(address), "ana", &format!("192.0.2.{address}"), false);
    }
    assert_eq!(world.told(), [""; 0]);
    world.login(9.0, "ana", "192.0.2.200", false);
    assert_eq!(world.told(), ["password_spraying opened critical ana from 192.0.2.200"]);
}

#[test]
fn a_success_after_failures_is_said_at_once() {
    for (failures, found) in [(4, false), (5, true)] {
        let mut world = World::new();
        for time in 0..failures {
            world.login(f64::from(time), "ana", "192.0.2.1", false);
        }
        world.login(60.0, "ana", "192.0.2.9", true);
        let all = world.found(Kind::SuccessAfterFailures);
        assert_eq!(all.len(), usize::from(found), "{failures}");
        for attack in all {
            assert_eq!(attack.state, State::Escalated, "it began as brute force");
            let last = attack.evidence.last().unwrap();
            assert_eq!(&*last.what, "login of ana from 192.0.2.9 succeeded after 5 failures");
        }
    }
}

#[test]
fn attacks_of_two_are_two_and_signs_of_one_are_one() {
    let mut world = World::new();
    for time in 0..20 {
        world.login(f64::from(time), "ana", "192.0.2.1", false);
        world.login(f64::from(time) + 0.5, "ben", "198.51.100.7", false);
    }
    assert_eq!(
        world.told(),
        [
            "brute_force opened critical ana from 192.0.2.1",
            "brute_force opened critical ben from 198.51.100.7",
        ]
    );
    world.advance(15.0 * MINUTE + 18.0);
    assert_eq!(world.said.len(), 2, "not over yet");
    world.advance(15.0 * MINUTE + 20.0);
    assert_eq!(world.said.len(), 4);
    for time in 0..5 {
        world.login(HOUR + f64::from(time), "ana", "192.0.2.1", false);
    }
    assert_eq!(world.said.len(), 5, "a new attack");
    assert_ne!(world.said[4].id, world.said[0].id);
}

#[test]
fn what_goes_on_for_long_gets_worse_once_each_half_an_hour() {
    let mut world = World::with(|policy| {
        policy.severities = vec![(Kind::BruteForce, lookout::observer::alert::Severity::Warning)]
    });
    for minute in 0..100 {
        world.login(f64::from(minute) * MINUTE, "ana", "192.0.2.1", false);
    }
    assert_eq!(
        world.told(),
        [
            "brute_force opened warning ana from 192.0.2.1",
            "brute_force escalated error ana from 192.0.2.1",
            "brute_force escalated critical ana from 192.0.2.1",
        ]
    );
}

#[test]
fn a_detector_that_is_off_finds_nothing() {
    let mut world = World::with(|policy| policy.off = vec![Kind::BruteForce]);
    for time in 0..9 {
        world.login(f64::from(time), "ana", "192.0.2.1", false);
    }
    assert_eq!(world.told(), [""; 0]);
}

#[test]
fn a_right_that_was_denied_and_then_given_is_escalation() {
    for (denials, later, right, found) in [
        (3, 60.0, "refund", true),
        (2, 60.0, "refund", false),
        (3, 60.0, "read", false),
        (3, 16.0 * MINUTE, "refund", false),
    ] {
        let mut world = World::new();
        (0..denials).for_each(|time| world.right(f64::from(time), "ana", "refund", false));
        world.right(later, "ana", right, true);
        let all = world.found(Kind::Escalation);
        assert_eq!(all.len(), usize::from(found), "{denials} {later} {right}");
        for attack in all {
            let what = "ana was denied refund of Billing 3 times, and then was not";
            assert_eq!(&*attack.evidence[0].what, what);
        }
    }
    // The same by how calls are answered.
    let mut world = World::new();
    world.call(0.0, "ana", "Billing");
    for time in 0..3 {
        world.answer(f64::from(time), "ana", 100, true);
    }
    world.answer(9.0, "ana", 100, false);
    assert_eq!(world.told(), ["escalation opened error ana"]);
}

#[test]
fn three_times_the_calls_of_such_an_hour_are_unusual() {
    for (calls, found) in [(700, false), (1_000, true)] {
        let mut world = World::new();
        learned(&mut world, "ana", 250);
        for call in 0..calls {
            world.call(THEN + f64::from(call) * 3.0, "ana", "Billing");
        }
        let all = world.found(Kind::UnusualVolume);
        assert_eq!(all.len(), usize::from(found), "{calls}");
        for attack in all {
            assert!(attack.measured <= 900.0, "as soon as it is: {attack:?}");
        }
    }
    let mut world = World::new();
    for call in 0..10_000 {
        world.call(f64::from(call) / 10.0, "new", "Billing");
    }
    assert_eq!(world.told(), [""; 0], "nobody knows what is usual for it");
}

#[test]
fn three_new_services_within_an_hour_are_unusual() {
    for (gap, found) in [(MINUTE, true), (31.0 * MINUTE, false)] {
        let mut world = World::new();
        learned(&mut world, "ana", 3);
        for (at, service) in ["Payroll", "Vault", "Admin"].into_iter().enumerate() {
            world.call(THEN + at as f64 * gap, "ana", service);
        }
        let all = world.found(Kind::UnusualServices);
        assert_eq!(all.len(), usize::from(found), "{gap}");
        for attack in all {
            assert_eq!(&*attack.evidence[0].what, "ana called Admin for the first time");
        }
    }
}

#[test]
fn work_at_an_hour_that_never_was_one_is_said_once_a_week() {
    let mut world = World::new();
    learned(&mut world, "ana", 3);
    world.call(10.0 * DAY + 18.5 * HOUR, "ana", "Billing");
    assert_eq!(world.told(), [""; 0], "a little later than usual");
    world.call(11.0 * DAY + 3.0 * HOUR, "ana", "Billing");
    world.call(12.0 * DAY + 5.0 * HOUR, "ana", "Billing");
    assert_eq!(world.told()[..1], ["unusual_hours opened info ana"]);
    assert_eq!(world.found(Kind::UnusualHours).len(), 1);
}

#[test]
fn far_more_data_than_usual_is_exfiltration() {
    for (answers, found) in [(15, false), (30, true)] {
        let mut world = World::new();
        learned(&mut world, "ana", 100);
        for answer in 0..answers {
            world.call(THEN + f64::from(answer), "ana", "Billing");
            world.answer(THEN + f64::from(answer) + 0.1, "ana", 1 << 20, false);
        }
        let all = world.found(Kind::Exfiltration);
        assert_eq!(all.len(), usize::from(found), "{answers}");
        for attack in all {
            let what = &attack.evidence[0].what;
            assert!(what.starts_with("ana got 22020096 bytes"), "as soon as it is: {what}");
        }
    }
}

#[test]
fn replies_that_nobody_asked_for_are_spoofing_but_for_those_of_before() {
    for (begin, times, found) in [(0.0, 30, false), (400.0, 9, false), (400.0, 10, true)] {
        let mut world = World::new();
        for time in 0..times {
            world.take(begin + f64::from(time), Sign::Stray(name(Of::Session, "s-1")));
        }
        assert_eq!(world.found(Kind::Spoofing).len(), usize::from(found), "{begin} {times}");
    }
}

#[test]
fn steps_of_the_clock_and_reordering_raise_no_alarm() {
    let mut world = World::new();
    learned(&mut world, "ana", 20);
    for time in 0..4 {
        world.login(THEN + f64::from(time), "ana", "192.0.2.1", false);
    }
    // The clock steps back by a day, and on by a month; old signs come late.
    for time in [THEN - DAY, THEN + 30.0 * DAY, THEN, 0.0, THEN + 30.0 * DAY] {
        world.call(time, "ana", "Billing");
        world.answer(time, "ana", 10_000, false);
        world.login(time, "ana", "192.0.2.1", true);
    }
    assert_eq!(world.told(), [""; 0]);
}

#[test]
fn nobody_hides_behind_doubt() {
    let mut world = World::new();
    for time in 0..5 {
        world.login(f64::from(time), "ana", "192.0.2.1", false);
        world.take(f64::from(time), Sign::Doubt(true));
    }
    assert_eq!(world.told(), ["brute_force opened critical ana from 192.0.2.1"]);
}

#[test]
fn an_hour_of_doubt_is_no_example() {
    let mut world = World::new();
    learned(&mut world, "ana", 250);
    // Much in an hour in which not all was heard: nothing is said of it, and nothing is learned from it.
    world.take(THEN, Sign::Doubt(true));
    world.take(THEN + 1.0, Sign::Doubt(false));
    for call in 0..3_000 {
        world.call(THEN + f64::from(call), "ana", "Billing");
    }
    assert_eq!(world.told(), [""; 0]);
    for call in 0..1_000 {
        world.call(THEN + HOUR + f64::from(call), "ana", "Billing");
    }
    assert_eq!(world.found(Kind::UnusualVolume).len(), 1);
}

#[test]
fn one_account_is_no_office() {
    let mut world = World::new();
    for user in 0..20 {
        let seconds = f64::from(user) * 10.0;
        world.login(seconds, "eve", "192.0.2.1", true);
        world.login(seconds + 1.0, &format!("user-{user}"), "192.0.2.1", false);
    }
    assert_eq!(world.found(Kind::CredentialStuffing).len(), 1);
}

#[test]
fn denials_that_climb_at_a_service_are_told_of_it() {
    // Three in each window are usual for Billing for two days.
    let usual = |world: &mut World| {
        for window in 0..192 {
            for number in 0..3 {
                let seconds = f64::from(window) * 15.0 * MINUTE + f64::from(number);
                world.right(seconds, &format!("user-{window}-{number}"), "pay", false);
            }
        }
        assert_eq!(world.told(), [""; 0], "that is usual");
    };
    let then = 2.0 * DAY;
    for (what, learned, denied, by_calls, found) in [
        ("below the floor", true, 19, false, false),
        ("at the floor", true, 20, false, true),
        ("by calls", true, 20, true, true),
        ("a service that is not known", false, 99, false, false),
        ("very many at one that is not known", false, 100, false, true),
    ] {
        let mut world = World::new();
        if learned {
            usual(&mut world);
        }
        for number in 0..denied {
            let (seconds, user) = (then + f64::from(number), format!("guesser-{number}"));
            if by_calls {
                world.call(seconds, &user, "Billing");
                world.answer(seconds, &user, 100, true);
            } else {
                world.right(seconds, &user, "admin", false);
            }
        }
        let all = world.found(Kind::Denials);
        assert_eq!(all.len(), usize::from(found), "{what}: {:?}", world.told());
        for attack in all {
            assert_eq!(attack.target.service.as_deref(), Some("Billing"));
            assert_eq!(attack.since, at(then), "{what}");
            assert!(attack.evidence[0].what.contains("the last of them guesser-"), "{what}");
        }
    }
}

#[test]
fn a_busy_service_may_deny_three_times_what_it_did() {
    let mut world = World::new();
    let day = |world: &mut World, day: u32, each: u32| {
        for window in 0..96 {
            for number in 0..each {
                let seconds = f64::from(day) * DAY + f64::from(window) * 15.0 * MINUTE;
                world.right(seconds + f64::from(number), &format!("u{number}"), "pay", false);
            }
        }
    };
    // Too many for one that is new; then it is how the service is.
    day(&mut world, 0, 90);
    day(&mut world, 1, 90);
    day(&mut world, 2, 200);
    assert_eq!(world.told(), [""; 0]);
    day(&mut world, 3, 900);
    assert_eq!(world.found(Kind::Denials).len(), 1, "{:?}", world.told());
}

#[test]
fn who_speaks_in_lookouts_place_is_one_attack() {
    let mut world = World::new();
    let of = name(Of::Mark, "system/c/").digest;
    for second in 0..50 {
        let topic = format!("system/c/services/{second}");
        let foreign = Foreign { of, topic: &topic, kind: Some("service_verdict\u{1b}") };
        world.take(f64::from(second), Sign::Foreign(foreign));
    }
    let told = world.told();
    assert_eq!(told, ["impostor opened critical lookout"]);
    let attack = world.watch.open().next().expect("an attack");
    assert_eq!((attack.signs, attack.evidence.len()), (50, 32));
    let what = "somebody else published on system/c/services/0, service_verdict\u{fffd}";
    assert_eq!(&*attack.evidence[0].what, what);
}

#[test]
fn nobody_is_taken_for_an_impostor_while_lookout_doubts_its_ears() {
    let mut world = World::new();
    let of = name(Of::Mark, "system/c/").digest;
    let foreign = || Sign::Foreign(Foreign { of, topic: "system/c/errors", kind: None });
    world.take(1.0, Sign::Doubt(true));
    world.take(2.0, foreign());
    assert_eq!(world.told(), [""; 0]);
    world.take(3.0, Sign::Doubt(false));
    world.take(4.0, foreign());
    assert_eq!(world.told(), ["impostor opened critical lookout"]);
}

#[test]
fn whom_the_broker_bans_by_itself_is_told_one_by_one() {
    let mut world = World::new();
    for (second, client) in ["a", "b", "a"].into_iter().enumerate() {
        let who = Who { client: Some(name(Of::Client, client)), ..Who::default() };
        let banned = Banned { who, reason: "flapping is detected" };
        world.take(second as f64, Sign::Banned(banned));
    }
    assert_eq!(world.told(), ["flapping opened warning a", "flapping opened warning b"]);
    let attack = world.watch.open().next().expect("an attack");
    assert_eq!(&*attack.evidence[0].what, "the broker bans a: flapping is detected");
    // Detectors that are off say nothing.
    let mut world = World::with(|policy| policy.off = vec![Kind::Flapping, Kind::Impostor]);
    let who = Who { client: Some(name(Of::Client, "a")), ..Who::default() };
    world.take(1.0, Sign::Banned(Banned { who, reason: "" }));
    let of = name(Of::Mark, "system/c/").digest;
    world.take(2.0, Sign::Foreign(Foreign { of, topic: "system/c/errors", kind: None }));
    assert_eq!(world.told(), [""; 0]);
    assert_eq!(world.watch.figures().signs[5..], [1, 1], "they are counted");
}
