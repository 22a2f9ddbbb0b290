//! Calls and replies as bytes: what the callers and services of the world put on the wire.
//!
//! Each message carries what it will count as, so that lookout's figures can be held against the
//! number of messages it was given.

use crate::chance::Chance;
use crate::plan::{Form, Role, Service};
use lookout::wire::{Message, Properties};

/// What a message counts as: two-way calls, one-way calls, and all that are no calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) calls: u64,
    pub(crate) oneway: u64,
    pub(crate) others: u64,
}

/// A message on its way to lookout.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) retain: bool,
    pub(crate) response_topic: Option<String>,
    pub(crate) correlation: Option<[u8; 8]>,
    pub(crate) expiry: Option<u32>,
    pub(crate) count: Count,
    /// Whom it calls.
    pub(crate) called: Option<String>,
}

impl Heard {
    fn plain(topic: String, payload: String) -> Self {
        let count = Count { others: 1, ..Count::default() };
        let (response_topic, correlation, expiry) = (None, None, None);
        Self {
            topic,
            payload,
            retain: false,
            response_topic,
            correlation,
            expiry,
            count,
            called: None,
        }
    }

    /// A message that nobody can read.
    pub(crate) fn garbage(chance: &mut Chance) -> Self {
        let topic = ["session/nobody/response", "service/Orders"][chance.below(2) as usize];
        let payload = ["", "{", "[]", "\u{feff}{}", "7"][chance.below(5) as usize];
        Self::plain(topic.to_owned(), payload.to_owned())
    }

    /// What the broker kept of old; it comes again with each subscription.
    pub(crate) fn retained() -> Self {
        let payload = r#"{"jsonrpc":"2.0","id":1,"method":"get","sessionId":"old"}"#.to_owned();
        Self { retain: true, ..Self::plain("service/Orders".to_owned(), payload) }
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: self.payload.as_bytes(),
            retain: self.retain,
            properties: Properties {
                response_topic: self.response_topic.as_deref(),
                correlation_data: self.correlation.as_ref().map(<[u8; 8]>::as_slice),
                message_expiry: self.expiry,
                user: &[],
            },
        }
    }
}

/// How a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Result,
    Rejection,
    Failure,
}

/// One call, or several in one message.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) service: usize,
    pub(crate) name: String,
    pub(crate) form: Form,
    method: u64,
    session: String,
    /// The number in the id, or the first of several.
    id: u64,
    pub(crate) size: u64,
    /// What it is a part of.
    pub(crate) operation: u64,
    expiry: Option<u32>,
    /// Whoever waits for its answer, to answer in turn.
    pub(crate) then: Option<Box<Request>>,
}

impl Request {
    /// The next call to a service; `number` counts its calls.
    pub(crate) fn new(
        index: usize,
        service: &Service,
        number: u64,
        chance: &mut Chance,
    ) -> Box<Self> {
        let form = *chance.pick(&service.forms);
        let (sessions, ids) = service.sessions;
        // Finding "an early reply is taken for a late one": where a key is used again after an
        // unanswered call, a reply that overtakes the new call settles neither. So callers of
        // protected services take turns, and use a key again only after some thousand calls.
        let any = chance.below(sessions);
        let session = if service.protected() { number % sessions } else { any };
        let small = matches!(form, Form::Session | Form::Batch);
        let strange = service.role == Role::Strangers;
        let expiry = (service.role == Role::Troubled && chance.hits(0.1))
            .then(|| chance.between(0, 40) as u32);
        Box::new(Self {
            service: index,
            name: if strange { format!("stranger-{number}") } else { service.name.clone() },
            form,
            method: chance.below(service.methods),
            // Callers of services in trouble share their sessions, and so their ids, with others.
            session: if service.protected() {
                format!("{}-{session}", service.name)
            } else {
                format!("u{session}")
            },
            id: if small { (number / sessions) % ids } else { number },
            size: if form == Form::Batch { chance.between(2, 5) } else { 1 },
            operation: chance.next() >> 16,
            expiry,
            then: None,
        })
    }

