//! The judge: pure, and the only place where anything is decided.
//!
//! `handle` takes an [`Input`] and the time, `handle_timeout` takes the time alone, `poll_event`
//! gives what is to be said, `snapshot` shows what is known. It cannot fail and knows no JSON,
//! clock, lock or log; equal inputs give equal events (after the design of `quinn-proto`).
//!
//! Reading order: [`call`] and [`input`] (the words), [`ledger`], [`past`] and [`early`]
//! (matching), [`front`], `reckoning` and [`calm`] (what a message costs a service), [`service`]
//! and [`window`] (figures), [`evidence`], [`finding`] and [`judge`] (judgement),
//! [`standing`] (what is said), [`breaker`] and [`cascade`] (circuits), [`doubt`] (when not to
//! judge). This file holds the state and its one loop of deadlines; what happens is in
//! `hearing` (messages), `judging` (services), `circuits`, `seconds` (the passing of time), `answering`
//! (direct answers), `restoring` (what an earlier run left standing), and `figures` (snapshots).

pub mod address;
pub mod alert;
pub mod answering;
pub mod attack;
pub mod breaker;
pub mod call;
pub mod callers;
pub mod calm;
pub mod cascade;
pub mod chunk;
pub mod component;
pub mod components;
pub mod counts;
pub mod deeds;
pub mod desertion;
pub mod digest;
pub mod doubt;
pub mod early;
pub mod errors;
pub mod event;
pub mod evidence;
pub mod exemplars;
pub mod finding;
pub mod front;
pub mod good;
pub mod ground;
pub mod histogram;
pub mod history;
pub mod incident;
pub mod input;
pub mod judge;
pub mod last;
pub mod latency;
pub mod ledger;
pub mod limits;
pub mod measure;
pub mod nesting;
pub mod note;
pub mod notes;
pub mod pace;
pub mod pair;
pub mod past;
pub mod rate;
pub mod registry;
pub mod remedy;
pub mod sealed;
pub mod service;
pub mod settings;
pub mod silence;
pub mod slot;
pub mod slowness;
pub mod snapshot;
pub mod spans;
pub mod spread;
pub mod standing;
pub mod state;
pub mod survey;
pub mod time;
pub mod trace;
pub mod trouble;
pub mod verdict;
pub mod wheel;
pub mod window;

mod circuits;
mod figures;
mod hearing;
mod judging;
mod reckoning;
mod restoring;
mod seconds;
mod sharing;
mod tracing;

pub use event::Event;
pub use input::Input;
pub use settings::Settings;
pub use snapshot::Snapshot;
pub use time::{Instant, Span};

use callers::Callers;
use calm::Bounds;
use cascade::Dependencies;
use components::Components;
use deeds::Deeds;
use digest::{Digest, DigestKey, Kind};
use doubt::SelfDoubt;
use early::Early;
use incident::Ids;
use ledger::Ledger;
use nesting::Nesting;
use pair::Pair;
use rate::Rate;
use registry::Registry;
use remedy::Remedies;
use silence::Lengths;
use spans::Spans;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// The observer; see the module.
#[derive(Debug)]
pub struct Observer {
    settings: Settings,
    key: DigestKey,
    /// The latest time seen: time handed in never runs backwards in here.
    now: Instant,
    registry: Registry,
    pairs: Vec<Pair>,
    /// How long silence must be.
    lengths: Lengths,
    /// When a service is calm.
    bounds: Bounds,
    ledger: Ledger,
    early: Early,
    doubt: SelfDoubt,
    components: Components,
    remedies: Remedies,
    dependencies: Dependencies,
    nesting: Nesting,
    spans: Spans,
    deeds: Deeds,
    ids: Ids,
    /// Calls of all services, and who made them.
    rate: Rate,
    callers: Callers<1024>,
    counters: Counters,
    budget: answering::Budget,
    activity: Channels,
    security: Channels,
    /// The digest of `_other` as a method.
    other_method: Digest,
    /// When open circuits may become half-open; entries may be out of date.
    circuits: BinaryHeap<Reverse<(Instant, u32)>>,
    /// When silences are witnessed; entries may be out of date.
    witnesses: BinaryHeap<Reverse<(Instant, u32)>>,
    /// Circuits that wait for another service.
    waiting: u32,
    /// Services that are looked at each second.
    watched: Vec<u32>,
    /// When each service may have been idle for too long; entries may be out of date.
    idle: BinaryHeap<Reverse<(Instant, u32)>>,
    /// The next service to be swept.
    sweep: u32,
    next_tick: Instant,
    /// Nothing is due before this moment.
    quiet_until: Instant,
    health: Option<(event::Health, Instant)>,
    /// Calls that had to give way to a new one; kept for its room.
    voided: Vec<slot::Closed>,
    /// Whether something happened that the summary tells of.
    unwell: bool,
    events: VecDeque<Event>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    unmatched: u64,
    duplicate: u64,
    late: u64,
    ignored: u64,
    answered_directly: u64,
    unanswered_directly: u64,
}

