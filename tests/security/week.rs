//! Two weeks of five thousand users: one in which they are learned, one in which nothing may be said of
//! them but what was planted.
//!
//! Office workers, shifts, night workers and batch users; weekends; hours that vary by half an hour and
//! volumes that vary by a factor of two; mistyped passwords, most from offices behind one address;
//! new services now and then. Each user makes few calls an hour, so that a debug build is done in time;
//! `volume_floor` is as low.

use crate::kit::{World, name};
use lookout::observer::alert::Severity;
use lookout::observer::digest::Kind as Of;
use lookout::security::incident::{Kind, State};
use lookout::security::sign::Sign;

const USERS: u32 = 5_000;
const DAY: u64 = 86_400;

/// A small generator (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, most: u64) -> u64 {
        (self.next() * most as f64) as u64
    }

    /// About one, by a factor of two mostly.
    fn about(&mut self) -> f64 {
        let normal: f64 = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (normal * 0.35).exp()
    }
}

enum Act {
    Login(bool),
    Call(u32),
}

/// What all do in an hour, in order of time.
fn hour(chance: &mut Chance, hour: u64, acts: &mut Vec<(f64, u32, Act)>) {
    acts.clear();
    let (day, of_day) = (hour / 24, hour % 24);
    let weekend = day % 7 >= 5;
    for user in 0..USERS {
        let (from, long) = match user % 20 {
            0 => (22, 8),
            1 | 2 => (6 + 8 * (day / 7 % 2), 8),
            3 => (0, 24),
            _ => (8 + u64::from(user % 3), 9),
        };
        let since = (of_day + 24 - from) % 24;
        let batch = user % 20 == 3;
        let rare = chance.next() < if weekend && !batch { 0.02 } else { 0.95 };
        if since >= long || !rare {
            continue;
        }
        let begin = hour as f64 * 3_600.0;
        if since == 0 || batch && of_day == 0 {
            let mut at = begin + chance.next() * 1_200.0;
            // Some mistype, seldom more than twice.
            while chance.next() < 0.08 {
                acts.push((at, user, Act::Login(false)));
                at += 5.0 + chance.next() * 20.0;
            }
            acts.push((at, user, Act::Login(true)));
        }
        let calls = (f64::from(3 + user % 5) * chance.about()).ceil() as u32;
        for _ in 0..calls {
            let service = if chance.next() < 0.000_5 {
                50 + chance.below(50) as u32
            } else {
                user % 7 + chance.below(4) as u32
            };
            acts.push((begin + 1_210.0 + chance.next() * 2_380.0, user, Act::Call(service)));
        }
    }
    acts.sort_by(|a, b| a.0.total_cmp(&b.0));
}

#[test]
fn a_week_of_normal_use_is_quiet_and_attacks_in_it_are_found() {
    let mut world = World::with(|policy| {
        policy.volume_floor = 30;
        policy.bytes_floor = 1 << 20;
    });
    let mut chance = Chance(42);
    let names: Vec<_> = (0..USERS).map(|user| format!("user-{user}")).collect();
    let services: Vec<_> = (0..100).map(|service| format!("Service{service}")).collect();
    // Most sit in five offices, the rest at home.
    let home = |user: u32| {
        if user.is_multiple_of(4) {
            format!("198.51.100.{user}")
        } else {
            format!("192.0.2.{}", user % 5)
        }
    };
    let addresses: Vec<_> = (0..USERS).map(home).collect();
    let mut acts = Vec::new();
    for hour in 0..14 * 24 {
        self::hour(&mut chance, hour, &mut acts);
        for (at, user, act) in &acts {
            let who = &names[*user as usize];
            match act {
                Act::Login(granted) => world.login(*at, who, &addresses[*user as usize], *granted),
                Act::Call(service) => {
                    world.call(*at, who, &services[*service as usize]);
                    let bytes = 2_000.0 * chance.about();
                    world.answer(at + 0.05, who, bytes as u32, false);
                }
            }
        }
        planted(&mut world, hour);
    }
    let is_planted = |about: &str| about.contains("victim") || about.contains("thief");
    let mut wrong = Vec::new();
    for it in world.said.iter().filter(|it| it.state != State::Ended && !is_planted(&it.about())) {
        assert!(it.severity < Severity::Critical, "{it:?}");
        if it.severity >= Severity::Warning {
            wrong.push(it);
        }
    }
    let days = f64::from(USERS) * 14.0;
    let rate = wrong.len() as f64 / days * 1_000.0;
    println!("{} warnings, {rate:.2} in 1 000 user-days", wrong.len());
    assert!(
        rate < 1.0,
        "{rate} warnings in 1 000 user-days: {:?}",
        wrong.iter().map(|it| (it.kind, it.about())).collect::<Vec<_>>()
    );
    for (kind, about) in [
        (Kind::BruteForce, "victim-1 from 203.0.113.1"),
        (Kind::CredentialStuffing, "victim-4 from 203.0.113.2"),
        (Kind::SuccessAfterFailures, "victim-1 from 203.0.113.1"),
        (Kind::UnusualVolume, "thief-1"),
        (Kind::UnusualServices, "thief-1"),
        (Kind::Exfiltration, "thief-1"),
        (Kind::Spoofing, "victim-session"),
    ] {
        let found: Vec<_> =
            world.found(kind).into_iter().filter(|it| it.about() == about).collect();
        assert!(!found.is_empty(), "{kind:?} {about}: {:?}", world.told());
    }
}

/// Attacks, and the thief's honest days before.
fn planted(world: &mut World, hour: u64) {
    let begin = (hour * 3_600) as f64;
    let day = hour * 3_600 / DAY;
    if hour % 24 == 10 {
        for call in 0..10 {
            world.call(begin + 3_599.0, "thief-1", &format!("Service{}", call % 2));
            world.answer(begin + 3_599.0, "thief-1", 2_000, false);
        }
    }
    match (day, hour % 24) {
        (8, 3) => {
            for time in 0..8 {
                world.login(begin + 3_590.0 + f64::from(time), "victim-1", "203.0.113.1", false);
            }
            world.login(begin + 3_599.0, "victim-1", "203.0.113.1", true);
        }
        (9, 12) => {
            for user in 0..30 {
                let (at, user) = (begin + 3_560.0 + f64::from(user), format!("victim-{user}"));
                world.login(at, &user, "203.0.113.2", false);
            }
        }
        (10, 11) => {
            for call in 0..400 {
                let at = begin + 3_590.0 + f64::from(call) / 50.0;
                world.call(at, "thief-1", &format!("Service{}", 60 + call % 5));
                world.answer(at, "thief-1", 20_000, false);
            }
        }
        (11, 11) => {
            for time in 0..15 {
                let session = name(Of::Session, "victim-session");
                world.take(begin + 3_580.0 + f64::from(time), Sign::Stray(session));
            }
        }
        _ => {}
    }
}
