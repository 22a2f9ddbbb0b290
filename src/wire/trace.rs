//! What a trace tells of a call: whose trace it is, and the texts that its span shows.
//!
//! W3C Trace Context comes in the user properties of MQTT 5 (as the W3C's draft for MQTT has it) or
//! as members of the body; the property comes first, since a bridge may have copied a body from
//! elsewhere. Without it the `correlationId` makes the trace: an id that looks as if it was made by chance
//! for the purpose (a UUID of version 4 or 7, or 32 hexadecimal digits) is taken as it is, so that who
//! knows the one knows the other; any other text is digested with the name of the cluster, the
//! same in every lookout and after every restart. What is malformed counts as absent.

use super::body::Parsed;
use super::dialect::Dialect;
use super::envelope::Id;
use super::message::{Message, TRACEPARENT, TRACESTATE};
use super::pair::Pair;
use super::read::Element;
use crate::observer::digest::{DigestKey, Kind};
use crate::observer::trace::{Context, Identity, Sighting, SpanId, TraceId};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest `tracestate` that is passed on, in bytes: what everyone has to be able to pass on.
const STATE_BYTES: usize = 512;
/// Correlation Data that is no text is shown in hexadecimal digits, up to so many bytes.
const DATA_BYTES: usize = 64;

/// The key under which the operations of a cluster are digested: no secret, as others may want
/// to find the trace of an operation.
pub(super) fn key(cluster: &str) -> DigestKey {
    let digest = DigestKey::new(0, 0).digest(Kind::Trace, cluster.as_bytes());
    DigestKey::new(digest.half(), digest.hash())
}

/// What a `traceparent` says (W3C Trace Context, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: TraceId,
    span: SpanId,
    flags: u8,
}

impl Parent {
    /// Reads one: lower-case hexadecimal digits, neither id all zeros, nothing behind the flags in
    /// the version that is known; later ones may add to it, and version `ff` is none.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |len: usize| {
            let digits = parts.next().filter(|part| part.len() == len)?;
            let hex = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            u128::from_str_radix(digits, 16).ok().filter(|_| hex)
        };
        let version = part(2).filter(|version| *version != 0xff)?;
        let trace = part(32).filter(|trace| *trace != 0)?;
        // Sixteen digits and two.
        let span = part(16).filter(|span| *span != 0)? as u64;
        let flags = part(2)? as u8;
        let more = parts.next().is_some();
        (version > 0 || !more).then(|| Self {
            trace: TraceId::of(trace),
            span: SpanId::of(span),
            flags,
        })
    }
}

/// The trace that a call names, and its place in it.
pub(super) fn parent(message: &Message<'_>, parsed: &Parsed<'_>) -> Option<Parent> {
    let said = message.properties.user(TRACEPARENT).and_then(Parent::read);
    said.or_else(|| parsed.traceparent.as_deref().and_then(Parent::read))
}

/// The `tracestate` that goes with it; several properties are one list, in their order.
fn state(message: &Message<'_>, parsed: &Parsed<'_>) -> Option<Box<str>> {
    let mut list: Cow<'_, str> = Cow::Borrowed("");
    for (_, value) in message.properties.user.iter().filter(|(name, _)| name == TRACESTATE) {
        if list.is_empty() {
            list = Cow::Borrowed(value);
        } else if !value.is_empty() {
            list = Cow::Owned(format!("{list},{value}"));
        }
    }
    if list.is_empty() {
        list = Cow::Borrowed(parsed.tracestate.as_deref().unwrap_or_default());
    }
    let list = list.trim_matches([' ', '\t', ',']);
    let good = !list.is_empty()
        && list.len() <= STATE_BYTES
        && list.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'));
    good.then(|| list.into())
}

/// The trace of a business operation.
fn operation(key: &DigestKey, id: &str) -> TraceId {
    let plain = by_chance(id).filter(|bits| *bits != 0);
    TraceId::of(plain.unwrap_or_else(|| {
        let digest = key.digest(Kind::Correlation, id.as_bytes());
        u128::from(digest.half()) << 64 | u128::from(digest.hash())
    }))
}

/// The bits of an id that was made by chance to be the only one of its kind.
fn by_chance(id: &str) -> Option<u128> {
    let dashes = [8, 13, 18, 23];
    let is_hex = |b: u8| b.is_ascii_hexdigit();
    match id.len() {
        32 if id.bytes().all(is_hex) => u128::from_str_radix(id, 16).ok(),
        36 => {
            let is_place = |(at, b): (usize, u8)| match dashes.contains(&at) {
                true => b == b'-',
                false => is_hex(b),
            };
            let bytes = id.as_bytes();
            let version = matches!(bytes.get(14), Some(b'4' | b'7'));
            let variant = matches!(bytes.get(19), Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B'));
            let good = version && variant && id.bytes().enumerate().all(is_place);
            good.then(|| u128::from_str_radix(&id.replace('-', ""), 16).ok()).flatten()
        }
        _ => None,
    }
}

/// What is seen of a call; `method` is what is called, known or not.
pub(super) fn sighting(
    key: &DigestKey,
    element: &Element<'_, '_, '_>,
    parsed: &Parsed<'_>,
    pair: &Pair,
    method: Option<&str>,
) -> Arc<Sighting> {
    let message = element.message;
    let correlation = parsed.correlation.as_deref().filter(|id| !id.is_empty());
    let identity = match (parent(message, parsed), correlation, element.group) {
        (Some(Parent { trace, span, flags }), ..) => {
            let state = state(message, parsed);
            Identity::Given(Context { trace, parent: span, flags, state })
        }
        (None, Some(id), _) => Identity::Operation(operation(key, id)),
        (None, None, Some(batch)) => Identity::Batch(batch),
        (None, None, None) => Identity::Alone,
    };
    let id: Cow<'_, str> = match &parsed.id {
        Some(Id::Text(text)) => Cow::Borrowed(text),
        Some(Id::Integer(number)) => Cow::Owned(number.to_string()),
        None => Cow::Borrowed(""),
    };
    let data = || message.properties.correlation_data.map_or(Cow::Borrowed(""), shown);
    let conversation = correlation.map_or_else(data, Cow::Borrowed);
    let texts = [method.unwrap_or_default(), &id, &conversation, message.topic];
    let jsonrpc = pair.dialect.as_deref().is_none_or(Dialect::is_jsonrpc);
    Arc::new(Sighting::new(identity, jsonrpc, message.payload.len(), texts))
}

/// Correlation Data as text.
fn shown(data: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(data) {
        Ok(text) if !text.chars().any(char::is_control) => Cow::Borrowed(text),
        _ => {
            let digits = data.iter().take(DATA_BYTES).map(|byte| format!("{byte:02x}"));
            Cow::Owned(digits.collect())
        }
    }
}
