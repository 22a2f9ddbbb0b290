//! Guessed and stolen passwords: what failed logins of a user and from an address have in common.
//!
//! A run of failures ends with a success of the same user. An address from which many users log in is an
//! office or a gateway: there failures count only as far as there are more of them than users who succeeded
//! within the window, or the typing errors of a thousand colleagues would be an attack each morning. Users
//! count and not successes, as an attacker may have an account of its own.
//!
//! Failures that were heard are facts, whatever lookout did not hear meanwhile: doubt does not end runs, or
//! whoever floods the broker could hide behind it.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::policy::Policy;
use super::run::{Different, Run};
use super::sign::Attempt;
use super::table::Table;
use super::words::{kept, name, person};
use crate::observer::Instant;
use smallvec::SmallVec;
use std::sync::Arc;

/// Users who succeed from an address, that are counted.
const SUCCESSES: u32 = 64;

/// What is remembered of a user's logins.
#[derive(Debug, Default)]
struct User {
    failures: Run,
    first: Instant,
    addresses: Different,
}

/// What is remembered of logins from an address.
#[derive(Debug, Default)]
struct Address {
    failures: Run,
    first: Instant,
    users: Different,
    successes: Different,
}

/// The detector.
#[derive(Debug)]
pub(super) struct Logins {
    users: Table<User>,
    addresses: Table<Address>,
}

impl Logins {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            users: Table::new(policy.remembered, policy.window),
            addresses: Table::new(policy.remembered, policy.window),
        }
    }

    /// How many users and addresses are remembered, and how many were forgotten for others.
    pub(super) fn remembered(&self) -> (usize, u64) {
        let Self { users, addresses } = self;
        (users.len() + addresses.len(), users.forgotten() + addresses.forgotten())
    }

    /// Takes an attempt to log in.
    pub(super) fn take(
        &mut self,
        now: Instant,
        attempt: &Attempt<'_>,
        policy: &Policy,
        found: &mut impl FnMut(Finding),
    ) {
        if attempt.granted {
            self.granted(now, attempt, policy, found);
        } else {
            self.failed(now, attempt, policy, found);
        }
    }

    fn failed(
        &mut self,
        now: Instant,
        attempt: &Attempt<'_>,
        policy: &Policy,
        found: &mut impl FnMut(Finding),
    ) {
        let who = &attempt.who;
        let reason = attempt.reason.map_or(String::new(), |why| format!(": {}", kept(why)));
        let what: Arc<str> = format!("login of {} failed{reason}", person(who)).into();
        let mut say = |kind, since, measured: u32, threshold: u32| {
            if policy.has(kind) {
                let (measured, threshold) = (measured.into(), threshold.into());
                found(finding(kind, attempt, since, (measured, threshold), what.clone()));
            }
        };
        if let Some(user) = who.user {
            let known = self.users.see(now, user.digest);
            let failures = known.failures.add(now, policy.window, policy.failures);
            if failures == 1 {
                known.first = now;
            }
            let first = known.first;
            let from = who.address.map(|address| address.digest.half());
            let most = policy.addresses;
            let addresses = from.map(|it| known.addresses.add(now, policy.window, most, it));
            if failures >= policy.failures {
                say(Kind::BruteForce, first, failures, policy.failures);
            }
            if let Some(addresses) = addresses.filter(|it| *it >= most) {
                say(Kind::PasswordSpraying, first, addresses, most);
            }
        }
        if let Some(address) = who.address {
            let known = self.addresses.see(now, address.digest);
            let successes = known.successes.count(now, policy.window);
            // More than the successes, up to what is counted of them.
            let most = policy.failures + successes;
            let failures = known.failures.add(now, policy.window, most);
            if failures == 1 {
                known.first = now;
            }
            let first = known.first;
            let whom = who.user.map(|user| user.digest.half());
            let limit = policy.users + successes;
            let users = whom.map(|it| known.users.add(now, policy.window, limit, it));
            if failures >= most {
                say(Kind::BruteForce, first, failures, most);
            }
            if let Some(users) = users.filter(|it| *it >= limit) {
                say(Kind::CredentialStuffing, first, users, limit);
            }
        }
    }

    fn granted(
        &mut self,
        now: Instant,
        attempt: &Attempt<'_>,
        policy: &Policy,
        found: &mut impl FnMut(Finding),
    ) {
        let who = &attempt.who;
        let mut guessed = None;
        if let Some(user) = who.user
            && let Some(known) = self.users.get_mut(user.digest)
        {
            let failures = known.failures.count(now, policy.window);
            if failures >= policy.failures {
                guessed = Some((failures, policy.failures, known.first));
            }
            known.failures.clear();
            known.addresses.clear();
        }
        if let Some(address) = who.address {
            let known = self.addresses.see(now, address.digest);
            let threshold = policy.failures + known.successes.count(now, policy.window);
            let failures = known.failures.count(now, policy.window);
            let tried =
                who.user.is_none_or(|user| known.users.has(now, policy.window, user.digest.half()));
            if guessed.is_none() && failures >= threshold && tried {
                guessed = Some((failures, threshold, known.first));
            }
            if let Some(user) = who.user {
                known.successes.add(now, policy.window, SUCCESSES, user.digest.half());
            }
        }
        if let Some((failures, threshold, since)) = guessed
            && policy.has(Kind::SuccessAfterFailures)
        {
            let kind = Kind::SuccessAfterFailures;
            let what = format!("login of {} succeeded after {failures} failures", person(who));
            let figures = (failures.into(), threshold.into());
            found(finding(kind, attempt, since, figures, what.into()));
        }
    }
}

/// A finding about a login: the address attacks the user.
fn finding(
    kind: Kind,
    attempt: &Attempt<'_>,
    since: Instant,
    (measured, threshold): (f64, f64),
    what: Arc<str>,
) -> Finding {
    let who = &attempt.who;
    let mut keys = SmallVec::new();
    // Whoever is attacked from many addresses is what they have in common, and the other way round.
    match kind {
        Kind::PasswordSpraying => keys.extend(who.user.map(|it| it.digest)),
        Kind::CredentialStuffing => keys.extend(who.address.map(|it| it.digest)),
        _ => {
            keys.extend(who.address.map(|it| it.digest));
            keys.extend(who.user.map(|it| it.digest));
        }
    }
    Finding {
        kind,
        keys,
        source: Party { address: name(who.address), client: name(who.client), ..Party::default() },
        target: Party { user: name(who.user), service: name(attempt.service), ..Party::default() },
        since,
        measured,
        threshold,
        what,
    }
}
