//! Calls: who is called, what, and where the reply will come back.

use super::envelope::{Envelope, Id};
use super::message::{Message, TRACEPARENT};
use super::read::{Context, Element, Sink, home, response_topic};
use super::template::{Captures, is_topic};
use super::traffic::Pair;
use crate::observer::Span;
use crate::observer::address::Address;
use crate::observer::call::Malformed;
use crate::observer::digest::{Digest, DigestKey, Kind};
use crate::observer::input::{Call, CallKind, Input, Name};
use smallvec::SmallVec;
use std::borrow::Cow;

/// What the body of a call says; nothing, if it is opaque.
#[derive(Debug, Default)]
struct Parsed<'a> {
    service: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    id: Option<Id<'a>>,
    reply_to: Option<Cow<'a, str>>,
    session: Option<Cow<'a, str>>,
    correlation: Option<Cow<'a, str>>,
    traceparent: Option<Cow<'a, str>>,
    members: SmallVec<[Option<Cow<'a, str>>; 2]>,
}

impl<'a> Parsed<'a> {
    /// Reads an envelope: as a JSON-RPC request if it says it is one, else as a service-call
    /// document if it has both names, else as what is nearly a request.
    fn new(envelope: &Envelope<'a>, pair: &Pair, context: Context<'_>) -> Result<Self, Malformed> {
        envelope.check()?;
        let strict = envelope.is_jsonrpc() && envelope.has_method();
        let document = if strict { None } else { envelope.service_call()? };
        let mut parsed = match document {
            Some(names) => Self {
                service: Some(names.service),
                method: Some(names.method),
                id: envelope.message_id()?,
                ..Self::default()
            },
            None => Self { id: envelope.id()?, method: envelope.method()?, ..Self::default() },
        };
        parsed.reply_to = envelope.reply_to()?;
        parsed.session = envelope.session_id()?;
        if context.parts || context.addresses {
            parsed.correlation = envelope.correlation_id()?;
        }
        if context.parts {
            parsed.traceparent = envelope.traceparent()?;
        }
        for at in 0..pair.members.len() {
            parsed.members.push(envelope.member(at)?);
        }
        Ok(parsed)
    }
}

/// Reads an element as a call and hands it on.
pub(super) fn read<'a>(
    context: Context<'_>,
    element: &Element<'_, '_, 'a>,
    pair: &Pair,
    values: &Captures<'a>,
    scratch: &mut String,
    sink: Sink<'_>,
) {
    let addressed = response_topic(element.message).is_some() && !element.batch;
    let malformed = |kind| {
        let (pair, direction) = home(element.place);
        Input::Malformed(pair, direction, kind)
    };
    let parsed = match element.envelope.and_then(|it| Parsed::new(it, pair, context)) {
        Ok(parsed) => parsed,
        // Any payload at all is a call if it says where its answer goes.
        Err(_) if addressed => Parsed::default(),
        Err(kind) => return sink(malformed(kind)),
    };
    let from_topic = pair.method.and_then(|at| values[usize::from(at)]);
    let method = parsed.method.as_deref().or(from_topic);
    if method.is_none() && !addressed {
        return sink(malformed(Malformed::BadMethod));
    }
    let (service, method) = names(pair, values, parsed.service.as_deref(), method);
    let Kept { kind, caller, address } =
        kind(context, element.message, pair, values, &parsed, scratch);
    let parts =
        if context.parts { parts(context.key, element.message, &parsed) } else { [None; 2] };
    let topic = if pair.all_naming {
        element.message.topic
    } else {
        pair.call.shown(values, &pair.naming, scratch);
        scratch
    };
    sink(Input::Call(Call {
        pair: pair.id,
        service: named(context.key, Kind::Service, &service),
        method: method.map(|method| named(context.key, Kind::Method, method)),
        topic,
        kind,
        caller,
        parts,
        address,
    }));
}

fn named<'n>(key: &DigestKey, kind: Kind, text: &'n str) -> Name<'n> {
    Name { text, digest: key.digest(kind, text.as_bytes()) }
}

/// Who is called: what the topic says, else the body, else the method up to its last `/` or
/// `.`, else the pair.
fn names<'n>(
    pair: &'n Pair,
    values: &Captures<'n>,
    service: Option<&'n str>,
    method: Option<&'n str>,
) -> (Cow<'n, str>, Option<&'n str>) {
    if let Some(composition) = &pair.service {
        return (composition.compose(values), method);
    }
    if let Some(service) = service {
        return (Cow::Borrowed(service), method);
    }
    if let Some(whole) = method
        && let Some(at) = whole.rfind(['/', '.']).filter(|at| *at > 0)
    {
        return (Cow::Borrowed(&whole[..at]), Some(&whole[at + 1..]));
    }
    (Cow::Borrowed(&pair.name), method)
}

/// The business operation and the trace that a call is a part of. The property of the message
/// comes before a member of the body, which a bridge may have copied from elsewhere.
fn parts(key: &DigestKey, message: &Message<'_>, parsed: &Parsed<'_>) -> [Option<Digest>; 2] {
    let correlation = parsed.correlation.as_deref().filter(|id| !id.is_empty());
    let trace = message.properties.user(TRACEPARENT).and_then(trace_id);
    let trace = trace.or_else(|| parsed.traceparent.as_deref().and_then(trace_id));
    [
        correlation.map(|id| key.digest(Kind::Correlation, id.as_bytes())),
        trace.map(|id| key.digest(Kind::Trace, id.as_bytes())),
    ]
}

