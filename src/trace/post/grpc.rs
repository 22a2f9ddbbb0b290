//! OTLP over gRPC: `TraceService/Export`, one request and one answer.
//!
//! That is little more than HTTP/2 has: five bytes before a message, and a status behind the answer, so it
//! is written here over the HTTP library that is there anyway. A library for gRPC would be one more to keep up
//! with, and does not tell the status that a collector sent from one that it made up itself because
//! there was no answer: the former may mean that spans are refused, the latter never does.

use super::line::{Answer, Body, Line};
use super::status::{Status, UNKNOWN, basic};
use super::{Said, in_words, is_passing, secret, took};
use crate::clock::Clock;
use crate::config::{Door, Login};
use crate::post::host;
use anyhow::Context;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT,
};
use http::{Method, Request, StatusCode, Uri};

const EXPORT: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// What begins the type of each answer that is gRPC's.
const TYPE: &str = "application/grpc";
/// Bytes before a message: whether it is compressed, and how long it is.
const PREFIX: usize = 5;

/// The way over gRPC.
pub(super) struct Grpc {
    line: Line,
    host: String,
    uri: Uri,
    headers: HeaderMap,
}

impl Grpc {
    pub(super) fn new(door: &Door, given: HeaderMap, clock: Clock) -> anyhow::Result<Self> {
        let uri = door.url.join(EXPORT).context("an address of gRPC")?;
        let uri = Uri::try_from(uri.as_str()).context("an address of gRPC")?;
        let mut headers = HeaderMap::new();
        let login = match &door.login {
            Login::None => None,
            Login::Basic(user, password) => Some(basic(user, &password.0)),
            Login::Bearer(token) => Some(format!("Bearer {}", token.0)),
        };
        if let Some(login) = login {
            headers.insert(AUTHORIZATION, secret(&login).context("user, password or token")?);
        }
        headers.extend(given);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let agent = concat!("lookout/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        // In milliseconds; the longest that the settings allow has five digits of eight.
        let patience = format!("{}m", door.timeout.micros() / 1_000);
        let name = HeaderName::from_static("grpc-timeout");
        headers.insert(name, HeaderValue::try_from(patience)?);
        Ok(Self { line: Line::new(door, clock), host: host(door), uri, headers })
    }

    pub(super) fn host(&self) -> String {
        self.host.clone()
    }

    pub(super) async fn send(&self, message: Bytes) -> Said {
        let mut prefix = BytesMut::with_capacity(PREFIX);
        prefix.put_u8(0);
        // A request has a few megabytes at most.
        prefix.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        let mut request = Request::new(Body::new(prefix.freeze().chain(message)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        match self.line.ask(request).await {
            Err(problem) => Said::Later(problem, None),
            Ok(answer) => heard(&answer),
        }
    }
}

fn heard(answer: &Answer) -> Said {
    let Answer { status, headers, body, trailers } = answer;
    // An answer without a message has its status where it begins.
    match Status::read(trailers).or_else(|| Status::read(headers)) {
        Some(said) if said.is_ok() => return took(message(body)),
        Some(said) => return said.said(),
        None => {}
    }
    let sort = headers.get(CONTENT_TYPE).and_then(|sort| sort.to_str().ok());
    let is_grpc = sort.is_some_and(|sort| sort.starts_with(TYPE));
    match *status {
        // Somebody between here and there gave up on it.
        StatusCode::OK if is_grpc => Said::Later("an answer without an end".to_owned(), None),
        StatusCode::OK => Said::Never(UNKNOWN, "an answer that is none of gRPC".to_owned()),
        status => {
            let text = in_words(status, &String::from_utf8_lossy(body));
            if is_passing(status) {
                Said::Later(text, None)
            } else {
                Said::Never(status.as_u16(), text)
            }
        }
    }
}

/// The message of an answer; empty if it is compressed, which nobody asked for, or not all there.
fn message(body: &[u8]) -> &[u8] {
    match body.split_at_checked(PREFIX) {
        Some(([0, a, b, c, d], message)) => {
            let long = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            message.get(..long).unwrap_or_default()
        }
        _ => &[],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use prost::Message;

    /// An answer with a status of HTTP, its type, what is in it, and a status of gRPC that begins or ends it.
    fn answer(
        status: u16,
        sort: &'static str,
        body: &[u8],
        (begins, ends): (&str, &str),
    ) -> Answer {
        let with = |code: &str| {
            let mut headers = HeaderMap::new();
            if !code.is_empty() {
                headers.insert("grpc-status", code.parse().unwrap());
            }
            headers
        };
        let mut headers = with(begins);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(sort));
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers, body: body.to_vec(), trailers: with(ends) }
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut framed = vec![0];
        framed.put_u32(message.len() as u32);
        framed.extend_from_slice(message);
        framed
    }

    #[test]
    fn an_answer_is_what_its_end_says() {
        let partial = ExportTracePartialSuccess {
            rejected_spans: 3,
            error_message: "too\told\nreally".to_owned(),
        };
        let partial = ExportTraceServiceResponse { partial_success: Some(partial) };
        let partial = framed(&partial.encode_to_vec());
        let took = |count, why: &str| Said::Took(count, why.to_owned());
        let never = |code, why: &str| Said::Never(code, why.to_owned());
        let later = |why: &str| Said::Later(why.to_owned(), None);
        let mut compressed = partial.clone();
        compressed[0] = 1;
        let grpc = "application/grpc+proto";
        for (given, said) in [
            (answer(200, grpc, &framed(&[]), ("", "0")), took(0, "")),
            (answer(200, grpc, &partial, ("", "0")), took(3, "too\\told")),
            // It took the request, and says something that nobody can read.
            (answer(200, grpc, &compressed, ("", "0")), took(0, "")),
            (answer(200, grpc, &partial[..partial.len() - 1], ("", "0")), took(0, "")),
            (answer(200, grpc, &framed(&[255; 9]), ("", "0")), took(0, "")),
            (answer(200, grpc, &[], ("0", "")), took(0, "")),
            (answer(200, grpc, &[0; 4], ("0", "")), took(0, "")),
            (answer(200, grpc, &[], ("14", "")), later("UNAVAILABLE")),
            (answer(200, grpc, &partial, ("", "14")), later("UNAVAILABLE")),
            (answer(200, grpc, &[], ("", "3")), never(3, "INVALID_ARGUMENT")),
            // What ends an answer counts, and what says it as gRPC does.
            (answer(200, grpc, &partial, ("0", "8")), never(8, "RESOURCE_EXHAUSTED")),
            (answer(503, "text/html", &[], ("", "16")), never(16, "UNAUTHENTICATED")),
            (answer(200, grpc, &partial, ("", "")), later("an answer without an end")),
            (
                answer(200, "text/html", b"<p>", ("", "")),
                never(2, "an answer that is none of gRPC"),
            ),
            (answer(503, "text/plain", b"busy", ("", "")), later("503 Service Unavailable: busy")),
            (answer(429, "text/plain", b"", ("", "")), later("429 Too Many Requests")),
            (answer(404, "text/plain", b"no\nno", ("", "")), never(404, "404 Not Found: no")),
        ] {
            assert_eq!(heard(&given), said);
        }
    }

    #[test]
    fn a_message_is_as_long_as_it_says() {
        assert_eq!(message(&framed(b"abc")), b"abc");
        assert_eq!(message(&[framed(b"abc"), b"more".to_vec()].concat()), b"abc");
        for cut in 0..8 {
            assert_eq!(message(&framed(b"abc")[..cut]), b"", "{cut}");
        }
        assert_eq!(message(&[0, 255, 255, 255, 255, 1]), b"");
    }
}
