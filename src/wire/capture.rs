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
#[cfg(feature = "schema")]
use shape::{all_counts, content_type, one_of_them};
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, transform = all_counts))]
pub struct ReplicaLine<'a> {
    /// The service they are of.
    #[serde(borrow)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    service: Cow<'a, str>,
    /// Replicas that run.
    #[serde(default)]
    running: u32,
    /// Replicas that are ready.
    #[serde(default)]
    ready: u32,
    /// Replicas that should be there.
    #[serde(default)]
    total: u32,
    /// How often those that are there were started anew.
    #[serde(default)]
    restarts: u32,
    /// Why the last one failed.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct SubscriberLine<'a> {
    /// The service whose topic is meant.
    #[serde(borrow)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    service: Cow<'a, str>,
    /// Whether anybody listens who may be the service: neither lookout nor another onlooker.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct ComponentLine<'a> {
    /// The component.
    #[serde(borrow)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    name: Cow<'a, str>,
    /// What kind of component.
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    /// Whether the check passed.
    healthy: bool,
    /// Whether one such answer is enough.
    #[serde(default)]
    definite: bool,
    /// How bad a failure of it is.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Severity::ALL.map(Severity::name), "default" = "error")))]
    severity: SeverityName,
    /// What the check found.
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    /// Whatever else it found.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    details: Option<&'a RawValue>,
    /// Whether it does not do its work at all, so that it explains that others do not; as a rule if it is critical.
    #[serde(default)]
    down: Option<bool>,
    /// What follows from it, in a word.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    impact: Option<Text<'a>>,
    /// What may help.
    #[serde(default)]
    recommendations: Vec<String>,
    /// How long the check took, in milliseconds.
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

/// What stands in a line.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = one_of_them))]
struct Raw<'a> {
    /// Microseconds since the Unix epoch.
    #[serde(borrow)]
    #[cfg_attr(feature = "schema", schemars(with = "u64"))]
    ts: &'a RawValue,
    /// The topic of a message.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "String", length(min = 1)))]
    topic: Option<Text<'a>>,
    /// Its bytes, where they are UTF-8.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    payload: Option<Text<'a>>,
    /// Its bytes in base64.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Za-z0-9+/]*={0,2}$"), extend("contentEncoding" = "base64")))]
    payload_b64: Option<Text<'a>>,
    /// Whether the broker marked it as retained.
    #[serde(default)]
    retain: bool,
    /// Its MQTT 5 properties.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "Props<'static>"))]
    props: Option<Props<'a>>,
    /// lookout's own link to the broker.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = ["up", "down"])))]
    link: Option<Text<'a>>,
    /// The observing process stood still for so many seconds before `ts`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "f64", range(min = 0)))]
    paused_s: Option<f64>,
    /// What the platform says of a service's replicas.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "ReplicaLine<'static>"))]
    replicas: Option<ReplicaLine<'a>>,
    /// What the broker says of who listens to a service's topic, asked at `ts`.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "SubscriberLine<'static>"))]
    subscribers: Option<SubscriberLine<'a>>,
    /// A probe's report on a component.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "ComponentLine<'static>"))]
    component: Option<ComponentLine<'a>>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, transform = content_type))]
struct Props<'a> {
    /// Where the reply is to go.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    response_topic: Option<Text<'a>>,
    /// The Correlation Data in base64.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Za-z0-9+/]*={0,2}$"), extend("contentEncoding" = "base64")))]
    correlation_data_b64: Option<Text<'a>>,
    /// The Message Expiry Interval in seconds.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "u32", range(max = 4_294_967_295_u64)))]
    message_expiry_s: Option<u32>,
    /// User properties in order, each a name and a value.
    // Kept as it is at first, so that a strange one spoils nothing.
    #[serde(borrow, default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<[String; 2]>"))]
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

#[cfg(feature = "schema")]
impl Line<'_> {
    /// The shape of a line.
    pub(super) fn shape(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Raw<'static> as schemars::JsonSchema>::json_schema(generator)
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

/// The parts of the schema of a line that the shape of [`Raw`] does not say.
#[cfg(feature = "schema")]
mod shape {
    use serde_json::{Value, json};

    /// A line says one thing, and a message has its payload in one of two forms. `qos` is written by
    /// other programs and read by none.
    pub(super) fn one_of_them(schema: &mut schemars::Schema) {
        let mut kinds = vec![json!({
            "required": ["topic"],
            "oneOf": [{ "required": ["payload"] }, { "required": ["payload_b64"] }],
        })];
        for other in ["link", "paused_s", "replicas", "subscribers", "component"] {
            kinds.push(json!({ "required": [other] }));
        }
        schema.insert("oneOf".to_owned(), kinds.into());
        let qos = json!({ "description": "Its quality of service; not read.", "enum": [0, 1, 2] });
        member(schema, "qos", qos);
    }

    /// Written by other programs, read by none.
    pub(super) fn content_type(schema: &mut schemars::Schema) {
        let text = json!({ "description": "The Content Type; not read.", "type": "string" });
        member(schema, "content_type", text);
    }

    /// Counts that are left out read as 0, but a line is to have them.
    pub(super) fn all_counts(schema: &mut schemars::Schema) {
        let all = json!(["service", "running", "ready", "total"]);
        schema.insert("required".to_owned(), all);
    }

    fn member(schema: &mut schemars::Schema, name: &str, value: Value) {
        if let Some(Value::Object(members)) = schema.get_mut("properties") {
            members.insert(name.to_owned(), value);
        }
    }
}
