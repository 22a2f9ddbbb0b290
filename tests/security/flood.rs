//! A million made-up users and addresses, and one attacker among them.

use crate::kit::World;
use lookout::security::incident::Kind;

#[test]
fn an_attack_inside_a_flood_is_found_and_memory_stays_bounded() {
    // In a second each a thousand names; the attacker tries once in two minutes, far slower than the flood
    // sweeps the queue of those who are seen once.
    let mut world = World::with(|policy| policy.remembered = 10_000);
    for number in 0..1_000_000_u32 {
        let seconds = f64::from(number) / 1_000.0;
        let address = format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255);
        world.login(seconds, &format!("made-up-{number}"), &address, false);
        if number % 120_000 == 60_000 {
            world.login(seconds, "ana", "192.0.2.1", false);
        }
    }
    let figures = world.watch.figures();
    assert!(figures.remembered <= 20_000, "{figures:?}");
    assert!(figures.forgotten >= 1_900_000, "{figures:?}");
    let found = world.found(Kind::BruteForce);
    assert_eq!(found.len(), 1, "{:?}", world.told());
    assert_eq!(found[0].about(), "ana from 192.0.2.1");
    assert_eq!(world.said.len(), 1, "and nothing else: {:?}", world.told());
}
