//! The ground under the services, and who looks at it: checks of components, the platforms that run
//! the services, the broker's own interface; and who acts on what is found.
//!
//! Whoever asks others does so on a thread of its own: an answer that is slow to read, and TLS, keep
//! no message waiting. What they find comes in here, one at a time, for the corridor to take.

use super::supervise::{Restarts, supervise};
use super::threads::{apart, on_thread};
use super::witness::Word;
use crate::clock::Clock;
use crate::config::{Config, Kind};
use crate::observer::measure::{Measure, MeasureId};
use crate::probe::kind::Setting;
use crate::probe::{
    Banned, Checked, Checks, Ears, Look, NewBans, Replicated, Results, Waiting, Watcher,
};
use crate::remedy::{Doers, Remedy};
use crate::wire::line::tame;
use futures_util::FutureExt;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a restart may take to be accepted.
const ACT: Duration = Duration::from_secs(120);

/// What somebody found.
pub(super) enum Told {
    /// A look for those who listen to a service.
    Look(Look),
    /// EMQX banned somebody by itself.
    Banned(Banned),
    /// A look at a component.
    Checked(Checked),
    /// The replicas of a service.
    Replicated(Replicated),
    /// What became of the restart of a service.
    Acted(Arc<str>, Result<String, String>),
    /// What came of a measure.
    Measured(MeasureId, Result<String, String>),
}

/// All who look, as the corridor sees them.
pub(super) struct Ground {
    pub(super) results: Results,
    banned: NewBans,
    checked: mpsc::Receiver<Checked>,
    replicated: mpsc::Receiver<Replicated>,
    remedy: Remedy,
    acts: JoinSet<(Arc<str>, Result<String, String>)>,
    doers: Doers,
    measures: JoinSet<(MeasureId, Result<String, String>)>,
    ears: Option<Ears>,
}

impl Ground {
    /// Nobody looks.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(
        config: &Config,
        clock: Clock,
        results: Results,
        banned: NewBans,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            results,
            banned,
            checked: mpsc::channel(1).1,
            replicated: mpsc::channel(1).1,
            remedy: Remedy::new(&config.platforms),
            acts: JoinSet::new(),
            doers: Doers::new(config, clock)?,
            measures: JoinSet::new(),
            ears: None,
        })
    }

    /// What is found next.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            look = self.results.next() => Told::Look(look),
            banned = self.banned.next() => Told::Banned(banned),
            Some(checked) = self.checked.recv() => Told::Checked(checked),
            Some(replicated) = self.replicated.recv() => Told::Replicated(replicated),
            Some(done) = self.acts.join_next() => match done {
                Ok((service, done)) => Told::Acted(service, done),
                Err(error) => {
                    tracing::error!("a restart failed by a bug: {error}");
                    pending().await
                }
            },
            Some(done) = self.measures.join_next() => match done {
                Ok((id, done)) => Told::Measured(id, done),
                // A panic is caught, and nobody ends the task.
                Err(_) => pending().await,
            },
            else => pending().await,
        }
    }

    /// Restarts what runs a service; what became of it is told.
    pub(super) fn restart(&mut self, service: Arc<str>) {
        let remedy = self.remedy.clone();
        self.acts.spawn(async move {
            let done = timeout(ACT, remedy.restart(&service)).await;
            let done = done.unwrap_or_else(|_| Err("the platform gives no answer".to_owned()));
            match &done {
                Ok(message) => tracing::warn!("{service} was restarted: {message}"),
                Err(message) => tracing::error!("{service} could not be restarted: {message}"),
            }
            (service, done)
        });
    }

    /// Does a measure, or undoes it; what came of it is told. `own` is what comes of what lookout does itself.
    pub(super) fn act(&mut self, measure: Arc<Measure>, own: Option<Word>) {
        let doers = self.doers.clone();
        self.measures.spawn(async move {
            let acting = async {
                let own = match own {
                    Some(word) => Some(word.await.unwrap_or_else(|_| Err("a bug".to_owned()))),
                    None => None,
                };
                doers.act(&measure, own).await
            };
            let acting = AssertUnwindSafe(timeout(ACT, acting)).catch_unwind().await;
            let done = match acting {
                Ok(Ok(done)) => done,
                Ok(Err(_)) => Err("it took too long".to_owned()),
                Err(_) => Err("a bug: see what was said before".to_owned()),
            };
            let (response, stage) = (measure.response.name(), measure.stage.name());
            // What it is about was written by a stranger.
            let about = tame(measure.about());
            match &done {
                Ok(message) => tracing::warn!(target: "lookout::audit", "{response} {about}, {stage}: {message}"),
                Err(message) => tracing::error!(target: "lookout::audit", "{response} {about}, {stage} in vain: {message}"),
            }
            (measure.id, done)
        });
    }

    /// Sets the watch of replicas up; it is kept as long as the future is polled.
    pub(super) fn watch(
        &mut self,
        config: &Config,
        restarts: &Restarts,
    ) -> impl Future<Output = ()> + use<> {
        let (watcher, replicated) = Watcher::new(&config.platforms);
        let some = config.platforms.replicas.is_some();
        self.replicated = replicated;
        let restarts = restarts.clone();
        async move {
            if !some {
                return pending().await;
            }
            let make =
                || keep_on_thread("platform", "the watch of replicas", watcher.clone().run());
            supervise("the watch of replicas", &restarts, pending(), make).await;
        }
    }

    /// Tells which services let calls wait now.
    pub(super) fn set_waiting(&self, waiting: Vec<Waiting>) {
        self.results.set_waiting(waiting);
    }

    /// Where the corridor tells what its session hears, if a check reads it.
    pub(super) fn take_ears(&mut self) -> Option<Ears> {
        self.ears.take()
    }

    /// Sets the checks up; they are made as long as the future is polled. Returns also the filters
    /// that they need to be subscribed to.
    pub(super) fn check(
        &mut self,
        config: &Config,
        clock: Clock,
        restarts: &Restarts,
    ) -> (impl Future<Output = ()> + use<>, Vec<String>) {
        let (ears, heard) = Ears::new();
        let mut needs = config.checks.iter().map(|check| &check.kind);
        let session = |kind: &Kind| matches!(kind, Kind::Loopback { .. } | Kind::Mosquitto);
        self.ears = needs.clone().any(session).then_some(ears);
        let mosquitto = needs.any(|kind| matches!(kind, Kind::Mosquitto));
        let setting = Setting { platforms: config.platforms.clone(), heard };
        let seed = config.settings.seed;
        let (checks, checked) = Checks::new(config.checks.clone(), setting, clock, seed);
        let some = !config.checks.is_empty();
        self.checked = checked;
        let restarts = restarts.clone();
        let keep = async move {
            if !some {
                return pending().await;
            }
            let run = || {
                let checks = checks.clone();
                async move {
                    checks.run().await;
                    Ok(())
                }
            };
            let make = || keep_on_thread("checks", "the checks", run());
            supervise("the checks", &restarts, pending(), make).await;
        };
        (keep, if mosquitto { Ears::filters() } else { Vec::new() })
    }
}

/// Runs a future on a thread of its own, until it ends or this one is dropped; that it ends is a
/// failure.
///
/// # Errors
///
/// If it ends, or the system gives no thread.
async fn keep_on_thread(
    name: &str,
    what: &str,
    future: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    // Dropped with this future, and then the thread ends.
    let (_alive, gone) = oneshot::channel::<()>();
    let running = async move {
        tokio::select! {
            ended = apart(future) => ended,
            _ = gone => Ok(()),
        }
    };
    on_thread(name, what, running)?.await?
}