/// Counts by channel, bounded.
#[derive(Clone, Debug, Default)]
struct Channels(BTreeMap<Arc<str>, u64>);

impl Channels {
    fn count(&mut self, channel: &str, limits: &limits::Limits) {
        if let Some(count) = self.0.get_mut(channel) {
            *count += 1;
            return;
        }
        let full = self.0.len() >= limits.channels as usize;
        let name = if full || channel.len() > limits.name_bytes as usize {
            service::OTHER
        } else {
            channel
        };
        *self.0.entry(name.into()).or_default() += 1;
    }

    fn list(&self) -> Vec<(Arc<str>, u64)> {
        self.0.iter().map(|(name, count)| (name.clone(), *count)).collect()
    }
}

impl Observer {
    /// An observer that starts to listen now. `key` is the one the inputs' digests are made
    /// with.
    pub fn new(settings: Settings, key: DigestKey, now: Instant) -> Self {
        Self {
            now,
            registry: Registry::new(settings.limits, &key, now),
            pairs: settings.pairs.iter().map(Pair::new).collect(),
            lengths: Lengths::new(&settings.verdict, &settings.circuit),
            bounds: Bounds::new(&settings),
            ledger: Ledger::new(&settings.limits, now),
            early: Early::new(&settings.limits),
            doubt: SelfDoubt::default(),
            components: Components::new(&settings.components),
            remedies: Remedies::default(),
            dependencies: Dependencies::new(&settings.dependencies, &key),
            nesting: Nesting::default(),
            spans: Spans::new(&settings, now),
            deeds: Deeds::new(settings.security),
            ids: Ids::new(settings.seed),
            rate: Rate::default(),
            callers: Callers::default(),
            counters: Counters::default(),
            budget: answering::Budget::default(),
            activity: Channels::default(),
            security: Channels::default(),
            other_method: key.digest(Kind::Method, service::OTHER.as_bytes()),
            circuits: BinaryHeap::new(),
            witnesses: BinaryHeap::new(),
            waiting: 0,
            watched: Vec::new(),
            idle: BinaryHeap::new(),
            sweep: 0,
            next_tick: now.next_second(),
            quiet_until: now,
            health: None,
            voided: Vec::new(),
            unwell: true,
            events: VecDeque::new(),
            key,
            settings,
        }
    }

