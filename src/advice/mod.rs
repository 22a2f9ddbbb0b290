//! Advice: what the last day says about how services are set up, called and cared for.
//!
//! An alarm says that something is wrong now. Advice says what is wrong every day: a service that is
//! slow as a rule, a patience that gives up too early, a method that takes all the time. The
//! [`Advisor`] is shown a [`Snapshot`] once a minute or more often. Every five minutes (a *spell*) it
//! adds what was counted to the hour under way of each service (`day`, `cell`, `methods`), and draws
//! up its findings (`rules`) by the thresholds in `limits`.
//!
//! It gives no advice on outages. Spells in which a service was in an incident are left out, whoever
//! explains it, and so are those in which lookout doubted itself; where they are most of the day,
//! nothing is said. Only that a circuit closes and opens again and again is about incidents.
//!
//! Memory: at most 21 kB a service, if its replies take anything from microseconds to minutes at
//! millions an hour in every hour of the day; some 8 kB if they are within a factor of ten. Ten
//! thousand services are the observer's bound. `tests/advice_memory.rs` holds both. Nothing here knows a clock, a file,
//! a socket or JSON.

mod cell;
mod day;
mod finding;
pub mod limits;
mod methods;
mod rules;

use crate::observer::snapshot::ServiceFigures;
use crate::observer::{Instant, Snapshot};
use day::{Day, Mood};
pub use finding::{Advice, Figure, Finding, Kind, Priority, Unit};
use limits::{FINDINGS, SPELL_MINUTES, SPELL_SLACK};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Microseconds in a minute.
const MINUTE: u64 = 60_000_000;

/// Whoever gives advice.
#[derive(Clone, Debug, Default)]
pub struct Advisor {
    days: BTreeMap<Arc<str>, Day>,
    /// The minute of the last look; `None` before the first.
    minute: Option<u64>,
    /// When the first look was taken.
    first: Instant,
    /// When the spell under way began.
    began: Instant,
    /// Whether lookout doubted itself in it, or was not looking.
    in_doubt: bool,
    advice: Arc<Advice>,
}

impl Advisor {
    /// Takes a look; most looks within a minute of the last one cost nothing. Whether there is new
    /// advice.
    pub fn look(&mut self, snapshot: &Snapshot) -> bool {
        let now = snapshot.at;
        let minute = now.micros() / MINUTE;
        let Some(last) = self.minute else {
            (self.minute, self.first, self.began) = (Some(minute), now, now);
            return false;
        };
        if minute <= last {
            return false;
        }
        self.minute = Some(minute);
        // Who did not look for minutes does not know what was in them.
        self.in_doubt |= snapshot.health.in_doubt || minute - last > SPELL_MINUTES;
        let ended = minute / SPELL_MINUTES != last / SPELL_MINUTES;
        let judged = || snapshot.services.iter().filter(|service| service.verdict.is_some());
        for service in judged() {
            match self.days.get_mut(&service.name) {
                Some(day) => day.watch(service),
                None => self.days.entry(service.name.clone()).or_default().watch(service),
            }
        }
        if !ended {
            return false;
        }
        let length = now.since(self.began);
        let odd = length.micros().abs_diff(limits::spell().micros()) > SPELL_SLACK.micros();
        let mood = Mood { in_doubt: self.in_doubt, odd };
        for service in judged() {
            if let Some(day) = self.days.get_mut(&service.name) {
                day.end_spell(now, length, mood, service);
            }
        }
        if self.days.len() > judged().count() {
            self.forget(&snapshot.services);
        }
        (self.began, self.in_doubt) = (now, snapshot.health.in_doubt);
        self.advice = Arc::new(self.draw_up(now));
        true
    }

    /// Drops services that are no longer known.
    fn forget(&mut self, services: &[ServiceFigures]) {
        let known =
            |name: &str| services.binary_search_by(|service| (*service.name).cmp(name)).is_ok();
        self.days.retain(|name, _| known(name));
    }

    /// The advice as of the last spell.
    pub const fn advice(&self) -> &Arc<Advice> {
        &self.advice
    }

    fn draw_up(&self, now: Instant) -> Advice {
        let mut advice = Advice { at: now, ..Advice::default() };
        for (name, day) in &self.days {
            let mut sum = day.sum(now);
            sum.from = sum.from.max(self.first);
            let enough = rules::judge(name, &sum, &mut advice.findings);
            *match enough {
                rules::Enough::Yes => &mut advice.judged,
                rules::Enough::TooLittle => &mut advice.too_little,
                rules::Enough::Troubled => &mut advice.troubled,
            } += 1;
        }
        advice.findings.sort_by(Finding::order);
        let all = advice.findings.len();
        advice.findings.truncate(FINDINGS);
        advice.left_out = u32::try_from(all - advice.findings.len()).unwrap_or(u32::MAX);
        advice
    }
}
