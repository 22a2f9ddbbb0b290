//! Keeps the connection: connect, subscribe, say that we are there, move messages, and when it
//! ends, wait a while and start over.
//!
//! - Every connection subscribes anew. The link is up when the broker has granted every filter;
//!   an observer that hears half of the traffic would blame services for what it cannot hear.
//!   So a refused filter ends the connection, is said as an error, and is tried again later.
//! - The library answers a broken connection at once, again and again; the waits are ours. Of
//!   several addresses the next is tried at once, and waiting begins when each had its turn.
//! - Nothing is awaited while polling but the connection, the outbox, the stop signal and one
//!   guard against a connection that makes no progress. The poll is never cancelled while it
//!   may be in the middle of a packet.
//! - Two clients with one identifier throw each other out forever. A session that was thrown out
//!   twice in a short time stays away and says so, and the program ends with that reason.
//! - At the end: offline is said first, as it matters most; then the outbox is emptied, then
//!   the connection is closed cleanly, so that the broker forgets the will. If that takes too
//!   long, the connection just drops, and the will says it.

use super::backoff::{Backoff, random};
use super::failure::Failure;
use super::inlet::Inlet;
use super::outlet::Outlet;
use super::protocol::{self, Client, Connection, Event, Extras, Terms};
use super::rivals::Rivals;
use super::rounds::Rounds;
use super::{Plan, Status, count, presence};
use crate::clock::Clock;
use crate::config::Address;
use crate::observer::Instant;
use crate::observer::input::Link;
use crate::wire::Document;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// How long an orderly stop may take. The program has 10 s in all.
const STOP_WITHIN: Duration = Duration::from_secs(6);

/// Pings without any event after which a connection counts as dead. The library itself gives
/// up after two, unless it is stuck writing to a peer that does not read.
const DEAD_AFTER_PINGS: u32 = 3;

/// Keeps the connection to the broker. A clone of one that did not run yet can take its place.
#[derive(Clone, Debug)]
pub struct Session {
    plan: Plan,
    clock: Clock,
    inlet: Inlet,
    outlet: Arc<Outlet>,
    status: watch::Sender<Status>,
    stop: watch::Receiver<bool>,
    backoff: Backoff,
    rounds: Rounds,
    rivals: Rivals,
    counters: Arc<super::Counters>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Subscribing,
    Up,
    /// Offline is said; what is left in the outbox follows.
    Leaving,
    /// The disconnection is on its way.
    Gone,
}

/// One connection from its first attempt to its end.
struct Life {
    client: Client,
    phase: Phase,
    terms: Terms,
    up_since: Option<Instant>,
    /// Ends the connection if no event came since it was set.
    guard: Pin<Box<Sleep>>,
    events: u64,
    events_at_guard: u64,
}

impl Session {
    pub(super) fn new(
        plan: Plan,
        clock: Clock,
        inlet: Inlet,
        outlet: Arc<Outlet>,
        status: watch::Sender<Status>,
        stop: watch::Receiver<bool>,
        counters: Arc<super::Counters>,
    ) -> Self {
        let backoff = Backoff::new(plan.broker.backoff_min, plan.broker.backoff_max);
        let rounds = Rounds::new(plan.broker.addresses.len());
        let rivals = Rivals::default();
        Self { plan, clock, inlet, outlet, status, stop, backoff, rounds, rivals, counters }
    }

    /// The session that ran in this one's place failed: nothing more is heard from it, and what it
    /// was sending is to be sent again.
    pub fn failed(&self, reason: &str) {
        self.outlet.link_lost();
        let now = self.clock.now();
        let was_up = self.status.borrow().link == Link::Up;
        if was_up {
            self.inlet.link(Link::Down);
        }
        self.status.send_modify(|status| {
            let since = if was_up { now } else { status.since };
            let problem = Some(reason.to_owned());
            *status = Status { problem, ..Status::of(Link::Down, since) };
        });
    }

    /// Runs until [`super::Handle::stop`], or until every handle is gone.
    pub async fn run(mut self) {
        let mut stop = self.stop.clone();
        let deadline = async move {
            // An error means that every handle is gone, which is a stop as well.
            let _ = stop.wait_for(|stop| *stop).await;
            sleep(STOP_WITHIN).await;
        };
        let late = tokio::select! {
            () = self.keep_connected() => false,
            () = deadline => true,
        };
        let left = self.outlet.waiting();
        if late || left > 0 {
            tracing::warn!(documents = left, "stopped before everything was published");
        }
    }

    async fn keep_connected(&mut self) {
        // A configuration has at least one address.
        while let Some(address) = self.plan.broker.addresses.get(self.rounds.at()).cloned() {
            let Err(failure) = self.live(&address).await else {
                return;
            };
            if self.report(&address, &failure) {
                // Whoever came back, even to empty the outbox, would throw the other one out.
                return stopped(&mut self.stop.clone()).await;
            }
            if self.rounds.ended() {
                let wait = self.backoff.next(random());
                tracing::info!("next attempt to connect in {:.1} s", wait.as_secs_f64());
                let mut stop = self.stop.clone();
                tokio::select! {
                    () = sleep(wait) => {}
                    // With nothing to say there is no need to come back; the will has said offline.
                    () = stopped(&mut stop), if self.outlet.waiting() == 0 => return,
                }
            }
            if self.stopping() && self.outlet.waiting() == 0 {
                return;
            }
        }
    }

