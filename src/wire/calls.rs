//! Calls: who is called, what, and where the reply will come back.

use super::envelope::{Envelope, Id};
use super::message::Message;
use super::read::{Context, Element, Sink, home, response_topic};
use super::template::{Captures, is_topic};
use super::traffic::Pair;
use crate::observer::Span;
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
    members: SmallVec<[Option<Cow<'a, str>>; 2]>,
}

impl<'a> Parsed<'a> {
    /// Reads an envelope: as a JSON-RPC request if it says it is one, else as a service-call
    /// document if it has both names, else as what is nearly a request.
    fn new(envelope: &Envelope<'a>, pair: &Pair) -> Result<Self, Malformed> {
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
    let parsed = match element.envelope.and_then(|envelope| Parsed::new(envelope, pair)) {
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
    let kind = kind(context, element.message, pair, values, &parsed, scratch);
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
        caller: None,
        parts: [None; 2],
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

fn kind<'a>(
    context: Context<'_>,
    message: &Message<'a>,
    pair: &Pair,
    values: &Captures<'a>,
    parsed: &Parsed<'_>,
    scratch: &mut String,
) -> CallKind {
    let key = context.key;
    let body = parsed.id.as_ref().map(|id| id_key(key, id));
    let data = message.properties.correlation_data.map(|data| key.digest(Kind::BytesId, data));
    let topic = pair.call_id.and_then(|at| values[usize::from(at)]);
    let topic = topic.map(|id| key.digest(Kind::BytesId, id.as_bytes()));
    let addressed = response_topic(message);
    let id = body.or(data).or(topic);
    if id.is_none() && addressed.is_none() {
        return CallKind::OneWay;
    }
    let second = data.filter(|_| body.is_some());
    let replies =
        addressed.or(parsed.reply_to.as_deref().filter(|to| !to.is_empty() && is_topic(to)));
    let place = match replies {
        Some(topic) => Some(topic),
        None => fill(pair, values, parsed, scratch).then_some(scratch.as_str()),
    };
    let place = match place {
        Some(topic) if !context.traffic.hears(topic) => return CallKind::Unheard,
        Some(topic) => context.topic(topic),
        None => agreement(key, pair, values),
    };
    let under = |id: Digest| place.with(id);
    let expiry = message.properties.message_expiry.filter(|seconds| *seconds > 0);
    CallKind::TwoWay {
        keys: (id.map_or(place, under), second.map(under)),
        lenient: body.is_none() || addressed.is_some(),
        deadline: expiry.map(|seconds| Span::from_secs(u64::from(seconds))),
    }
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
