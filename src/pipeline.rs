//! The part that `run` and `replay` share: messages in, documents out.
//!
//! Nothing here knows where messages come from, where documents go, or what time it is; the
//! caller hands in the time with everything it tells.

use crate::alert::{Alerts, Board};
use crate::observer::breaker::Mode;
use crate::observer::deeds::Done;
use crate::observer::digest::DigestKey;
use crate::observer::event::What;
use crate::observer::input::Name;
use crate::observer::snapshot::CircuitFigures;
use crate::observer::spans::Counts;
use crate::observer::survey::Survey;
use crate::observer::trace::Traced;
use crate::observer::{Event, Input, Instant, Observer, Settings, Snapshot};
use crate::security::sign::{Made, Sign};
use crate::security::watch::Watch;
use crate::telemetry::Figures;
use crate::wire::{Document, Message, Reader, Speaker, Traffic, Voice, standing};
use std::collections::VecDeque;
use std::sync::Arc;

/// Wire and observer, joined.
#[derive(Debug)]
pub struct Pipeline {
    reader: Reader,
    observer: Observer,
    speaker: Speaker,
    alerts: Option<Alerts>,
    security: Option<Watch>,
    /// Names of the traffic pairs.
    pairs: Vec<String>,
    documents: VecDeque<Document>,
}

impl Pipeline {
    /// A pipeline that starts to listen at `now` and speaks with `voice`. `key` is secret
    /// where strangers can publish, and fixed where equal inputs must give equal outputs.
    pub fn new(
        voice: Voice,
        traffic: Traffic,
        settings: Settings,
        key: DigestKey,
        now: Instant,
    ) -> Self {
        Self {
            reader: Reader::new(traffic, key)
                .with_parts(settings.cascade.learn || settings.trace.enabled)
                .with_addresses(settings.direct.enabled)
                .with_traces(settings.trace.enabled.then_some(&*voice.cluster)),
            speaker: Speaker::new(voice, &settings.pairs),
            alerts: None,
            security: None,
            pairs: settings.pairs.iter().map(|pair| pair.name.clone()).collect(),
            observer: Observer::new(settings, key, now),
            documents: VecDeque::new(),
        }
    }

    /// The same with alerts: then [`Pipeline::turn`] wants to be called once a second.
    #[must_use]
    pub fn with_alerts(self, alerts: Option<Alerts>) -> Self {
        Self { alerts, ..self }
    }

    /// The same with a security watch, where settings and traffic rules want one.
    #[must_use]
    pub fn with_security(self, security: Option<Watch>) -> Self {
        Self { security, ..self }
    }

    /// Takes a message heard at `now`. Deadlines before `now` are handled first.
    pub fn hear(&mut self, now: Instant, message: &Message<'_>) {
        let observer = &mut self.observer;
        let Some(watch) = &mut self.security else {
            return self.reader.read(message, &mut |input| observer.handle(now, input));
        };
        let mut tells = false;
        self.reader.read(message, &mut |input| {
            match &input {
                Input::Security(_) => tells = true,
                Input::Call(call) => {
                    if let Some(who) = call.who {
                        watch.take(now, Sign::Made(Made { who: *who, service: call.service }));
                    }
                }
                _ => {}
            }
            observer.handle(now, input);
        });
        if tells {
            self.reader.security(message, |sign| watch.take(now, sign));
        }
        self.tell_watch(now);
    }

    /// Takes anything else that reaches the observer (link, pause, doubt, replicas, components).
    pub fn tell(&mut self, now: Instant, input: Input<'_>) {
        self.observer.handle(now, input);
        self.tell_watch(now);
    }

    /// Tells the security watch what the observer found of users.
    fn tell_watch(&mut self, now: Instant) {
        let Some(watch) = &mut self.security else { return };
        while let Some(done) = self.observer.poll_deed() {
            match done {
                Done::Answered(deed) => watch.take(now, Sign::Ended(deed)),
                Done::Doubt(is_on) => watch.take(now, Sign::Doubt(is_on)),
                Done::Stray(topic) => {
                    if let Some(session) = self.reader.session(&topic) {
                        watch.take(now, Sign::Stray(session));
                    }
                }
            }
        }
    }

