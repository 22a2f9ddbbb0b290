//! What the broker lets through that only lookout should say, and what it keeps out itself.
//!
//! Somebody who publishes where lookout speaks can tell callers that a service is away. That is one attack,
//! however many documents it has. Clients that a broker bans on its own are told one by one.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::sign::{Banned, Foreign};
use super::words::{kept, name};
use crate::observer::Instant;
use smallvec::smallvec;

/// Somebody published where lookout speaks.
pub(super) fn impostor(now: Instant, foreign: &Foreign<'_>) -> Finding {
    let kind = foreign.kind.map_or(String::new(), |kind| format!(", {}", kept(kind)));
    let topic = kept(foreign.topic);
    Finding {
        kind: Kind::Impostor,
        keys: smallvec![foreign.of],
        source: Party::default(),
        what: format!("somebody else published on {topic}{kind}").into(),
        target: Party { service: Some("lookout".into()), ..Party::default() },
        since: now,
        measured: 1.0,
        threshold: 1.0,
    }
}

/// The broker keeps a client out.
pub(super) fn banned(now: Instant, banned: &Banned<'_>) -> Option<Finding> {
    let who = banned.who;
    let key = who.client.or(who.user).or(who.address)?;
    let reason = kept(banned.reason);
    Some(Finding {
        kind: Kind::Flapping,
        keys: smallvec![key.digest],
        source: Party {
            user: name(who.user),
            address: name(who.address),
            client: name(who.client),
            ..Party::default()
        },
        target: Party::default(),
        what: format!("the broker bans {}: {reason}", kept(key.text)).into(),
        since: now,
        measured: 1.0,
        threshold: 1.0,
    })
}
