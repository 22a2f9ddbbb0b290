//! The rounds of all checks: each component is looked at in its own rhythm, side by side.
//!
//! A check is a task of its own. It begins at a moment within its first interval that follows from
//! its name, so that a hundred checks do not all ask at once; from then on it rests for its
//! interval after each look. A look that takes too long is given up and has failed; one that hangs
//! delays nobody else. What was found is handed on as a report, without what the check must keep
//! secret; a report that nobody takes is dropped and not waited for, as the next one is newer.
//!
//! A check whose probe fails by a bug is reported as such and goes on with a new probe.

use super::found::{Found, Trouble};
use super::kind::{Probe, Setting, probe};
use crate::clock::{Clock, Stopwatch};
use crate::config::{Check, Kind};
use crate::observer::input::{Report, Severity};
use crate::observer::{Instant, Span};
use crate::platform::words::cut;
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
        let mut at_once = false;
        loop {
            let mut rounds = JoinSet::new();
            rounds.spawn(self.clone().rounds(check.clone(), at_once));
            let Some(Err(error)) = rounds.join_next().await else { return };
            if error.is_cancelled() {
                return;
            }
            let trouble = Trouble::error("unknown", "lookout's own check failed: see its log");
            at_once = self.tell(&check, Found::only(trouble), Span::ZERO, false);
            sleep(duration(check.interval)).await;
        }
    }

    /// Looks until a look fails by a bug. `at_once` is whether what the last one found ends with
    /// the first that does not find it.
    async fn rounds(self, check: Check, mut at_once: bool) {
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
            at_once = self.tell(&check, found, watch.elapsed(), at_once);
            if self.reports.is_closed() {
                return;
            }
            sleep(duration(check.interval)).await;
        }
    }

    /// Hands a report on. Returns whether what was found ends with the first look that does not
    /// find it.
    fn tell(&self, check: &Check, found: Found, took: Span, at_once: bool) -> bool {
        let found = conceal(found, &check.kind);
        let severity = found.severity().map(|severity| match severity {
            // Only what the platform cannot do without is critical when it is down.
            Severity::Critical if !check.critical => Severity::Error,
            severity => severity,
        });
        let checked = Checked {
            name: check.name.as_str().into(),
            kind: check.kind.name(),
            at: self.clock.now(),
            took,
            definite: if found.is_well() { at_once } else { found.is_definite() },
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
        found.ends_at_once()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::probe::Ears;
    use std::collections::BTreeMap;
    use std::net::TcpListener;

    /// Checks of a configuration, with what the session hears.
    fn checks(text: &str) -> (Checks, mpsc::Receiver<Checked>, Ears) {
        let config = crate::config::from_text(text).unwrap();
        let (ears, heard) = Ears::new();
        let setting = Setting { platforms: config.platforms, heard };
        let (checks, reports) = Checks::new(config.checks, setting, Clock::start(), 1);
        (checks, reports, ears)
    }

    #[tokio::test(start_paused = true)]
    async fn each_has_its_rhythm_and_one_that_hangs_delays_nobody() {
        // Whoever connects is let in and hears nothing.
        let abyss = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = abyss.local_addr().unwrap().port();
        let (checks, mut reports, ears) = checks(&format!(
            "[[check]]\nname = \"quick\"\nkind = \"loopback\"\n\
             [[check]]\nname = \"often\"\nkind = \"loopback\"\ninterval = \"5s\"\n\
             [[check]]\nname = \"hangs\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}\"\n"
        ));
        ears.turn(Instant::default(), Some(Instant::default()), None, Span::ZERO);
        let running = tokio::spawn(checks.run());
        let mut counts = BTreeMap::<_, (u32, u32)>::new();
        let hour = sleep(Duration::from_secs(3_600));
        tokio::pin!(hour);
        loop {
            tokio::select! {
                () = &mut hour => break,
                Some(checked) = reports.recv() => {
                    let count = counts.entry(checked.name.to_string()).or_default();
                    count.0 += 1;
                    count.1 += u32::from(checked.report().healthy);
                }
            }
        }
        let near = |(all, healthy): (u32, u32), wanted: u32| {
            wanted.abs_diff(all) <= 1 && (healthy == all || healthy == 0)
        };
        // 30 s each, 5 s each, and 10 s before it is given up with 30 s of rest.
        for (name, wanted) in [("quick", 120), ("often", 720), ("hangs", 90)] {
            assert!(near(counts[name], wanted), "{name}: {counts:?}");
        }
        assert_eq!(counts["hangs"].1, 0);
        drop(reports);
        running.await.unwrap();
    }

    #[test]
    fn the_first_looks_are_spread_and_the_same_each_time() {
        let names: String = (0..50)
            .map(|number| format!("[[check]]\nname = \"{number}\"\nkind = \"loopback\"\n"))
            .collect();
        let (checks, ..) = checks(&names);
        let moments: Vec<_> = checks.checks.iter().map(|check| first(check, 7)).collect();
        assert!(moments.iter().all(|at| *at < LONGEST_START));
        for second in 0..5 {
            let within = |at: &&Span| at.micros() / 1_000_000 == second;
            assert!(moments.iter().filter(within).count() >= 3, "{second}: {moments:?}");
        }
        assert_eq!(first(&checks.checks[3], 7), moments[3]);
        assert_ne!(first(&checks.checks[3], 8), moments[3]);
    }

    #[test]
    fn what_is_down_is_critical_only_where_it_matters_and_ends_as_it_began() {
        let (checks, mut reports, _) = checks("[[check]]\nname = \"a\"\nkind = \"loopback\"");
        let mut check = checks.checks[0].clone();
        let mut told = |check: &Check, found, at_once| {
            let next = checks.tell(check, found, Span::ZERO, at_once);
            let checked = reports.try_recv().unwrap();
            let report = checked.report();
            (report.healthy, report.severity, report.definite, report.down, next)
        };
        let down = || Found::only(Trouble::down("gone", "gone").definite());
        assert_eq!(told(&check, down(), false), (false, Severity::Error, true, true, true));
        check.critical = true;
        assert_eq!(told(&check, down(), false), (false, Severity::Critical, true, true, true));
        let lost = Found::only(Trouble::warning("lost", "3 lost").counted());
        assert_eq!(told(&check, lost, true), (false, Severity::Warning, true, false, false));
        assert_eq!(told(&check, Found::new(), true), (true, Severity::Info, true, false, false));
        assert_eq!(told(&check, Found::new(), false), (true, Severity::Info, false, false, false));
    }
}
