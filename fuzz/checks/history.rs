//! What can reach an observer, decoded from fuzzed bytes one operation at a time.

use super::KEY;
use super::bytes::Bytes;
use super::promises::{Doubts, Promises};
use super::settings::{MODES, PAIRS};
use lookout::observer::address::Address;
use lookout::observer::call::{Answer, Malformed, PairId};
use lookout::observer::digest::{Digest, Kind};
use lookout::observer::input::{
    Call, CallKind, Dialect, Direction, Doubt, Link, Name, Reading, Replicas, Reply, Report,
    Severity, Stray, Subscribers,
};
use lookout::observer::service::OTHER;
use lookout::observer::{Event, Input, Instant, Observer, Settings, Span};

/// How the time is told between inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// With each input.
    Coarse,
    /// From deadline to deadline.
    Fine,
}

/// An observer, and what is known of what it heard and said.
pub(crate) struct Ears {
    pub(crate) observer: Observer,
    pub(crate) promises: Promises,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Instant,
    /// Whether when the time was told is a part of the story.
    pub(crate) timed: bool,
    settings: Settings,
    /// When the time was last told.
    last: Instant,
    pace: Pace,
    /// Microseconds that the clock may still run: each second is driven through, and costs.
    left: u64,
    /// Ids of calls that come in series, each used once.
    id: u32,
}

impl Ears {
    pub(crate) fn new(settings: &Settings, start: Instant, length: Span, pace: Pace) -> Self {
        Self {
            observer: Observer::new(settings.clone(), KEY, start),
            promises: Promises::new(settings, start),
            events: Vec::new(),
            now: start,
            timed: false,
            settings: settings.clone(),
            last: start,
            pace,
            left: length.micros(),
            id: 0,
        }
    }

    fn jump(&mut self, span: Span) {
        let micros = span.micros().min(self.left);
        self.left -= micros;
        let next = self.now + Span::from_micros(micros);
        while self.pace == Pace::Fine && self.observer.poll_timeout() < next {
            let due = self.observer.poll_timeout();
            self.until(due.max(self.now));
            assert!(self.observer.poll_timeout() > due, "a deadline is handled at once");
        }
        self.now = next;
    }

    /// Only the time is told.
    pub(crate) fn until(&mut self, now: Instant) {
        self.now = now;
        self.promises.begin(now);
        self.observer.handle_timeout(now);
        self.drain();
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        self.input_at(self.now, input);
    }

    /// The observer's time never runs backwards, whatever time is handed in.
    fn input_at(&mut self, at: Instant, input: Input<'_>) {
        let now = self.now;
        self.promises.begin(now);
        let (doubts, policy): (&mut Doubts, _) = (&mut self.promises.doubts, &self.settings.doubt);
        match &input {
            Input::Link(link) => doubts.link(now, *link, policy),
            Input::Doubt(doubt, on) => doubts.reason(now, *doubt, *on, policy),
            _ => {}
        }
        let told = &mut self.promises.told;
        match &input {
            Input::Call(call) if call.kind == CallKind::OneWay => told.oneway += 1,
            Input::Call(_) => told.calls += 1,
            Input::Reply(_) => told.replies += 1,
            Input::Malformed(..) => told.malformed += 1,
            Input::Ignored => told.ignored += 1,
            Input::Activity(_) => told.activity += 1,
            Input::Security(_) => told.security += 1,
            _ => {}
        }
        self.observer.handle(at, input);
        self.drain_at(at);
    }

    /// The process stood still for so long, and goes on now.
    fn pause(&mut self, since: Instant) {
        self.timed = true;
        let now = self.now;
        self.promises.begin(now);
        self.promises.doubts.paused(since.clamp(self.last, now), now, &self.settings.doubt);
        self.observer.handle(now, Input::Paused(since));
        self.drain();
    }

    fn drain(&mut self) {
        self.drain_at(self.now);
    }

    /// A time from the past tells nothing: the observer knows no later one than it was told.
    fn drain_at(&mut self, told: Instant) {
        self.last = self.last.max(told);
        while let Some(event) = self.observer.poll_event() {
            self.promises.hear(&event, self.now);
            self.events.push(event);
        }
    }

