//! A line that a test speaks on: bytes in, transitions out.
//!
//! Reader and observer as the program joins them, one pair of templates, a patience of 2 s and
//! no jitter, so that a test can say when each thing happens. Times are milliseconds after the
//! test began; transitions are told as in `machine`, with the service before them.

use crate::machine;
use lookout::observer::digest::DigestKey;
use lookout::observer::event::What;
use lookout::observer::input::Link;
use lookout::observer::settings::{PairSettings, Patience};
use lookout::observer::{Event, Input, Instant, Observer, Settings, Span};
use lookout::wire::{Message, PairSpec, Properties, Reader, Traffic, TrafficSpec};

const KEY: DigestKey = DigestKey::new(13, 17);
const START: Instant = Instant::from_micros(1_700_000_000_000_000);
const CALLS: &str = "service/{service}";
const REPLIES: &str = "session/{session}/response";
/// A code that is the service's doing.
pub(crate) const INTERNAL: i64 = -32603;

pub(crate) struct Line {
    reader: Reader,
    observer: Observer,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn settings() -> Settings {
    let pair = PairSettings {
        name: "default".into(),
        call: CALLS.into(),
        reply: REPLIES.into(),
        ..PairSettings::default()
    };
    let mut settings = Settings::with_pairs(vec![pair]);
    let patience = Span::from_secs(2);
    settings.patience =
        Patience { initial: patience, min: patience, max: patience, ..Patience::default() };
    settings.circuit.jitter = 0.0;
    settings
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let pair = PairSpec {
            name: "default".into(),
            call: CALLS.into(),
            reply: vec![REPLIES.into()],
            ..PairSpec::default()
        };
        let traffic = Traffic::new(&TrafficSpec {
            cluster: "main".into(),
            observer_id: "lookout-1".into(),
            ignore: Vec::new(),
            activity: Vec::new(),
            security: Vec::new(),
            pairs: vec![pair],
            max_payload: 1 << 20,
            who: None,
        });
        Self {
            reader: Reader::new(traffic.unwrap(), KEY),
            observer: Observer::new(settings, KEY, START),
            events: Vec::new(),
        }
    }

    pub(crate) fn hear(&mut self, millis: u64, topic: &str, payload: &str) {
        let observer = &mut self.observer;
        let properties = Properties::default();
        let payload = payload.as_bytes();
        let message = Message { topic, payload, retain: false, properties };
        let now = at(millis);
        self.reader.read(&message, &mut |input| observer.handle(now, input));
        self.drain();
    }

    pub(crate) fn input(&mut self, millis: u64, input: Input<'_>) {
        self.observer.handle(at(millis), input);
        self.drain();
    }

    pub(crate) fn link(&mut self, millis: u64, link: Link) {
        self.input(millis, Input::Link(link));
    }

    /// The process stood still from one moment to the other.
    pub(crate) fn paused(&mut self, from: u64, until: u64) {
        self.input(until, Input::Paused(at(from)));
    }

    pub(crate) fn until(&mut self, millis: u64) {
        self.observer.handle_timeout(at(millis));
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.observer.poll_event() {
            self.events.push(event);
        }
    }

    /// A call from `session`.
    pub(crate) fn call_from(&mut self, millis: u64, session: &str, service: &str, id: u64) {
        let call =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"get","sessionId":"{session}"}}"#);
        self.hear(millis, &format!("service/{service}"), &call);
    }

    /// A reply to `session`: a result, or an error of that code.
    pub(crate) fn reply_to(&mut self, millis: u64, session: &str, id: u64, code: Option<i64>) {
        self.hear(millis, &format!("session/{session}/response"), &response(id, code));
    }

    pub(crate) fn call(&mut self, millis: u64, service: &str, id: u64) {
        self.call_from(millis, "s", service, id);
    }

    pub(crate) fn ok(&mut self, millis: u64, id: u64) {
        self.reply_to(millis, "s", id, None);
    }

    pub(crate) fn fail(&mut self, millis: u64, id: u64) {
        self.reply_to(millis, "s", id, Some(INTERNAL));
    }

    /// One call a second from `from` on, each settled 1 ms later: `S`, `F`; `U` is not answered.
    pub(crate) fn settle(&mut self, from: u64, service: &str, outcomes: &str) {
        for (millis, outcome) in (from..).step_by(1_000).zip(outcomes.chars()) {
            self.call(millis, service, millis);
            match outcome {
                'S' => self.ok(millis + 1, millis),
                'F' => self.fail(millis + 1, millis),
                _ => {}
            }
        }
    }

    /// All transitions told so far.
    pub(crate) fn told(&self) -> Vec<String> {
        let told = self.events.iter().filter_map(|event| match &event.what {
            What::Circuit(news) => {
                let moved = machine::line(event.at.since(START), &news.transition, event.at);
                Some(format!("{} {moved}", news.service))
            }
            _ => None,
        });
        told.collect()
    }

    /// The figures of a service: ok, failed, unanswered, void and open.
    pub(crate) fn figures(&mut self, service: &str) -> String {
        let snapshot = self.observer.snapshot(START);
        let found = snapshot.services.iter().find(|found| &*found.name == service).unwrap();
        let t = found.figures.totals;
        let strays = (snapshot.late, snapshot.duplicate, snapshot.unmatched);
        format!(
            "ok {} failed {} unanswered {} void {} open {} strays {strays:?}",
            t.ok, t.failed, t.unanswered, t.void, t.open
        )
    }
}

/// A JSON-RPC response.
pub(crate) fn response(id: u64, code: Option<i64>) -> String {
    let said = code.map_or(r#""result":1"#.into(), |code| {
        format!(r#""error":{{"code":{code},"message":"m"}}"#)
    });
    format!(r#"{{"jsonrpc":"2.0","id":{id},{said}}}"#)
}

pub(crate) fn at(millis: u64) -> Instant {
    START + Span::from_millis(millis)
}
