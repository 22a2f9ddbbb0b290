//! What goes wrong in a world: drawn for each seed, each kind often enough over many seeds.
//!
//! Troubles of a service are its phases; what concerns lookout or everyone is a change at a
//! moment. Faults of lookout's link follow one another, so that each is seen whole; beside them
//! the process, the doubts and the platform have troubles of their own, at the same time or not.

use crate::chance::Chance;
use crate::plan::{Change, Phase, Plan, Role, S, Trouble};

/// Draws everything that will go wrong.
pub(crate) fn add(plan: &mut Plan, chance: &mut Chance) {
    for index in 0..plan.services.len() {
        match plan.services[index].role {
            Role::Healthy => healthy(plan, index, chance),
            Role::Failing => outages(plan, index, chance),
            Role::Troubled => troubles(plan, index, chance),
            Role::Deaf | Role::Strangers => {}
        }
    }
    // Calm worlds are where the oracles speak most.
    if chance.hits(0.85) {
        link(plan, chance);
        doubts(plan, chance);
    }
    if chance.hits(0.6) {
        process(plan, chance);
    }
    if plan.odd_clock {
        jumps(plan, chance);
    }
    platform(plan, chance);
    plan.changes.retain(|(at, _)| *at < plan.length);
    plan.changes.sort_by_key(|(at, _)| *at);
}

fn phase(plan: &mut Plan, index: usize, (from, length): (u64, u64), trouble: Trouble) {
    plan.kinds.push(match trouble {
        Trouble::Restart => "service restart",
        Trouble::Down => "outage",
        Trouble::Slow(_) => "slow phase",
        Trouble::Lossy(_) => "lossy service",
        Trouble::Erring(_) => "failing service",
        Trouble::CallerErrors => "callers' errors",
        Trouble::Retries => "retries",
        Trouble::Idle => "idle service",
    });
    plan.services[index].phases.push(Phase { from, to: from + length, trouble });
}

/// A restart now and then, and callers who err: neither is the service's fault.
fn healthy(plan: &mut Plan, index: usize, chance: &mut Chance) {
    if chance.hits(0.7) {
        let mut at = chance.between(60, 400) * S + chance.below(S);
        while at < plan.length {
            phase(plan, index, (at, 5 * S), Trouble::Restart);
            at += chance.between(320, 900) * S;
        }
    }
    if chance.hits(0.4) {
        let at = chance.below(plan.length);
        phase(plan, index, (at, chance.between(60, 300) * S), Trouble::CallerErrors);
    }
    if chance.hits(0.2) {
        let at = chance.below(plan.length);
        phase(plan, index, (at, chance.between(60, 900) * S), Trouble::Idle);
    }
}

fn outages(plan: &mut Plan, index: usize, chance: &mut Chance) {
    let mut at = chance.between(100, 300) * S + chance.below(S);
    for _ in 0..2 {
        let length = chance.between(75, 240) * S;
        if at + length + 60 * S < plan.length {
            phase(plan, index, (at, length), Trouble::Down);
        }
        at += length + chance.between(200, 600) * S;
    }
}

fn troubles(plan: &mut Plan, index: usize, chance: &mut Chance) {
    let mut at = chance.between(20, 200) * S;
    while at < plan.length {
        let length = chance.between(20, 300) * S;
        let trouble = match chance.below(9) {
            0 => Trouble::Restart,
            1 | 2 => Trouble::Down,
            3 => Trouble::Slow(chance.between(5, 60) as f64),
            4 => Trouble::Lossy(0.6),
            5 => Trouble::Erring(0.2 + 0.8 * chance.unit()),
            6 => Trouble::CallerErrors,
            7 => Trouble::Retries,
            _ => Trouble::Idle,
        };
        let length = match trouble {
            Trouble::Restart => 5 * S,
            Trouble::Idle => length * 3,
            _ => length,
        };
        if trouble == Trouble::Down && chance.hits(0.3) {
            // Down and up and down again: flapping.
            plan.kinds.push("flapping");
            for _ in 0..chance.between(4, 9) {
                phase(plan, index, (at, 20 * S), Trouble::Down);
                at += chance.between(40, 70) * S;
            }
            continue;
        }
        phase(plan, index, (at, length), trouble);
        at += length + chance.between(5, 300) * S;
    }
}

