//! What is unusual for a user: how much it calls, what it calls, when, and how much it is told.
//!
//! Hours are those of UTC, and of the week, so that a Monday morning is held against Monday mornings. What
//! is usual for an hour is the most of: the same hour of the week and its neighbours, and the same hour of
//! any other day; each remembered as a peak that fades by a fifth with each time it is not reached. Peaks
//! are kept as logarithms, sixteen steps a doubling (4 %). Poisson noise of five standard deviations is
//! allowed on top, since three times very little is still little.
//!
//! A user is judged once it was known for `learn` and was at work on three different days. Hours in
//! which lookout could not hear everything teach nothing.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::policy::Policy;
use super::sign::{Deed, Made};
use super::table::Table;
use super::words::{kept, person};
use crate::observer::digest::Digest;
use crate::observer::{Instant, Span};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

const HOUR: Span = Span::from_secs(3_600);
/// Hours of a week.
const WEEK: usize = 168;
/// Services of a user that are remembered; who calls more calls anything.
const SERVICES: usize = 64;
/// Days of activity that it takes to know a user.
const DAYS: u16 = 3;
/// Steps of a doubling.
const STEPS: f64 = 16.0;
/// Standard deviations that are noise.
const NOISE: f64 = 5.0;

/// A count as its logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Peak(u16);

impl Peak {
    fn of(count: u64) -> Self {
        // The logarithm of the greatest count there is has 64 doublings.
        Self((STEPS * (count as f64 + 1.0).log2()).ceil() as u16)
    }

    fn count(self) -> f64 {
        (f64::from(self.0) / STEPS).exp2() - 1.0
    }

    /// It was `count` this time.
    fn note(&mut self, count: u64) {
        let faded = Self::of((self.count() * 0.8) as u64);
        *self = Self::of(count).max(faded);
    }
}

/// What is usual for a user.
#[derive(Debug)]
struct Habit {
    calls: [Peak; WEEK],
    bytes: Peak,
    /// Hours of the day in which it was ever at work.
    hours: u32,
    name: Option<Arc<str>>,
    /// When it was first heard of.
    since: Instant,
    /// Days on which it was at work, and the last of them since the epoch.
    days: u16,
    day: u64,
    /// New services, and when each was first called.
    new: SmallVec<[(u32, Instant); 2]>,
    /// When it was last said that its hour is unusual.
    odd: Option<Instant>,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            calls: [Peak(0); WEEK],
            bytes: Peak(0),
            hours: 0,
            name: None,
            since: Instant::default(),
            days: 0,
            day: 0,
            new: SmallVec::new(),
            odd: None,
        }
    }
}

/// What is remembered of a user: what each call touches, and the rest behind a pointer.
#[derive(Debug, Default)]
struct User {
    /// The hour that is counted, since the epoch; 0 for who was not heard of.
    hour: u64,
    calls: u64,
    bytes: u64,
    /// lookout did not hear all of it.
    spoiled: bool,
    /// It is known well enough to be judged.
    known: bool,
    services: SmallVec<[u32; 8]>,
    habit: Box<Habit>,
}

/// The detector.
#[derive(Debug)]
pub(super) struct Usage {
    users: Table<User>,
    /// Whether lookout doubts its ears, and the hour in which it last did.
    doubts: bool,
    doubted: u64,
}

/// An hour since the epoch.
const fn hour(now: Instant) -> u64 {
    now.micros() / HOUR.micros()
}

impl User {
    /// Closes the hours before this one.
    #[inline]
    fn turn(&mut self, now: Instant, policy: &Policy) {
        let hour = hour(now);
        if hour > self.hour {
            self.close(now, hour, policy);
        }
    }

    #[inline(never)]
    fn close(&mut self, now: Instant, hour: u64, policy: &Policy) {
        let habit = &mut *self.habit;
        if self.calls > 0 && !self.spoiled {
            let of_week = (self.hour % WEEK as u64) as usize;
            habit.calls[of_week].note(self.calls);
            habit.bytes.note(self.bytes);
            habit.hours |= 1 << (self.hour % 24);
        }
        (self.hour, self.calls, self.bytes, self.spoiled) = (hour, 0, 0, false);
        let day = hour / 24;
        if day != habit.day {
            habit.day = day;
            habit.days = habit.days.saturating_add(1);
        }
        self.known = now.since(habit.since) >= policy.learn && habit.days > DAYS;
    }

    /// Whether its hour can be judged.
    const fn is_judged(&self) -> bool {
        self.known && !self.spoiled
    }

    /// The calls that are usual for an hour.
    fn usual(&self) -> f64 {
        let calls = &self.habit.calls;
        let of_week = (self.hour % WEEK as u64) as usize;
        let near = [WEEK - 1, 0, 1].map(|by| calls[(of_week + by) % WEEK]);
        let others = calls.iter().skip(of_week % 24).step_by(24).copied();
        near.into_iter().chain(others).max().unwrap_or_default().count()
    }

    /// Whether it was ever at work at about this hour of the day.
    fn works_at(&self) -> bool {
        let of_day = (self.hour % 24) as u32;
        [23, 0, 1].iter().any(|by| self.habit.hours & (1 << ((of_day + by) % 24)) != 0)
    }
}

