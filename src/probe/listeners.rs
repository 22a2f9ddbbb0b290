//! Asks EMQX who listens to the topics of services that let calls wait.
//!
//! Nobody is asked about as long as every service answers. A look begins with the question that a
//! service's own subscription answers; only if nobody is there are the others asked. lookout, its
//! recorder and the onlookers of the configuration do not count; anybody else whose subscription
//! covers the topic may be the service.
//!
//! Services are looked at in turn, a few each time, so that a thousand silent ones cost the broker
//! no more than a few. What cannot be found out is not reported, and said in the log when it begins
//! and when it ends.

mod api;
mod filters;

use crate::clock::Clock;
use crate::config::Emqx;
use crate::observer::Instant;
use api::{Api, Subscription};
use filters::{MOST_LEVELS, hears, questions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

/// Services looked at in one turn.
const AT_ONCE: usize = 8;

/// A service that lets calls wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub service: Arc<str>,
    /// Its call topic, with levels that do not name it shown as `+`.
    pub topic: Arc<str>,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The service.
    pub service: Arc<str>,
    /// When the look began.
    pub asked: Instant,
    /// Whether anybody listens who may be the service, or why that could not be found out.
    pub found: Result<bool, String>,
}

/// The other end: whom to look at, and what was found.
#[derive(Debug)]
pub struct Results {
    waiting: watch::Sender<Vec<Waiting>>,
    looks: mpsc::Receiver<Look>,
}

impl Results {
    /// Tells which services let calls wait now.
    pub fn set_waiting(&self, waiting: Vec<Waiting>) {
        self.waiting.send_if_modified(|now| {
            let news = *now != waiting;
            *now = waiting;
            news
        });
    }

    /// What a look found; never ready if nobody looks.
    pub async fn next(&mut self) -> Look {
        match self.looks.recv().await {
            Some(look) => look,
            None => std::future::pending().await,
        }
    }

    /// An end without another: nobody looks.
    pub fn none() -> Self {
        Self { waiting: watch::channel(Vec::new()).0, looks: mpsc::channel(1).1 }
    }
}

/// Looks for listeners; see the module. A clone can take the place of one that failed.
#[derive(Clone, Debug)]
pub struct Listeners {
    api: Api,
    clock: Clock,
    /// The client identifiers of those who only listen.
    onlookers: Vec<String>,
    waiting: watch::Receiver<Vec<Waiting>>,
    looks: mpsc::Sender<Look>,
    /// The last service that was looked at.
    last: Option<Arc<str>>,
    troubled: bool,
}

impl Listeners {
    /// A look-out that has not begun, and its other end. `own` is lookout's client identifier.
    ///
    /// # Errors
    ///
    /// If the way to EMQX cannot be set up.
    pub fn new(settings: Emqx, own: &str, clock: Clock) -> anyhow::Result<(Self, Results)> {
        let mut onlookers = settings.onlookers.clone();
        onlookers.extend([own.to_owned(), format!("{own}-record")]);
        let (set, waiting) = watch::channel(Vec::new());
        let (looks, found) = mpsc::channel(AT_ONCE);
        let api = Api::new(settings)?;
        let this = Self { api, clock, onlookers, waiting, looks, last: None, troubled: false };
        Ok((this, Results { waiting: set, looks: found }))
    }

    /// Looks until the other end is gone.
    pub async fn run(mut self) {
        let mut turn = interval(Duration::from_micros(self.api.settings().look_every.micros()));
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Who waits is looked at as soon as anybody does, and then every so often.
            if self.waiting.wait_for(|waiting| !waiting.is_empty()).await.is_err() {
                return;
            }
            turn.tick().await;
            for waiting in self.next() {
                let asked = self.clock.now();
                let found = self.look(&waiting.topic).await.map_err(|error| format!("{error:#}"));
                self.tell_trouble(&found);
                let look = Look { service: waiting.service, asked, found };
                let failed = look.found.is_err();
                if self.looks.send(look).await.is_err() {
                    return;
                }
                if failed {
                    break;
                }
            }
        }
    }

    /// The services whose turn it is.
    fn next(&mut self) -> Vec<Waiting> {
        let waiting = self.waiting.borrow_and_update();
        let after = self
            .last
            .as_ref()
            .map_or(0, |last| waiting.iter().position(|it| it.service > *last).unwrap_or(0));
        let next: Vec<_> =
            waiting.iter().cycle().skip(after).take(waiting.len().min(AT_ONCE)).cloned().collect();
        self.last = next.last().map(|it| it.service.clone());
        next
    }

    /// Whether anybody listens to a topic who may be the service.
    async fn look(&self, topic: &str) -> anyhow::Result<bool> {
        let levels = topic.split('/').count();
        anyhow::ensure!(
            levels <= MOST_LEVELS,
            "topics of more than {MOST_LEVELS} levels are not asked for"
        );
        let wanted = |subscription: &Subscription| {
            let client = subscription.clientid.as_deref().unwrap_or("");
            hears(&subscription.topic, topic) && !self.is_onlooker(client)
        };
        for question in questions(topic) {
            if self.api.any(&question, wanted).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_onlooker(&self, client: &str) -> bool {
        self.onlookers.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => client.starts_with(beginning),
            None => client == known,
        })
    }

    fn tell_trouble(&mut self, found: &Result<bool, String>) {
        match found {
            Err(error) if !self.troubled => {
                tracing::warn!("who listens to services is not known: {error}");
            }
            Ok(_) if self.troubled => tracing::info!("who listens to services is known again"),
            _ => {}
        }
        self.troubled = found.is_err();
    }
}
