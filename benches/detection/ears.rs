//! lookout's observer under virtual time, with its default settings, and what it said.

use super::chance::SECOND;
use lookout::observer::breaker::State;
use lookout::observer::call::{Answer, PairId};
use lookout::observer::digest::{Digest, DigestKey, Kind};
use lookout::observer::event::What;
use lookout::observer::input::{Call, CallKind, Direction, Link, Name, Reply, Stray};
use lookout::observer::settings::PairSettings;
use lookout::observer::verdict::Verdict;
use lookout::observer::{Input, Instant, Observer, Settings};

const KEY: DigestKey = DigestKey::new(3, 5);
/// Virtual time begins at a whole day, so that hours of the day are easy to tell.
const BEGIN: u64 = 19_676 * 86_400 * SECOND;

/// What was said of a service, in the words of a score card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// `service_unavailable` or `service_degraded`, newly said, and the reason.
    Bad {
        unavailable: bool,
        reason: String,
    },
    Recovered,
    /// A closed circuit opened, and why.
    Opened(&'static str),
    Closed,
}

impl Word {
    /// As it stands in a table.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Bad { unavailable: true, reason } => format!("unavailable: {reason}"),
            Self::Bad { unavailable: false, reason } => format!("degraded: {reason}"),
            Self::Recovered => "recovered".to_owned(),
            Self::Opened(cause) => format!("circuit opened: {cause}"),
            Self::Closed => "circuit closed".to_owned(),
        }
    }
}

/// Something said, when (in virtual microseconds) and of whom.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: u64,
    pub(crate) service: usize,
    pub(crate) word: Word,
}

struct Service {
    text: String,
    topic: String,
    digest: Digest,
}

/// The observer and the names of its services.
pub(crate) struct Ears {
    observer: Observer,
    services: Vec<Service>,
    pub(crate) said: Vec<Said>,
}

impl Ears {
    pub(crate) fn new(services: usize) -> Self {
        let pair = PairSettings {
            name: "default".into(),
            call: "service/{service}".into(),
            reply: "session/{session}/response".into(),
            ..PairSettings::default()
        };
        let named = |index| {
            let text = format!("Service{index}");
            let digest = KEY.digest(Kind::Service, text.as_bytes());
            Service { topic: format!("service/{text}"), text, digest }
        };
        Self {
            observer: Observer::new(Settings::with_pairs(vec![pair]), KEY, at(0)),
            services: (0..services).map(named).collect(),
            said: Vec::new(),
        }
    }

    pub(crate) fn call(&mut self, now: u64, service: usize, id: u64) {
        let name = &self.services[service];
        let keys = (key(service, id), None);
        let call = Call {
            pair: PairId(0),
            service: Name { text: &name.text, digest: name.digest },
            method: None,
            topic: &name.topic,
            kind: CallKind::TwoWay { keys, shared: [false; 2], lenient: false, deadline: None },
            caller: None,
            parts: [None; 2],
            address: None,
            seen: None,
            who: None,
        };
        self.observer.handle(at(now), Input::Call(call));
        self.listen();
    }

    /// A reply: a result, or an error with a code.
    pub(crate) fn reply(&mut self, now: u64, service: usize, id: u64, error: Option<i64>) {
        let answer = error.map_or(Answer::Result, |code| Answer::Error(Some(code)));
        let reply = Reply {
            pair: PairId(0),
            direction: Direction::Reply,
            topic: "session/s/response",
            keys: std::iter::once(key(service, id)).collect(),
            strict: Ok(answer),
            lenient: answer,
            stray: Stray::Unmatched,
            bytes: 0,
            hold: true,
            dialect: None,
        };
        self.observer.handle(at(now), Input::Reply(reply));
        self.listen();
    }

    pub(crate) fn link(&mut self, now: u64, up: bool) {
        let link = if up { Link::Up } else { Link::Down };
        self.observer.handle(at(now), Input::Link(link));
        self.listen();
    }

    pub(crate) fn paused(&mut self, now: u64, since: u64) {
        self.observer.handle(at(now), Input::Paused(at(since)));
        self.listen();
    }

    pub(crate) fn ignored(&mut self, now: u64) {
        self.observer.handle(at(now), Input::Ignored);
    }

    pub(crate) fn until(&mut self, now: u64) {
        self.observer.handle_timeout(at(now));
        self.listen();
    }

    fn listen(&mut self) {
        while let Some(event) = self.observer.poll_event() {
            let (name, word) = match event.what {
                What::Bad(bad) if bad.repeat == 0 => {
                    let unavailable = bad.verdict == Verdict::Unavailable;
                    let reason = bad.reason.name().to_owned();
                    (bad.service, Word::Bad { unavailable, reason })
                }
                What::Recovered(recovery) => (recovery.service, Word::Recovered),
                What::Circuit(news) => match (news.transition.from, news.transition.to) {
                    (State::Closed, State::Open) => {
                        (news.service, Word::Opened(news.transition.cause.name()))
                    }
                    (_, State::Closed) => (news.service, Word::Closed),
                    _ => continue,
                },
                _ => continue,
            };
            let found = self.services.iter().position(|service| service.text == *name);
            let at = event.at.micros() - BEGIN;
            self.said.extend(found.map(|service| Said { at, service, word }));
        }
    }
}

const fn at(micros: u64) -> Instant {
    Instant::from_micros(BEGIN + micros)
}

fn key(service: usize, id: u64) -> Digest {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(service as u64).to_le_bytes());
    bytes[8..].copy_from_slice(&id.to_le_bytes());
    KEY.digest(Kind::StringId, &bytes)
}
