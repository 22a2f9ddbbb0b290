//! A message as it was heard, from a broker or from a file.

use std::borrow::Cow;

/// A user property of MQTT 5: its name and its value.
pub type UserProperty<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The user property that names the trace a message is a part of (W3C Trace Context).
pub const TRACEPARENT: &str = "traceparent";

/// The user property with what tracing systems say of that trace.
pub const TRACESTATE: &str = "tracestate";

/// One MQTT publication. Topic and payload are as hostile as whoever may publish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// The topic it was published on.
    pub topic: &'a str,
    /// Its bytes.
    pub payload: &'a [u8],
    /// Whether the broker marked it as retained: an old message, not a live one.
    pub retain: bool,
    /// Its MQTT 5 properties; none on MQTT 3.1.1.
    pub properties: Properties<'a>,
}

/// The MQTT 5 properties that matter for correlation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Properties<'a> {
    /// Response Topic.
    pub response_topic: Option<&'a str>,
    /// Correlation Data.
    pub correlation_data: Option<&'a [u8]>,
    /// Message Expiry Interval, in seconds.
    pub message_expiry: Option<u32>,
    /// User properties, in their order.
    pub user: &'a [UserProperty<'a>],
}

impl<'a> Properties<'a> {
    /// The value of the first user property of this name.
    pub fn user(&self, wanted: &str) -> Option<&'a str> {
        self.user.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value)
    }
}

/// A message that outlives what it was read from; borrowed where nothing had to be decoded.
#[derive(Debug)]
pub struct Recorded<'a> {
    pub(super) topic: Cow<'a, str>,
    pub(super) payload: Cow<'a, [u8]>,
    pub(super) retain: bool,
    pub(super) response_topic: Option<Cow<'a, str>>,
    pub(super) correlation_data: Option<Cow<'a, [u8]>>,
    pub(super) message_expiry: Option<u32>,
    pub(super) user: Vec<UserProperty<'a>>,
}

impl Recorded<'_> {
    /// The message, as a broker would have delivered it.
    pub fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            retain: self.retain,
            properties: Properties {
                response_topic: self.response_topic.as_deref(),
                correlation_data: self.correlation_data.as_deref(),
                message_expiry: self.message_expiry,
                user: &self.user,
            },
        }
    }
}

impl From<&Message<'_>> for Recorded<'static> {
    fn from(message: &Message<'_>) -> Self {
        let properties = &message.properties;
        let own = |text: &str| Cow::Owned(text.to_owned());
        Self {
            topic: own(message.topic),
            payload: Cow::Owned(message.payload.to_owned()),
            retain: message.retain,
            response_topic: properties.response_topic.map(own),
            correlation_data: properties.correlation_data.map(|data| Cow::Owned(data.to_owned())),
            message_expiry: properties.message_expiry,
            user: properties.user.iter().map(|(name, value)| (own(name), own(value))).collect(),
        }
    }
}
