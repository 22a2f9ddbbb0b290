//! What the loop does at each of its turns.
//!
//! Time for the pipeline is the arrival stamp of what is heard, and never runs backwards. While
//! messages wait, deadlines are judged at their stamps only: a reply that arrived in time is in
//! time, however late it is read. When nothing waits, the clock itself moves them.

mod attacks;
mod second;

use super::canary::{Canary, Change};
use super::ears::Ears;
use super::echoes::Echoes;
use super::ground::Told;
use super::hope::Hope;
use super::supervise::Tasks;
use super::witness::{Witness, Word};
use crate::alert::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{Desk, Order};
use crate::mqtt::{Arrival, Handle, Heard, Status};
use crate::notify::Notices;
use crate::observer::digest::{DigestKey, Kind};
use crate::observer::event::{Step, What};
use crate::observer::input::{Doubt, Link, Replicas, Subscribers};
use crate::observer::measure::Measure;
use crate::observer::survey::Survey;
use crate::observer::{Input, Instant, Span};
use crate::pipeline::Pipeline;
use crate::probe::{self, Cause, Counts, Look, Replicated};
use crate::telemetry::Looks;
use crate::trace::Tracer;
use crate::wire::{Document, Reader, Redactor};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The shortest rest: timers of the runtime are no finer.
const SHORTEST_REST: Span = Span::from_millis(1);

/// The corridor's ends of other rooms.
pub(super) struct Ends {
    /// The session's.
    pub(super) handle: Handle,
    /// The pages', if they are served.
    pub(super) desk: Option<Desk>,
    /// Where checks read what the session hears, if one does.
    pub(super) ears: Option<probe::Ears>,
    /// Those who send alerts.
    pub(super) notices: Notices,
    /// Those who send traces, if there are to be any.
    pub(super) tracer: Option<Tracer>,
}

/// The pipeline with everything around it.
pub(super) struct Corridor<S> {
    clock: Clock,
    start: Instant,
    /// The pipeline's time.
    now: Instant,
    ears: Ears,
    canary: Canary,
    hope: Hope,
    /// The longest that a message waited since the last export.
    lag: Span,
    pipeline: Pipeline,
    /// Where lookout speaks.
    own: String,
    /// Whether what an earlier run left standing was read.
    restored: bool,
    handle: Handle,
    status: watch::Receiver<Status>,
    survey: Survey,
    /// The pages, if they are served.
    desk: Option<Desk>,
    /// Where checks read what the session hears, if one does.
    senses: Option<probe::Ears>,
    /// What is critical about a component that the platform cannot do without, where that ends
    /// lookout.
    critical: Option<String>,
    /// Services that are to be restarted now.
    sick: Vec<Arc<str>>,
    /// Measures that are to be done or undone now, and what comes of what lookout does of it itself.
    measures: Vec<(Arc<Measure>, Option<Word>)>,
    /// Whether somebody else speaks where lookout does, if there is a security watch.
    echoes: Option<Echoes>,
    /// Who records sessions, if there is a place for it.
    witness: Option<Witness>,
    /// Outbox drops that were logged.
    outbox_dropped: u64,
    /// Malformed messages that were logged.
    malformed: u64,
    looks: Looks,
    restarts: Tasks,
    /// Those who send alerts.
    notices: Notices,
    /// Those who send traces, if there are to be any.
    tracer: Option<Tracer>,
    /// All alerts.
    board: Arc<Board>,
    said: S,
    /// Documents on their way; kept for its room.
    documents: Vec<Document>,
}

