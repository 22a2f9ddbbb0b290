//! What the observer tests share: calls and replies in one line, and figures to look at.

use lookout::observer::call::{Answer, Malformed, PairId};
use lookout::observer::digest::{Digest, DigestKey, Kind};
use lookout::observer::input::{Call, CallKind, Direction, Name, Reply, Stray};
use lookout::observer::service::Totals;
use lookout::observer::settings::PairSettings;
use lookout::observer::{Event, Input, Instant, Observer, Settings, Snapshot, Span};

pub(crate) const KEY: DigestKey = DigestKey::new(3, 5);
pub(crate) const OK: Answer = Answer::Result;
pub(crate) const FAILED: Answer = Answer::Error(Some(-32603));
pub(crate) const REJECTED: Answer = Answer::Error(Some(-32001));

/// A moment `micros` after the tests begin.
pub(crate) const fn at(micros: u64) -> Instant {
    Instant::from_micros(1_700_000_000_000_000 + micros)
}

pub(crate) const fn s(seconds: u64) -> u64 {
    seconds * 1_000_000
}

pub(crate) fn id(id: &str) -> Digest {
    KEY.digest(Kind::StringId, id.as_bytes())
}

pub(crate) fn settings() -> Settings {
    let pair = PairSettings {
        name: "default".into(),
        call: "service/{service}".into(),
        reply: "session/{session}/response".into(),
        ..PairSettings::default()
    };
    Settings::with_pairs(vec![pair])
}

/// An observer, and how to talk to it.
pub(crate) struct Ears {
    pub(crate) observer: Observer,
    pub(crate) events: Vec<Event>,
}

#[allow(dead_code)]
impl Ears {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { observer: Observer::new(settings, KEY, at(0)), events: Vec::new() }
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self::new(settings)
    }

    pub(crate) fn input(&mut self, micros: u64, input: Input<'_>) {
        self.observer.handle(at(micros), input);
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        while let Some(event) = self.observer.poll_event() {
            self.events.push(event);
        }
    }

    pub(crate) fn until(&mut self, micros: u64) {
        self.observer.handle_timeout(at(micros));
        self.drain();
    }

    /// A call of `service.method` under `id`.
    pub(crate) fn call(&mut self, micros: u64, name: &str, key: &str) {
        self.call_of(micros, name, (id(key), None), false, None);
    }

    pub(crate) fn call_of(
        &mut self,
        micros: u64,
        name: &str,
        keys: (Digest, Option<Digest>),
        lenient: bool,
        deadline: Option<Span>,
    ) {
        let (service, method) = name.split_once('.').unwrap_or((name, "m"));
        self.kind(
            micros,
            service,
            method,
            CallKind::TwoWay { keys, shared: [false; 2], lenient, deadline },
        );
    }

    pub(crate) fn kind(&mut self, micros: u64, service: &str, method: &str, kind: CallKind) {
        self.part(micros, service, method, kind, [None; 2]);
    }

    /// A call that is a part of operations.
    pub(crate) fn part(
        &mut self,
        micros: u64,
        service: &str,
        method: &str,
        kind: CallKind,
        parts: [Option<Digest>; 2],
    ) {
        let method_name =
            Name { text: method, digest: KEY.digest(Kind::Method, method.as_bytes()) };
        let name = Name { text: service, digest: KEY.digest(Kind::Service, service.as_bytes()) };
        let topic = format!("service/{service}");
        let method = Some(method_name).filter(|name| !name.text.is_empty());
        let caller = None;
        let pair = PairId(0);
        let call = Call {
            pair,
            service: name,
            method,
            topic: &topic,
            kind,
            caller,
            parts,
            address: None,
            seen: None,
            who: None,
        };
        self.input(micros, Input::Call(call));
    }

    /// A reply under `id`.
    pub(crate) fn reply(&mut self, micros: u64, key: &str, answer: Answer) {
        self.reply_of(micros, &[id(key)], Ok(answer));
    }

    pub(crate) fn reply_of(
        &mut self,
        micros: u64,
        keys: &[Digest],
        strict: Result<Answer, Malformed>,
    ) {
        let reply = Reply {
            pair: PairId(0),
            direction: Direction::Reply,
            topic: "session/s/response",
            keys: keys.iter().copied().collect(),
            strict,
            lenient: strict.unwrap_or(OK),
            stray: strict.err().map_or(Stray::Unmatched, Stray::Malformed),
            bytes: 0,
            hold: true,
            dialect: None,
        };
        self.input(micros, Input::Reply(reply));
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        self.observer.snapshot(at(0))
    }

    pub(crate) fn totals(&mut self, service: &str) -> Totals {
        let snapshot = self.snapshot();
        let found = snapshot.services.iter().find(|found| &*found.name == service);
        found.map(|found| found.figures.totals).unwrap_or_default()
    }

    /// The figures of a service that are not zero, in a few words, and the counters beside it.
    pub(crate) fn told(&mut self, service: &str) -> String {
        let t = self.totals(service);
        let snapshot = self.snapshot();
        let malformed = snapshot.malformed.iter().map(|(.., count)| count).sum();
        let counts = [
            ("calls", t.calls),
            ("oneway", t.oneway),
            ("ok", t.ok),
            ("rejected", t.rejected),
            ("failed", t.failed),
            ("unanswered", t.unanswered),
            ("void", t.void),
            ("open", t.open),
            ("late", snapshot.late),
            ("unmatched", snapshot.unmatched),
            ("duplicate", snapshot.duplicate),
            ("malformed", malformed),
            ("evicted", snapshot.evicted),
        ];
        let some = counts.iter().filter(|(_, count)| *count > 0);
        some.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// calls = ok + rejected + failed + unanswered + void + open, for each service and method, and
/// the methods' sums are the service's.
pub(crate) fn conserved(snapshot: &Snapshot) {
    for service in &snapshot.services {
        let sum = |t: &Totals| t.settled() + t.void + t.open;
        let totals = &service.figures.totals;
        assert_eq!(totals.calls, sum(totals), "{}: {totals:?}", service.name);
        let mut all = Totals::default();
        for (name, method) in service.methods.iter() {
            assert_eq!(method.totals.calls, sum(&method.totals), "{}.{name}", service.name);
            all.add(&method.totals);
        }
        assert_eq!(&all, totals, "{}: the methods are the service", service.name);
    }
    let open: u64 = snapshot.services.iter().map(|service| service.figures.totals.open).sum();
    assert_eq!(open, u64::from(snapshot.open_calls), "open calls of all services");
}
