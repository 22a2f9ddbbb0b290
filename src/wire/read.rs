//! From a message to inputs.
//!
//! The topic decides first (see `traffic`). On a call topic every payload is tried as a call,
//! from the strictest form to the loosest; on a reply topic as a reply; where both templates
//! match, a request is a call and all else a reply. What cannot be read still goes to the
//! observer with the keys it has, because a call that came with a Response Topic takes any
//! payload as its answer; the observer knows whether one waits.

use super::dialect::Dialect;
use super::encoding::{Encoding, to_json};
use super::envelope::{Body, Envelope};
use super::message::Message;
use super::template::is_topic;
use super::traffic::{Place, Sorted, Traffic};
use super::{calls, replies, security, trace, who};
use crate::observer::call::{Malformed, PairId};
use crate::observer::digest::{Digest, DigestKey, Kind};
use crate::observer::input::{Direction, Input, Name, Stray};
use crate::security::sign::Sign;

/// Turns messages into inputs.
#[derive(Debug)]
pub struct Reader {
    traffic: Traffic,
    key: DigestKey,
    parts: bool,
    addresses: bool,
    traces: Option<DigestKey>,
    /// A buffer that is used again for each message.
    scratch: String,
    /// Another one, for payloads that are no JSON.
    json: Vec<u8>,
}

/// Where inputs go.
pub(super) type Sink<'s> = &'s mut dyn FnMut(Input<'_>);

/// What reading needs beside the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'r> {
    pub(super) traffic: &'r Traffic,
    pub(super) key: &'r DigestKey,
    /// Whether anyone asks what a call is a part of.
    pub(super) parts: bool,
    /// Whether anyone asks where its answer goes.
    pub(super) addresses: bool,
    /// The key of what an operation's trace is made of, if calls are traced.
    pub(super) traces: Option<&'r DigestKey>,
    /// Whether the payload was made JSON first.
    decoded: bool,
}

/// One element of a payload and the message around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'e, 'r, 'a> {
    pub(super) message: &'e Message<'a>,
    pub(super) place: &'e Place<'r, 'a>,
    pub(super) envelope: Result<&'e Envelope<'a>, Malformed>,
    /// It is one of several, and what cannot be read of it is not an opaque payload.
    pub(super) batch: bool,
    /// The digest of them all, if calls are traced.
    pub(super) group: Option<Digest>,
}

impl Reader {
    /// A reader for these rules, whose digests are made with `key`.
    pub fn new(traffic: Traffic, key: DigestKey) -> Self {
        Self {
            traffic,
            key,
            parts: false,
            addresses: false,
            traces: None,
            scratch: String::new(),
            json: Vec::new(),
        }
    }

    /// Reads also which business operation and trace a call is a part of.
    #[must_use]
    pub fn with_parts(self, parts: bool) -> Self {
        Self { parts, ..self }
    }

    /// Reads also where the answer to a call goes.
    #[must_use]
    pub fn with_addresses(self, addresses: bool) -> Self {
        Self { addresses, ..self }
    }

    /// Reads also what a trace tells of a call. The trace of a business operation is the same in
    /// every lookout of the cluster.
    #[must_use]
    pub fn with_traces(self, cluster: Option<&str>) -> Self {
        Self { traces: cluster.map(trace::key), ..self }
    }