    /// Takes up a retained document of an earlier run, if it says how something stood.
    pub fn restore(&mut self, now: Instant, payload: &[u8]) {
        let (reader, observer) = (&self.reader, &mut self.observer);
        let digest = |name: &str| reader.service(name).digest;
        standing::read(payload, self.speaker.pairs(), digest, |input| observer.handle(now, input));
    }

    /// A service's name, as inputs name it.
    pub fn service<'a>(&self, name: &'a str) -> Name<'a> {
        self.reader.service(name)
    }

    /// Handles every deadline up to `now`; a call is overdue only after its own.
    pub fn advance(&mut self, now: Instant) {
        self.observer.handle_timeout(now);
        self.tell_watch(now);
        if let Some(watch) = &mut self.security {
            watch.advance(now);
        }
    }

    /// When [`Pipeline::advance`] is next needed.
    pub fn poll_timeout(&mut self) -> Instant {
        let due = self.observer.poll_timeout();
        let watch = self.security.as_ref().and_then(Watch::poll_timeout);
        watch.map_or(due, |watch| watch.min(due))
    }

    /// The next document to publish.
    pub fn poll_document(&mut self) -> Option<Document> {
        while self.documents.is_empty() {
            let event = self.poll_event()?;
            self.speaker.say(&event, |document| self.documents.push_back(document));
        }
        self.documents.pop_front()
    }

    /// The next event; the documents that say it are added to `documents`.
    pub fn poll_said(&mut self, documents: &mut Vec<Document>) -> Option<Event> {
        let event = self.poll_event()?;
        self.speaker.say(&event, |document| documents.push(document));
        Some(event)
    }

    /// What the observer says, and the alerts that follow from it.
    fn poll_event(&mut self) -> Option<Event> {
        let attack = |watch: &mut Watch| {
            watch.poll().map(|found| Event { at: found.said, what: What::Attack(Arc::new(found)) })
        };
        let own = self.observer.poll_event();
        let event = own.or_else(|| self.security.as_mut().and_then(attack));
        let Some(alerts) = &mut self.alerts else { return event };
        event.inspect(|event| alerts.hear(event)).or_else(|| alerts.poll())
    }

    /// The next call that is to be traced.
    pub fn poll_traced(&mut self) -> Option<Traced> {
        self.observer.poll_traced()
    }

    /// How many calls were told as traces, and how many not.
    pub const fn trace_counts(&self) -> Counts {
        self.observer.trace_counts()
    }

    /// A second is over: what is known now, what is costly in turns, and the alerts that follow; `own` are
    /// lookout's own figures, where it runs.
    pub fn turn(&mut self, now: Instant, survey: &mut Survey, own: Option<&Figures>) -> Snapshot {
        let mut snapshot = self.observer.survey(now, survey);
        if let Some(watch) = &mut self.security {
            // While messages wait nothing else moves its time.
            watch.advance(now);
            snapshot.watch = Some(watch.figures());
            snapshot.attacks = watch.open().cloned().map(Arc::new).collect();
        }
        if let Some(alerts) = &mut self.alerts {
            alerts.turn(&snapshot, own, &self.pairs);
        }
        snapshot
    }

    /// Whether a turn may bring an alert: for whoever draws up a snapshot for nothing else.
    pub fn wants_turn(&self, now: Instant) -> bool {
        self.alerts.as_ref().is_some_and(|alerts| alerts.wants(now))
    }

    /// All alerts as they stand, if they changed since this was last asked.
    pub fn poll_board(&mut self) -> Option<Board> {
        self.alerts.as_mut()?.board()
    }

    /// Alerts and figures that are beyond what is kept of them.
    pub fn alerts_refused(&self) -> u64 {
        self.alerts.as_ref().map_or(0, Alerts::refused)
    }

    /// Sets how the circuit of a service behaves. How it stands then; `None` if nobody knows it.
    pub fn set_circuit(
        &mut self,
        now: Instant,
        service: &str,
        mode: Mode,
    ) -> Option<CircuitFigures> {
        self.observer.handle(now, Input::Circuit(service, mode));
        self.observer.circuit(service)
    }

    /// Whether every call is settled and every held reply decided.
    pub fn is_settled(&self) -> bool {
        self.observer.is_settled()
    }

    /// What is known now.
    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        self.observer.snapshot(now)
    }
}
