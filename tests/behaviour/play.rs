//! A play: calls and replies written in any order, performed in the order of time, and what was
//! said, in one line each.

use crate::kit::{Ears, KEY, OK, at, conserved, id};
use lookout::observer::call::Answer;
use lookout::observer::digest::Kind;
use lookout::observer::event::What;
use lookout::observer::input::{Doubt, Link, Name, Replicas, Report, Severity, Subscribers};
use lookout::observer::{Event, Input, Settings, Span};

/// How long a healthy service takes.
pub(crate) const QUICK: u64 = 20_000;
/// How long most calls of a play are waited for.
pub(crate) const WAIT: u64 = 2_000_000;

#[derive(Clone, Debug)]
enum Act {
    Call(String, String, Option<u64>),
    Reply(String, Answer),
    Replicas(String, [u32; 3], Option<&'static str>),
    Subscribers(String, bool),
    Component(&'static str, Option<Severity>, bool),
    Acted(&'static str, Result<&'static str, &'static str>),
    Link(Link),
    Doubt(Doubt, bool),
    Paused(u64),
}

/// What is to happen, and the observer it happens to.
pub(crate) struct Play {
    pub(crate) ears: Ears,
    acts: Vec<(u64, Act)>,
    next: u64,
    heard: usize,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// With settings other than the defaults. Open times have no jitter unless asked for.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let ears = Ears::with(|settings| {
            settings.circuit.jitter = 0.0;
            change(settings);
        });
        Self { ears, acts: Vec::new(), next: 0, heard: 0 }
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("play-{}", self.next)
    }

    /// A call with a deadline of its own that is answered after `took`.
    pub(crate) fn answer(&mut self, made: u64, service: &str, took: u64, answer: Answer) {
        let key = self.id();
        let wait = WAIT.max(took + 1);
        self.acts.push((made, Act::Call(service.into(), key.clone(), Some(wait))));
        self.acts.push((made + took, Act::Reply(key, answer)));
    }

    pub(crate) fn ok(&mut self, made: u64, service: &str) {
        self.answer(made, service, QUICK, OK);
    }

    /// A good call each `step`.
    pub(crate) fn oks(&mut self, range: std::ops::Range<u64>, step: u64, service: &str) {
        let mut made = range.start;
        while made < range.end {
            self.ok(made, service);
            made += step;
        }
    }

    /// A call that is given up exactly `wait` after it was made.
    pub(crate) fn lost(&mut self, made: u64, service: &str, wait: u64) {
        let key = self.id();
        self.call(made, service, &key, Some(wait));
    }

    /// A call that is given up after `wait` and answered too late.
    pub(crate) fn late(&mut self, made: u64, service: &str, wait: u64, took: u64) {
        let key = self.id();
        self.call(made, service, &key, Some(wait));
        self.reply(made + took, &key, OK);
    }

    pub(crate) fn call(&mut self, made: u64, service: &str, key: &str, wait: Option<u64>) {
        self.acts.push((made, Act::Call(service.into(), key.into(), wait)));
    }

    pub(crate) fn reply(&mut self, micros: u64, key: &str, answer: Answer) {
        self.acts.push((micros, Act::Reply(key.into(), answer)));
    }

    /// Running, ready and wanted replicas.
    pub(crate) fn replicas(
        &mut self,
        micros: u64,
        service: &str,
        counts: [u32; 3],
        cause: Option<&'static str>,
    ) {
        self.acts.push((micros, Act::Replicas(service.into(), counts, cause)));
    }

    pub(crate) fn subscribers(&mut self, micros: u64, service: &str, any: bool) {
        self.acts.push((micros, Act::Subscribers(service.into(), any)));
    }

    /// A check of a component: how bad it is, if it is, and whether that is certain.
    pub(crate) fn component(
        &mut self,
        micros: u64,
        name: &'static str,
        severity: Option<Severity>,
        definite: bool,
    ) {
        self.acts.push((micros, Act::Component(name, severity, definite)));
    }

    /// What became of a restart.
    pub(crate) fn acted(
        &mut self,
        micros: u64,
        service: &'static str,
        done: Result<&'static str, &'static str>,
    ) {
        self.acts.push((micros, Act::Acted(service, done)));
    }

    pub(crate) fn link(&mut self, micros: u64, link: Link) {
        self.acts.push((micros, Act::Link(link)));
    }

    pub(crate) fn doubt(&mut self, micros: u64, doubt: Doubt, on: bool) {
        self.acts.push((micros, Act::Doubt(doubt, on)));
    }

    pub(crate) fn paused(&mut self, micros: u64, length: u64) {
        self.acts.push((micros, Act::Paused(micros - length)));
    }

