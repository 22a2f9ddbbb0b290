//! The part that `run` and `replay` share: messages in, documents out.
//!
//! Nothing here knows where messages come from, where documents go, or what time it is; the
//! caller hands in the time with everything it tells.

use crate::alert::{Alerts, Board};
use crate::observer::attack::Response;
use crate::observer::breaker::Mode;
use crate::observer::deeds::Done;
use crate::observer::digest::{DigestKey, Kind};
use crate::observer::event::What;
use crate::observer::input::Name;
use crate::observer::measure::{Measure, MeasureId, Stage};
use crate::observer::snapshot::CircuitFigures;
use crate::observer::spans::Counts;
use crate::observer::survey::Survey;
use crate::observer::trace::Traced;
use crate::observer::{Event, Input, Instant, Observer, Settings, Snapshot};
use crate::security::responder::Responder;
use crate::security::sign::{Banned, Made, Sign, Who};
use crate::security::watch::Watch;
use crate::telemetry::Figures;
use crate::wire::{Document, Message, Reader, Speaker, Traffic, Voice, measure, standing};
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
    responder: Option<Responder>,
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
            responder: None,
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

    /// The same with somebody who decides what is done about attacks, where there is a security watch. Whoever
    /// runs it does what is started, and tells what came of it.
    #[must_use]
    pub fn with_responder(self, responder: Option<Responder>) -> Self {
        Self { responder, ..self }
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

    /// Tells the security watch something that no message says.
    pub fn tell_sign(&mut self, now: Instant, sign: Sign<'_>) {
        if let Some(watch) = &mut self.security {
            watch.take(now, sign);
        }
    }

    /// Tells the security watch that the broker bans somebody by itself, known by what EMQX calls so.
    pub fn banned(&mut self, now: Instant, by: &str, who: &str, reason: &str) {
        let name = |kind| Some(self.reader.name(kind, who));
        let who = match by {
            "clientid" => Who { client: name(Kind::Client), ..Who::default() },
            "username" => Who { user: name(Kind::User), ..Who::default() },
            "peerhost" => Who { address: name(Kind::Address), ..Who::default() },
            _ => return,
        };
        if let Some(watch) = &mut self.security {
            watch.take(now, Sign::Banned(Banned { who, reason }));
        }
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
        if let Some(responder) = &mut self.responder
            && let Some((observer, measure)) = measure::read(payload)
        {
            responder.restore(now, measure, self.speaker.is(&observer));
        }
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
        if let Some(responder) = &mut self.responder {
            responder.advance(now);
        }
    }

    /// When [`Pipeline::advance`] is next needed.
    pub fn poll_timeout(&mut self) -> Instant {
        let due = self.observer.poll_timeout();
        let watch = self.security.as_ref().and_then(Watch::poll_timeout);
        let responder = self.responder.as_ref().and_then(Responder::poll_timeout);
        [watch, responder].into_iter().flatten().fold(due, Instant::min)
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
        let own = self.observer.poll_event();
        let event = own.or_else(|| self.poll_security());
        let Some(alerts) = &mut self.alerts else { return event };
        event.inspect(|event| alerts.hear(event)).or_else(|| alerts.poll())
    }

    /// What the security watch says, and what is done about it.
    fn poll_security(&mut self) -> Option<Event> {
        let watch = self.security.as_mut()?;
        if let Some(found) = watch.poll() {
            if let Some(responder) = &mut self.responder {
                responder.hear(found.said, &found);
            }
            return Some(Event { at: found.said, what: What::Attack(Arc::new(found)) });
        }
        let measure = self.responder.as_mut()?.poll()?;
        if measure.response == Response::IncreaseMonitoring && !measure.dry_run {
            match (measure.stage, measure.until) {
                (Stage::Started, Some(until)) => watch.look_closer(measure.incident, until),
                (Stage::Undoing, _) => watch.look_away(measure.incident),
                _ => {}
            }
        }
        Some(Event { at: measure.said, what: What::Measure(Arc::new(measure)) })
    }

    /// What came of a measure that was started, or was to be undone.
    pub fn acted(&mut self, now: Instant, id: MeasureId, done: Result<&str, &str>) {
        if let Some(responder) = &mut self.responder {
            responder.told(now, id, done);
        }
    }

    /// Undoes a measure. How it stands then; `None` if no such measure is in force.
    pub fn undo(&mut self, now: Instant, id: MeasureId) -> Option<Measure> {
        self.responder.as_mut()?.undo(now, id)
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
        if let Some(responder) = &mut self.responder {
            responder.advance(now);
            snapshot.measures = responder.live().cloned().map(Arc::new).collect();
            snapshot.responses = Some(responder.counts());
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
