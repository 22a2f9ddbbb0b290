//! The rounds of all checks: each component is looked at in its own rhythm, side by side.
//!
//! A check is a task of its own. It begins at a moment within its first interval that follows from
//! its name, so that a hundred checks do not all ask at once; from then on it rests for its
//! interval after each look. A look that takes too long is given up and has failed; one that hangs
//! delays nobody else. What was found is handed on as a report, without what the check must keep
//! secret; a report that nobody takes is dropped and not waited for, as the next one is newer.
//!
//! A check whose probe fails by a bug is reported as such and goes on with a new probe.

use super::found::{Found, Trouble, cut};
use super::kind::{Probe, Setting, probe};
use crate::clock::{Clock, Stopwatch};
use crate::config::{Check, Kind};
use crate::observer::input::{Report, Severity};
use crate::observer::{Instant, Span};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Reports that may wait for the corridor: it takes them at once unless it stands still.
const WAITING: usize = 1_000;

/// The longest wait before the first look: who starts lookout wants to see something.
const LONGEST_START: Span = Span::from_secs(5);

/// What a look at a component found, and when.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The component's name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: &'static str,
    /// When the look ended.
    pub at: Instant,
    /// How long it took.
    pub took: Span,
    /// Whether one such look is enough.
    definite: bool,
    severity: Option<Severity>,
    /// Whether it does not do its work at all.
    down: bool,
    message: String,
    impact: Option<&'static str>,
    details: Option<String>,
    advice: Vec<String>,
}

impl Checked {
    /// As an input of the observer.
    pub fn report(&self) -> Report<'_> {
        Report {
            name: &self.name,
            kind: self.kind,
            healthy: self.severity.is_none(),
            definite: self.definite,
            severity: self.severity.unwrap_or(Severity::Info),
            down: self.down,
            message: &self.message,
            impact: self.impact,
            details: self.details.as_deref(),
            advice: &self.advice,
            took: Some(self.took),
        }
    }
}

/// All checks that are to be made. A clone can take the place of one that failed.
#[derive(Clone, Debug)]
pub struct Checks {
    checks: Vec<Check>,
    setting: Setting,
    clock: Clock,
    seed: u64,
    reports: mpsc::Sender<Checked>,
}

impl Checks {
    /// Checks that have not begun, and where their reports come out; `seed` is what their first
    /// moments follow from.
    pub fn new(
        checks: Vec<Check>,
        setting: Setting,
        clock: Clock,
        seed: u64,
    ) -> (Self, mpsc::Receiver<Checked>) {
        let (reports, taken) = mpsc::channel(WAITING);
        (Self { checks, setting, clock, seed, reports }, taken)
    }

    /// Looks until nobody takes reports any more.
    pub async fn run(self) {
        let mut tasks = JoinSet::new();
        for check in &self.checks {
            tasks.spawn(self.clone().keep(check.clone()));
        }
        self.reports.closed().await;
    }

    /// Looks at one component again and again.
    async fn keep(self, check: Check) {
        sleep(duration(first(&check, self.seed))).await;
        let mut last = None;
        loop {
            let mut rounds = JoinSet::new();
            rounds.spawn(self.clone().rounds(check.clone(), last));
            let Some(Err(error)) = rounds.join_next().await else { return };
            if error.is_cancelled() {
                return;
            }
            let trouble = Trouble::error("unknown", "lookout's own check failed: see its log");
            last = Some(Severity::Error);
            self.tell(&check, Found::only(trouble), Span::ZERO, None);
            sleep(duration(check.interval)).await;
        }
    }

    /// Looks until a look fails by a bug. `definite` is what of the last one was certain.
    async fn rounds(self, check: Check, mut definite: Option<Severity>) {
        let mut probe = match probe(&check.kind, &self.setting) {
            Ok(probe) => Ok(probe),
            Err(error) => Err(cut(&format!("{error:#}"))),
        };
        loop {
            let watch = Stopwatch::start();
            let found = match &mut probe {
                Ok(probe) => look(&mut **probe, &check).await,
                Err(error) => Found::only(Trouble::error("unknown", error.clone())),
            };
            definite = self.tell(&check, found, watch.elapsed(), definite);
            if self.reports.is_closed() {
                return;
            }
            sleep(duration(check.interval)).await;
        }
    }

    /// Hands a report on. Returns how bad it is, if that is certain: its end is then as well.
    fn tell(
        &self,
        check: &Check,
        found: Found,
        took: Span,
        definite: Option<Severity>,
    ) -> Option<Severity> {
        let found = conceal(found, &check.kind);
        let severity = found.severity().map(|severity| match severity {
            // Only what the platform cannot do without is critical when it is down.
            Severity::Critical if !check.critical => Severity::Error,
            severity => severity,
        });
        let certain = severity.filter(|_| found.is_definite());
        let checked = Checked {
            name: check.name.as_str().into(),
            kind: check.kind.name(),
            at: self.clock.now(),
            took,
            definite: if severity.is_none() { definite.is_some() } else { certain.is_some() },
            severity,
            down: found.severity() == Some(Severity::Critical),
            message: found.message(),
            impact: found.impact(),
            details: found.details(),
            advice: found.advice(),
        };
        if self.reports.try_send(checked).is_err() {
            tracing::debug!("a report on {} is not taken", check.name);
        }
        // What was certain stays so until it is well.
        if severity.is_some() { certain.or(definite) } else { None }
    }
}

/// Looks once; what was found is without secrets.
pub async fn look(probe: &mut dyn Probe, check: &Check) -> Found {
    let found = match timeout(duration(check.timeout), probe.look()).await {
        Ok(found) => found,
        Err(_) => {
            probe.gave_up();
            Found::only(
                Trouble::down("no_answer", format!("no answer within {}", check.timeout))
                    .advice("Check whether it is overloaded, hangs, or is cut off by the network"),
            )
        }
    };
    conceal(found, &check.kind)
}

fn conceal(found: Found, kind: &Kind) -> Found {
    match kind.secret() {
        Some(secret) => found.without(&secret.0),
        None => found,
    }
}

/// How long a check waits before its first look: up to its interval, and up to five seconds.
fn first(check: &Check, seed: u64) -> Span {
    let longest = check.interval.min(LONGEST_START).micros().max(1);
    // FNV-1a: any spread will do, and this one needs nothing.
    let hash = check.name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Span::from_micros((hash >> 16) % longest)
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(span.micros())
}
