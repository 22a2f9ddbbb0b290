//! What the body of a call says.

use super::envelope::{Envelope, Id};
use super::message::Message;
use super::pair::{Pair, Said};
use super::read::Context;
use crate::observer::call::Malformed;
use std::borrow::Cow;

/// What the body of a call says; nothing, if it is opaque.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    /// Who is called.
    pub(super) service: Option<Cow<'a, str>>,
    /// What is called.
    pub(super) method: Option<Cow<'a, str>>,
    /// Its id.
    pub(super) id: Option<Id<'a>>,
    /// Where its reply is to go.
    pub(super) reply_to: Option<Cow<'a, str>>,
    /// The session that calls.
    pub(super) session: Option<Cow<'a, str>>,
    /// The business operation it is a part of.
    pub(super) correlation: Option<Cow<'a, str>>,
    /// The trace it is a part of.
    pub(super) traceparent: Option<Cow<'a, str>>,
    /// What tracing systems say of that trace.
    pub(super) tracestate: Option<Cow<'a, str>>,
    /// The values of the pair's outer names.
    pub(super) said: Said<'a>,
}

impl<'a> Parsed<'a> {
    /// Reads an envelope: as a JSON-RPC request if it says it is one, else as a service-call
    /// document if it has both names, else as what is nearly a request.
    pub(super) fn new(
        message: &Message<'a>,
        envelope: &Envelope<'a>,
        pair: &Pair,
        context: Context<'_>,
    ) -> Result<Self, Malformed> {
        envelope.check()?;
        let strict = envelope.is_jsonrpc() && envelope.has_method();
        let document = if strict { None } else { envelope.service_call()? };
        let mut parsed = match (document, pair.dialect.as_deref()) {
            (Some(names), _) => Self {
                service: Some(names.service),
                method: Some(names.method),
                id: envelope.message_id()?,
                ..Self::default()
            },
            (None, None) => {
                Self { id: envelope.id()?, method: envelope.method()?, ..Self::default() }
            }
            (None, Some(dialect)) => Self {
                id: dialect.id(envelope)?,
                method: match dialect.method(envelope) {
                    Some(method) => method?,
                    None => envelope.method()?,
                },
                ..Self::default()
            },
        };
        parsed.reply_to = envelope.reply_to()?;
        parsed.session = envelope.session_id()?;
        if context.parts || context.addresses || context.traces.is_some() {
            parsed.correlation = envelope.correlation_id()?;
        }
        if context.parts || context.traces.is_some() {
            parsed.traceparent = envelope.traceparent()?;
        }
        if context.traces.is_some() {
            parsed.tracestate = envelope.tracestate()?;
        }
        if !pair.outer.is_empty() {
            parsed.said = pair.said(message, Some(envelope));
        }
        Ok(parsed)
    }

    /// What is known of a call whose body is not read.
    pub(super) fn opaque(message: &Message<'a>, pair: &Pair) -> Self {
        Self { said: pair.said(message, None), ..Self::default() }
    }
}
