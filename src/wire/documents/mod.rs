//! The shapes of the documents that lookout publishes; the schemas are made from them.
//!
//! What stands beside a member here (its meaning, range and words) is what the schemas say of it.
//! Members that are not known are left out rather than guessed. Times are RFC 3339 UTC with
//! milliseconds.

mod alert;
mod circuit;
mod ground;
mod security;
mod service;

pub(super) use alert::{AlertDocument, NoticeData, NoticeDocument, Related};
pub(super) use circuit::{Cascade, Circuit};
pub(super) use ground::{
    ComponentError, ComponentRecovered, Components, HealthDocument, PairDeaf, Services,
};
pub(super) use security::{ActionRequest, Happened, PartyDocument, SecurityAction, SecurityAlert};
pub(super) use service::{BadNews, CausedBy, Details, Recovered, RemedyAction, ServiceVerdict};

use crate::observer::{Instant, Span};
use serde::{Serialize, Serializer};
use std::fmt;

/// A moment, written as RFC 3339 UTC with milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Instant);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::try_from(self.0.micros()).unwrap_or(i64::MAX);
        // What no calendar holds is written as its last moment.
        let time = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rate, rounded to four decimals.
pub(super) fn rate(rate: f64) -> f64 {
    (rate * 10_000.0).round() / 10_000.0
}

/// A span in seconds, rounded to milliseconds.
pub(super) fn seconds(span: Span) -> f64 {
    (span.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// For shapes of which nothing is promised to be always there.
#[cfg(feature = "schema")]
fn promise_nothing(schema: &mut schemars::Schema) {
    schema.remove("required");
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "RFC 3339 in UTC with milliseconds.",
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        })
    }
}