    fn call(&mut self, service: &str, method: Option<&str>, pair: u16, more: &More) {
        let name = |kind, text| Name { text, digest: KEY.digest(kind, str::as_bytes(text)) };
        self.input(Input::Call(Call {
            pair: PairId(pair),
            service: name(Kind::Service, service),
            method: method.map(|method| name(Kind::Method, method)),
            topic: service,
            kind: more.kind,
            caller: more.caller,
            parts: more.parts,
            address: address(more.kind),
            seen: None,
            who: None,
        }));
    }

    fn reply(&mut self, id: u32, pair: u16, answer: Answer) {
        self.input(Input::Reply(Reply {
            pair: PairId(pair),
            direction: Direction::Reply,
            topic: "reply",
            keys: [key(id)].into_iter().collect(),
            strict: Ok(answer),
            lenient: answer,
            stray: Stray::Unmatched,
            bytes: 0,
            hold: true,
            dialect: None,
        }));
    }
}

/// What a call says beside who is called.
struct More {
    kind: CallKind,
    caller: Option<Digest>,
    parts: [Option<Digest>; 2],
}

/// An address by which the call is known.
fn address(kind: CallKind) -> Option<Box<Address>> {
    let CallKind::TwoWay { keys: (key, _), .. } = kind else { return None };
    let topic = format!("{:x}", key.half()).into();
    Some(Box::new(Address { topic, id: Some("1".into()), correlation: None, operation: None }))
}

fn key(id: u32) -> Digest {
    KEY.digest(Kind::IntegerId, &id.to_le_bytes())
}

fn two_way(id: u32) -> CallKind {
    CallKind::TwoWay { keys: (key(id), None), shared: [false; 2], lenient: false, deadline: None }
}

/// Longer than any name, message or cause that is kept, and of more than ASCII.
fn long() -> String {
    "é".repeat(10_000)
}

fn service(bytes: &mut Bytes<'_>) -> String {
    const NAMES: [&str; 9] = ["A", "B", "C", "D", "E", "F/g +#%", "", OTHER, "Gé"];
    let at = bytes.below(NAMES.len() + 1);
    NAMES.get(at).map_or_else(long, |name| (*name).to_owned())
}

fn method(bytes: &mut Bytes<'_>) -> Option<String> {
    let at = bytes.below(8);
    match ["m", "n", "o", "", OTHER].get(at) {
        Some(name) => Some((*name).to_owned()),
        None if at == 5 => Some(long()),
        None => None,
    }
}

fn answer(bytes: &mut Bytes<'_>) -> Answer {
    bytes.pick(&[
        Answer::Result,
        Answer::Error(Some(-32603)),
        Answer::Error(Some(-32001)),
        Answer::Error(None),
        Answer::Error(Some(7)),
    ])
}

/// One operation, after some time.
pub(crate) fn step(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let code = bytes.byte();
    match code >> 5 {
        0 => {}
        1 => ears.jump(Span::from_micros(u64::from(bytes.byte()))),
        2 | 3 => ears.jump(Span::from_millis(u64::from(bytes.byte()) * 16)),
        4 => ears.jump(Span::from_secs(u64::from(bytes.byte()))),
        // Most seconds are as good as few, and cost; a day is where much is forgotten.
        _ if code == 0xff => ears.jump(Span::from_secs(u64::from(bytes.u16()) * 2)),
        _ => {}
    }
    match code & 0x1f {
        0..6 => call(ears, bytes),
        6..12 => reply(ears, bytes),
        12..16 => series(ears, bytes),
        16 => nested(ears, bytes),
        17 => {
            let (direction, kind) = (direction(bytes), bytes.pick(&Malformed::ALL));
            ears.input(Input::Malformed(PairId(u16::from(bytes.byte()) % PAIRS), direction, kind));
        }
        18 => ears.input(Input::Ignored),
        19 => ears.input(Input::Activity(&service(bytes))),
        20 => ears.input(Input::Security(&service(bytes))),
        21 => ears.input(Input::Link(Link::Down)),
        22 => ears.input(Input::Link(Link::Up)),
        23 | 24 => {
            let doubts = [Doubt::Canary, Doubt::BrokerDrops, Doubt::Inbox, Doubt::Pause];
            let doubt = bytes.pick(&doubts);
            ears.input(Input::Doubt(doubt, code & 0x1f == 23));
        }
        25 => {
            let ago = Span::from_millis(u64::from(bytes.u16()));
            // Since before the last input, since the future: what does not fit is bent.
            let since = if bytes.below(8) == 7 { ears.now + ago } else { ears.now - ago };
            ears.pause(since);
        }
        26 if bytes.below(2) == 0 => subscribers(ears, bytes),
        26 => replicas(ears, bytes),
        27 => component(ears, bytes),
        28 => {
            let mode = bytes.pick(&MODES);
            ears.input(Input::Circuit(&service(bytes), mode));
        }
        29 => {
            // Backwards.
            let ago = Span::from_micros(bytes.u64());
            ears.input_at(ears.now - ago, Input::Ignored);
        }
        30 => {
            // A deadline may be known only roughly, the better the more often one asks.
            ears.timed = true;
            for _ in 0..bytes.below(8) {
                let due = ears.observer.poll_timeout();
                ears.jump(due.since(ears.now));
                ears.until(ears.now);
            }
        }
        _ => ears.until(ears.now),
    }
}

