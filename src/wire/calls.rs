//! Calls: who is called, what, and where the reply will come back.

use super::body::Parsed;
use super::composition::Composition;
use super::dialect::Dialect;
use super::envelope::Id;
use super::marks::{Marks, no_id};
use super::message::Message;
use super::pair::Pair;
use super::read::{Context, Element, Sink, home, response_topic};
use super::template::{Captures, is_topic};
use super::trace;
use crate::observer::Span;
use crate::observer::address::Address;
use crate::observer::call::Malformed;
use crate::observer::digest::{Digest, DigestKey, Kind};
use crate::observer::input::{Call, CallKind, Input, Name};
use smallvec::SmallVec;
use std::borrow::Cow;

/// Reads an element as a call and hands it on.
pub(super) fn read<'a>(
    context: Context<'_>,
    element: &Element<'_, '_, 'a>,
    pair: &Pair,
    topic: &Captures<'a>,
    scratch: &mut String,
    sink: Sink<'_>,
) {
    let message = element.message;
    let addressed = response_topic(message).is_some() && !element.batch;
    let dialect = pair.dialect.as_deref();
    let any = addressed || dialect.is_some_and(Dialect::takes_any);
    let malformed = |kind| {
        let (pair, direction) = home(element.place);
        Input::Malformed(pair, direction, kind)
    };
    let parsed = element.envelope.and_then(|it| Parsed::new(message, it, pair, context));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        // Any payload at all is a call if it says where its answer goes.
        Err(_) if any => Parsed::opaque(message, pair),
        Err(kind) => return sink(malformed(kind)),
    };
    // Most pairs ask nothing but the topic, and its values are many to copy.
    let more;
    let values = if pair.outer.is_empty() {
        topic
    } else {
        more = pair.values(topic, &parsed.said);
        &more
    };
    let from_topic = match (&parsed.method, &pair.method) {
        (None, Some(method)) => method.compose(values),
        _ => None,
    };
    let method = parsed.method.as_deref().or(from_topic.as_deref());
    if method.is_none() && !any {
        return sink(malformed(Malformed::BadMethod));
    }
    let side = dialect.and_then(|dialect| dialect.side(message));
    let reverse = dialect.and_then(|dialect| dialect.reverse(side));
    let (service, method) = names(pair, reverse, values, parsed.service.as_deref(), method);
    let known = method.filter(|method| pair.knows(method));
    let call = Calling { context, message, pair, values, parsed: &parsed };
    let Kept { mut kind, caller, address } = call.kind(scratch);
    if let (Some(dialect), CallKind::TwoWay { keys, shared, .. }) = (dialect, &mut kind) {
        let marks = Marks { key: context.key, dialect, side, service: &service };
        (*keys, *shared) = marks.keys(*keys, *shared);
    }
    let parts = if context.parts { parts(context.key, message, &parsed) } else { [None; 2] };
    let seen = context.traces.map(|key| trace::sighting(key, element, &parsed, pair, method));
    let people = context.traffic.who.as_ref();
    let people = people.map(|it| it.read(message, element.envelope.ok()));
    let who = people.as_ref().map(|people| people.who(context.key));
    let topic = match reverse {
        None if pair.all_naming => message.topic,
        None => {
            pair.call.shown(values, &pair.naming, scratch);
            scratch
        }
        Some(names) => {
            let naming: SmallVec<[u8; 8]> = names.names().collect();
            pair.call.shown(values, &naming, scratch);
            scratch
        }
    };
    sink(Input::Call(Call {
        pair: pair.id,
        service: named(context.key, Kind::Service, &service),
        method: known.map(|method| named(context.key, Kind::Method, method)),
        topic,
        kind,
        caller,
        parts,
        address,
        seen,
        who: who.as_ref(),
    }));
}

fn named<'n>(key: &DigestKey, kind: Kind, text: &'n str) -> Name<'n> {
    Name { text, digest: key.digest(kind, text.as_bytes()) }
}

