//! Attacks under way: signs join the attack they belong to, and each attack is said when it is found, when
//! it is worse, and when it is over.
//!
//! What is found of logins is one attack as long as the address or the user is the same: five failures of
//! an address that then tries a tenth user are no longer brute force, but credential stuffing, and the
//! incident says so. Other kinds stay apart. Bounded: beyond so many that are open, further ones are
//! counted only.

use super::incident::{Evidence, Incident, Kind, Party, State};
use super::policy::Policy;
use crate::observer::alert::Severity;
use crate::observer::digest::Digest;
use crate::observer::incident::{Ids, IncidentId};
use crate::observer::{Instant, Span};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What is kept of what happened: so much of the beginning, and of the end.
const FIRST: usize = 16;
const LAST: usize = 16;

/// Something that a detector found.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// Whose attack it is: of another with one of them it is a part.
    pub(super) keys: SmallVec<[Digest; 2]>,
    pub(super) source: Party,
    pub(super) target: Party,
    /// When it began.
    pub(super) since: Instant,
    pub(super) measured: f64,
    pub(super) threshold: f64,
    pub(super) what: Arc<str>,
}

/// Kinds whose signs make one attack, and how much each says.
const fn family(kind: Kind) -> (u8, u8) {
    match kind {
        Kind::BruteForce => (0, 0),
        Kind::CredentialStuffing | Kind::PasswordSpraying => (0, 1),
        Kind::SuccessAfterFailures => (0, 2),
        Kind::UnusualVolume => (1, 0),
        Kind::UnusualServices => (2, 0),
        Kind::UnusualHours => (3, 0),
        Kind::Escalation => (4, 0),
        Kind::Exfiltration => (5, 0),
        Kind::Spoofing => (6, 0),
        Kind::Denials => (7, 0),
        Kind::Impostor => (8, 0),
        Kind::Flapping => (9, 0),
    }
}

/// Attacks.
#[derive(Debug)]
pub(super) struct Book {
    open: Vec<Incident>,
    /// Their keys, in the same order.
    keys: Vec<SmallVec<[Digest; 2]>>,
    /// Where in `open` an attack of a family is, by each of its keys.
    index: BTreeMap<(u8, Digest), usize>,
    ids: Ids,
    said: VecDeque<Incident>,
    due: Option<Instant>,
    found: [u64; Kind::ALL.len()],
    beyond: u64,
}