fn direction(bytes: &mut Bytes<'_>) -> Direction {
    bytes.pick(&[Direction::Call, Direction::Reply])
}

fn call(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let flags = bytes.byte();
    let (service, method) = (service(bytes), method(bytes));
    // Few ids, so that they are used again, late and twice.
    let byte = bytes.byte();
    let (id, spare) = (u32::from(byte % 24), byte / 24);
    let digest = |kind, bytes: &mut Bytes<'_>| KEY.digest(kind, &[bytes.byte() % 4]);
    let second = (flags & 3 == 3).then(|| key(u32::from(bytes.byte() % 24)));
    let deadlines = [0, 1, 1_000, 9_000_000, 3_600_000_000, u64::MAX].map(Span::from_micros);
    let kind = match (flags >> 2) & 7 {
        0 => CallKind::OneWay,
        1 => CallKind::Unheard,
        at => CallKind::TwoWay {
            keys: (key(id), second.filter(|second| *second != key(id))),
            shared: [spare & 1 != 0, spare & 2 != 0],
            lenient: at & 1 == 1,
            deadline: (at > 5).then(|| bytes.pick(&deadlines)),
        },
    };
    let caller = (flags & 32 != 0).then(|| digest(Kind::Caller, bytes));
    let parts = [
        (flags & 64 != 0).then(|| digest(Kind::Correlation, bytes)),
        (flags & 128 != 0).then(|| digest(Kind::Trace, bytes)),
    ];
    let pair = u16::from(id % 4 == 3);
    ears.call(&service, method.as_deref(), pair, &More { kind, caller, parts });
}

/// What a pair with a dialect of its own makes of a reply; mostly there is none.
fn dialect(flags: u8, said: Answer, malformed: Malformed) -> Option<Box<Dialect>> {
    let answers = [said, Answer::Result, Answer::Rejected, Answer::Failed];
    let reading = |pair: u16| Reading {
        pair: PairId(pair),
        strict: if flags & 1 == 0 { Ok(answers[usize::from(flags & 3)]) } else { Err(malformed) },
        lenient: answers[usize::from(flags & 3)],
    };
    (flags > 0).then(|| {
        let readings = (0..u16::from(flags & 3)).map(reading).collect();
        Box::new(Dialect { readings, unsure: flags & 4 != 0 })
    })
}

fn reply(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let flags = bytes.byte();
    let malformed = bytes.pick(&Malformed::ALL);
    let said = answer(bytes);
    let count = if flags & 3 == 3 { 3 } else { 1 };
    // What is left of the last key says whether there is a dialect, and which.
    let mut spare = 0;
    let keys = (0..count).map(|_| {
        let byte = bytes.byte();
        spare = byte / 24;
        key(u32::from(byte % 24))
    });
    let keys = keys.collect();
    let topic = if flags & 4 == 0 { "reply".to_owned() } else { long() };
    ears.input(Input::Reply(Reply {
        pair: PairId(u16::from(flags & 8 != 0)),
        direction: direction(bytes),
        topic: &topic,
        keys,
        strict: if flags & 0x30 == 0x30 { Err(malformed) } else { Ok(said) },
        lenient: said,
        stray: match flags >> 6 {
            0 | 1 => Stray::Unmatched,
            2 => Stray::Malformed(malformed),
            _ => Stray::Ignored,
        },
        bytes: 0,
        hold: flags & 0x1c != 0x1c,
        dialect: dialect(spare, said, malformed),
    }));
}

