//! Any bytes on any topic: the reader hands on as much as there is, and the same each time.

use super::KEY;
use super::bytes::Bytes;
use super::promises::conserved;
use lookout::observer::digest::Kind;
use lookout::observer::input::{Call, CallKind, Reply};
use lookout::observer::settings::PairSettings;
use lookout::observer::trace::TEXT_BYTES;
use lookout::observer::{Input, Instant, Observer, Settings, Span};
use lookout::security::sign::{Sign, Who};
use lookout::wire::capture::{Line, What};
use lookout::wire::dialect::{BodySpec, DialectSpec, SenderSpec};
use lookout::wire::encoding::Encoding;
use lookout::wire::filter::Filter;
use lookout::wire::message::{TRACEPARENT, UserProperty};
use lookout::wire::outcome::RuleSpec;
use lookout::wire::traffic::Sorted;
use lookout::wire::{Message, PairSpec, Properties, Reader, Redactor, Traffic, TrafficSpec};
use serde_json::value::RawValue;
use std::borrow::Cow;

const MIB: usize = 1 << 20;
/// Messages of one input; more only make it slow.
const MESSAGES: usize = 24;

/// A pair: call template, reply template, what composes the service.
type P = (&'static str, &'static str, Option<&'static str>);
const DEFAULT: P = ("service/{service}", "session/{session}/response", None);
const RPC: P = (
    "/rpc/v1/{driver}/{service}/{method}/{client}",
    "/rpc/v1/{driver}/{service}/{method}/{client}/reply",
    None,
);
const BODY: P = ("{service}/rpc", "{body.src}/rpc", None);
const BOTH: P = ("bus/{service}", "bus/{service}", None);
const PLAIN: P = ("calls", "answers", None);
const RID: P = ("in/{service}/?$rid={call}", "out/{service}/?$rid={call}", None);
const PATH: P = ("svc/{path...}/call/{m}", "svc/{path...}/reply/{m}", Some("{m}@{m}"));
const PAIRS: [&[P]; 8] = [
    &[DEFAULT],
    &[RPC],
    &[BODY],
    &[BOTH, DEFAULT],
    &[PLAIN],
    &[RID],
    &[PATH],
    &[DEFAULT, RPC, BOTH, PLAIN, RID, PATH, BODY],
];

const TOPICS: [&str; 24] = [
    "service/S",
    "session/s1/response",
    "/rpc/v1/d/S/m/c",
    "/rpc/v1/d/S/m/c/reply",
    "S/rpc",
    "me/rpc",
    "bus/S",
    "calls",
    "answers",
    "in/S/?$rid=7",
    "out/S/?$rid=7",
    "svc/a/b/call/m",
    "svc/a/b/reply/m",
    "service/",
    "service/S/security",
    "security/auth/failed",
    "ui/change/page",
    "noise/x",
    "system/main/health",
    "service/Hidden",
    "$SYS/rpc",
    "session//response",
    "service/+",
    "",
];

pub(crate) fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    match bytes.below(8) {
        0 => templates(&mut bytes),
        1 => lines(&mut bytes),
        _ => messages(&mut bytes),
    }
}

/// A message taken from fuzzed bytes.
struct Taken<'a> {
    topic: Cow<'a, str>,
    payload: &'a [u8],
    retain: bool,
    response_topic: Option<Cow<'a, str>>,
    correlation_data: Option<&'a [u8]>,
    message_expiry: Option<u32>,
    user: Vec<UserProperty<'a>>,
}

impl<'a> Taken<'a> {
    fn new(bytes: &mut Bytes<'a>) -> Self {
        let flags = bytes.byte();
        let has = |bit: u8| flags & (1 << bit) != 0;
        Self {
            topic: topic(bytes),
            retain: flags & 0b11 == 0b11,
            response_topic: has(2).then(|| topic(bytes)),
            correlation_data: has(3).then(|| bytes.part()),
            message_expiry: has(4).then(|| bytes.pick(&[0, 1, 60, u32::MAX])),
            user: if has(5) { vec![(TRACEPARENT.into(), text(bytes))] } else { Vec::new() },
            // Only the last payload can hold a NUL.
            payload: if has(6) && has(7) { bytes.rest() } else { bytes.part() },
        }
    }

    fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: self.payload,
            retain: self.retain,
            properties: Properties {
                response_topic: self.response_topic.as_deref(),
                correlation_data: self.correlation_data,
                message_expiry: self.message_expiry,
                user: &self.user,
            },
        }
    }
}

fn text<'a>(bytes: &mut Bytes<'a>) -> Cow<'a, str> {
    String::from_utf8_lossy(bytes.part())
}

/// A topic that means something, or any text.
fn topic<'a>(bytes: &mut Bytes<'a>) -> Cow<'a, str> {
    let at = bytes.below(TOPICS.len() + 4);
    TOPICS.get(at).map_or_else(|| text(bytes), |topic| Cow::Borrowed(*topic))
}

fn spec(pairs: &[P], max_payload: usize) -> TrafficSpec {
    let pair = |(at, (call, reply, service)): (usize, &P)| PairSpec {
        name: format!("pair {at}"),
        call: (*call).to_owned(),
        reply: vec![(*reply).into()],
        service: service.map(str::to_owned),
        ..PairSpec::default()
    };
    TrafficSpec {
        cluster: "main".to_owned(),
        observer_id: "lookout-1".to_owned(),
        ignore: ["noise/#", "service/Hidden"].map(str::to_owned).into(),
        activity: vec!["ui/change/{channel}".to_owned()],
        security: ["security/auth/{kind}", "service/{service}/security"].map(str::to_owned).into(),
        pairs: pairs.iter().enumerate().map(pair).collect(),
        max_payload,
        who: None,
    }
}

/// A reader and what it must keep to.
struct Held<'s> {
    spec: &'s TrafficSpec,
    filters: Vec<Filter>,
    reader: Reader,
    parts: bool,
}

impl<'s> Held<'s> {
    fn new(spec: &'s TrafficSpec, traffic: Traffic, parts: bool) -> Self {
        let filter = |text: String| Filter::new(&text).expect("a filter that a broker takes");
        Self {
            filters: traffic.filters().into_iter().map(filter).collect(),
            reader: Reader::new(traffic, KEY)
                .with_parts(parts)
                .with_traces(parts.then_some("main")),
            spec,
            parts,
        }
    }

    /// Reads a message and returns its inputs in words; they also go to `sink`.
    fn read(&mut self, message: &Message<'_>, sink: &mut dyn FnMut(Input<'_>)) -> Vec<String> {
        let mut said = Vec::new();
        let (mut calls, mut ignored) = (0, 0);
        let (spec, parts) = (self.spec, self.parts);
        self.reader.read(message, &mut |mut input| {
            // What a trace tells of a message, such as its length, may be redacted.
            let mut seen = None;
            let mut bytes = 0;
            match &mut input {
                Input::Call(call) => seen = call.seen.take(),
                Input::Reply(reply) => bytes = std::mem::take(&mut reply.bytes),
                _ => {}
            }
            said.push(format!("{input:?}"));
            match &mut input {
                Input::Call(call) => call.seen = seen,
                Input::Reply(reply) => reply.bytes = bytes,
                _ => {}
            }
            match &input {
                Input::Call(call) => {
                    calls += 1;
                    bounded_call(call, message, spec, parts);
                }
                Input::Reply(reply) => bounded_reply(reply, message, spec),
                Input::Malformed(pair, ..) => assert!(pair.index() < spec.pairs.len()),
                Input::Activity(name) | Input::Security(name) => {
                    assert!(message.topic.contains(name), "named by its topic");
                }
                Input::Ignored => ignored += 1,
                other => panic!("a message is never {other:?}"),
            }
            sink(input);
        });
        self.reader.security(message, |sign| bounded_sign(&sign, message));
        let elements = elements(message.payload);
        assert!(said.len() == 1 || said.len() == elements, "{} of {elements}", said.len());
        assert!(calls <= elements, "a payload is at most once a call");
        let sorted = self.reader.traffic().sort(message.topic);
        if message.retain || matches!(sorted, Sorted::Ignored) {
            assert_eq!((said.len(), ignored), (1, 1), "old or foreign messages say nothing");
        }
        if !matches!(sorted, Sorted::Ignored) {
            // A broker delivers no other topics, so others would be read in tests only.
            let subscribed = self.filters.iter().any(|filter| filter.matches(message.topic));
            assert!(subscribed, "{:?} matches no filter", message.topic);
        }
        if let Sorted::Pairs(place) = sorted {
            let call = place.call.iter().map(|(pair, values)| (&pair.call, values));
            let replies = place.replies.iter().flat_map(|reply| {
                // The first that matches is the one that was taken.
                let mut taken = reply.values;
                let template = reply.pair.replies.iter().find(|known| {
                    taken = Default::default();
                    known.template.captures(message.topic, &mut taken)
                });
                assert_eq!(taken, reply.values);
                template.map(|known| (&known.template, &reply.values))
            });
            for (template, values) in call.chain(replies) {
                let mut filled = String::new();
                if template.fill(values, &mut filled) {
                    assert_eq!(filled, message.topic, "{template} filled with its own values");
                }
            }
        }
        said
    }
}

