//! What the security watch found, as metrics. Names of users and addresses are not among them.

use super::exposition::{Escaped, Metric, Page, counter, gauge};
use crate::observer::Snapshot;
use crate::observer::attack::{Kind, Response, SIGNS};
use crate::observer::measure::Stage;

pub(super) static SIGNS_TAKEN: Metric = counter(
    "lookout_security_signs_total",
    &["sign"],
    "What the security watch was told: logins, rights, calls made and answered, stray replies, what others published where \
     lookout speaks, bans by the broker itself. Absent without a watch.",
);
pub(super) static FOUND: Metric = counter(
    "lookout_attacks_total",
    &["attack"],
    "Attacks that the security watch found; one that turns into another kind counts for both. Absent without a watch.",
);
pub(super) static BEYOND: Metric = counter(
    "lookout_attacks_beyond_total",
    &[],
    "Attacks that were only counted, as too many were open.",
);
pub(super) static OPEN: Metric =
    gauge("lookout_open_attacks", &["attack"], "Attacks under way. Absent without a watch.");
pub(super) static REMEMBERED: Metric = gauge(
    "lookout_security_remembered",
    &[],
    "Users, addresses and sessions that the security watch remembers.",
);
pub(super) static FORGOTTEN: Metric = counter(
    "lookout_security_forgotten_total",
    &[],
    "Users, addresses and sessions that the security watch forgot for others.",
);

pub(super) static ACTIONS: Metric = counter(
    "lookout_security_actions_total",
    &["action", "state"],
    "What is done about attacks, by how far it came: proposed in a dry run or where nobody does it, refused for who \
     is spared or for too many, done, undone. Absent without a watch.",
);
pub(super) static IN_FORCE: Metric = gauge(
    "lookout_security_actions_in_force",
    &[],
    "What is done about attacks and not undone yet.",
);

/// Writes all of it.
pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    let watch = snapshot.watch.as_ref();
    let mut family = page.family(&SIGNS_TAKEN);
    for (sign, count) in SIGNS.into_iter().zip(watch.into_iter().flat_map(|it| it.signs)) {
        family.sample(&[Escaped::plain(sign)], count);
    }
    let mut family = page.family(&FOUND);
    for (kind, count) in Kind::ALL.into_iter().zip(watch.into_iter().flat_map(|it| it.found)) {
        family.sample(&[Escaped::plain(kind.name())], count);
    }
    page.single(&BEYOND, watch.map_or(0, |it| it.beyond));
    let mut family = page.family(&OPEN);
    for kind in Kind::ALL.into_iter().filter(|_| watch.is_some()) {
        let open = snapshot.attacks.iter().filter(|it| it.kind == kind).count();
        family.sample(&[Escaped::plain(kind.name())], open);
    }
    page.single(&REMEMBERED, watch.map_or(0, |it| it.remembered));
    page.single(&FORGOTTEN, watch.map_or(0, |it| it.forgotten));
    let responses = snapshot.responses.as_ref();
    let mut family = page.family(&ACTIONS);
    for (response, stages) in
        Response::ALL.into_iter().zip(responses.iter().flat_map(|it| it.stages))
    {
        for (stage, count) in Stage::ALL.into_iter().zip(stages) {
            family.sample(&[Escaped::plain(response.name()), Escaped::plain(stage.name())], count);
        }
    }
    page.single(&IN_FORCE, responses.map_or(0, |it| it.in_force));
}