    /// Says why there is no link, and whether there is no hope for one.
    fn report(&mut self, address: &Address, failure: &Failure) -> bool {
        if failure.needs_operator() {
            tracing::error!("no link to {address}: {failure}");
        } else {
            tracing::warn!("no link to {address}: {failure}");
        }
        let problem = format!("{address}: {failure}");
        let hopeless = self.rivals.lost(self.clock.now(), failure);
        self.status.send_modify(|status| {
            status.problem = Some(problem);
            status.hopeless = hopeless;
        });
        hopeless
    }

    /// One connection, until it fails or is closed as asked.
    async fn live(&mut self, address: &Address) -> Result<(), Failure> {
        count(&self.counters.attempts);
        let now = self.clock.now();
        let will = self.plan.presence.as_deref().map(|at| (at, presence::payload(false, now)));
        let opening = protocol::Opening { broker: &self.plan.broker, address, will };
        let (client, mut connection) = protocol::open(opening)?;
        let connect = Duration::from_micros(self.plan.broker.connect_timeout.micros());
        let mut life = Life::new(client, connect);
        let end = self.follow(&mut life, &mut connection).await;
        // What came with the end still counts: messages before the link went down, and answers
        // that spare us a repetition.
        for event in connection.leftovers() {
            self.pass_on(event);
        }
        self.outlet.link_lost();
        if let Some(since) = life.up_since {
            let now = self.clock.now();
            self.inlet.link(Link::Down);
            self.status.send_replace(Status::of(Link::Down, now));
            if self.backoff.link_lasted(now.since(since)) {
                self.rounds.link_lasted();
            }
        }
        let answered = life.phase != Phase::Connecting;
        end.map_err(|failure| match answered {
            true => failure,
            false => failure.before_any_answer(address.scheme.is_encrypted()),
        })
    }

    async fn follow(
        &mut self,
        life: &mut Life,
        connection: &mut Connection,
    ) -> Result<(), Failure> {
        loop {
            let event = self.next_event(life, connection).await?;
            life.events += 1;
            match event {
                Event::Connected(terms) => self.connected(life, terms)?,
                Event::Subscribed(answers) => self.subscribed(life, &answers)?,
                Event::Disconnected => return Ok(()),
                event => self.pass_on(event),
            }
            self.hand_over(life);
        }
    }

    /// Waits for the connection's next event, and serves the outbox and the stop signal
    /// meanwhile. Polling comes first; under a flood the others are served after each event.
    async fn next_event(
        &self,
        life: &mut Life,
        connection: &mut Connection,
    ) -> Result<Event, Failure> {
        let mut stop = self.stop.clone();
        let mut poll = pin!(connection.poll());
        loop {
            let asked_to_leave = matches!(life.phase, Phase::Leaving | Phase::Gone)
                || (self.stopping() && life.phase != Phase::Up);
            tokio::select! {
                biased;
                event = &mut poll => return event,
                () = self.outlet.changed() => {}
                () = stopped(&mut stop), if !asked_to_leave => {}
                () = &mut life.guard => life.check_progress()?,
            }
            if life.up_since.is_none() && self.stopping() && self.outlet.waiting() == 0 {
                // Nobody was told that we are here, and there is nothing else to say.
                return Ok(Event::Disconnected);
            }
            self.hand_over(life);
        }
    }

    fn connected(&self, life: &mut Life, terms: Terms) -> Result<(), Failure> {
        life.terms = terms;
        life.phase = Phase::Subscribing;
        let answer = Duration::from_micros(self.plan.broker.connect_timeout.micros());
        life.set_guard(answer.max(Duration::from_secs(1)));
        let own = self.plan.canary.as_ref().map_or("", |canary| &canary.topic);
        let filters = self.filters();
        if filters.is_empty() {
            return self.subscribed(life, &[]);
        }
        if life.client.subscribe(&filters, self.plan.broker.qos, own) {
            Ok(())
        } else {
            Err(Failure::Subscription(format!("filters {:?} are not valid", self.filters())))
        }
    }

