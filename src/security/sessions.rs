//! Signs of forged replies: they come to a session that had made no such calls.
//!
//! Some are honest: replies to calls that were made before lookout listened, or while it did not hear. So
//! strays count only when lookout has heard well for a while.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::policy::Policy;
use super::run::Run;
use super::table::Table;
use super::words::kept;
use crate::observer::input::Name;
use crate::observer::{Instant, Span};
use smallvec::smallvec;

/// How long replies to calls of before may come.
const AFTERMATH: Span = Span::from_secs(300);

#[derive(Debug, Default)]
struct Session {
    strays: Run,
    first: Instant,
}

/// The detector.
#[derive(Debug)]
pub(super) struct Sessions {
    sessions: Table<Session>,
    heard_since: Instant,
}

impl Sessions {
    pub(super) fn new(policy: &Policy, now: Instant) -> Self {
        Self { sessions: Table::new(policy.remembered, policy.window), heard_since: now }
    }

    /// How many sessions are remembered, and how many were forgotten for others.
    pub(super) fn remembered(&self) -> (usize, u64) {
        (self.sessions.len(), self.sessions.forgotten())
    }

    /// lookout began or ceased to doubt its ears.
    pub(super) const fn doubt(&mut self, now: Instant) {
        self.heard_since = now;
    }

    /// Takes a reply that nobody asked for.
    pub(super) fn stray(
        &mut self,
        now: Instant,
        session: Name<'_>,
        policy: &Policy,
    ) -> Option<Finding> {
        if now.since(self.heard_since) < AFTERMATH {
            return None;
        }
        let known = self.sessions.see(now, session.digest);
        let strays = known.strays.add(now, policy.window, policy.strays);
        if strays == 1 {
            known.first = now;
        }
        (strays >= policy.strays).then(|| Finding {
            kind: Kind::Spoofing,
            keys: smallvec![session.digest],
            source: Party::default(),
            target: Party { session: Some(kept(session.text)), ..Party::default() },
            since: known.first,
            measured: strays.into(),
            threshold: policy.strays.into(),
            what: format!("a reply that no call waited for came to session {}", kept(session.text))
                .into(),
        })
    }
}
