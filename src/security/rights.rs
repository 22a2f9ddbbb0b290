//! Rights that somebody should not have: a user is denied something again and again, and then is not.
//!
//! The something is a right of a service as documents name it, or a method of a service as its calls are
//! answered. A user that is denied one thing and may do another is none: only the same thing counts.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::policy::Policy;
use super::run::Run;
use super::sign::{Attempt, Deed};
use super::table::Table;
use super::words::{kept, name, person};
use crate::observer::Instant;
use crate::observer::call::Outcome;
use crate::observer::digest::Digest;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Things that a user is denied, that are told apart.
const THINGS: usize = 8;

/// What is remembered of a user.
#[derive(Debug, Default)]
struct User {
    /// What it was denied, how often, and since when; the one that was longest ago first.
    denied: SmallVec<[(u64, Run, Instant); 1]>,
}

/// The detector.
#[derive(Debug)]
pub(super) struct Rights {
    users: Table<User>,
}

impl Rights {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { users: Table::new(policy.remembered, policy.window) }
    }

    /// How many users are remembered, and how many were forgotten for others.
    pub(super) fn remembered(&self) -> (usize, u64) {
        (self.users.len(), self.users.forgotten())
    }

    /// Takes what a document says of a right.
    pub(super) fn take(
        &mut self,
        now: Instant,
        attempt: &Attempt<'_>,
        policy: &Policy,
    ) -> Option<Finding> {
        let user = attempt.who.user?;
        let (service, right) = (attempt.service, attempt.right);
        let thing = match (service, right) {
            (Some(service), Some(right)) => service.digest.with(right.digest),
            (Some(one), None) | (None, Some(one)) => one.digest,
            (None, None) => return None,
        };
        let (count, since) = self.note(now, user.digest, thing, attempt.granted, policy)?;
        let of = [right, service].into_iter().flatten().map(|it| kept(it.text));
        let what = of.collect::<Vec<_>>().join(" of ");
        let what =
            format!("{} was denied {what} {count} times, and then was not", person(&attempt.who));
        Some(Finding {
            source: Party {
                user: name(attempt.who.user),
                address: name(attempt.who.address),
                ..Party::default()
            },
            target: Party { service: name(service), ..Party::default() },
            ..finding(user.digest, (count, policy.denials), since, what.into())
        })
    }

    /// Takes how a call of a user was answered.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        deed: &Deed,
        policy: &Policy,
        user: impl FnOnce() -> Option<Arc<str>>,
    ) -> Option<Finding> {
        let granted = deed.outcome == Outcome::Ok;
        // What failed for another reason says nothing of rights; who was never denied is not asked about.
        if !granted && !deed.denied || granted && self.users.get_mut(deed.user).is_none() {
            return None;
        }
        let thing = deed.service.with(deed.method?);
        let (count, since) = self.note(now, deed.user, thing, granted, policy)?;
        let user = user().unwrap_or_default();
        let what = format!(
            "calls of {user} were denied {count} times, and then one of the same kind was not"
        );
        Some(Finding {
            source: Party { user: Some(user), ..Party::default() },
            ..finding(deed.user, (count, policy.denials), since, what.into())
        })
    }

    /// Notes a denial or a grant. The run of denials that a grant ends, if it is long enough.
    fn note(
        &mut self,
        now: Instant,
        user: Digest,
        thing: Digest,
        granted: bool,
        policy: &Policy,
    ) -> Option<(u32, Instant)> {
        let half = thing.half();
        if granted {
            let denied = &mut self.users.get_mut(user)?.denied;
            let at = denied.iter().position(|(known, ..)| *known == half)?;
            let (_, mut run, first) = denied.remove(at);
            let count = run.count(now, policy.window);
            return (count >= policy.denials).then_some((count, first));
        }
        let denied = &mut self.users.see(now, user).denied;
        let known = denied.iter().position(|(known, ..)| *known == half);
        let (_, mut run, mut first) = match known {
            Some(at) => denied.remove(at),
            None => (half, Run::default(), now),
        };
        if run.add(now, policy.window, 64) == 1 {
            first = now;
        }
        if denied.len() == THINGS {
            denied.remove(0);
        }
        denied.push((half, run, first));
        None
    }
}

fn finding(
    user: Digest,
    (measured, threshold): (u32, u32),
    since: Instant,
    what: Arc<str>,
) -> Finding {
    Finding {
        kind: Kind::Escalation,
        keys: smallvec![user],
        source: Party::default(),
        target: Party::default(),
        since,
        measured: measured.into(),
        threshold: threshold.into(),
        what,
    }
}
