//! A request with spans, and what the collector said to it. Two ways lead there: `http`, and `grpc`
//! over a connection of its own (`line`), whose words for what went wrong `status` reads. Whichever it is,
//! the request is the same bytes, and the answer one of three.

mod grpc;
mod http;
mod line;
mod status;

use crate::clock::Clock;
use crate::config::{Collector, Otlp};
use crate::observer::Span;
use crate::wire::line::tame;
use ::http::StatusCode;
use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use anyhow::Context;
use bytes::Bytes;
use grpc::Grpc;
use http::Http;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

/// Bytes of an answer that are kept: more than any collector has to say.
const READ: usize = 16 * 1_024;
/// Characters of it that are shown.
const SHOWN: usize = 300;

/// What a collector said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It took the request, but for so many spans, and why.
    Took(u64, String),
    /// It cannot take it for now: why, and when it wants it again.
    Later(String, Option<Span>),
    /// It will not take it: with which status, and why.
    Never(u16, String),
}

/// The way to a collector.
pub(super) struct Post(Way);

enum Way {
    Http(Http),
    Grpc(Grpc),
}

impl Post {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(collector: &Collector, clock: Clock) -> anyhow::Result<Self> {
        let headers = headers(collector)?;
        let door = collector.door.clone();
        Ok(Self(match collector.protocol {
            Otlp::Http => Way::Http(Http::new(door, headers, clock)?),
            Otlp::Grpc => Way::Grpc(Grpc::new(&door, headers, clock)?),
        }))
    }

    /// Who is there, without what may be secret in the address.
    pub(super) fn host(&self) -> String {
        match &self.0 {
            Way::Http(way) => way.host(),
            Way::Grpc(way) => way.host(),
        }
    }

    /// Sends a request.
    pub(super) async fn send(&self, body: Bytes) -> Said {
        match &self.0 {
            Way::Http(way) => way.send(body).await,
            Way::Grpc(way) => way.send(body).await,
        }
    }
}

/// The headers that the settings name.
fn headers(collector: &Collector) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &collector.headers {
        let name = HeaderName::try_from(name).context("a header's name")?;
        headers.insert(name, secret(&value.0).context("a header's value")?);
    }
    Ok(headers)
}

/// A header's value that does not show itself; neither does what is wrong with it.
fn secret(value: &str) -> anyhow::Result<HeaderValue> {
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a collector says of a request that it took.
fn took(message: &[u8]) -> Said {
    // An answer that nobody can read says nothing of spans that were not taken.
    let read = ExportTraceServiceResponse::decode(message).unwrap_or_default();
    let partial = read.partial_success.unwrap_or_default();
    let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
    Said::Took(rejected, shown(&partial.error_message))
}

/// A status of HTTP, and the words that came with it.
fn in_words(status: StatusCode, words: &str) -> String {
    let words = shown(words);
    if words.is_empty() { status.to_string() } else { format!("{status}: {words}") }
}

/// Whether a request may be sent again after a status of HTTP.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// The first line of what somebody said, as far as it is fit to be shown.
fn shown(said: &str) -> String {
    let line = said.trim().lines().next().unwrap_or_default();
    let line: String = line.chars().take(SHOWN).collect();
    tame(&line)
}
