//! Traffic files: one JSON object a line, ordered by `ts`, microseconds since the epoch.
//!
//! A line is a message, or says that the link changed, the process stood still, or what a
//! probe found. Unknown members are ignored; a line that is no JSON, has no `ts`, or has a
//! known member of a wrong type is bad and says nothing.

use super::message::{Recorded, UserProperty};
use super::number::integer;
use crate::observer::input::{Link, Replicas, Report, Severity, Subscribers};
use crate::observer::{Instant, Span};
use base64::Engine;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A line longer than this, in bytes, is bad, and is not written: memory is bounded by it, and
/// the largest payload that is read by default fits in ten times over, escaped or in base64.
pub const MAX_LINE: usize = 16 << 20;

/// A line of a traffic file.
#[derive(Debug)]
pub struct Line<'a> {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What<'a>,
}

/// What a line says.
#[derive(Debug)]
pub enum What<'a> {
    /// A message was heard.
    Message(Box<Recorded<'a>>),
    /// The link to the broker changed.
    Link(Link),
    /// The process stood still for so long before this moment.
    Paused(Span),
    /// The platform told of a service's replicas.
    Replicas(ReplicaLine<'a>),
    /// The broker told who listens to a service's topic.
    Subscribers(SubscriberLine<'a>),
    /// A probe reported on a component.
    Component(ComponentLine<'a>),
    /// Nothing that this version knows.
    Unknown,
}

/// A `replicas` member.
#[derive(Debug, Deserialize)]
pub struct ReplicaLine<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(default)]
    running: u32,
    #[serde(default)]
    ready: u32,
    #[serde(default)]
    total: u32,
    #[serde(default)]
    restarts: u32,
    #[serde(borrow, default)]
    cause: Option<Text<'a>>,
}

impl ReplicaLine<'_> {
    /// The service they belong to.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// As an input; `service` is its name with its digest.
    pub fn replicas<'n>(&'n self, service: crate::observer::input::Name<'n>) -> Replicas<'n> {
        Replicas {
            service,
            running: self.running,
            ready: self.ready,
            total: self.total,
            restarts: self.restarts,
            cause: self.cause.as_ref().map(|cause| &*cause.0),
        }
    }
}

/// A `subscribers` member.
#[derive(Debug, Deserialize)]
pub struct SubscriberLine<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    any: bool,
}

impl SubscriberLine<'_> {
    /// The service whose topic is meant.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// As an input; `service` is its name with its digest, and the broker was asked at `asked`.
    pub fn subscribers<'n>(
        &self,
        service: crate::observer::input::Name<'n>,
        asked: Instant,
    ) -> Subscribers<'n> {
        Subscribers { service, asked, any: self.any }
    }
}

/// A `component` member.
#[derive(Debug, Deserialize)]
pub struct ComponentLine<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    healthy: bool,
    #[serde(default)]
    definite: bool,
    #[serde(default)]
    severity: SeverityName,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    #[serde(default)]
    down: Option<bool>,
    #[serde(borrow, default)]
    impact: Option<Text<'a>>,
    #[serde(default)]
    recommendations: Vec<String>,
    #[serde(default)]
    took_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SeverityName {
    Info,
    Warning,
    #[default]
    Error,
    Critical,
}

impl ComponentLine<'_> {
    /// As an input.
    pub fn report(&self) -> Report<'_> {
        Report {
            name: &self.name,
            kind: &self.kind,
            healthy: self.healthy,
            definite: self.definite,
            severity: match self.severity {
                SeverityName::Info => Severity::Info,
                SeverityName::Warning => Severity::Warning,
                SeverityName::Error => Severity::Error,
                SeverityName::Critical => Severity::Critical,
            },
            message: &self.message,
            // What is critical does not do its work, unless the line says otherwise.
            down: self.down.unwrap_or(matches!(self.severity, SeverityName::Critical)),
            impact: self.impact.as_ref().map(|impact| &*impact.0),
            details: self.details.map(RawValue::get),
            advice: &self.recommendations,
            took: self.took_ms.map(|took| Span::from_millis(1).scaled(took)),
        }
    }
}

