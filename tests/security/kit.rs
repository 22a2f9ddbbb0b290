//! A watch that is told things at a made-up time.

use lookout::observer::Instant;
use lookout::observer::call::Outcome;
use lookout::observer::digest::{DigestKey, Kind as Of};
use lookout::observer::input::Name;
use lookout::security::incident::{Incident, Kind, State};
use lookout::security::policy::Policy;
use lookout::security::sign::{Attempt, Deed, Made, Sign, Who};
use lookout::security::watch::Watch;

const KEY: DigestKey = DigestKey::new(7, 11);
/// A Monday, 2026-01-05 00:00 UTC.
pub(crate) const MONDAY: u64 = 1_767_571_200;

pub(crate) fn at(seconds: f64) -> Instant {
    Instant::from_micros(MONDAY * 1_000_000 + (seconds * 1e6) as u64)
}

pub(crate) fn name(of: Of, text: &str) -> Name<'_> {
    Name { text, digest: KEY.digest(of, text.as_bytes()) }
}

pub(crate) struct World {
    pub(crate) watch: Watch,
    /// Everything that was said.
    pub(crate) said: Vec<Incident>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy { enabled: true, ..Policy::default() };
        change(&mut policy);
        Self { watch: Watch::new(policy, 1, at(0.0)), said: Vec::new() }
    }

    pub(crate) fn take(&mut self, seconds: f64, sign: Sign<'_>) {
        self.watch.take(at(seconds), sign);
        self.said.extend(std::iter::from_fn(|| self.watch.poll()));
    }

    pub(crate) fn login(&mut self, seconds: f64, user: &str, address: &str, granted: bool) {
        let who = Who {
            user: (!user.is_empty()).then(|| name(Of::User, user)),
            address: (!address.is_empty()).then(|| name(Of::Address, address)),
            ..Who::default()
        };
        let reason = (!granted).then_some("bad password");
        let attempt = Attempt { who, granted, reason, service: None, right: None };
        self.take(seconds, Sign::Login(attempt));
    }

    pub(crate) fn right(&mut self, seconds: f64, user: &str, right: &str, granted: bool) {
        let who = Who { user: Some(name(Of::User, user)), ..Who::default() };
        let (service, right) = (Some(name(Of::Service, "Billing")), Some(name(Of::Right, right)));
        let attempt = Attempt { who, granted, reason: None, service, right };
        self.take(seconds, Sign::Access(attempt));
    }

    pub(crate) fn call(&mut self, seconds: f64, user: &str, service: &str) {
        let who = Who { user: Some(name(Of::User, user)), ..Who::default() };
        self.take(seconds, Sign::Made(Made { who, service: name(Of::Service, service) }));
    }

    pub(crate) fn answer(&mut self, seconds: f64, user: &str, bytes: u32, denied: bool) {
        let deed = Deed {
            user: name(Of::User, user).digest,
            service: name(Of::Service, "Billing").digest,
            denier: denied.then(|| "Billing".into()),
            method: Some(name(Of::Method, "list").digest),
            made: at(seconds),
            outcome: if denied { Outcome::Rejected } else { Outcome::Ok },
            denied,
            bytes,
        };
        self.take(seconds, Sign::Ended(deed));
    }

    pub(crate) fn advance(&mut self, seconds: f64) {
        self.watch.advance(at(seconds));
        self.said.extend(std::iter::from_fn(|| self.watch.poll()));
    }

    /// What was said so far, in short.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |it: &Incident| {
            format!("{} {} {} {}", it.kind.name(), it.state.name(), it.severity.name(), it.about())
        };
        self.said.iter().map(line).collect()
    }

    /// Attacks of a kind that were found, and when.
    pub(crate) fn found(&self, kind: Kind) -> Vec<&Incident> {
        let is = |it: &&Incident| it.kind == kind && it.state != State::Ended;
        self.said.iter().filter(is).collect()
    }
}