    fn subscribed(&self, life: &mut Life, answers: &[Option<&'static str>]) -> Result<(), Failure> {
        if life.phase != Phase::Subscribing {
            if let Some(reason) = answers.iter().flatten().next() {
                tracing::warn!(
                    reason,
                    "the broker does not let lookout read what an earlier run left standing, or what it tells of \
                     itself: {}",
                    [&*self.plan.standing, &self.plan.told].concat().join(", ")
                );
            }
            return Ok(());
        }
        let filters = &self.filters();
        if answers.len() != filters.len() {
            return Err(Failure::Subscription(format!(
                "{} answers to {} filters",
                answers.len(),
                filters.len()
            )));
        }
        let refused: Vec<_> = filters
            .iter()
            .zip(answers)
            .filter_map(|(filter, answer)| answer.map(|reason| (filter.clone(), reason)))
            .collect();
        if !refused.is_empty() {
            return Err(Failure::Filters(refused));
        }
        self.link_up(life);
        Ok(())
    }

    /// The filters to subscribe to: those of the traffic, and the canary's topic.
    fn filters(&self) -> Vec<String> {
        let canary = self.plan.canary.as_ref().map(|canary| &canary.topic);
        self.plan.filters.iter().chain(canary).cloned().collect()
    }

    fn link_up(&self, life: &mut Life) {
        let now = self.clock.now();
        life.phase = Phase::Up;
        life.up_since = Some(now);
        life.set_guard(life.terms.keep_alive * DEAD_AFTER_PINGS);
        count(&self.counters.links);
        self.inlet.link(Link::Up);
        self.status.send_replace(Status::of(Link::Up, now));
        let address = self.plan.broker.addresses.get(self.rounds.at());
        let at = address.map_or(String::new(), |address| format!(" at {address}"));
        tracing::info!("subscribed to {}{at}", self.plan.filters.join(", "));
        self.say_presence(life, true);
        if !self.outlet.is_restored() && !life.client.read_back(&self.plan.standing) {
            tracing::warn!("what an earlier run left standing cannot be asked for");
        }
        if !life.client.read_back(&self.plan.told) {
            tracing::warn!("what the broker tells of itself cannot be asked for");
        }
    }

    fn say_presence(&self, life: &Life, online: bool) {
        let Some(topic) = &self.plan.presence else { return };
        let payload = presence::payload(online, self.clock.now());
        if life.client.publish(topic.clone(), true, payload, Extras::default()) {
            self.outlet.presence_taken();
        }
    }

    /// Takes what needs no decision to where it belongs.
    fn pass_on(&self, event: Event) {
        match event {
            Event::Heard(publication) => self.inlet.hear(publication),
            Event::Identified(packet) => self.outlet.identified(packet),
            Event::Acknowledged(packet, refused) => self.outlet.acknowledged(packet, refused),
            Event::Connected(_) | Event::Subscribed(_) | Event::Disconnected | Event::Other => {}
        }
    }

    /// Gives the library as much of the outbox as may be on its way, and takes the next step
    /// of leaving.
    fn hand_over(&self, life: &mut Life) {
        if life.phase == Phase::Up && self.stopping() {
            life.phase = Phase::Leaving;
            self.say_presence(life, false);
        }
        if !matches!(life.phase, Phase::Up | Phase::Leaving) {
            return;
        }
        if let Some(canary) = self.plan.canary.as_ref().filter(|_| life.phase == Phase::Up)
            && let Some(number) = self.outlet.song()
        {
            // One that the library does not take is missing, as it should be.
            life.client.sing(canary.topic.clone(), canary.song(number, self.clock.now()));
        }
        while let Some(document) = self.outlet.next(life.terms.window, life.terms.max_packet) {
            let properties = document.event.map_or_else(Vec::new, |event| event.attributes());
            let Document { topic, retain, payload, correlation, .. } = document;
            let extras = Extras { properties, correlation };
            if !life.client.publish(topic, retain, payload.unwrap_or_default(), extras) {
                self.outlet.not_taken();
                break;
            }
        }
        if life.phase == Phase::Leaving && self.outlet.is_done() && life.client.disconnect() {
            life.phase = Phase::Gone;
        }
    }

    fn stopping(&self) -> bool {
        // An error means that every handle is gone.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }
}

impl Life {
    fn new(client: Client, guard: Duration) -> Self {
        let terms = Terms { max_packet: None, window: 1, keep_alive: guard };
        Self {
            client,
            phase: Phase::Connecting,
            terms,
            up_since: None,
            guard: Box::pin(sleep(guard)),
            events: 0,
            events_at_guard: 0,
        }
    }

    fn set_guard(&mut self, span: Duration) {
        self.guard = Box::pin(sleep(span));
        self.events_at_guard = self.events;
    }

    /// The guard ran out: an error unless there was an event since it was set. Before the link
    /// is up only the one event counts that ends the phase, and that sets a new guard.
    fn check_progress(&mut self) -> Result<(), Failure> {
        match self.phase {
            Phase::Connecting => Err(Failure::Timeout(protocol::NO_CONNECTION)),
            Phase::Subscribing => Err(Failure::Timeout("no answer to the subscription")),
            _ if self.events == self.events_at_guard => {
                Err(Failure::Timeout("the connection makes no progress"))
            }
            _ => {
                self.set_guard(self.terms.keep_alive * DEAD_AFTER_PINGS);
                Ok(())
            }
        }
    }
}

/// Waits until a stop is asked for, or every handle is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