    /// A call that a service makes to answer another.
    pub(crate) fn nested(index: usize, service: &Service, number: u64, by: Box<Self>) -> Box<Self> {
        Box::new(Self {
            service: index,
            name: service.name.clone(),
            form: Form::ReplyTo,
            method: 0,
            session: "of-checkout".to_owned(),
            id: 1_000_000_000 + number,
            size: 1,
            operation: by.operation,
            expiry: None,
            then: Some(by),
        })
    }

    fn id(&self, element: u64) -> String {
        let id = self.id + element * 100_000;
        match self.form {
            Form::Session | Form::Batch => id.to_string(),
            _ => format!("\"{}-{id}\"", self.service),
        }
    }

    fn correlation(&self) -> [u8; 8] {
        (self.id ^ (self.service as u64) << 56).to_be_bytes()
    }

    /// The call itself.
    pub(crate) fn heard(&self, role: Role) -> Heard {
        let topic = if role == Role::Deaf { "deaf" } else { "service" };
        let topic = format!("{topic}/{}", self.name);
        let (method, session, operation) = (self.method, &self.session, self.operation);
        let rest =
            format!(r#""method":"m{method}","params":{{}},"correlationId":"op-{operation}""#);
        let reply = format!("session/{session}/response");
        let mut heard = match self.form {
            Form::Session | Form::Batch => {
                let one = |element| {
                    let id = self.id(element);
                    format!(r#"{{"jsonrpc":"2.0","id":{id},{rest},"sessionId":"{session}"}}"#)
                };
                if self.form == Form::Session {
                    Heard::plain(topic, one(0))
                } else {
                    let all: Vec<String> = (0..self.size).map(one).collect();
                    Heard::plain(topic, format!("[{}]", all.join(",")))
                }
            }
            Form::ReplyTo => {
                let id = self.id(0);
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},{rest},"replyTo":"{reply}"}}"#);
                Heard::plain(topic, body)
            }
            Form::Nowhere => {
                let id = self.id(0);
                Heard::plain(topic, format!(r#"{{"jsonrpc":"2.0","id":{id},{rest}}}"#))
            }
            Form::Uncovered => {
                let id = self.id(0);
                let to = r#""replyTo":"inbox/private""#;
                Heard::plain(topic, format!(r#"{{"jsonrpc":"2.0","id":{id},{rest},{to}}}"#))
            }
            Form::Response => {
                let mut heard = Heard::plain(topic, format!("{{{rest}}}"));
                heard.response_topic = Some(reply);
                heard.correlation = Some(self.correlation());
                heard
            }
            Form::Document => {
                let (id, name) = (self.id(0), &self.name);
                let body = format!(
                    r#"{{"serviceName":"{name}","methodName":"m{method}","parameters":{{}},"messageId":{id},"sessionId":"{session}"}}"#
                );
                Heard::plain(topic, body)
            }
            Form::Topic => Heard::plain(self.rpc(), "{}".to_owned()),
            Form::OneWay => Heard::plain(topic, format!(r#"{{"jsonrpc":"2.0",{rest}}}"#)),
        };
        heard.expiry = self.expiry;
        heard.called = Some(self.name.clone());
        heard.count = match self.form {
            Form::OneWay => Count { oneway: 1, ..Count::default() },
            _ => Count { calls: self.size, ..Count::default() },
        };
        heard
    }

    fn rpc(&self) -> String {
        format!("rpc/{}/m{}/{}", self.name, self.method, self.id)
    }

    /// The reply to one of its elements, if lookout can hear it.
    pub(crate) fn reply(&self, element: u64, answer: Answer, code: i64) -> Option<Heard> {
        let what = match answer {
            Answer::Result => r#""result":{"a":1}"#.to_owned(),
            _ => format!(r#""error":{{"code":{code},"message":"no"}}"#),
        };
        let topic = format!("session/{}/response", self.session);
        let heard = match self.form {
            Form::OneWay | Form::Uncovered => return None,
            Form::Topic => Heard::plain(format!("{}/reply", self.rpc()), format!("{{{what}}}")),
            Form::Response => {
                let mut heard = Heard::plain(topic, format!("{{{what}}}"));
                heard.correlation = Some(self.correlation());
                heard
            }
            _ => {
                let id = self.id(element);
                Heard::plain(topic, format!(r#"{{"jsonrpc":"2.0","id":{id},{what}}}"#))
            }
        };
        Some(heard)
    }
}