impl<S: FnMut(&Document)> Corridor<S> {
    /// A corridor with a pipeline that does not hear yet.
    pub(super) fn new(
        mut config: Config,
        key: DigestKey,
        clock: Clock,
        ends: Ends,
        restarts: Tasks,
        said: S,
    ) -> Self {
        let Ends { handle, desk, ears: senses, notices, tracer } = ends;
        let start = clock.now();
        // Two lookouts of one cluster have the same seed, and must not give the same ids.
        let id = DigestKey::new(0, 0).digest(Kind::Caller, config.id.as_bytes());
        config.settings.seed ^= id.half();
        let voice = config.voice();
        let own = format!("system/{}/", config.cluster);
        let alerts = config.alerts();
        let (watch, responder) = (config.watch(start), config.responder(start, true));
        let echoes = config.security.enabled.then(|| {
            let peers = config.peers.clone();
            Echoes::new(key, (&config.cluster, &config.id), peers, config.outbox)
        });
        let Config { traffic, settings, canary, fail_fast, evidence_folder, .. } = config;
        let ears = Ears::new(start, settings.doubt.pause);
        let witness = evidence_folder.map(|folder| {
            let reader = Reader::new(traffic.clone(), key);
            Witness::new(folder, reader, Redactor::new(traffic.clone()))
        });
        let pipeline = Pipeline::new(voice, traffic, settings, key, start).with_alerts(alerts);
        let mut pipeline = pipeline.with_security(watch).with_responder(responder);
        pipeline.tell(start, Input::Link(Link::Down));
        let status = handle.status();
        Self {
            clock,
            start,
            now: start,
            ears,
            canary: Canary::new(canary, start),
            hope: Hope::new(fail_fast, start),
            lag: Span::ZERO,
            pipeline,
            own,
            restored: false,
            handle,
            status,
            survey: Survey::default(),
            desk,
            senses,
            critical: None,
            sick: Vec::new(),
            measures: Vec::new(),
            echoes,
            witness,
            outbox_dropped: 0,
            malformed: 0,
            looks: Looks::default(),
            restarts,
            notices,
            tracer,
            board: Arc::default(),
            said,
            documents: Vec::new(),
        }
    }

    /// The loop turns: did the process stand still?
    pub(super) fn turn(&mut self) {
        let now = self.clock.now();
        if let Some(since) = self.ears.turn(now) {
            tracing::warn!("stood still for {}", now.since(since));
            self.now = self.now.max(now);
            self.pipeline.tell(self.now, Input::Paused(since));
            let change = self.canary.excuse(now);
            self.canary_changed(change);
            self.speak();
        }
        let (song, change) = self.canary.turn(now);
        if let Some(number) = song {
            self.handle.sing(number);
        }
        self.canary_changed(change);
    }

    fn canary_changed(&mut self, change: Option<Change>) {
        let Some(change) = change else { return };
        match change {
            Change::Lost => tracing::warn!(
                "lookout does not hear its own canary as it should: the broker drops messages, or \
                 may not let it read `observer/{{id}}/canary`; nobody is blamed until this is over"
            ),
            Change::Heard => tracing::info!("lookout hears its own canary again"),
        }
        // At the time of what was heard last: replies that wait to be heard are not late.
        self.pipeline.tell(self.now, Input::Doubt(Doubt::Canary, change == Change::Lost));
        self.speak();
    }

    /// Hears what arrived.
    pub(super) fn hear(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        let mut first = true;
        for arrival in arrivals {
            if std::mem::take(&mut first) {
                self.look_at_inbox(self.clock.now().since(arrival.at()));
            }
            self.now = self.now.max(arrival.at());
            match arrival {
                Arrival::Link(at, link) => {
                    self.pipeline.tell(self.now, Input::Link(link));
                    if let Some(echoes) = &mut self.echoes {
                        echoes.link(at, link);
                    }
                    self.hope.heard(at);
                    let change = self.canary.link(at, link);
                    self.canary_changed(change);
                }
                Arrival::Canary(at, number) => {
                    let change = self.canary.hear(at, number);
                    if let Some(senses) = &self.senses {
                        senses.song(self.canary.round_trip());
                    }
                    self.canary_changed(change);
                }
                Arrival::Message(heard) if self.is_told(&heard) => {}
                Arrival::Message(heard) => {
                    let own = heard.topic.starts_with(self.own.as_bytes());
                    if own && heard.retain && !self.restored {
                        self.pipeline.restore(self.now, &heard.payload);
                    }
                    if own {
                        self.overheard(&heard);
                    } else {
                        self.hope.heard(heard.at);
                    }
                    match heard.as_message() {
                        Some(message) => {
                            if let Some(witness) = &mut self.witness {
                                witness.hear(self.now, &message);
                            }
                            self.pipeline.hear(self.now, &message);
                        }
                        // No template can match it.
                        None => self.pipeline.tell(self.now, Input::Ignored),
                    }
                }
            }
            self.speak();
        }
        self.trace();
    }

    /// Leaves the calls that ended with those who send traces.
    fn trace(&mut self) {
        let Some(tracer) = &self.tracer else { return };
        tracer.tell_all(std::iter::from_fn(|| self.pipeline.poll_traced()));
    }

