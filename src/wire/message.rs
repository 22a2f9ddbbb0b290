//! A message as it was heard, from a broker or from a file.

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
    /// The user property `traceparent` (W3C Trace Context).
    pub traceparent: Option<&'a str>,
}
