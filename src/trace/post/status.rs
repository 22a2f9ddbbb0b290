//! What gRPC says of a request: a number, words, and details, in the headers that end an answer. Pure.
//!
//! What may be sent again is as OTLP has it, which is not what the number alone says: a collector that has
//! too much to do (`RESOURCE_EXHAUSTED`) wants the request again only if it says when (`RetryInfo`), and may
//! say that with any other status as well.

use super::{Said, shown};
use crate::observer::Span;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};
use http::HeaderMap;
use prost::Message;

/// The names of gRPC's statuses, by their numbers.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// What is no number is this one.
pub(super) const UNKNOWN: u16 = 2;
const RESOURCE_EXHAUSTED: u16 = 8;
/// Those after which a request may be sent again: cancelled, deadline exceeded, aborted, out of range,
/// unavailable, data loss.
const PASSING: [u16; 6] = [1, 4, 10, 11, 14, 15];

/// gRPC's base64 has no padding, but need not do without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `google.rpc.Status`: what went wrong, as OTLP over HTTP has it in a body, and gRPC as details.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Failure {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, Copy, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// A status of gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    code: u16,
    message: String,
    /// When the request is wanted again.
    again: Option<Span>,
}

impl Status {
    /// That of an answer, if it is in these headers.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let code = headers.get("grpc-status")?;
        let code = code.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(UNKNOWN);
        let bytes = |name: &str| headers.get(name).map_or(&[][..], |value| value.as_bytes());
        let message = percent_decoded(bytes("grpc-message"));
        Some(Self { code, message, again: again(bytes("grpc-status-details-bin")) })
    }

    /// Whether the request was taken.
    pub(super) fn is_ok(&self) -> bool {
        self.code == 0
    }

    /// What it means, if it was not.
    pub(super) fn said(&self) -> Said {
        let name = match NAMES.get(usize::from(self.code)) {
            Some(name) => (*name).to_owned(),
            None => format!("status {}", self.code),
        };
        let words = shown(&self.message);
        let text = if words.is_empty() { name } else { format!("{name}: {words}") };
        if PASSING.contains(&self.code) || self.code == RESOURCE_EXHAUSTED && self.again.is_some() {
            // No time at all is none that was asked for.
            Said::Later(text, self.again.filter(|again| *again > Span::ZERO))
        } else {
            Said::Never(self.code, text)
        }
    }
}

/// When a request is wanted again, if details say so.
fn again(details: &[u8]) -> Option<Span> {
    let failure = Failure::decode(BASE64.decode(details).ok()?.as_slice()).ok()?;
    let name = |it: &&Detail| it.type_url.rsplit('/').next() == Some("google.rpc.RetryInfo");
    let info = failure.details.iter().find(name)?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.delay.unwrap_or_default();
    let seconds = u64::try_from(delay.seconds).unwrap_or(0);
    let nanos = u64::try_from(delay.nanos).unwrap_or(0);
    Some(Span::from_micros(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000)))
}

