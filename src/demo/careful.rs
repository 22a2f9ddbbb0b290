//! One caller who listens to lookout, beside the twenty who do not: what a client that knows the
//! state of the platform is spared.
//!
//! It calls seldom enough to change nothing in what lookout finds.

use super::cast::CAST;
use super::door::Door;
use super::random::Random;
use super::settings::CLUSTER;
use crate::client::{CallError, Options, Platform, Source};
use serde::de::IgnoredAny;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Calls per second.
const RATE: f64 = 3.0;

/// How long it waits for an answer, as the others do.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What became of its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spared {
    /// Calls that it wanted to make.
    pub calls: u64,
    /// Refused at once, before they were sent, by what lookout says.
    pub refused: u64,
    /// Not answered: the price of finding out.
    pub unanswered: u64,
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
}

/// The caller; it stops when dropped.
#[derive(Debug)]
pub struct Careful {
    counters: Arc<Counters>,
    waiting: Option<(Platform, Random)>,
    tasks: JoinSet<()>,
}

impl Careful {
    /// Connects; calls nobody yet.
    pub fn connect(broker: &Door, random: &mut Random) -> Self {
        let session = "s-careful";
        let mut options = Options::at(broker.endpoint(session), session).cluster(CLUSTER);
        options.deadline = TIMEOUT;
        // Nothing is wrong with these options.
        let platform = Platform::connect(options).ok();
        let waiting = platform.map(|platform| (platform, random.fork()));
        Self { counters: Arc::default(), waiting, tasks: JoinSet::new() }
    }

    /// Begins to call, if that has not happened yet.
    pub fn start(&mut self) {
        if let Some((platform, random)) = self.waiting.take() {
            self.tasks.spawn(calling(platform, random, Arc::clone(&self.counters)));
        }
    }

    /// What became of its calls so far.
    pub fn spared(&self) -> Spared {
        Spared {
            calls: self.counters.calls.load(Ordering::Relaxed),
            refused: self.counters.refused.load(Ordering::Relaxed),
            unanswered: self.counters.unanswered.load(Ordering::Relaxed),
        }
    }
}

impl Spared {
    /// What was added since `earlier`.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            refused: self.refused.saturating_sub(earlier.refused),
            unanswered: self.unanswered.saturating_sub(earlier.unanswered),
        }
    }
}

async fn calling(platform: Platform, mut random: Random, counters: Arc<Counters>) {
    let mut open = JoinSet::new();
    loop {
        tokio::time::sleep(random.wait(RATE)).await;
        while open.try_join_next().is_some() {}
        let Some(role) = random.choose(&CAST) else { continue };
        let Some(method) = random.choose(role.methods) else { continue };
        let (platform, counters) = (platform.clone(), Arc::clone(&counters));
        open.spawn(async move {
            let answer =
                platform.call::<IgnoredAny>(role.name, method, &json!({"item": "i-1"})).await;
            counters.count(&answer);
        });
    }
}

impl Counters {
    fn count<T>(&self, answer: &Result<T, CallError>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match answer {
            Err(CallError::Unavailable(away) | CallError::CircuitOpen(away))
                if away.source == Source::Lookout =>
            {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(CallError::Timeout(_) | CallError::LinkDown { .. }) => {
                self.unanswered.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
