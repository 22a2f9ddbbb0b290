//! Keys of calls and replies in dialects: what is added to a topic and an id so that what belongs
//! together has one key, and what does not has not.
//!
//! - Calls without an id, where they are two-way all the same, share a key of their own under their
//!   reply topic; a reply that has an id is not looked for there.
//! - Where both sides call on one topic, a key holds who calls. A message that does not say who
//!   sends it is looked for under every direction, and a call that does not is found under none.
//! - Where a reply names its service, a key holds that service too. The key without it is kept as
//!   the second one, as the name in the reply may be another than the topic's.

use super::dialect::{Dialect, Side};
use crate::observer::digest::{Digest, DigestKey, Kind};
use smallvec::SmallVec;

/// Stands in place of an id where there is none.
pub(super) fn no_id(key: &DigestKey) -> Digest {
    key.digest(Kind::Mark, b"no id")
}

fn direction(key: &DigestKey, caller: Side) -> Digest {
    let mark: &[u8] = match caller {
        Side::Client => b"client",
        Side::Server => b"server",
    };
    key.digest(Kind::Mark, mark)
}

fn responder(key: &DigestKey, service: &str) -> Digest {
    key.digest(Kind::Responder, service.as_bytes())
}

/// What a dialect adds to the keys of a call.
pub(super) struct Marks<'m> {
    pub(super) key: &'m DigestKey,
    pub(super) dialect: &'m Dialect,
    /// Who calls, if that is known.
    pub(super) side: Option<Side>,
    /// Who is called.
    pub(super) service: &'m str,
}

/// The keys of a call, and whether other calls may have each too.
type Keys = ((Digest, Option<Digest>), [bool; 2]);

impl Marks<'_> {
    /// The keys of a call, from those it would have without its dialect.
    pub(super) fn keys(
        &self,
        (first, second): (Digest, Option<Digest>),
        shared: [bool; 2],
    ) -> Keys {
        let (mut keys, mut shared) = ((first, second), shared);
        if self.dialect.has_sides() {
            match self.side {
                Some(side) => {
                    let mark = direction(self.key, side);
                    keys = (first.with(mark), second.map(|key| key.with(mark)));
                }
                None => shared = [true; 2],
            }
        }
        if self.dialect.replied_by.is_some() {
            let named = keys.0.with(responder(self.key, self.service));
            (keys, shared) = ((named, Some(keys.0)), [shared[0], true]);
        }
        (keys, shared)
    }
}

/// The keys to look for a reply under, in order, from the one it would have without its dialect:
/// `side` is who sends it, `service` whom it says it is from. Also tells whether they are equally
/// likely.
pub(super) fn of_reply(
    (key, dialect): (&DigestKey, &Dialect),
    side: Option<Side>,
    service: Option<&str>,
    plain: Digest,
    keys: &mut SmallVec<[Digest; 4]>,
) -> bool {
    let mut sides: SmallVec<[Digest; 3]> = SmallVec::new();
    if dialect.has_sides() {
        match side {
            Some(side) => sides.push(plain.with(direction(key, side.other()))),
            None => {
                sides.push(plain.with(direction(key, Side::Client)));
                sides.push(plain.with(direction(key, Side::Server)));
            }
        }
    }
    let unsure = sides.len() > 1;
    sides.push(plain);
    if let Some(service) = service {
        let mark = responder(key, service);
        keys.extend(sides.iter().map(|side| side.with(mark)));
    }
    keys.extend(sides);
    unsure
}