/// A text in which some bytes are written `%2F`; what is malformed stays as it is.
fn percent_decoded(text: &[u8]) -> String {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let code = match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        bytes.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of HTTP's basic scheme.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn details(type_url: &str, delay: Option<Delay>) -> String {
        let strange = Detail { type_url: "type.example/x.Y".to_owned(), value: vec![255; 3] };
        let value = RetryInfo { delay }.encode_to_vec();
        let info = Detail { type_url: type_url.to_owned(), value };
        let failure = Failure { code: 8, message: "busy".to_owned(), details: vec![strange, info] };
        BASE64.encode(failure.encode_to_vec())
    }

    fn retry(seconds: i64, nanos: i32) -> String {
        details("type.googleapis.com/google.rpc.RetryInfo", Some(Delay { seconds, nanos }))
    }

    fn said(code: &str, message: &str, details: &str) -> Said {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", code.parse().unwrap());
        headers.insert("grpc-message", message.parse().unwrap());
        headers.insert("grpc-status-details-bin", details.parse().unwrap());
        Status::read(&headers).unwrap().said()
    }

    #[test]
    fn what_may_be_sent_again_is_as_otlp_has_it() {
        for (code, name) in (0..).zip(NAMES).skip(1) {
            let (later, number) = (PASSING.contains(&code), code.to_string());
            let plain = said(&number, "no", "");
            let text = format!("{name}: no");
            if later {
                assert_eq!(plain, Said::Later(text.clone(), None));
            } else {
                assert_eq!(plain, Said::Never(code, text.clone()));
            }
            // With a time: none becomes refusable or passing by it but the one.
            let timed = said(&number, "no", &retry(7, 500_000_000));
            if later || name == "RESOURCE_EXHAUSTED" {
                assert_eq!(timed, Said::Later(text, Some(Span::from_micros(7_500_000))));
            } else {
                assert_eq!(timed, Said::Never(code, text));
            }
        }
        let passing: Vec<_> = PASSING.iter().map(|&code| NAMES[usize::from(code)]).collect();
        assert_eq!(
            passing,
            [
                "CANCELLED",
                "DEADLINE_EXCEEDED",
                "ABORTED",
                "OUT_OF_RANGE",
                "UNAVAILABLE",
                "DATA_LOSS"
            ]
        );
    }

    #[test]
    fn a_time_is_read_from_whatever_says_it_and_from_nothing_else() {
        let asked = |details: &str| match said("8", "", details) {
            Said::Later(text, asked) => {
                assert_eq!(text, "RESOURCE_EXHAUSTED");
                Some(asked)
            }
            Said::Never(8, _) => None,
            other => panic!("{other:?}"),
        };
        let other = "google.rpc.RetryInfo";
        assert_eq!(asked(&retry(0, 1_000)), Some(Some(Span::from_micros(1))));
        assert_eq!(
            asked(&details(other, Some(Delay { seconds: 1, nanos: 0 }))),
            Some(Some(Span::from_secs(1)))
        );
        let far = Span::from_micros(u64::MAX);
        assert_eq!(asked(&retry(i64::MAX, i32::MAX)), Some(Some(far)));
        // It may be sent again, and nobody says when.
        assert_eq!(asked(&retry(0, 0)), Some(None));
        assert_eq!(asked(&retry(-5, -1)), Some(None));
        assert_eq!(asked(&details(other, None)), Some(None));
        // Padded, as some write it.
        let whole = retry(3, 0);
        let padded = format!("{whole}{}", "=".repeat((4 - whole.len() % 4) % 4));
        assert_eq!(asked(&padded), Some(Some(Span::from_secs(3))));
        for nothing in
            ["", "!", "AAAA", "////", &details("x/google.rpc.RetryInfos", None), &whole[..20]]
        {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn numbers_and_words_are_read_as_they_come() {
        assert_eq!(Status::read(&HeaderMap::new()), None);
        assert_eq!(said("16", "", ""), Said::Never(16, "UNAUTHENTICATED".to_owned()));
        assert_eq!(said("99", "x", ""), Said::Never(99, "status 99: x".to_owned()));
        for odd in ["", "-1", "none", "99999"] {
            assert_eq!(said(odd, "", ""), Said::Never(UNKNOWN, "UNKNOWN".to_owned()), "{odd:?}");
        }
        for (written, meant) in [
            ("a%20b%2Fc", "a b/c"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%+1", "%zz%+1"),
            ("first%0Asecond", "first"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(
                said("3", written, ""),
                Said::Never(3, format!("INVALID_ARGUMENT: {meant}"))
            );
        }
        let long = said("3", &"x".repeat(5_000), "");
        assert_eq!(long, Said::Never(3, format!("INVALID_ARGUMENT: {}", "x".repeat(300))));
        let control = said("3", "%1B[31mred", "");
        assert!(matches!(&control, Said::Never(3, text) if !text.contains('\x1b')), "{control:?}");
        let mut ok = HeaderMap::new();
        ok.insert("grpc-status", "0".parse().unwrap());
        assert!(Status::read(&ok).unwrap().is_ok());
    }
}