/// A string that borrows where it can, also as an optional member.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    ts: &'a RawValue,
    #[serde(borrow, default)]
    topic: Option<Text<'a>>,
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
    #[serde(borrow, default)]
    payload_b64: Option<Text<'a>>,
    #[serde(default)]
    retain: bool,
    #[serde(borrow, default)]
    props: Option<Props<'a>>,
    #[serde(borrow, default)]
    link: Option<Text<'a>>,
    #[serde(default)]
    paused_s: Option<f64>,
    #[serde(borrow, default)]
    replicas: Option<ReplicaLine<'a>>,
    #[serde(borrow, default)]
    subscribers: Option<SubscriberLine<'a>>,
    #[serde(borrow, default)]
    component: Option<ComponentLine<'a>>,
}

#[derive(Deserialize)]
struct Props<'a> {
    #[serde(borrow, default)]
    response_topic: Option<Text<'a>>,
    #[serde(borrow, default)]
    correlation_data_b64: Option<Text<'a>>,
    #[serde(default)]
    message_expiry_s: Option<u32>,
    /// Kept as it is at first, so that a strange one spoils nothing.
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
}

impl<'a> Props<'a> {
    /// The user properties; none if they are strange.
    fn user(&self) -> Vec<UserProperty<'a>> {
        let all = self.user.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let all: Vec<(Text<'a>, Text<'a>)> = all.unwrap_or_default();
        all.into_iter().map(|(Text(name), Text(value))| (name, value)).collect()
    }
}

impl<'a> Line<'a> {
    /// Reads a line; `None` if it is bad.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let raw: Raw<'a> = serde_json::from_slice(line).ok()?;
        let micros = u64::try_from(integer_of(raw.ts)?).ok()?;
        // Beyond 2106 it is no time stamp in microseconds, and driving there takes years.
        let at = Some(Instant::from_micros(micros)).filter(|at| at.second() < u32::MAX)?;
        let what = if let Some(Text(topic)) = raw.topic {
            let payload = match (raw.payload, raw.payload_b64) {
                (Some(Text(Cow::Borrowed(text))), _) => Cow::Borrowed(text.as_bytes()),
                (Some(Text(Cow::Owned(text))), _) => Cow::Owned(text.into_bytes()),
                (None, Some(Text(encoded))) => Cow::Owned(decode(&encoded)?),
                (None, None) => Cow::Borrowed(&b""[..]),
            };
            let mut message = Recorded {
                topic,
                payload,
                retain: raw.retain,
                response_topic: None,
                correlation_data: None,
                message_expiry: None,
                user: Vec::new(),
            };
            if let Some(props) = raw.props {
                message.user = props.user();
                message.response_topic = props.response_topic.map(|text| text.0);
                message.message_expiry = props.message_expiry_s;
                if let Some(Text(encoded)) = props.correlation_data_b64 {
                    message.correlation_data = Some(Cow::Owned(decode(&encoded)?));
                }
            }
            What::Message(Box::new(message))
        } else if let Some(Text(link)) = raw.link {
            match &*link {
                "up" => What::Link(Link::Up),
                "down" => What::Link(Link::Down),
                _ => return None,
            }
        } else if let Some(seconds) = raw.paused_s {
            What::Paused(Span::from_secs(1).scaled(seconds))
        } else if let Some(replicas) = raw.replicas {
            What::Replicas(replicas)
        } else if let Some(subscribers) = raw.subscribers {
            What::Subscribers(subscribers)
        } else if let Some(component) = raw.component {
            What::Component(component)
        } else {
            What::Unknown
        };
        Some(Self { at, what })
    }
}

fn integer_of(raw: &RawValue) -> Option<i128> {
    let number = matches!(raw.get().as_bytes().first()?, b'-' | b'0'..=b'9');
    if number { integer(raw.get()) } else { None }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
