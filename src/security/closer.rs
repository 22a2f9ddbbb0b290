//! Parties that are looked at closely for a while, because of an attack that they were part of.
//!
//! Bounded: when there are too many, the one whose time is over first goes.

use super::policy::Policy;
use crate::observer::Instant;
use crate::observer::digest::Digest;
use crate::observer::incident::IncidentId;

/// Parties at once.
const MOST: usize = 256;

/// Who is looked at closely, and how.
#[derive(Debug)]
pub(super) struct Closer {
    policy: Policy,
    /// Each with the attack that it is about, and until when.
    parties: Vec<(Digest, IncidentId, Instant)>,
}

impl Closer {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { policy: policy.closer(), parties: Vec::new() }
    }

    /// These are looked at closely until then.
    pub(super) fn add(
        &mut self,
        now: Instant,
        attack: IncidentId,
        keys: &[Digest],
        until: Instant,
    ) {
        self.parties.retain(|(party, _, end)| *end > now && !keys.contains(party));
        self.parties.extend(keys.iter().map(|key| (*key, attack, until)));
        if self.parties.len() > MOST {
            self.parties.sort_unstable_by_key(|(.., end)| std::cmp::Reverse(*end));
            self.parties.truncate(MOST);
        }
    }

    /// Those of an attack are looked at as everybody else from here on.
    pub(super) fn remove(&mut self, attack: IncidentId) {
        self.parties.retain(|(_, about, _)| *about != attack);
    }

    /// The policy for what these do.
    #[inline]
    pub(super) fn policy<'p>(
        &'p self,
        now: Instant,
        usual: &'p Policy,
        whose: impl Fn(Digest) -> bool,
    ) -> &'p Policy {
        if self.parties.is_empty() {
            return usual;
        }
        let is_close = self.parties.iter().any(|(party, _, end)| *end > now && whose(*party));
        if is_close { &self.policy } else { usual }
    }
}
