//! OTLP over HTTP: the request as protobuf, and what statuses mean.

use super::status::Failure;
use super::{READ, Said, in_words, is_passing, took};
use crate::clock::Clock;
use crate::config::Door;
use crate::post::{Answer, Way};
use crate::trace::retry::retry_after;
use bytes::Bytes;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

/// The way over HTTP.
pub(super) struct Http {
    way: Way,
    headers: HeaderMap,
    clock: Clock,
}

impl Http {
    pub(super) fn new(door: Door, mut headers: HeaderMap, clock: Clock) -> anyhow::Result<Self> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        Ok(Self { way: Way::new(door)?, headers, clock })
    }

    pub(super) fn host(&self) -> String {
        self.way.host()
    }

    pub(super) async fn send(&self, body: Bytes) -> Said {
        match self.way.send("", self.headers.clone(), body, READ).await {
            Err(problem) => Said::Later(problem, None),
            Ok(answer) => self.heard(&answer),
        }
    }

    fn heard(&self, Answer { status, retry_after: asked, body }: &Answer) -> Said {
        if status.is_success() {
            return took(body);
        }
        let text = match Failure::decode(body.as_slice()) {
            Ok(failure) if !failure.message.is_empty() => in_words(*status, &failure.message),
            _ => in_words(*status, &String::from_utf8_lossy(body)),
        };
        if !is_passing(*status) {
            return Said::Never(status.as_u16(), text);
        }
        let asked = asked.as_deref();
        Said::Later(text, asked.and_then(|asked| retry_after(asked, self.clock.now())))
    }
}