/// Many calls of one service, one after the other and answered alike: what verdicts need.
fn series(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let (service, method) = (service(bytes), method(bytes));
    let spans = [0, 1, 20, 100, 700, 1_000, 2_500, 8_000].map(Span::from_millis);
    let (shape, count) = (bytes.byte(), 1 + bytes.below(32));
    let (gap, delay) = (bytes.pick(&spans), bytes.pick(&spans));
    let answer = answer(bytes);
    for at in 0..count {
        ears.id += 1;
        let id = 1_000 + ears.id;
        let caller = Some(KEY.digest(Kind::Caller, &[at as u8 % 5]));
        let more = More { kind: two_way(id), caller, parts: [None; 2] };
        ears.call(&service, method.as_deref(), 0, &more);
        ears.jump(delay);
        match shape % 8 {
            0..4 => ears.reply(id, 0, answer),
            4 if at % 2 == 0 => ears.reply(id, 0, answer),
            4 => ears.reply(id, 0, Answer::Result),
            5 if at % 2 == 0 => ears.reply(id, 0, answer),
            _ => {}
        }
        ears.jump(gap);
    }
}

/// Calls made inside other calls of the same operation: what dependencies are learned from.
fn nested(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let (outer, inner) = (service(bytes), service(bytes));
    let side = bytes.below(4) == 3;
    for at in 0..1 + bytes.below(24) {
        ears.id += 2;
        let ids = [1_000 + ears.id - 1, 1_000 + ears.id];
        let part = Some(KEY.digest(Kind::Correlation, &ears.id.to_le_bytes()));
        for (service, id) in [&outer, &inner].into_iter().zip(ids) {
            let more = More { kind: two_way(id), caller: None, parts: [part, None] };
            ears.call(service, Some("m"), 0, &more);
            ears.jump(Span::from_millis(3));
        }
        // Side by side they end in any order.
        let order = if side && at % 2 == 1 { ids } else { [ids[1], ids[0]] };
        for id in order {
            ears.reply(id, 0, Answer::Result);
        }
    }
}

fn replicas(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let service = service(bytes);
    let counts = [0, 1, 2, 3, u32::MAX];
    let digest = KEY.digest(Kind::Service, service.as_bytes());
    let long = long();
    let replicas = Replicas {
        service: Name { text: &service, digest },
        running: bytes.pick(&counts),
        ready: bytes.pick(&counts),
        total: bytes.pick(&counts),
        restarts: u32::MAX,
        cause: bytes.pick(&[None, Some("OOMKilled"), Some(long.as_str()), Some("")]),
    };
    ears.input(Input::Replicas(replicas));
}

fn subscribers(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let service = service(bytes);
    let digest = KEY.digest(Kind::Service, service.as_bytes());
    let asked = ears.now - Span::from_secs(bytes.pick(&[0, 1, 6, 400]));
    let any = bytes.below(2) == 1;
    let service = Name { text: &service, digest };
    ears.input(Input::Subscribers(Subscribers { service, asked, any }));
}

fn component(ears: &mut Ears, bytes: &mut Bytes<'_>) {
    let (name, long, flags) = (service(bytes), long(), bytes.byte());
    let severities = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    let text = if flags & 4 == 0 { "probe" } else { long.as_str() };
    let advices = vec![text.to_owned(); 10];
    ears.input(Input::Component(Report {
        name: &name,
        kind: text,
        healthy: flags & 1 != 0,
        definite: flags & 2 != 0,
        severity: severities[usize::from(flags >> 6)],
        down: flags & 32 != 0,
        message: text,
        impact: (flags & 16 != 0).then_some(text),
        details: (flags & 8 != 0).then_some("{\"a\":1}"),
        advice: if flags & 16 == 0 { &[] } else { &advices },
        took: (flags & 32 != 0).then(|| Span::from_millis(flags.into())),
    }));
}
