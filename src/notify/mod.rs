//! Those who are told of alerts over HTTP: Alertmanagers and webhooks.
//!
//! This is the way that works when the MQTT broker does not. The corridor leaves the board of all alerts
//! here and never waits; a thread of its own sends what each receiver has not heard yet. `spool` and
//! `groups` decide what and when, under any clock; `alertmanager` and `webhook` write it; `door` says whether it was taken.

mod alertmanager;
mod door;
mod groups;
mod pause;
mod reach;
#[cfg(test)]
mod sample;
mod spool;
mod webhook;

pub use reach::{Reached, reach};

use crate::alert::Board;
use crate::clock::Clock;
use crate::config::{Alertmanager, Config, Links, Webhook};
use crate::observer::Instant;
use crate::telemetry::NoticeFigures;
use futures_util::future::join_all;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// What receivers of one kind count.
#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    /// By receiver.
    waiting: Vec<AtomicU64>,
}

impl Tally {
    fn of(receivers: usize) -> Self {
        Self { waiting: (0..receivers).map(|_| AtomicU64::new(0)).collect(), ..Self::default() }
    }

    fn waits(&self, receiver: usize, count: u64) {
        if let Some(waiting) = self.waiting.get(receiver) {
            waiting.store(count, Ordering::Relaxed);
        }
    }
}

/// The corridor's end.
#[derive(Clone, Debug)]
pub struct Notices {
    board: watch::Sender<Arc<Board>>,
    tallies: Arc<[Tally; 2]>,
}

impl Notices {
    /// Leaves how things stand.
    pub fn tell(&self, board: Arc<Board>) {
        self.board.send_replace(board);
    }

    /// What was counted.
    pub fn figures(&self) -> NoticeFigures {
        let each = |count: fn(&Tally) -> u64| [count(&self.tallies[0]), count(&self.tallies[1])];
        NoticeFigures {
            sent: each(|it| it.sent.load(Ordering::Relaxed)),
            failed: each(|it| it.failed.load(Ordering::Relaxed)),
            waiting: each(|it| it.waiting.iter().map(|it| it.load(Ordering::Relaxed)).sum()),
            dropped: each(|it| it.dropped.load(Ordering::Relaxed)),
        }
    }
}

/// Who speaks, and what stands in everything that is sent.
#[derive(Clone, Debug)]
struct Sender {
    cluster: String,
    id: String,
    links: Links,
    clock: Clock,
}

/// Everybody who is told.
#[derive(Clone, Debug)]
pub struct Receivers {
    alertmanagers: Vec<Alertmanager>,
    webhooks: Vec<Webhook>,
    sender: Sender,
    board: watch::Receiver<Arc<Board>>,
    tallies: Arc<[Tally; 2]>,
}

impl Receivers {
    /// Those of a configuration, and the corridor's end.
    pub fn new(config: &Config, clock: Clock) -> (Self, Notices) {
        let (board, of_board) = watch::channel(Arc::default());
        let told: Vec<_> = config.webhooks.iter().filter(|it| it.alerts).cloned().collect();
        let tallies = Arc::new([Tally::of(config.alertmanagers.len()), Tally::of(told.len())]);
        let sender = Sender {
            cluster: config.cluster.clone(),
            id: config.id.clone(),
            links: config.links.clone(),
            clock,
        };
        let receivers = Self {
            alertmanagers: config.alertmanagers.clone(),
            webhooks: told,
            sender,
            board: of_board,
            tallies: tallies.clone(),
        };
        (receivers, Notices { board, tallies })
    }

    /// Whether there is somebody.
    pub fn is_empty(&self) -> bool {
        self.alertmanagers.is_empty() && self.webhooks.is_empty()
    }

    /// Tells them until the future is dropped.
    ///
    /// # Errors
    ///
    /// If a way to one of them cannot be set up.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { alertmanagers, webhooks, sender, board, tallies } = self;
        let mut tasks: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for (at, receiver) in alertmanagers.into_iter().enumerate() {
            let worker = alertmanager::Worker::new(receiver, sender.clone())?;
            tasks.push(Box::pin(worker.run(at, board.clone(), tallies.clone())));
        }
        for (at, receiver) in webhooks.into_iter().enumerate() {
            let worker = webhook::Worker::new(receiver, sender.clone())?;
            tasks.push(Box::pin(worker.run(at, board.clone(), tallies.clone())));
        }
        join_all(tasks).await;
        anyhow::bail!("nobody says what to tell any more")
    }
}

/// Waits until then, or for ever.
async fn until(clock: Clock, due: Option<Instant>) {
    match due {
        Some(due) => sleep(Duration::from_micros(due.since(clock.now()).micros())).await,
        None => pending().await,
    }
}