    /// Performs everything up to `end`, one deadline after the other.
    pub(crate) fn until(&mut self, end: u64) {
        let mut acts = std::mem::take(&mut self.acts);
        acts.sort_by_key(|(micros, _)| *micros);
        for (micros, act) in acts {
            if micros > end {
                self.acts.push((micros, act));
                continue;
            }
            if !matches!(act, Act::Paused(_)) {
                self.advance(micros);
            }
            self.perform(micros, &act);
        }
        self.advance(end);
        self.ears.until(end);
        // "Conservation, at every instant".
        conserved(&self.ears.snapshot());
    }

    fn advance(&mut self, micros: u64) {
        loop {
            let due = self.ears.observer.poll_timeout();
            if due >= at(micros) {
                return;
            }
            self.ears.observer.handle_timeout(due);
            self.ears.drain();
        }
    }

    fn perform(&mut self, micros: u64, act: &Act) {
        match act {
            Act::Call(service, key, wait) => {
                let wait = wait.map(Span::from_micros);
                self.ears.call_of(micros, service, (id(key), None), false, wait);
            }
            Act::Reply(key, answer) => self.ears.reply(micros, key, *answer),
            Act::Replicas(service, [running, ready, total], cause) => {
                let digest = KEY.digest(Kind::Service, service.as_bytes());
                let service = Name { text: service, digest };
                let (running, ready, total, cause) = (*running, *ready, *total, *cause);
                let state = Replicas { service, running, ready, total, restarts: 0, cause };
                self.ears.input(micros, Input::Replicas(state));
            }
            Act::Subscribers(service, any) => {
                let digest = KEY.digest(Kind::Service, service.as_bytes());
                let service = Name { text: service, digest };
                let look = Subscribers { service, asked: at(micros), any: *any };
                self.ears.input(micros, Input::Subscribers(look));
            }
            Act::Component(name, severity, definite) => {
                let report = Report {
                    name,
                    kind: "postgresql",
                    healthy: severity.is_none(),
                    definite: *definite,
                    severity: severity.unwrap_or(Severity::Info),
                    down: *severity >= Some(Severity::Error) && *name != "partly",
                    message: "as it was found",
                    impact: None,
                    details: None,
                    advice: &[],
                    took: Some(Span::from_millis(7)),
                };
                self.ears.input(micros, Input::Component(report));
            }
            Act::Acted(service, done) => self.ears.input(micros, Input::Acted(service, *done)),
            Act::Link(link) => self.ears.input(micros, Input::Link(*link)),
            Act::Doubt(doubt, on) => self.ears.input(micros, Input::Doubt(*doubt, *on)),
            Act::Paused(since) => self.ears.input(micros, Input::Paused(at(*since))),
        }
    }

    /// What was said of verdicts since it was last asked.
    pub(crate) fn verdicts(&mut self) -> Vec<String> {
        self.said(&[Topic::Verdict])
    }

    /// What was said of circuits since it was last asked.
    pub(crate) fn circuits(&mut self) -> Vec<String> {
        self.said(&[Topic::Circuit])
    }

    /// Everything that was said since it was last asked.
    pub(crate) fn all(&mut self) -> Vec<String> {
        self.said(&[Topic::Verdict, Topic::Circuit, Topic::Other])
    }

    fn said(&mut self, topics: &[Topic]) -> Vec<String> {
        let heard = std::mem::replace(&mut self.heard, self.ears.events.len());
        let lines = self.ears.events[heard..].iter().filter_map(line);
        lines.filter(|(topic, _)| topics.contains(topic)).map(|(_, line)| line).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Topic {
    Verdict,
    Circuit,
    Other,
}

/// Seconds with all their microseconds.
pub(crate) fn time(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn line(event: &Event) -> Option<(Topic, String)> {
    let (topic, text) = match &event.what {
        What::Bad(news) => {
            let repeat = if news.repeat > 0 { format!(" #{}", news.repeat) } else { String::new() };
            let (service, verdict) = (&news.service, news.verdict.name());
            (Topic::Verdict, format!("{service} {verdict} {}{repeat}", news.reason.name()))
        }
        What::Recovered(recovery) => {
            let outage = time(recovery.outage.micros());
            (Topic::Verdict, format!("{} recovered after {outage}", recovery.service))
        }
        What::Circuit(news) => {
            let moved = &news.transition;
            let (from, to) = (moved.from.name(), moved.to.name());
            let counts = format!("{}/{}", moved.failures, moved.requests);
            let (service, cause) = (&news.service, moved.cause.name());
            (Topic::Circuit, format!("{service} {from}->{to} {cause} {counts}"))
        }
        What::CascadePrevented { origin, affected, .. } => {
            (Topic::Other, format!("{origin} cascade {}", affected.join(",")))
        }
        What::PairDeaf { pair, calls, topics, .. } => {
            (Topic::Other, format!("pair {} deaf {calls} [{}]", pair.0, topics.join(",")))
        }
        _ => return None,
    };
    let micros = event.at.since(at(0)).micros();
    Some((topic, format!("{} {text}", time(micros))))
}