    /// The rules.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// A service's name with its digest, as in the inputs.
    pub fn service<'a>(&self, name: &'a str) -> Name<'a> {
        Name { text: name, digest: self.key.digest(Kind::Service, name.as_bytes()) }
    }

    /// What a message on a security topic says to the security watch, if it can be read; beside what
    /// [`Reader::read`] makes of it.
    pub fn security<R>(
        &self,
        message: &Message<'_>,
        tell: impl FnOnce(Sign<'_>) -> R,
    ) -> Option<R> {
        let Sorted::Security(place) = self.traffic.sort(message.topic) else { return None };
        security::read(&self.key, message, place, tell)
    }

    /// A session with its digest, as in the inputs, if replies to one come on this topic.
    pub fn session<'t>(&self, topic: &'t str) -> Option<Name<'t>> {
        who::name(&self.key, Kind::Session, self.traffic.session(topic))
    }

    /// A name of a kind with its digest, as in the inputs.
    pub fn name<'n>(&self, kind: Kind, text: &'n str) -> Name<'n> {
        Name { text, digest: self.key.digest(kind, text.as_bytes()) }
    }

    /// A caller of that session, as calls name it.
    pub fn caller_of(&self, session: &str) -> Digest {
        self.key.digest(Kind::Caller, session.as_bytes())
    }

    /// The caller that replies on this topic are for, if the topic names its session.
    pub fn caller(&self, topic: &str) -> Option<Digest> {
        self.traffic.session(topic).map(|session| self.caller_of(session))
    }

    /// Reads a message and hands its inputs on: at least one, and one for each element of a
    /// batch.
    pub fn read(&mut self, message: &Message<'_>, sink: Sink<'_>) {
        if message.retain {
            return sink(Input::Ignored);
        }
        let (traffic, key) = (&self.traffic, &self.key);
        let Self { parts, addresses, .. } = *self;
        let traces = self.traces.as_ref();
        let context = Context { traffic, key, parts, addresses, traces, decoded: false };
        match self.traffic.sort(message.topic) {
            Sorted::Ignored => sink(Input::Ignored),
            Sorted::Activity(channel) => sink(Input::Activity(channel)),
            Sorted::Security(place) => sink(Input::Security(place.kind)),
            Sorted::Pairs(place) => match encoding(&place) {
                Encoding::Json => context.message(message, &place, &mut self.scratch, sink),
                other => {
                    context.decoded(
                        message,
                        &place,
                        other,
                        (&mut self.json, &mut self.scratch),
                        sink,
                    );
                }
            },
        }
    }
}

