//! The link to the broker: what is heard comes out of an [`Inbox`], what is said goes into a
//! [`Handle`], and a [`Session`] in between keeps the connection.
//!
//! ```text
//! broker ─► session ─► inlet ═queue═► Inbox ─► app
//! broker ◄─ session ◄─ outlet ◄──────── Handle ◄─ app
//! ```
//!
//! The session runs on its own and never waits for anyone: a handler that keeps it from polling
//! lets the answer to a keep-alive ping wait in line until the broker gives up. So what is heard
//! is dropped, and counted, when the queue is full, and what is said is kept in a bounded outbox.
//!
//! MQTT 5 and 3.1.1 differ in `protocol` only; every rule is written once, in `session`.

mod backoff;
mod canary;
mod failure;
mod inlet;
mod outlet;
mod presence;
mod protocol;
mod rivals;
mod rounds;
mod session;

pub use canary::Canary;
pub use failure::Failure;
pub use inlet::{Arrival, Heard, HeardProperties, Inbox};
pub use session::Session;

use crate::clock::Clock;
use crate::config::{Broker, Config};
use crate::observer::Instant;
use crate::observer::input::Link;
use crate::telemetry::LinkFigures;
use crate::wire::{Document, standing};
use outlet::Outlet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// Everything a session needs to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The broker and how to reach it.
    pub broker: Broker,
    /// The filters to subscribe to; the link is up when all of them are granted.
    pub filters: Vec<String>,
    /// Where birth and death are published, retained; `None` says nothing about itself.
    pub presence: Option<String>,
    /// What proves that the ears work; it is subscribed to beside the filters. One that says
    /// nothing has none.
    pub canary: Option<Canary>,
    /// Where an earlier run left standing how things are; read until [`Handle::is_restored`].
    pub standing: Vec<String>,
    /// What the broker tells of itself, for checks; the link does not depend on it.
    pub told: Vec<String>,
    /// Messages that may wait between socket and observer.
    pub inbox: usize,
    /// Events that may wait for the broker.
    pub outbox: usize,
}

impl Plan {
    /// What the configuration asks for.
    pub fn new(config: &Config) -> Self {
        Self {
            broker: config.broker.clone(),
            filters: config.traffic.filters(),
            presence: Some(presence::topic(&config.cluster, &config.id)),
            canary: Some(Canary::new(&config.cluster, &config.id)),
            standing: standing::filters(&config.cluster).into(),
            told: Vec::new(),
            inbox: config.inbox,
            outbox: config.outbox,
        }
    }

    /// What somebody needs who only listens, beside an observer of the same configuration: a
    /// client identifier of its own (`…-record` for a `command` of that name), so that neither ends
    /// the other's connection, and neither presence nor canary, for nobody observes.
    pub fn listener(config: &Config, command: &str) -> Self {
        let (presence, canary, standing) = (None, None, Vec::new());
        let mut plan = Self { presence, canary, standing, ..Self::new(config) };
        plan.broker.client_id = listener_id(&config.broker.client_id, command);
        plan
    }
}

/// The client identifier of a listener beside the observer with this one, within the 65 535
/// bytes that MQTT can carry.
fn listener_id(observer: &str, command: &str) -> String {
    let most = usize::from(u16::MAX).saturating_sub(command.len() + 1);
    let mut end = observer.len().min(most);
    while !observer.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{command}", &observer[..end])
}

/// A session that is ready to run, with both of its ends. Nothing happens before
/// [`Session::run`] is polled.
pub fn open(plan: Plan, clock: Clock) -> (Session, Inbox, Handle) {
    let counters = Arc::new(Counters::default());
    let (inlet, inbox) =
        inlet::queue(clock, plan.inbox, plan.canary.clone(), Arc::clone(&counters));
    let outlet = Arc::new(Outlet::new(plan.outbox, Arc::clone(&counters)));
    let (status, watched) = watch::channel(Status::of(Link::Down, clock.now()));
    let (stop, stopped) = watch::channel(false);
    let handle = Handle {
        outlet: Arc::clone(&outlet),
        counters: Arc::clone(&counters),
        status: watched,
        stop: Arc::new(stop),
    };
    (Session::new(plan, clock, inlet, outlet, status, stopped, counters), inbox, handle)
}

/// The link as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Up when connected and every filter is granted.
    pub link: Link,
    /// Since when.
    pub since: Instant,
    /// Why the last attempt failed, or the link was lost, and at which address, shown without
    /// user and password; `None` while it is up.
    pub problem: Option<String>,
    /// Whether the session gave up for that problem: it only waits to be stopped.
    pub hopeless: bool,
}

impl Status {
    /// A link that changed just now, without a problem so far.
    pub(crate) fn of(link: Link, since: Instant) -> Self {
        Self { link, since, problem: None, hopeless: false }
    }
}

/// What a session counts; all of it since the start.
#[derive(Debug, Default)]
pub struct Counters {
    received: AtomicU64,
    inbox_dropped: AtomicU64,
    attempts: AtomicU64,
    links: AtomicU64,
    published: AtomicU64,
    refused: AtomicU64,
    outbox_dropped: AtomicU64,
    unsendable: AtomicU64,
}

/// The caller's end of a session; clones share it.
#[derive(Clone, Debug)]
pub struct Handle {
    outlet: Arc<Outlet>,
    counters: Arc<Counters>,
    status: watch::Receiver<Status>,
    stop: Arc<watch::Sender<bool>>,
}

impl Handle {
    /// Puts a document into the outbox. Never waits; see `outlet.rs` for what goes when it is
    /// full.
    pub fn publish(&self, document: Document) {
        self.outlet.push(document);
    }

    /// Has the canary sing this number, if there is a link. It is heard back as
    /// [`Arrival::Canary`], in line with everything that was heard before it.
    pub fn sing(&self, number: u64) {
        self.outlet.sing(number);
    }

    /// What an earlier run left standing was read: later connections do not ask for it.
    pub fn is_restored(&self) {
        self.outlet.set_restored();
    }

    /// The link as it stands; the receiver also tells of changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Asks the session to end: say offline, empty the outbox, disconnect. It does so within
    /// six seconds, or goes without a goodbye and lets the will speak.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until somebody asks the session to end.
    pub async fn stopped(&self) {
        // This handle holds the other end, so it is there.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Counters and levels at this moment.
    pub fn figures(&self) -> LinkFigures {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters {
            received,
            inbox_dropped,
            attempts,
            links,
            published,
            refused,
            outbox_dropped,
            unsendable,
        } = &*self.counters;
        LinkFigures {
            received: get(received),
            inbox_dropped: get(inbox_dropped),
            attempts: get(attempts),
            links: get(links),
            published: get(published),
            refused: get(refused),
            outbox_dropped: get(outbox_dropped),
            unsendable: get(unsendable),
            outbox: self.outlet.waiting(),
            up: self.status.borrow().link == Link::Up,
        }
    }
}

/// Adds one; the counters stand for themselves, so no order between them is needed.
fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_has_an_identifier_of_its_own_that_mqtt_can_carry() {
        assert_eq!(listener_id("lookout-a", "record"), "lookout-a-record");
        let longest = "é".repeat(32_767);
        let id = listener_id(&longest, "record");
        assert!(id.len() <= 65_535 && id.ends_with("é-record"), "{} bytes", id.len());
    }
}
