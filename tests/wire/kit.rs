//! What the wire tests share: a message in one line, its inputs in a few words.

use lookout::observer::Input;
use lookout::observer::call::{Answer, Malformed};
use lookout::observer::digest::{Digest, DigestKey};
use lookout::observer::input::{CallKind, Direction, Stray};
use lookout::wire::{Message, PairSpec, Properties, Reader, Traffic, TrafficSpec, UserProperty};

pub(crate) const KEY: DigestKey = DigestKey::new(7, 11);
pub(crate) const MIB: usize = 1 << 20;

/// A pair: name, call template, reply template, what composes the service.
pub(crate) type P = (&'static str, &'static str, &'static str, Option<&'static str>);
pub(crate) const DEFAULT: P = ("default", "service/{service}", "session/{session}/response", None);
/// The service and the method are in the topic.
pub(crate) const RPC: P = (
    "rpc",
    "/rpc/v1/{driver}/{service}/{method}/{client}",
    "/rpc/v1/{driver}/{service}/{method}/{client}/reply",
    None,
);
pub(crate) const BODY: P = ("body", "{service}/rpc", "{body.src}/rpc", None);
pub(crate) const BOTH: P = ("both", "bus/{service}", "bus/{service}", None);
pub(crate) const PLAIN: P = ("plain", "calls", "answers", None);
pub(crate) const RID: P = ("rid", "in/{service}/?$rid={call}", "out/{service}/?$rid={call}", None);

/// A message that a test hears.
#[derive(Clone, Debug)]
pub(crate) struct M {
    topic: String,
    payload: Vec<u8>,
    response_topic: Option<String>,
    correlation: Option<Vec<u8>>,
    expiry: Option<u32>,
    user: Vec<UserProperty<'static>>,
    retain: bool,
}

pub(crate) fn m(topic: &str, payload: impl AsRef<[u8]>) -> M {
    M {
        topic: topic.into(),
        payload: payload.as_ref().into(),
        response_topic: None,
        correlation: None,
        expiry: None,
        user: Vec::new(),
        retain: false,
    }
}

#[allow(dead_code)]
impl M {
    pub(crate) fn rt(mut self, topic: &str) -> Self {
        self.response_topic = Some(topic.into());
        self
    }
    pub(crate) fn cd(mut self, data: &[u8]) -> Self {
        self.correlation = Some(data.into());
        self
    }
    pub(crate) fn user(mut self, name: &str, value: &str) -> Self {
        self.user.push((name.to_owned().into(), value.to_owned().into()));
        self
    }
    pub(crate) fn traceparent(self, value: &str) -> Self {
        self.user("traceparent", value)
    }
    pub(crate) fn expiry(mut self, seconds: u32) -> Self {
        self.expiry = Some(seconds);
        self
    }
    pub(crate) fn retained(mut self) -> Self {
        self.retain = true;
        self
    }
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            retain: self.retain,
            properties: Properties {
                response_topic: self.response_topic.as_deref(),
                correlation_data: self.correlation.as_deref(),
                message_expiry: self.expiry,
                user: &self.user,
            },
        }
    }
}

pub(crate) fn spec(pairs: &[P]) -> TrafficSpec {
    let text = |text: &str| text.to_owned();
    TrafficSpec {
        cluster: text("main"),
        observer_id: text("lookout-1"),
        ignore: vec![text("noise/#"), text("service/Hidden")],
        activity: vec![text("ui/change/{channel}")],
        security: ["security/auth/{kind}", "security/authz/{kind}", "service/{service}/security"]
            .map(text)
            .into(),
        pairs: pairs
            .iter()
            .map(|(name, call, reply, service)| PairSpec {
                name: text(name),
                call: text(call),
                reply: vec![(*reply).into()],
                service: service.map(text),
                ..PairSpec::default()
            })
            .collect(),
        max_payload: MIB,
        who: None,
    }
}

pub(crate) fn reader(pairs: &[P]) -> Reader {
    Reader::new(Traffic::new(&spec(pairs)).unwrap(), KEY)
}

fn answer(answer: Answer) -> String {
    match answer {
        Answer::Result => "ok".into(),
        Answer::Error(None) => "err".into(),
        Answer::Error(Some(code)) => format!("err{code}"),
        Answer::Rejected => "rejected".into(),
        Answer::Failed => "failed".into(),
    }
}