/// What a document on a security topic says is in it, or in its topic.
fn bounded_sign(sign: &Sign<'_>, message: &Message<'_>) {
    let (Sign::Login(attempt) | Sign::Access(attempt)) = sign else { panic!("{sign:?}") };
    let Who { user, address, client, session } = attempt.who;
    assert!(user.is_some() || address.is_some() || client.is_some(), "about somebody");
    let names = [user, address, client, session, attempt.service, attempt.right];
    for name in names.into_iter().flatten() {
        let most = message.payload.len().max(message.topic.len()).min(256);
        assert!((1..=most).contains(&name.text.len()), "{name:?}");
    }
}

/// How many elements a payload has.
fn elements(payload: &[u8]) -> usize {
    serde_json::from_slice::<Vec<&RawValue>>(payload).map_or(1, |all| all.len().max(1))
}

/// What a payload can add to a name: nothing, if it is too large to be read.
fn body(message: &Message<'_>, spec: &TrafficSpec) -> usize {
    if message.payload.len() > spec.max_payload { 0 } else { message.payload.len() }
}

fn bounded_call(call: &Call<'_>, message: &Message<'_>, spec: &TrafficSpec, parts: bool) {
    let pair = &spec.pairs[call.pair.index()];
    let topic = message.topic.len();
    // A composition may repeat a value, but not more often than it has characters.
    let composed = pair.service.as_ref().map_or(1, String::len) * (topic + 1);
    let most = composed + pair.name.len() + body(message, spec);
    assert!(call.service.text.len() <= most, "a service's name of {}", call.service.text.len());
    assert_eq!(call.service.digest, KEY.digest(Kind::Service, call.service.text.as_bytes()));
    if let Some(method) = call.method {
        assert!(method.text.len() <= topic + body(message, spec), "{}", method.text.len());
        assert_eq!(method.digest, KEY.digest(Kind::Method, method.text.as_bytes()));
    }
    assert!(call.topic.len() <= topic + pair.call.len(), "{:?}", call.topic);
    assert!(parts || call.parts == [None; 2], "read though nobody asks");
    if let CallKind::TwoWay { keys: (first, second), deadline, .. } = call.kind {
        assert_ne!(Some(first), second);
        let longest = Span::from_secs(u64::from(u32::MAX));
        assert!(deadline.is_none_or(|span| span > Span::ZERO && span <= longest));
    }
}

fn bounded_reply(reply: &Reply<'_>, message: &Message<'_>, spec: &TrafficSpec) {
    assert!(reply.pair.index() < spec.pairs.len());
    assert_eq!(reply.topic, message.topic);
    // Three ids under the topic and under each pair, each as six by who sends and who replies, and
    // the topic alone.
    let most = 3 * (1 + spec.pairs.len()) * 6 + 1;
    assert!((1..=most).contains(&reply.keys.len()), "{} keys", reply.keys.len());
}