/// What happens to lookout's link, one after the other.
fn link(plan: &mut Plan, chance: &mut Chance) {
    let mut at = chance.between(30, 500) * S + chance.below(S);
    while at < plan.length {
        let mut change = |after: u64, change| plan.changes.push((at + after, change));
        let kind = match chance.below(5) {
            0 => {
                let back = chance.between(1_000, 60_000) * 1_000;
                change(0, Change::LinkLost(chance.below(900_000)));
                change(back, Change::LinkBack);
                "link loss"
            }
            1 => {
                // Up and down within the doubt that follows each.
                for turn in 0..chance.between(2, 6) {
                    change(turn * 3 * S, Change::LinkLost(0));
                    change(turn * 3 * S + chance.below(2 * S), Change::LinkBack);
                }
                "link flicker"
            }
            2 => {
                // The canary is missed before much else is.
                change(0, Change::Partition(false));
                change(chance.between(2, 5) * S, Change::Doubt(0, true));
                let over = chance.between(6, 50) * S;
                change(over, Change::PartitionOver);
                change(over + chance.below(5 * S), Change::Doubt(0, false));
                "silent partition"
            }
            3 => {
                change(0, Change::Partition(true));
                change(chance.between(1, 4) * S, Change::PartitionOver);
                "stalled link"
            }
            _ => {
                let back = chance.between(2, 30) * S;
                change(0, Change::BrokerDown);
                change(0, Change::LinkLost(0));
                change(back, Change::BrokerUp);
                change(back + chance.between(500, 3_000) * 1_000, Change::LinkBack);
                "broker restart"
            }
        };
        plan.kinds.push(kind);
        at += chance.between(90, 700) * S;
    }
}

fn doubts(plan: &mut Plan, chance: &mut Chance) {
    let mut at = chance.between(30, 900) * S + chance.below(S);
    while at < plan.length {
        let length = chance.between(1, 40) * S;
        let reason = chance.below(3) as u8;
        if reason > 0 {
            // Told within a second of the first message that was dropped.
            plan.changes.push((at - chance.below(S), Change::Drops(0.5)));
            plan.changes.push((at + length - chance.below(S / 2), Change::Drops(0.0)));
        }
        plan.changes.push((at, Change::Doubt(reason, true)));
        plan.changes.push((at + length, Change::Doubt(reason, false)));
        plan.kinds.push(["doubt: canary", "doubt: drops", "doubt: inbox"][usize::from(reason)]);
        at += length + chance.between(60, 900) * S;
    }
}

/// lookout's process and the machine under it.
fn process(plan: &mut Plan, chance: &mut Chance) {
    let mut at = chance.between(60, 700) * S + chance.below(S);
    while at < plan.length {
        let mut change = |after: u64, change| plan.changes.push((at + after, change));
        let kind = match chance.below(5) {
            0 | 1 => {
                // Five seconds and less are no pause, and nothing is told of them.
                let length = if chance.hits(0.3) { chance.between(1, 5) } else { 30 } * S;
                change(0, Change::Pause);
                change(length, Change::Resume);
                "pause"
            }
            2 => {
                change(0, Change::Restart);
                "observer restart"
            }
            3 => {
                change(0, Change::WallStep(if chance.hits(0.5) { 3_600 } else { -3_600 }));
                // It shows when the next process anchors its clock.
                change(chance.between(5, 200) * S, Change::Restart);
                "wall clock step"
            }
            _ => {
                let length = chance.between(10, 300) * S;
                change(0, Change::Suspend);
                change(length, Change::Resume);
                "suspend"
            }
        };
        plan.kinds.push(kind);
        at += chance.between(350, 1_200) * S;
    }
}

fn jumps(plan: &mut Plan, chance: &mut Chance) {
    let mut at = chance.between(200, 600) * S + chance.below(S);
    while at < plan.length {
        let hours = *chance.pick(&[3_600, -3_600]);
        plan.changes.push((at, Change::ClockJump(hours)));
        plan.changes.push((at + chance.between(10, 60) * S, Change::ClockJump(-hours)));
        plan.kinds.push("clock jump");
        at += chance.between(400, 900) * S;
    }
}

/// Replicas, components and operators.
fn platform(plan: &mut Plan, chance: &mut Chance) {
    for index in 0..plan.services.len() {
        if plan.services[index].role != Role::Troubled || chance.hits(0.4) {
            continue;
        }
        let mut at = chance.between(60, 600) * S + chance.below(S);
        while at < plan.length {
            let ready = chance.below(4) as u32;
            let running = ready.max(chance.below(4) as u32);
            let counts = *chance.pick(&[[running, ready, 3], [0, 0, 3], [3, 3, 3], [0, 0, 0]]);
            plan.changes.push((at, Change::Replicas(index, counts, chance.hits(0.3))));
            plan.kinds.push("replicas");
            at += chance.between(10, 300) * S;
        }
        if chance.hits(0.3) {
            let mut at = chance.between(100, 900) * S + chance.below(S);
            for _ in 0..3 {
                plan.changes.push((at, Change::Circuit(index, chance.below(4) as u8)));
                plan.kinds.push("operator");
                at += chance.between(5, 400) * S;
            }
        }
    }
    for component in 0..chance.below(3) as u8 {
        let mut at = chance.between(10, 60) * S + chance.below(S);
        let mut healthy = true;
        while at < plan.length {
            healthy ^= chance.hits(0.03);
            let severity = chance.below(4) as u8;
            let report = Change::Component(component, healthy, chance.hits(0.2), severity);
            plan.changes.push((at, report));
            at += 30 * S;
        }
        plan.kinds.push("component");
    }
}
