//! What lookout publishes, as far as a caller acts on it.
//!
//! Both envelopes are read, as it is a setting of lookout's. What does not read as expected is
//! left out: it is only bytes from a broker.

use crate::observer::Instant;
use serde::Deserialize;
use std::borrow::Cow;

/// Bytes of a document; larger ones are not lookout's.
const MAX: usize = 1 << 18;

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    params: Document<'a>,
}

/// The members of all kinds of documents that are taken up.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Document<'a> {
    #[serde(borrow)]
    pub(super) r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) service: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) verdict: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) since: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) state: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) retry_after: Cow<'a, str>,
    pub(super) trial_calls: Option<u32>,
    #[serde(borrow)]
    pub(super) estimated_recovery: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) correlation_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) component: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) severity: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
    /// What an alert says.
    #[serde(borrow)]
    pub(super) summary: Cow<'a, str>,
    /// Whether an alert fires.
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    pub(super) affected_services: Vec<String>,
    pub(super) caused_by: Option<CausedBy>,
    pub(super) services: Option<Services>,
}

/// The component that explains a service's trouble.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CausedBy {
    pub(super) component: String,
}

/// Services by verdict.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Services {
    pub(super) healthy: u32,
    pub(super) degraded: u32,
    pub(super) unavailable: u32,
}

#[derive(Deserialize)]
struct Presence {
    online: bool,
}

/// Reads a document.
pub(super) fn read(payload: &[u8]) -> Option<Document<'_>> {
    if payload.len() > MAX {
        return None;
    }
    let wrapped = serde_json::from_slice::<Wrapped<'_>>(payload).map(|it| it.params);
    let document = wrapped.or_else(|_| serde_json::from_slice(payload)).ok()?;
    Some(document).filter(|it: &Document<'_>| !it.r#type.is_empty())
}

/// Whether a lookout says that it is there.
pub(super) fn online(payload: &[u8]) -> bool {
    serde_json::from_slice::<Presence>(payload).is_ok_and(|it| it.online)
}

/// A moment in RFC 3339.
pub(super) fn moment(text: &str) -> Option<Instant> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok().map(Instant::from_micros)
}

/// When something ends that lookout says ends at `until`, by the clock here.
///
/// Clocks differ. A live document was made just now, so its own span counts from now; of a kept
/// one nobody knows for how long it lay there but by comparing clocks, and its own span bounds
/// what a wrong clock can do.
pub(super) fn end(document: &Document<'_>, kept: bool, now: Instant) -> Option<Instant> {
    let until = moment(&document.retry_after)?;
    let span = until.since(moment(&document.timestamp)?);
    Some(if kept { now + until.since(now).min(span) } else { now + span })
}

/// When something began that lookout says began at `moment`, by the clock here: not after now.
pub(super) fn begin(moment: Option<Instant>, kept: bool, now: Instant) -> Instant {
    moment.filter(|_| kept).map_or(now, |moment| moment.min(now))
}

/// The name in a topic: what a topic cannot hold is percent-encoded there.
pub(super) fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return name.into();
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::observer::Span;

    #[test]
    fn both_envelopes_are_read_and_garbage_is_not() {
        let bare = r#"{"type":"service_verdict","service":"A","verdict":"unavailable","new":[1]}"#;
        let wrapped = format!(r#"{{"jsonrpc":"2.0","method":"service_verdict","params":{bare}}}"#);
        for text in [bare, &wrapped] {
            let document = read(text.as_bytes()).unwrap();
            assert_eq!((&*document.service, &*document.verdict), ("A", "unavailable"));
        }
        let large = format!(r#"{{"type":"{}"}}"#, "x".repeat(MAX));
        for bad in ["", "{}", "[]", "7", r#"{"type":7}"#, r#"{"params":{}}"#, "\u{feff}{}", &large]
        {
            assert!(read(bad.as_bytes()).is_none(), "{}", &bad[..bad.len().min(40)]);
        }
    }

    #[test]
    fn every_sample_is_read() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema/samples");
        let mut read_ones = 0;
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with("event.") {
                let payload = std::fs::read(&path).unwrap();
                assert!(read(&payload).is_some(), "{name}");
                read_ones += 1;
            }
        }
        assert!(read_ones > 10);
    }

    #[test]
    fn a_clock_that_is_wrong_does_no_more_harm_than_the_documents_own_span() {
        let document = Document {
            timestamp: "2026-01-15T10:30:00Z".into(),
            retry_after: "2026-01-15T10:30:30Z".into(),
            ..Document::default()
        };
        let at = |seconds: u64| moment("2026-01-15T10:00:00Z").unwrap() + Span::from_secs(seconds);
        let left = |kept, now: u64| end(&document, kept, at(now)).unwrap().since(at(now));
        for now in [0, 1_800, 1_810, 9_000] {
            assert_eq!(left(false, now), Span::from_secs(30));
        }
        assert_eq!(left(true, 1_800), Span::from_secs(30));
        assert_eq!(left(true, 1_810), Span::from_secs(20));
        assert_eq!(left(true, 0), Span::from_secs(30), "a clock that is behind");
        assert_eq!(left(true, 9_000), Span::ZERO, "a clock that is ahead");
        assert_eq!(end(&Document::default(), true, at(0)), None);
        assert_eq!(begin(Some(at(5)), true, at(9)), at(5));
        assert_eq!(begin(Some(at(50)), true, at(9)), at(9));
        assert_eq!(begin(Some(at(5)), false, at(9)), at(9));
    }

    #[test]
    fn presence_is_read() {
        assert!(online(br#"{"online":true,"timestamp":1}"#));
        for gone in [r#"{"online":false}"#, "", "{}", r#"{"online":1}"#] {
            assert!(!online(gone.as_bytes()), "{gone}");
        }
    }

    #[test]
    fn names_in_topics_are_read_as_they_were_meant() {
        for (topic, name) in [
            ("A", "A"),
            ("d/B", "d/B"),
            ("F/g %2B%23%25", "F/g +#%"),
            ("%C3%A9", "\u{e9}"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%+1", "%+1"),
        ] {
            assert_eq!(unescaped(topic), name);
        }
    }
}
