//! The watch itself: which detector is told what, and what is known of all attacks.
//!
//! Time never runs backwards here: a sign that comes late counts as of now, so that neither clocks that
//! step nor messages out of order make an alarm. What lookout may not have heard teaches nothing.

use super::book::Book;
use super::closer::Closer;
use super::denials::Denials;
use super::foreign;
use super::incident::{Figures, Incident, Kind, SIGNS};
use super::logins::Logins;
use super::policy::Policy;
use super::rights::Rights;
use super::sessions::Sessions;
use super::sign::Sign;
use super::usage::Usage;
use super::words::{kept, name};
use crate::observer::Instant;
use crate::observer::incident::IncidentId;

/// The watch.
#[derive(Debug)]
pub struct Watch {
    policy: Policy,
    now: Instant,
    book: Book,
    logins: Logins,
    rights: Rights,
    denials: Denials,
    usage: Usage,
    sessions: Sessions,
    closer: Closer,
    /// Whether lookout doubts its ears.
    doubts: bool,
    signs: [u64; SIGNS.len()],
}

impl Watch {
    /// A watch that begins at `now`; ids of attacks follow from `seed`.
    pub fn new(policy: Policy, seed: u64, now: Instant) -> Self {
        Self {
            now,
            book: Book::new(seed),
            logins: Logins::new(&policy),
            rights: Rights::new(&policy),
            denials: Denials::new(&policy),
            usage: Usage::new(&policy),
            sessions: Sessions::new(&policy, now),
            closer: Closer::new(&policy),
            doubts: false,
            signs: [0; SIGNS.len()],
            policy,
        }
    }

    /// Takes a sign.
    pub fn take(&mut self, now: Instant, sign: Sign<'_>) {
        self.advance(now);
        let Self { policy, book, logins, rights, denials, usage, .. } = self;
        let Self { sessions, closer, doubts, signs, .. } = self;
        let now = self.now;
        let policy = closer.policy(now, policy, |party| sign.is_of(party));
        let mut found = |finding| book.report(now, finding, policy);
        match sign {
            Sign::Login(attempt) => {
                signs[0] += 1;
                logins.take(now, &attempt, policy, &mut found);
            }
            Sign::Access(attempt) => {
                signs[1] += 1;
                if let Some(service) =
                    attempt.service.filter(|_| !attempt.granted && policy.has(Kind::Denials))
                {
                    let user = || name(attempt.who.user);
                    let of = (service.digest, || kept(service.text));
                    denials.denied(now, of, user, policy).into_iter().for_each(&mut found);
                }
                let finding = rights.take(now, &attempt, policy);
                finding.filter(|_| policy.has(Kind::Escalation)).into_iter().for_each(found);
            }
            Sign::Made(made) => {
                signs[2] += 1;
                usage.made(now, &made, policy, &mut found);
            }
            Sign::Ended(deed) => {
                signs[3] += 1;
                let denied = rights.answered(now, &deed, policy, || usage.name(deed.user));
                let denied = denied.filter(|_| policy.has(Kind::Escalation));
                denied.into_iter().for_each(&mut found);
                if let Some(denier) = deed.denier.as_ref().filter(|_| policy.has(Kind::Denials)) {
                    let of = (deed.service, || kept(denier));
                    let finding = denials.denied(now, of, || usage.name(deed.user), policy);
                    finding.into_iter().for_each(&mut found);
                }
                usage.answered(now, &deed, policy).into_iter().for_each(found);
            }
            Sign::Stray(session) => {
                signs[4] += 1;
                let finding = sessions.stray(now, session, policy);
                finding.filter(|_| policy.has(Kind::Spoofing)).into_iter().for_each(found);
            }
            Sign::Foreign(foreign) => {
                signs[5] += 1;
                // What is held up on its way comes back too late to be known as lookout's own.
                if policy.has(Kind::Impostor) && !*doubts {
                    found(foreign::impostor(now, &foreign));
                }
            }
            Sign::Banned(banned) => {
                signs[6] += 1;
                let finding = foreign::banned(now, &banned);
                finding.filter(|_| policy.has(Kind::Flapping)).into_iter().for_each(found);
            }
            Sign::Doubt(is_on) => {
                *doubts = is_on;
                usage.doubt(now, is_on);
                sessions.doubt(now);
            }
        }
    }

    /// Ends attacks of which there was no sign for long enough, and says which go on for too long.
    pub fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.book.advance(self.now, &self.policy);
    }

    /// Looks at those of an open attack closely until then.
    pub fn look_closer(&mut self, attack: IncidentId, until: Instant) {
        if let Some(keys) = self.book.keys(attack) {
            self.closer.add(self.now, attack, keys, until);
        }
    }

    /// Looks at them as at everybody else.
    pub fn look_away(&mut self, attack: IncidentId) {
        self.closer.remove(attack);
    }

    /// When [`Watch::advance`] is next needed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.book.due()
    }

    /// The next thing to say: an attack that was found, is worse, or is over.
    pub fn poll(&mut self) -> Option<Incident> {
        self.book.poll()
    }

    /// Attacks under way.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.book.open()
    }

    /// What was counted.
    pub fn figures(&self) -> Figures {
        let (found, beyond) = self.book.counts();
        let known = [
            self.logins.remembered(),
            self.rights.remembered(),
            self.denials.remembered(),
            self.usage.remembered(),
            self.sessions.remembered(),
        ];
        Figures {
            signs: self.signs,
            found,
            beyond,
            remembered: known.iter().map(|(known, _)| *known as u64).sum(),
            forgotten: known.iter().map(|(_, forgotten)| forgotten).sum(),
        }
    }
}
