//! A request with spans, and what the collector said to it, as OTLP over HTTP has it.

use super::retry::retry_after;
use crate::clock::Clock;
use crate::config::Collector;
use crate::observer::Span;
use crate::post::{Answer, Way};
use crate::wire::line::tame;
use anyhow::Context;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// Bytes of an answer that are read: more than any collector has to say.
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
#[derive(Debug)]
pub(super) struct Post {
    way: Way,
    headers: HeaderMap,
    clock: Clock,
}

/// What OTLP has in the body of a failure: `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Failure {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl Post {
    /// A way that is not taken yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(super) fn new(collector: &Collector, clock: Clock) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        for (name, value) in &collector.headers {
            let name = HeaderName::try_from(name).context("a header's name")?;
            // What is wrong with it must not show it.
            let mut value = HeaderValue::try_from(&value.0).context("a header's value")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(Self { way: Way::new(collector.door.clone())?, headers, clock })
    }

    /// Who is there, without what may be secret in the address.
    pub(super) fn host(&self) -> String {
        self.way.host()
    }

    /// Sends a request.
    pub(super) async fn send(&self, body: Bytes) -> Said {
        match self.way.send("", self.headers.clone(), body, READ).await {
            Err(problem) => Said::Later(problem, None),
            Ok(answer) => self.heard(&answer),
        }
    }

    fn heard(&self, answer: &Answer) -> Said {
        let Answer { status, retry_after: asked, body } = answer;
        if status.is_success() {
            // An answer that nobody can read says nothing of spans that were not taken.
            let read = ExportTraceServiceResponse::decode(body.as_slice()).unwrap_or_default();
            let partial = read.partial_success.unwrap_or_default();
            let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
            return Said::Took(rejected, shown(&partial.error_message));
        }
        let words = match Failure::decode(body.as_slice()) {
            Ok(failure) if !failure.message.is_empty() => shown(&failure.message),
            _ => shown(&String::from_utf8_lossy(body)),
        };
        let text = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
        match *status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let asked = asked.as_deref();
                Said::Later(text, asked.and_then(|asked| retry_after(asked, self.clock.now())))
            }
            status => Said::Never(status.as_u16(), text),
        }
    }
}

/// The first line of what somebody said, as far as it is fit to be shown.
fn shown(said: &str) -> String {
    let line = said.trim().lines().next().unwrap_or_default();
    let line: String = line.chars().take(SHOWN).collect();
    tame(&line)
}