    /// Whether a message is what the broker says of itself to a check.
    fn is_told(&self, heard: &Heard) -> bool {
        let senses = self.senses.as_ref();
        senses.is_some_and(|senses| senses.hear(heard.at, &heard.topic, &heard.payload))
    }

    /// Nothing waits: time is what the clock says.
    pub(super) fn idle(&mut self) {
        self.look_at_inbox(Span::ZERO);
        self.now = self.now.max(self.clock.now());
        self.pipeline.advance(self.now);
        self.speak();
        self.trace();
    }

    /// The link as it stands.
    pub(super) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// How long nothing needs to be done, if nothing arrives.
    pub(super) fn rest(&mut self) -> Duration {
        let rest = self.pipeline.poll_timeout().since(self.clock.now());
        Duration::from_micros(rest.max(SHORTEST_REST).micros())
    }

    /// Takes what somebody found.
    pub(super) fn told(&mut self, told: &Told) {
        match told {
            Told::Look(look) => self.looked(look),
            Told::Checked(checked) => {
                self.pipeline.tell(self.now, Input::Component(checked.report()));
                self.speak();
            }
            Told::Banned(banned) => {
                self.pipeline.banned(self.now, &banned.r#as, &banned.who, &banned.reason);
                self.speak();
            }
            Told::Replicated(told) => self.replicated(told),
            Told::Measured(id, done) => {
                let done = done.as_deref().map_err(String::as_str);
                self.pipeline.acted(self.now, *id, done);
                self.speak();
            }
            Told::Acted(service, done) => {
                let done = done.as_deref().map_err(String::as_str);
                self.pipeline.tell(self.now, Input::Acted(service, done));
                self.speak();
            }
        }
    }

    fn replicated(&mut self, told: &Replicated) {
        let Counts { running, ready, total, restarts, cause } = told.counts;
        let service = self.pipeline.service(&told.service);
        let cause = cause.map(Cause::name);
        let replicas = Replicas { service, running, ready, total, restarts, cause };
        self.pipeline.tell(self.now, Input::Replicas(replicas));
        self.speak();
    }

    /// Services that are to be restarted now.
    pub(super) fn sick(&mut self) -> std::vec::Drain<'_, Arc<str>> {
        self.sick.drain(..)
    }

    /// Takes what a look for listeners found.
    fn looked(&mut self, look: &Look) {
        let found = look.found.as_ref().ok().copied();
        self.looks.count(found);
        let Some(any) = found else { return };
        let service = self.pipeline.service(&look.service);
        let told = Input::Subscribers(Subscribers { service, asked: look.asked, any });
        self.pipeline.tell(self.now, told);
        self.speak();
    }

    /// Does what an operator wants: sets how a circuit behaves, or undoes a measure.
    pub(super) fn obey(&mut self, order: Order) {
        // Who asked may have gone.
        match order {
            Order::Circuit { service, mode, done } => {
                let stands = self.pipeline.set_circuit(self.now, &service, mode);
                self.speak();
                let _ = done.send(stands);
            }
            Order::Undo { id, done } => {
                let stands = self.pipeline.undo(self.now, id);
                self.speak();
                let _ = done.send(stands);
            }
        }
    }

    fn look_at_inbox(&mut self, lag: Span) {
        self.lag = self.lag.max(lag);
        let dropped = self.handle.figures().inbox_dropped;
        let Some(on) = self.ears.inbox(self.clock.now(), lag, dropped) else { return };
        if on {
            tracing::warn!(
                "messages arrive faster than they are handled: {lag} behind, {dropped} dropped \
                 since the start; nobody is blamed until this is over"
            );
        } else {
            tracing::info!("messages are handled as they arrive again");
        }
        self.pipeline.tell(self.now, Input::Doubt(Doubt::Inbox, on));
    }

    fn speak(&mut self) {
        while let Some(event) = self.pipeline.poll_said(&mut self.documents) {
            if let Some(desk) = &self.desk {
                desk.said(&event, &self.documents);
            }
            if let What::Action(news) = &event.what
                && news.step == Step::Started
                && !news.dry_run
            {
                self.sick.push(news.service.clone());
            }
            if let What::Measure(measure) = &event.what {
                self.measure(measure);
            }
            if self.critical.is_none() {
                self.critical = self.hope.lost_to(&event.what);
            }
            for document in self.documents.drain(..) {
                (self.said)(&document);
                if let Some(echoes) = &mut self.echoes {
                    echoes.say(self.now, &document);
                }
                self.handle.publish(document);
            }
        }
    }
}