impl Usage {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { users: Table::new(policy.remembered, policy.learn), doubts: false, doubted: 0 }
    }

    /// How many users are remembered, and how many were forgotten for others.
    pub(super) fn remembered(&self) -> (usize, u64) {
        (self.users.len(), self.users.forgotten())
    }

    /// lookout doubts its ears from here on, or does no longer: this hour is no example.
    pub(super) const fn doubt(&mut self, now: Instant, is_on: bool) {
        (self.doubts, self.doubted) = (is_on, hour(now));
    }

    /// Whether this hour is no example.
    const fn is_doubtful(&self, now: Instant) -> bool {
        self.doubts || self.doubted == hour(now)
    }

    /// The name of a user that made calls.
    pub(super) fn name(&mut self, user: Digest) -> Option<Arc<str>> {
        self.users.get_mut(user)?.habit.name.clone()
    }

    /// Takes a call that was made.
    pub(super) fn made(
        &mut self,
        now: Instant,
        made: &Made<'_>,
        policy: &Policy,
        found: &mut impl FnMut(Finding),
    ) {
        let Some(name) = made.who.user else { return };
        let doubtful = self.is_doubtful(now);
        let user = self.users.see(now, name.digest);
        if user.hour == 0 {
            user.hour = hour(now);
            let habit = &mut *user.habit;
            habit.name = Some(kept(name.text));
            (habit.since, habit.day, habit.days) = (now, user.hour / 24, 1);
        }
        user.turn(now, policy);
        user.spoiled |= doubtful;
        user.calls += 1;
        let known = user.is_judged();
        let mut say =
            |kind: Kind, user: &User, since, (measured, threshold): (f64, f64), what: String| {
                if policy.has(kind) {
                    let source = Party { user: user.habit.name.clone(), ..Party::default() };
                    found(finding(
                        kind,
                        name.digest,
                        source,
                        since,
                        (measured, threshold),
                        what.into(),
                    ));
                }
            };
        if let Some(count) = user.new_services(now, made, policy, known) {
            let what = format!(
                "{} called {} for the first time",
                person(&made.who),
                kept(made.service.text)
            );
            let since = user.habit.new.first().map_or(now, |(_, at)| *at);
            say(Kind::UnusualServices, user, since, (count.into(), policy.services.into()), what);
        }
        if !known {
            return;
        }
        let floor = u64::from(policy.volume_floor);
        // Looked at for each sixteenth call only: what is unusual stays so.
        if user.calls >= floor && (user.calls == floor || user.calls.is_multiple_of(16)) {
            let usual = user.usual();
            let threshold = (policy.volume * usual + NOISE * usual.sqrt()).max(floor as f64);
            if user.calls as f64 > threshold {
                let what = format!("{} made {} calls in this hour", person(&made.who), user.calls);
                let since = begin(user.hour);
                say(Kind::UnusualVolume, user, since, (user.calls as f64, threshold), what);
            }
        }
        if user.calls > 1 {
            return;
        }
        let lately =
            user.habit.odd.is_some_and(|at| now.since(at) < Span::from_secs(7 * 24 * 3_600));
        if !lately && user.habit.hours != 0 && !user.works_at() {
            user.habit.odd = Some(now);
            let what = format!(
                "{} is at work at {}:00 UTC, when it never was",
                person(&made.who),
                user.hour % 24
            );
            say(Kind::UnusualHours, user, now, (1.0, 1.0), what);
        }
    }

    /// Takes how a call was answered.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        deed: &Deed,
        policy: &Policy,
    ) -> Option<Finding> {
        let doubtful = self.is_doubtful(now);
        let user = self.users.get_mut(deed.user)?;
        user.turn(now, policy);
        user.spoiled |= doubtful;
        let before = user.bytes;
        user.bytes += u64::from(deed.bytes);
        if user.bytes < policy.bytes_floor || !policy.has(Kind::Exfiltration) || !user.is_judged() {
            return None;
        }
        let threshold = (policy.bytes * user.habit.bytes.count()).max(policy.bytes_floor as f64);
        // Once when it passes, and then for each further floor.
        let steps = |bytes: u64| bytes / policy.bytes_floor.max(1);
        let passes = before as f64 <= threshold || steps(before) < steps(user.bytes);
        if user.bytes as f64 <= threshold || !passes {
            return None;
        }
        let name = user.habit.name.clone().unwrap_or_default();
        let what = format!("{name} got {} bytes of answers in this hour", user.bytes);
        let source = Party { user: user.habit.name.clone(), ..Party::default() };
        let (since, measured) = (begin(user.hour), user.bytes as f64);
        let figures = (measured, threshold);
        Some(finding(Kind::Exfiltration, deed.user, source, since, figures, what.into()))
    }
}

impl User {
    /// Notes the service of a call. How many new ones there were within an hour, if this is one more and that
    /// is unusual.
    fn new_services(
        &mut self,
        now: Instant,
        made: &Made<'_>,
        policy: &Policy,
        known: bool,
    ) -> Option<u32> {
        let service = (made.service.digest.half() >> 32) as u32;
        if self.services.contains(&service) || self.services.len() == SERVICES {
            return None;
        }
        self.services.push(service);
        if !known {
            return None;
        }
        let new = &mut self.habit.new;
        new.retain(|(_, at)| now.since(*at) < HOUR);
        if new.len() == SERVICES {
            new.remove(0);
        }
        new.push((service, now));
        let count = new.len() as u32;
        (count >= policy.services).then_some(count)
    }
}

/// When an hour begins.
const fn begin(hour: u64) -> Instant {
    Instant::from_micros(hour * HOUR.micros())
}

fn finding(
    kind: Kind,
    user: Digest,
    source: Party,
    since: Instant,
    (measured, threshold): (f64, f64),
    what: Arc<str>,
) -> Finding {
    Finding {
        kind,
        keys: smallvec![user],
        source,
        target: Party::default(),
        since,
        measured,
        threshold,
        what,
    }
}