/// Pairs, and which dialect they speak.
fn pairs(bytes: &mut Bytes<'_>) -> (&'static [P], u8) {
    let byte = bytes.byte();
    (PAIRS[usize::from(byte % 8)], byte / 8)
}

/// Has all pairs speak a dialect, if it is one; whether a recording of it can be redacted.
fn speak(spec: &mut TrafficSpec, dialect: u8) -> bool {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rule = |from: &str| RuleSpec {
        from: from.to_owned(),
        ok: texts(&["ok", "2??"]),
        rejected: texts(&["4??", "{}", "error"]),
        failed: texts(&["*"]),
    };
    let paths = BodySpec {
        id: texts(&["data.id", "id"]),
        method: texts(&["data.method"]),
        result: texts(&["data", "result"]),
        error: texts(&["error.err", "err"]),
    };
    let sender = SenderSpec {
        property: TRACEPARENT.to_owned(),
        client: texts(&["c*"]),
        server: texts(&["s*"]),
    };
    let own = match dialect {
        1 => DialectSpec { outcome: vec![rule("body:error.code")], ..DialectSpec::default() },
        2 => DialectSpec { body: paths, oldest: true, ..DialectSpec::default() },
        3 => DialectSpec { sender: Some(sender), ..DialectSpec::default() },
        4 => DialectSpec {
            replied_by: Some("body:data.id".to_owned()),
            outcome: vec![rule("property:traceparent"), rule("body:data")],
            body: BodySpec { result: texts(&["data"]), ..BodySpec::default() },
            ..DialectSpec::default()
        },
        5 => DialectSpec { only_addressed: true, oldest: true, ..DialectSpec::default() },
        6 => DialectSpec { encoding: Encoding::Opaque, ..DialectSpec::default() },
        7 => DialectSpec { encoding: Encoding::Cbor, body: paths, ..DialectSpec::default() },
        8 => DialectSpec { encoding: Encoding::MessagePack, ..DialectSpec::default() },
        _ => return true,
    };
    for pair in &mut spec.pairs {
        pair.dialect = own.clone();
    }
    !matches!(own.encoding, Encoding::Cbor | Encoding::MessagePack)
}

fn messages(bytes: &mut Bytes<'_>) {
    let (pairs, dialect) = pairs(bytes);
    let mut spec = spec(pairs, bytes.pick(&[MIB, 64, 0]));
    let redacted = speak(&mut spec, dialect);
    let parts = bytes.below(2) == 1;
    let compile = || Traffic::new(&spec).expect("templates that are well formed");
    let mut held = Held::new(&spec, compile(), parts);
    let mut ears = Ears::new();
    let mut heard = Vec::new();
    while !bytes.is_empty() && heard.len() < MESSAGES {
        let taken = Taken::new(bytes);
        let said = held.read(&taken.message(), &mut |input| ears.hear(input));
        heard.push((taken, said));
    }
    ears.conserved();
    // Backwards with another reader: nothing is left over from the messages before.
    let mut again = Held::new(&spec, compile(), parts);
    for (taken, said) in heard.iter().rev() {
        assert_eq!(&again.read(&taken.message(), &mut |_| {}), said, "equal bytes, equal inputs");
    }
    if !redacted {
        return;
    }
    let redactor = Redactor::new(compile());
    for (taken, said) in &heard {
        let message = taken.message();
        let payload = redactor.payload(&message);
        assert!(payload.len() <= message.payload.len(), "redacted, a payload never grows");
        let redacted = Message { payload: &payload, ..message };
        assert_eq!(&again.read(&redacted, &mut |_| {}), said, "redacted, it means the same");
        assert_eq!(redactor.payload(&redacted), payload, "nothing is left to redact");
    }
}