impl Context<'_> {
    fn message<'a>(
        self,
        message: &Message<'a>,
        place: &Place<'_, 'a>,
        scratch: &mut String,
        sink: Sink<'_>,
    ) {
        let wanted = self.traffic.members();
        let mut group = None;
        let mut one = |envelope: Result<&Envelope<'a>, Malformed>, batch| {
            if batch && self.traces.is_some() {
                group.get_or_insert_with(|| self.key.digest(Kind::Trace, message.payload));
            }
            self.element(&Element { message, place, envelope, batch, group }, scratch, sink);
        };
        // What was no JSON has grown, and was measured before.
        let max = if self.decoded { usize::MAX } else { self.traffic.max_payload };
        match Body::read(message.payload, max, wanted) {
            Body::Object(envelope) => one(Ok(&envelope), false),
            Body::Bad(kind) => one(Err(kind), false),
            Body::Batch(elements) => {
                let read = |element| Envelope::element(element, wanted);
                let dialect = dialect(place);
                let rpc = |envelope: &Envelope<'_>| {
                    is_request(dialect, envelope) || is_response(dialect, envelope)
                };
                let keyed = message.properties.correlation_data.is_some()
                    || response_topic(message).is_some()
                    || place.call.is_none();
                if keyed && !elements.iter().any(|element| read(element).is_ok_and(|e| rpc(&e))) {
                    // An array of anything where any payload may be meant: an opaque payload.
                    return one(Err(Malformed::NotObject), false);
                }
                for element in elements {
                    match read(element) {
                        Ok(envelope) => one(Ok(&envelope), true),
                        Err(kind) => one(Err(kind), true),
                    }
                }
            }
        }
    }

    /// Reads a message whose payload is no JSON.
    #[inline(never)]
    fn decoded<'a>(
        self,
        message: &Message<'a>,
        place: &Place<'_, 'a>,
        encoding: Encoding,
        (json, scratch): (&mut Vec<u8>, &mut String),
        sink: Sink<'_>,
    ) {
        let keep = |name: &str| Envelope::reads(name, self.traffic.members());
        let kind = if message.payload.len() > self.traffic.max_payload {
            Malformed::TooLarge
        } else if encoding == Encoding::Opaque {
            Malformed::NotDecoded
        } else {
            match to_json(message.payload, encoding, &keep, json) {
                Ok(()) => {
                    let context = Self { decoded: true, ..self };
                    let message = &Message { payload: json, ..*message };
                    // What was borrowed from the message lives longer than the text, so the topic
                    // is sorted again.
                    let Sorted::Pairs(place) = self.traffic.sort(message.topic) else { return };
                    return context.message(message, &place, scratch, sink);
                }
                Err(_) => Malformed::NotDecoded,
            }
        };
        let element = Element { message, place, envelope: Err(kind), batch: false, group: None };
        self.element(&element, scratch, sink);
    }

    fn element<'a>(self, element: &Element<'_, '_, 'a>, scratch: &mut String, sink: Sink<'_>) {
        let place = element.place;
        let dialect = dialect(place);
        let request = element.envelope.is_ok_and(|it| is_request(dialect, it));
        let response = element.envelope.is_ok_and(|it| is_response(dialect, it));
        let answers = !place.replies.is_empty();
        let Some((pair, values)) = &place.call else {
            let stray = if request && !response { Some(Stray::Ignored) } else { None };
            return replies::read(self, element, stray, sink);
        };
        let addressed = response_topic(element.message).is_some() && !element.batch;
        let bound = dialect.is_some_and(|dialect| dialect.only_addressed);
        if bound && !addressed {
            return replies::read(self, element, Some(Stray::Ignored), sink);
        }
        // A topic for both directions: what has a result or an error is a reply, unless what makes
        // a request of it stands elsewhere than usual and is there.
        let sure = dialect.is_some_and(Dialect::has_own_method);
        let reply = answers && response && !(sure && request);
        let named = pair.method.is_some();
        let nearly = named && !response && element.envelope.is_ok();
        let any = !answers && dialect.is_some_and(Dialect::takes_any);
        if !reply && (request || addressed || nearly || any) {
            return calls::read(self, element, pair, values, scratch, sink);
        }
        let stray = match element.envelope {
            _ if answers => None,
            Err(kind) => Some(Stray::Malformed(kind)),
            Ok(envelope) => Some(Stray::Malformed(match envelope.check() {
                Err(kind) => kind,
                Ok(()) if response => Malformed::NotACall,
                Ok(()) => Malformed::BadMethod,
            })),
        };
        replies::read(self, element, stray, sink);
    }

    /// The key of a topic.
    pub(super) fn topic(self, topic: &str) -> Digest {
        self.key.digest(Kind::Topic, topic.as_bytes())
    }
}

fn is_request(dialect: Option<&Dialect>, envelope: &Envelope<'_>) -> bool {
    match dialect {
        None => envelope.has_method() || envelope.is_service_call(),
        Some(dialect) => dialect.is_request(envelope),
    }
}

fn is_response(dialect: Option<&Dialect>, envelope: &Envelope<'_>) -> bool {
    match dialect {
        None => envelope.is_response(),
        Some(dialect) => dialect.is_response(envelope),
    }
}

/// Its Response Topic; an empty one, or one with wildcards, counts as absent.
pub(super) fn response_topic<'a>(message: &Message<'a>) -> Option<&'a str> {
    message.properties.response_topic.filter(|topic| !topic.is_empty() && is_topic(topic))
}

/// What payloads on a topic are written in: what its first pair says.
pub(super) fn encoding(place: &Place<'_, '_>) -> Encoding {
    dialect(place).map_or(Encoding::Json, |dialect| dialect.encoding)
}

/// The dialect of a topic's first pair, if it has one.
fn dialect<'r>(place: &Place<'r, '_>) -> Option<&'r Dialect> {
    let called = place.call.as_ref().map(|(pair, _)| *pair);
    called.or_else(|| Some(place.replies.first()?.pair))?.dialect.as_deref()
}

/// The pair and template that a message is counted under if it cannot be read.
pub(super) fn home(place: &Place<'_, '_>) -> (PairId, Direction) {
    match (&place.call, place.replies.first()) {
        (Some((pair, _)), _) => (pair.id, Direction::Call),
        (None, Some(reply)) => (reply.pair.id, Direction::Reply),
        (None, None) => (PairId::default(), Direction::Call),
    }
}