/// The trace id of a `traceparent` (W3C Trace Context, 3.2): 32 lower-case hexadecimal digits
/// between a version and a parent id, not all of them zero.
fn trace_id(traceparent: &str) -> Option<&str> {
    let (version, rest) = traceparent.split_once('-')?;
    let (id, rest) = rest.split_once('-')?;
    let hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let parent = rest.split('-').next().unwrap_or_default();
    let good = hex(version, 2) && version != "ff" && hex(id, 32) && hex(parent, 16);
    (good && id.bytes().any(|digit| digit != b'0')).then_some(id)
}

/// What is kept of a call beside its names.
struct Kept {
    kind: CallKind,
    caller: Option<Digest>,
    address: Option<Box<Address>>,
}

impl Kept {
    const fn of(kind: CallKind, caller: Option<Digest>) -> Self {
        Self { kind, caller, address: None }
    }
}

/// Where the answer to a call goes.
fn address(topic: &str, message: &Message<'_>, parsed: &Parsed<'_>) -> Box<Address> {
    let id = parsed.id.as_ref().map(|id| match id {
        Id::Text(text) => serde_json::Value::from(text.as_ref()).to_string(),
        Id::Integer(number) => number.to_string(),
    });
    Box::new(Address {
        topic: topic.into(),
        id: id.map(String::into_boxed_str),
        correlation: message.properties.correlation_data.map(Into::into),
        operation: parsed.correlation.as_deref().map(Into::into),
    })
}

/// What kind of call it is, and who makes it: known by where it wants its reply, else by its
/// session or client.
fn kind<'a>(
    context: Context<'_>,
    message: &Message<'a>,
    pair: &Pair,
    values: &Captures<'a>,
    parsed: &Parsed<'_>,
    scratch: &mut String,
) -> Kept {
    let key = context.key;
    let session = pair.session.and_then(|at| values[usize::from(at)]);
    let session = session.or(parsed.session.as_deref());
    let caller = session.or_else(|| pair.client.and_then(|at| values[usize::from(at)]));
    let caller = || caller.map(|caller| key.digest(Kind::Caller, caller.as_bytes()));
    let body = parsed.id.as_ref().map(|id| id_key(key, id));
    let data = message.properties.correlation_data.map(|data| key.digest(Kind::BytesId, data));
    let topic = pair.call_id.and_then(|at| values[usize::from(at)]);
    let topic = topic.map(|id| key.digest(Kind::BytesId, id.as_bytes()));
    let addressed = response_topic(message);
    let id = body.or(data).or(topic);
    if id.is_none() && addressed.is_none() {
        return Kept::of(CallKind::OneWay, caller());
    }
    let second = data.filter(|_| body.is_some());
    let replies =
        addressed.or(parsed.reply_to.as_deref().filter(|to| !to.is_empty() && is_topic(to)));
    let place = match replies {
        Some(topic) => Some(topic),
        None => fill(pair, values, parsed, scratch).then_some(scratch.as_str()),
    };
    let (place, caller, address) = match place {
        Some(topic) if !context.traffic.hears(topic) => {
            return Kept::of(CallKind::Unheard, caller());
        }
        Some(topic) => {
            let place = context.topic(topic);
            let address = context.addresses.then(|| address(topic, message, parsed));
            (place, Some(place), address)
        }
        None => (agreement(key, pair, values), caller(), None),
    };
    let under = |id: Digest| place.with(id);
    let expiry = message.properties.message_expiry.filter(|seconds| *seconds > 0);
    let kind = CallKind::TwoWay {
        keys: (id.map_or(place, under), second.map(under)),
        lenient: body.is_none() || addressed.is_some(),
        deadline: expiry.map(|seconds| Span::from_secs(u64::from(seconds))),
    };
    Kept { kind, caller, address }
}

/// Fills the pair's reply template in with what the call says; false if something is missing.
fn fill(pair: &Pair, values: &Captures<'_>, parsed: &Parsed<'_>, topic: &mut String) -> bool {
    let mut known = *values;
    if let (Some(at), Some(session)) = (pair.session, parsed.session.as_deref())
        && !session.is_empty()
    {
        known[usize::from(at)].get_or_insert(session);
    }
    for ((at, _), value) in pair.members.iter().zip(&parsed.members) {
        known[usize::from(*at)] = value.as_deref();
    }
    pair.reply.fill(&known, topic)
}

/// The key part of an id in a body.
pub(super) fn id_key(key: &DigestKey, id: &Id<'_>) -> Digest {
    match id {
        Id::Text(text) => key.digest(Kind::StringId, text.as_bytes()),
        Id::Integer(number) => key.digest(Kind::IntegerId, &number.to_le_bytes()),
    }
}

/// The key of a pair and the values that its two templates agree on.
pub(super) fn agreement(key: &DigestKey, pair: &Pair, values: &Captures<'_>) -> Digest {
    let mut bytes: SmallVec<[u8; 64]> = SmallVec::new();
    bytes.extend_from_slice(&pair.id.0.to_le_bytes());
    for name in &pair.shared {
        // Topics have no NUL, so values cannot run into each other.
        bytes.extend_from_slice(values[usize::from(*name)].unwrap_or_default().as_bytes());
        bytes.push(0);
    }
    key.digest(Kind::Agreement, &bytes)
}