fn lines(bytes: &mut Bytes<'_>) {
    let (pairs, dialect) = pairs(bytes);
    let mut spec = spec(pairs, MIB);
    speak(&mut spec, dialect);
    let traffic = Traffic::new(&spec).expect("templates that are well formed");
    let mut held = Held::new(&spec, traffic, true);
    let mut ears = Ears::new();
    for line in bytes.rest().split(|byte| *byte == b'\n').take(MESSAGES) {
        let Some(read) = Line::read(line) else { continue };
        assert!(read.at.second() < u32::MAX, "a time that cannot be driven to");
        let again = Line::read(line).map(|again| format!("{again:?}"));
        assert_eq!(again, Some(format!("{read:?}")), "equal lines say the same");
        match &read.what {
            What::Message(recorded) => {
                let message = recorded.message();
                assert!(message.topic.len() + message.payload.len() <= line.len());
                let said = held.read(&message, &mut |input| ears.hear(input));
                assert_eq!(said, held.read(&message, &mut |_| {}), "equal bytes, equal inputs");
            }
            What::Link(link) => ears.hear(Input::Link(*link)),
            What::Paused(span) => {
                let since = ears.now - *span;
                ears.hear(Input::Paused(since));
            }
            What::Replicas(line) => {
                let service = held.reader.service(line.service());
                ears.hear(Input::Replicas(line.replicas(service)));
            }
            What::Subscribers(line) => {
                let service = held.reader.service(line.service());
                ears.hear(Input::Subscribers(line.subscribers(service, ears.now)));
            }
            What::Component(line) => ears.hear(Input::Component(line.report())),
            What::Unknown => {}
        }
    }
    ears.conserved();
}

/// Templates from strangers: compiled or refused, and those that are compiled can be used.
fn templates(bytes: &mut Bytes<'_>) {
    let mut spec = spec(&[], MIB);
    let composed = bytes.below(2) == 1;
    for at in 0..=bytes.below(3) {
        spec.pairs.push(PairSpec {
            name: format!("pair {at}"),
            call: text(bytes).into_owned(),
            reply: vec![(*text(bytes)).into()],
            service: composed.then(|| text(bytes).into_owned()),
            ..PairSpec::default()
        });
    }
    let traffic = match Traffic::new(&spec) {
        Ok(traffic) => traffic,
        Err(mistakes) => {
            let named = mistakes.iter().all(|mistake| mistake.key.starts_with("traffic.pair["));
            assert!(!mistakes.is_empty() && named, "{mistakes:?}");
            return;
        }
    };
    let mut held = Held::new(&spec, traffic, true);
    for _ in 0..MESSAGES {
        if bytes.is_empty() {
            break;
        }
        let taken = Taken::new(bytes);
        let said = held.read(&taken.message(), &mut |_| {});
        assert_eq!(said, held.read(&taken.message(), &mut |_| {}), "equal bytes, equal inputs");
    }
}

/// An observer with little room that hears all of it.
struct Ears {
    observer: Observer,
    now: Instant,
}

impl Ears {
    fn new() -> Self {
        let mut settings = Settings::with_pairs(vec![PairSettings::default(); 7]);
        settings.limits.open_calls = 4;
        settings.limits.held_replies = 4;
        settings.limits.services = 3;
        settings.limits.methods = 2;
        settings.cascade.learn = true;
        settings.trace.enabled = true;
        let now = Instant::from_micros(1_700_000_000_000_000);
        Self { observer: Observer::new(settings, KEY, now), now }
    }

    fn hear(&mut self, input: Input<'_>) {
        self.now = self.now + Span::from_millis(300);
        self.observer.handle(self.now, input);
        while let Some(traced) = self.observer.poll_traced() {
            assert!(
                traced.ended >= traced.made && traced.parent != Some(traced.span),
                "{traced:?}"
            );
            let texts = [traced.seen.method(), traced.seen.id(), traced.seen.operation()];
            assert!(texts.iter().flatten().all(|text| text.len() <= TEXT_BYTES), "{traced:?}");
        }
    }

    fn conserved(&mut self) {
        let snapshot = self.observer.snapshot(self.now);
        conserved(&snapshot);
        assert!(snapshot.services.len() <= 4 && snapshot.open_calls <= 4);
    }
}