/// Who is called: what the pair composes, else the body, else the method up to its last `/` or
/// `.`, else the pair. A client that its server calls has a name of its own.
fn names<'n>(
    pair: &'n Pair,
    reverse: Option<&Composition>,
    values: &Captures<'n>,
    service: Option<&'n str>,
    method: Option<&'n str>,
) -> (Cow<'n, str>, Option<&'n str>) {
    let composed = reverse.or(pair.service.as_ref()).and_then(|it| it.compose(values));
    if let Some(composed) = composed {
        return (composed, method);
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

/// The business operation and the trace that a call is a part of.
fn parts(key: &DigestKey, message: &Message<'_>, parsed: &Parsed<'_>) -> [Option<Digest>; 2] {
    let correlation = parsed.correlation.as_deref().filter(|id| !id.is_empty());
    let trace = trace::parent(message, parsed).map(|parent| parent.trace);
    [
        correlation.map(|id| key.digest(Kind::Correlation, id.as_bytes())),
        trace.map(|id| key.digest(Kind::Trace, &id.0.get().to_le_bytes())),
    ]
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

/// A call whose kind is asked.
#[derive(Clone, Copy)]
struct Calling<'c, 'a> {
    context: Context<'c>,
    message: &'c Message<'a>,
    pair: &'c Pair,
    /// The values of the pair's names.
    values: &'c Captures<'c>,
    parsed: &'c Parsed<'a>,
}

impl Calling<'_, '_> {
    /// What kind of call it is, and who makes it: known by where it wants its reply, else by its
    /// session or client.
    fn kind(self, scratch: &mut String) -> Kept {
        let Self { context, message, pair, values, parsed } = self;
        let key = context.key;
        let session = pair.session.and_then(|at| values[usize::from(at)]);
        let session = session.or(parsed.session.as_deref());
        let caller = session.or_else(|| pair.client.and_then(|at| values[usize::from(at)]));
        let caller = || caller.map(|caller| key.digest(Kind::Caller, caller.as_bytes()));
        let body = parsed.id.as_ref().map(|id| id_key(key, id));
        let data = message.properties.correlation_data.map(|data| key.digest(Kind::BytesId, data));
        let topic = pair.call_id.and_then(|at| values[usize::from(at)]);
        let topic = topic.filter(|id| !id.is_empty());
        let topic = topic.map(|id| key.digest(Kind::BytesId, id.as_bytes()));
        let addressed = response_topic(message);
        let id = body.or(data).or(topic);
        let dialect = pair.dialect.as_deref();
        let in_order = id.is_none() && dialect.is_some_and(|dialect| dialect.oldest);
        if id.is_none() && addressed.is_none() && !in_order {
            return Kept::of(CallKind::OneWay, caller());
        }
        let second = data.filter(|_| body.is_some());
        let replies =
            addressed.or(parsed.reply_to.as_deref().filter(|to| !to.is_empty() && is_topic(to)));
        let place = match replies {
            Some(topic) => Some(topic),
            None => self.fill(scratch).then_some(scratch.as_str()),
        };
        let (place, caller, address) = match place {
            Some(topic) if !context.traffic.hears(topic) => {
                return Kept::of(CallKind::Unheard, caller());
            }
            Some(topic) => {
                let place = context.topic(topic);
                let asked = context.addresses && dialect.is_none_or(Dialect::is_jsonrpc);
                (place, Some(place), asked.then(|| address(topic, message, parsed)))
            }
            None => (agreement(key, pair, values), caller(), None),
        };
        let under = |id: Digest| place.with(id);
        let first = if in_order { Some(no_id(key)) } else { id };
        let expiry = message.properties.message_expiry.filter(|seconds| *seconds > 0);
        let kind = CallKind::TwoWay {
            keys: (first.map_or(place, under), second.map(under)),
            shared: [in_order, false],
            lenient: body.is_none() || addressed.is_some(),
            deadline: expiry.map(|seconds| Span::from_secs(u64::from(seconds))),
        };
        Kept { kind, caller, address }
    }

    /// Fills the pair's reply template in with what the call says; false if something is missing, or
    /// if there are several templates, as it is not known which one the reply will take.
    fn fill(self, topic: &mut String) -> bool {
        let Self { pair, values, parsed, .. } = self;
        let [reply] = pair.replies.as_slice() else { return false };
        let mut known = *values;
        if let (Some(at), Some(session)) = (pair.session, parsed.session.as_deref())
            && !session.is_empty()
        {
            known[usize::from(at)].get_or_insert(session);
        }
        reply.template.fill(&known, topic)
    }
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