    /// Takes an input at `now`. Deadlines before it are handled first.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        let now = now.max(self.now);
        if let Input::Paused(since) = input {
            // What ran out while the process stood still must not be settled as unanswered.
            let since = since.clamp(self.now, now);
            self.run_timers(since);
            self.pause(since, now);
            self.due_at(now);
            self.run_timers(now);
            return;
        }
        self.run_timers(now);
        match input {
            Input::Call(call) => self.hear_call(now, call),
            Input::Reply(reply) => self.hear_reply(now, reply),
            Input::Malformed(pair, direction, kind) => self.count_malformed(pair, direction, kind),
            Input::Ignored => self.counters.ignored += 1,
            Input::Activity(channel) => self.activity.count(channel, &self.settings.limits),
            Input::Security(kind) => self.security.count(kind, &self.settings.limits),
            Input::Link(link) => {
                let change = self.doubt.link(now, link, &self.settings.doubt);
                self.due_at(now);
                self.doubt_changed(now, change);
            }
            Input::Doubt(doubt, on) => {
                let change = self.doubt.reason(now, doubt, on, &self.settings.doubt);
                self.due_at(now);
                self.doubt_changed(now, change);
            }
            Input::Paused(_) => {}
            Input::Replicas(replicas) => self.note_replicas(now, &replicas),
            Input::Subscribers(look) => self.note_subscribers(now, &look),
            Input::Component(report) => self.note_component(now, &report),
            Input::Acted(service, done) => self.note_action(now, service, done),
            Input::Circuit(service, mode) => self.set_circuit(now, service, mode),
            Input::Standing(standing) => self.restore(now, &standing),
        }
    }

    /// Handles every deadline up to `now`. A reply exactly at the end of a call's patience is
    /// in time, so calls are overdue only after it.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.run_timers(now.max(self.now));
    }

    /// When [`Observer::handle_timeout`] is next needed.
    pub fn poll_timeout(&mut self) -> Instant {
        // What is next may only be known roughly, and that nothing is due before exactly.
        self.next_due().max(self.quiet_until)
    }

    fn next_due(&mut self) -> Instant {
        let overdue = [self.ledger.next_deadline(), self.early.next_deadline()];
        let overdue = overdue.into_iter().flatten().map(|due| due + Span::TICK);
        let circuit = self.circuits.peek().map(|Reverse((at, _))| *at);
        let witness = self.witnesses.peek().map(|Reverse((at, _))| *at);
        let timers = [self.doubt.deadline(), circuit, witness].into_iter().flatten();
        overdue.chain(timers).fold(self.next_tick, Instant::min)
    }

    /// The next event to say.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next call that is to be traced.
    pub fn poll_traced(&mut self) -> Option<trace::Traced> {
        self.spans.poll()
    }

    /// The next thing that the security watch is to know.
    pub fn poll_deed(&mut self) -> Option<deeds::Done> {
        self.deeds.poll()
    }

    /// How many calls were told as traces, and how many not.
    pub const fn trace_counts(&self) -> spans::Counts {
        self.spans.counts()
    }

    /// Whether every call is settled and every held reply decided.
    pub fn is_settled(&self) -> bool {
        self.ledger.open_calls() == 0 && self.early.is_empty()
    }

    /// Handles what is due up to `now`, each at its own time and in order.
    #[inline]
    fn run_timers(&mut self, now: Instant) {
        if now < self.quiet_until {
            self.now = now;
        } else {
            self.run_due(now);
        }
    }

    fn run_due(&mut self, now: Instant) {
        loop {
            // What is due at a moment is overdue only after it, and comes after all else then.
            let call = self.ledger.next_deadline().map(|due| due + Span::TICK);
            let held = self.early.next_deadline().map(|due| due + Span::TICK);
            let (call, held) = (call.filter(|at| *at <= now), held.filter(|at| *at <= now));
            let doubt = self.doubt.deadline().filter(|at| *at <= now);
            let circuit = self.circuits.peek().map(|Reverse((at, _))| *at).filter(|at| *at <= now);
            let witness = self.witnesses.peek().map(|Reverse((at, _))| *at);
            let witness = witness.filter(|at| *at <= now);
            let tick = Some(self.next_tick).filter(|at| *at <= now);
            let Some(first) =
                [call, held, doubt, circuit, witness, tick].into_iter().flatten().min()
            else {
                break;
            };
            if call == Some(first) {
                self.expire_call(first);
                continue;
            }
            let at = first.max(self.now);
            self.now = at;
            if held == Some(first) {
                if let Some(held) = self.early.expire(first) {
                    self.decide(&held);
                }
            } else if doubt == Some(first) {
                let change = self.doubt.tick(at);
                self.doubt_changed(at, change);
            } else if circuit == Some(first) {
                self.circuit_due(at);
            } else if witness == Some(first) {
                self.witness_due(at);
            } else {
                self.tick(at);
                self.next_tick = at.next_second();
                if self.next_tick <= at {
                    // The end of time as 64 bits count it.
                    break;
                }
            }
        }
        self.now = now;
        self.quiet_until = self.next_due();
    }

    /// Something may be due at `at`.
    fn due_at(&mut self, at: Instant) {
        self.quiet_until = self.quiet_until.min(at);
    }

    fn say(&mut self, at: Instant, what: event::What) {
        // Whatever the summary tells of comes with an event of its own.
        self.unwell |= !matches!(what, event::What::Health(_));
        self.events.push_back(Event { at, what });
    }
}
