//! Writes lines of traffic files, as `capture` reads them.
//!
//! A line is appended to a buffer of the caller's. Payloads that are UTF-8 are written as text,
//! so that a file can be read and searched by people; others in base64. What a line says when it
//! is read again is what was written, to the byte.

use super::message::{Message, Properties, UserProperty};
use crate::observer::input::Link;
use crate::observer::{Instant, Span};
use base64::Engine;
use serde::Serialize;
use std::io::Write;

/// Writes a message that arrived at `at`.
pub fn message(at: Instant, message: &Message<'_>, into: &mut Vec<u8>) {
    let text = std::str::from_utf8(message.payload).ok();
    let encoded = if text.is_none() { Some(encode(message.payload)) } else { None };
    let line = MessageLine {
        ts: at.micros(),
        topic: message.topic,
        payload: text,
        payload_b64: encoded,
        retain: message.retain,
        props: Props::new(&message.properties),
    };
    write(&line, into);
}

/// Writes that the link to the broker changed at `at`.
pub fn link(at: Instant, link: Link, into: &mut Vec<u8>) {
    let link = match link {
        Link::Up => "up",
        Link::Down => "down",
    };
    write(&LinkLine { ts: at.micros(), link }, into);
}

/// Writes that the process stood still for `span` before `at`.
pub fn paused(at: Instant, span: Span, into: &mut Vec<u8>) {
    write(&PauseLine { ts: at.micros(), paused_s: span.as_secs_f64() }, into);
}

#[derive(Serialize)]
struct MessageLine<'a> {
    ts: u64,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_b64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<Props<'a>>,
}

#[derive(Serialize)]
struct Props<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_data_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_expiry_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a [UserProperty<'a>]>,
}

impl<'a> Props<'a> {
    /// The properties; `None` if there are none.
    fn new(properties: &Properties<'a>) -> Option<Self> {
        let Properties { response_topic, correlation_data, message_expiry, user } = *properties;
        let any = response_topic.is_some()
            || correlation_data.is_some()
            || message_expiry.is_some()
            || !user.is_empty();
        any.then(|| Self {
            response_topic,
            correlation_data_b64: correlation_data.map(encode),
            message_expiry_s: message_expiry,
            user: (!user.is_empty()).then_some(user),
        })
    }
}

#[derive(Serialize)]
struct LinkLine {
    ts: u64,
    link: &'static str,
}

#[derive(Serialize)]
struct PauseLine {
    ts: u64,
    paused_s: f64,
}

fn encode(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn write(line: &impl Serialize, into: &mut Vec<u8>) {
    // Neither the buffer nor these shapes can fail.
    let _ = serde_json::to_writer(&mut *into, line);
    let _ = into.write_all(b"\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::super::capture::{Line, What};
    use super::*;

    const AT: Instant = Instant::from_micros(1_732_270_200_123_456);

    #[test]
    fn lines_read_as_the_manual_writes_them() {
        let user = [("traceparent", "00-a-b-01"), ("__stat", "200"), ("__stat", "")]
            .map(|(name, value)| (name.into(), value.into()));
        let all = Properties {
            response_topic: Some("answers/1"),
            correlation_data: Some(&[0xff, 0]),
            message_expiry: Some(5),
            user: &user,
        };
        let plain =
            Message { topic: "service/Größe", payload: b"{\"a\":1}\n", ..Message::default() };
        let cases: [(Message<'_>, &str); 4] = [
            (plain, r#""topic":"service/Größe","payload":"{\"a\":1}\n"}"#),
            (Message { payload: b"", ..plain }, r#""topic":"service/Größe","payload":""}"#),
            (
                Message { topic: "a", payload: &[0xfe, 0x61], retain: true, ..plain },
                r#""topic":"a","payload_b64":"/mE=","retain":true}"#,
            ),
            (
                Message { topic: "a", payload: b"x", properties: all, ..plain },
                r#""topic":"a","payload":"x","props":{"response_topic":"answers/1","correlation_data_b64":"/wA=","message_expiry_s":5,"user":[["traceparent","00-a-b-01"],["__stat","200"],["__stat",""]]}}"#,
            ),
        ];
        for (said, wanted) in cases {
            let mut line = Vec::new();
            message(AT, &said, &mut line);
            let text = String::from_utf8(line).unwrap();
            assert_eq!(text, format!("{{\"ts\":1732270200123456,{wanted}\n"));
            let Some(Line { at: AT, what: What::Message(read) }) = Line::read(text.as_bytes())
            else {
                panic!("{text} is no message");
            };
            assert_eq!(format!("{:?}", read.message()), format!("{said:?}"));
        }
    }

    #[test]
    fn changes_of_the_link_and_pauses_are_lines_too() {
        let mut lines = Vec::new();
        link(AT, Link::Down, &mut lines);
        link(AT, Link::Up, &mut lines);
        paused(AT, Span::from_millis(12_500), &mut lines);
        let wanted = [r#""link":"down"}"#, r#""link":"up"}"#, r#""paused_s":12.5}"#];
        let text = String::from_utf8(lines).unwrap();
        assert!(text.lines().eq(wanted.map(|end| format!("{{\"ts\":1732270200123456,{end}"))));
        let paused = Line::read(text.lines().last().unwrap().as_bytes()).unwrap();
        assert!(matches!(paused.what, What::Paused(span) if span == Span::from_millis(12_500)));
    }
}