fn malformed(pair: u16, direction: Direction, kind: Malformed) -> String {
    let direction = if direction == Direction::Call { "call" } else { "reply" };
    format!("bad {} {pair}.{direction}", kind.name())
}

/// An input in a few words: `call Service method two~ 5s` (`two`: with a reply, `two2`: under
/// two keys, `~`: any payload is its reply), `reply ok`, `bad not_json 0.call`, `ignored`.
pub(crate) fn word(input: &Input<'_>) -> String {
    match input {
        Input::Call(call) => {
            let kind = match call.kind {
                CallKind::OneWay => "oneway".into(),
                CallKind::Unheard => "void".into(),
                CallKind::TwoWay { keys, lenient, deadline, .. } => {
                    let mut kind = String::from(if keys.1.is_some() { "two2" } else { "two" });
                    kind += if lenient { "~" } else { "" };
                    deadline.iter().for_each(|span| kind += &format!(" {span}"));
                    kind
                }
            };
            let method = call.method.map_or("-", |method| method.text);
            format!("call {} {method} {kind}", call.service.text)
        }
        Input::Reply(reply) => match (reply.stray, reply.strict) {
            (Stray::Ignored, _) => "ignored".into(),
            (Stray::Malformed(kind), _) | (Stray::Unmatched, Err(kind)) => {
                malformed(reply.pair.0, reply.direction, kind)
            }
            (Stray::Unmatched, Ok(said)) => format!("reply {}", answer(said)),
        },
        Input::Malformed(pair, direction, kind) => malformed(pair.0, *direction, *kind),
        Input::Ignored => "ignored".into(),
        Input::Activity(channel) => format!("activity {channel}"),
        Input::Security(_) => "security".into(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn words(reader: &mut Reader, message: &M) -> String {
    let mut all = Vec::new();
    reader.read(&message.message(), &mut |input| all.push(word(&input)));
    all.join("; ")
}

/// Holds every row of a table; a failure shows all rows that differ.
pub(crate) fn check(pairs: &[P], rows: &[(M, &str)]) {
    let mut reader = reader(pairs);
    let mut wrong = Vec::new();
    for (message, wanted) in rows {
        let got = words(&mut reader, message);
        if got != *wanted {
            let mut shown =
                format!("{:?} {}", message.topic, String::from_utf8_lossy(&message.payload));
            shown = shown.chars().take(160).collect();
            wrong.push(format!("{shown}\n   wanted {wanted}\n      got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// What a reply is to the only call that was made: `ok`, `err…`, `bad …`, or `unmatched`.
pub(crate) fn exchange(pairs: &[P], call: &M, reply: &M) -> String {
    let mut reader = reader(pairs);
    let mut open: Option<(Vec<Digest>, bool)> = None;
    let mut said = Vec::new();
    reader.read(&call.message(), &mut |input| {
        if let Input::Call(call) = &input
            && let CallKind::TwoWay { keys, lenient, .. } = call.kind
        {
            open = Some(([Some(keys.0), keys.1].into_iter().flatten().collect(), lenient));
        } else {
            said.push(format!("no call: {}", word(&input)));
        }
    });
    let Some((keys, lenient)) = open else { return said.join("; ") };
    reader.read(&reply.message(), &mut |input| {
        let Input::Reply(reply) = &input else {
            return said.push(word(&input));
        };
        said.push(match (reply.keys.iter().any(|key| keys.contains(key)), lenient) {
            (false, _) => "unmatched".into(),
            (true, true) => answer(reply.lenient),
            (true, false) => match reply.strict {
                Ok(said) => answer(said),
                Err(kind) => format!("bad {}", kind.name()),
            },
        });
    });
    said.join("; ")
}

/// Holds every row of call, reply and what the reply is to the call.
pub(crate) fn check_exchanges(pairs: &[P], rows: &[(M, M, &str)]) {
    let mut wrong = Vec::new();
    for (at, (call, reply, wanted)) in rows.iter().enumerate() {
        let got = exchange(pairs, call, reply);
        if got != *wanted {
            let shown = |m: &M| format!("{:?} {}", m.topic, String::from_utf8_lossy(&m.payload));
            let (call, reply) = (shown(call), shown(reply));
            wrong.push(format!(
                "{at}: {call}\n   then {reply}\n   wanted {wanted}\n      got {got}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