impl Book {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            open: Vec::new(),
            keys: Vec::new(),
            index: BTreeMap::new(),
            ids: Ids::new(seed ^ 0x7365_6375_7265),
            said: VecDeque::new(),
            due: None,
            found: [0; Kind::ALL.len()],
            beyond: 0,
        }
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Incident> {
        self.open.iter()
    }

    /// Whose an open attack is.
    pub(super) fn keys(&self, id: IncidentId) -> Option<&[Digest]> {
        let at = self.open.iter().position(|open| open.id == id)?;
        self.keys.get(at).map(|keys| &**keys)
    }

    pub(super) fn poll(&mut self) -> Option<Incident> {
        self.said.pop_front()
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Attacks found, by kind, and those that were one too many.
    pub(super) const fn counts(&self) -> ([u64; Kind::ALL.len()], u64) {
        (self.found, self.beyond)
    }

    /// Takes a finding.
    pub(super) fn report(&mut self, now: Instant, finding: Finding, policy: &Policy) {
        let (family, rank) = family(finding.kind);
        let known = finding.keys.iter().find_map(|key| self.index.get(&(family, *key)).copied());
        match known {
            Some(at) => self.join(now, at, (family, rank), finding, policy),
            None => self.begin(now, family, finding, policy),
        }
    }

    fn begin(&mut self, now: Instant, family: u8, finding: Finding, policy: &Policy) {
        if self.open.len() >= policy.incidents {
            self.beyond += 1;
            return;
        }
        let Finding { kind, keys, source, target, since, measured, threshold, what } = finding;
        self.found[kind as usize] += 1;
        let incident = Incident {
            id: self.ids.next(now),
            kind,
            severity: policy.severity(kind),
            state: State::Opened,
            said: now,
            source,
            target,
            since,
            last: now,
            signs: 1,
            measured,
            threshold,
            evidence: vec![Evidence { at: now, what }],
        };
        for key in &keys {
            self.index.insert((family, *key), self.open.len());
        }
        self.wake(now + policy.calm.min(policy.escalate));
        self.said.push_back(incident.clone());
        self.open.push(incident);
        self.keys.push(keys);
    }

    fn join(
        &mut self,
        now: Instant,
        at: usize,
        (family, rank): (u8, u8),
        finding: Finding,
        policy: &Policy,
    ) {
        let (Some(open), Some(keys)) = (self.open.get_mut(at), self.keys.get_mut(at)) else {
            return;
        };
        open.last = open.last.max(now);
        // What is found of a user and of an address may be found of one login.
        let sign = Evidence { at: now, what: finding.what };
        if open.evidence.last() != Some(&sign) {
            open.signs += 1;
            open.evidence.push(sign);
        }
        if open.evidence.len() > FIRST + LAST {
            open.evidence.remove(FIRST);
        }
        if finding.kind == open.kind {
            open.measured = open.measured.max(finding.measured);
        }
        merge(&mut open.source, finding.source);
        merge(&mut open.target, finding.target);
        for key in finding.keys {
            // An attack that touches everybody is found by the first of them.
            if keys.len() < 64 && !keys.contains(&key) {
                keys.push(key);
                self.index.entry((family, key)).or_insert(at);
            }
        }
        let severity = policy.severity(finding.kind);
        if rank > self::family(open.kind).1 {
            self.found[finding.kind as usize] += 1;
            (open.kind, open.measured, open.threshold) =
                (finding.kind, finding.measured, finding.threshold);
            open.severity = open.severity.max(severity);
            (open.state, open.said) = (State::Escalated, now);
            self.said.push_back(open.clone());
        }
    }

    /// Ends what is over, and says what goes on for too long.
    pub(super) fn advance(&mut self, now: Instant, policy: &Policy) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = None;
        let mut at = 0;
        while at < self.open.len() {
            let open = &mut self.open[at];
            if now.since(open.last) >= policy.calm {
                self.end(now, at);
                continue;
            }
            if now.since(open.since.max(open.said)) >= policy.escalate
                && let Some(worse) = worse(open.severity)
            {
                (open.severity, open.state, open.said) = (worse, State::Escalated, now);
                self.said.push_back(open.clone());
            }
            let next = (open.last + policy.calm).min(open.said + policy.escalate);
            self.wake(next.max(now + Span::from_secs(1)));
            at += 1;
        }
    }

    fn end(&mut self, now: Instant, at: usize) {
        let mut over = self.open.swap_remove(at);
        let (family, _) = family(over.kind);
        for key in self.keys.swap_remove(at) {
            if self.index.get(&(family, key)) == Some(&at) {
                self.index.remove(&(family, key));
            }
        }
        // The last one took its place.
        if let (Some(moved), Some(keys)) = (self.open.get(at), self.keys.get(at)) {
            let (family, _) = self::family(moved.kind);
            for key in keys {
                if let Some(place) = self.index.get_mut(&(family, *key))
                    && *place == self.open.len()
                {
                    *place = at;
                }
            }
        }
        (over.state, over.said) = (State::Ended, now);
        self.said.push_back(over);
    }

    fn wake(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

/// One severity worse, unless it is as bad as it gets without people in danger.
const fn worse(severity: Severity) -> Option<Severity> {
    match severity {
        Severity::Info => Some(Severity::Warning),
        Severity::Warning => Some(Severity::Error),
        Severity::Error => Some(Severity::Critical),
        Severity::Critical | Severity::Emergency => None,
    }
}

/// Fills in what was not known.
fn merge(known: &mut Party, more: Party) {
    let Party { user, address, client, session, service } = more;
    for (known, more) in [
        (&mut known.user, user),
        (&mut known.address, address),
        (&mut known.client, client),
        (&mut known.session, session),
        (&mut known.service, service),
    ] {
        if known.is_none() {
            *known = more;
        }
    }
}
