//! How lookout itself is: checks, and what follows from them.
//!
//! Live is that its main loop turns. Ready is that it is subscribed, and that at least 80 % of what
//! it needs to judge is well. Quiet is not deaf: no message for five minutes is worth knowing, no more.

use super::View;
use crate::observer::component::Condition;
use crate::observer::{Instant, Span};
use crate::telemetry::Figures;

/// The loop turns at least once a second; one that has not for so long stands still.
const STANDS_STILL: Span = Span::from_secs(10);
/// No message for so long is quiet.
const QUIET: Span = Span::from_secs(300);
/// A canary that was not heard for so long is missing; it sings every five seconds by default.
const DEAF: Span = Span::from_secs(30);
/// A loss is told for so long.
const LOSS: Span = Span::from_secs(60);

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Healthy,
    /// Not as it should be, but it does its work.
    Degraded,
    /// It does not do its work.
    Unhealthy,
    /// It did not begin yet.
    Starting,
    /// It was asked to end.
    Stopping,
}

impl Status {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is checked.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// Whether lookout cannot judge without it.
    pub required: bool,
    /// What was found.
    pub message: String,
}

/// How lookout is, as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// All in all.
    pub status: Status,
    /// Whether its main loop turns.
    pub live: bool,
    /// Whether it is subscribed and can judge.
    pub ready: bool,
    /// What that rests on.
    pub checks: Vec<Check>,
}

/// When something was last lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    /// Counts, and when they last grew: inbox, outbox, restarts.
    losses: [(u64, Option<Instant>); 3],
}

impl Watch {
    /// Takes the figures of a turn.
    pub fn take(&mut self, now: Instant, figures: &Figures) {
        let counts = [
            figures.link.inbox_dropped,
            figures.link.outbox_dropped,
            figures.restarts.iter().sum::<u64>(),
        ];
        for ((known, at), count) in self.losses.iter_mut().zip(counts) {
            if count > *known {
                *at = Some(now);
            }
            *known = count;
        }
    }

    fn fresh(&self, which: usize, now: Instant) -> bool {
        let at = self.losses.get(which).and_then(|(_, at)| *at);
        at.is_some_and(|at| now.since(at) <= LOSS)
    }
}

impl View {
    /// How lookout is at `now`; what is named in `excluded` does not count.
    pub fn health(&self, now: Instant, excluded: &[&str]) -> Health {
        let mut checks = self.checks(now);
        checks.retain(|check| !excluded.contains(&check.name.as_str()));
        let live = checks.iter().all(|it| it.name != "loop" || it.status != Status::Unhealthy);
        let required: Vec<_> = checks.iter().filter(|check| check.required).collect();
        let good = required.iter().filter(|it| it.status == Status::Healthy).count();
        let linked = checks.iter().all(|it| it.name != "link" || it.status <= Status::Degraded);
        let ready = linked && live && !self.stopping && good * 5 >= required.len() * 4;
        let waits = |check: &Check| !check.required && check.status == Status::Starting;
        let bad = checks.iter().filter(|it| it.status >= Status::Degraded && !waits(it));
        let worst = bad.map(|check| match (check.required, check.status) {
            (true, status) => status,
            (false, _) => Status::Degraded,
        });
        let status = match worst.max().unwrap_or(Status::Healthy) {
            _ if self.stopping => Status::Stopping,
            status => status,
        };
        Health { status, live, ready, checks }
    }

    fn checks(&self, now: Instant) -> Vec<Check> {
        let Self { turn, begun, watch, .. } = self;
        let (snapshot, figures) = (&turn.snapshot, &turn.figures);
        let age = now.since(snapshot.at);
        let check = |name: &str, required, status, message| Check {
            name: name.to_owned(),
            status,
            required,
            message,
        };
        let when = |bad, status| if bad { status } else { Status::Healthy };
        let stands = when(age > STANDS_STILL, Status::Unhealthy);
        let mut checks = vec![
            check("loop", true, stands, format!("turned {:.1} s ago", age.as_secs_f64())),
            self.link(),
        ];
        if *begun && figures.link.up {
            let deaf = turn.deaf_for;
            let heard = format!("heard {:.1} s ago", deaf.as_secs_f64());
            checks.push(check("canary", true, when(deaf > DEAF, Status::Unhealthy), heard));
            let quiet = turn.quiet_for;
            let heard = format!("last message {:.0} s ago", quiet.as_secs_f64());
            checks.push(check("traffic", false, when(quiet > QUIET, Status::Degraded), heard));
        }
        let lags = figures.lag > Span::from_secs(1) || watch.fresh(0, now);
        let inbox = format!(
            "{} messages wait, {} ms behind, {} dropped since the start",
            figures.inbox,
            figures.lag.micros() / 1_000,
            figures.link.inbox_dropped
        );
        checks.push(check("inbox", true, when(lags, Status::Degraded), inbox));
        let outbox = format!(
            "{} documents wait, {} dropped since the start",
            figures.link.outbox, figures.link.outbox_dropped
        );
        checks.push(check("outbox", true, when(watch.fresh(1, now), Status::Degraded), outbox));
        let restarts = format!("{} restarts since the start", figures.restarts.iter().sum::<u64>());
        checks.push(check("tasks", true, when(watch.fresh(2, now), Status::Degraded), restarts));
        let doubt = snapshot.health.in_doubt && figures.link.up;
        let message = if doubt { "lookout doubts its ears: nobody is blamed" } else { "none" };
        checks.push(check("doubt", false, when(doubt, Status::Degraded), message.to_owned()));
        checks.extend(snapshot.components.iter().map(|component| {
            let status = match component.condition {
                Condition::Healthy => Status::Healthy,
                Condition::Degraded => Status::Degraded,
                Condition::Unhealthy => Status::Unhealthy,
                Condition::Starting => Status::Starting,
            };
            let found = component.finding.as_ref().map(|(finding, _)| finding.message.to_string());
            let name = format!("component:{}", component.name);
            let usual = if status == Status::Starting { "not checked yet" } else { "well" };
            check(&name, component.critical, status, found.unwrap_or_else(|| usual.to_owned()))
        }));
        checks
    }

    fn link(&self) -> Check {
        let up = self.turn.figures.link.up;
        let status = match (up, self.ready_since) {
            (true, _) => Status::Healthy,
            (false, Some(_)) => Status::Unhealthy,
            (false, None) => Status::Starting,
        };
        let problem = self.turn.problem.as_deref();
        let message = match (up, problem) {
            (true, _) => "connected, every subscription granted".to_owned(),
            (false, Some(problem)) => format!("no link: {problem}"),
            (false, None) => "no link".to_owned(),
        };
        Check { name: "link".to_owned(), status, required: true, message }
    }
}
