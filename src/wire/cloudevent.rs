//! CloudEvents 1.0 attributes of a document, for those who route events without reading them.
//!
//! Binary mode of the MQTT 5 binding: each attribute is a user property of its name, and the
//! payload stays what it is. MQTT 3.1.1 has no properties; there the document must do. An event
//! that is said on two topics has one id on both.

use super::documents::Time;
use crate::observer::Instant;
use std::fmt::Write;

/// The attributes of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEvent {
    /// Unique among the events of its source.
    pub id: String,
    /// Who says it: a URI reference.
    pub source: String,
    /// Its type, such as `service_unavailable`.
    pub kind: &'static str,
    /// When it happened.
    pub time: Instant,
    /// The service, component or pair that it is about.
    pub subject: Option<String>,
}

impl CloudEvent {
    /// Names and values, as user properties carry them.
    pub fn attributes(&self) -> Vec<(String, String)> {
        let subject = self.subject.as_ref().map(|subject| ("subject", subject.clone()));
        let all = [
            ("specversion", "1.0".to_owned()),
            ("id", self.id.clone()),
            ("source", self.source.clone()),
            ("type", self.kind.to_owned()),
            ("time", Time(self.time).to_string()),
        ];
        all.into_iter().chain(subject).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The source that a lookout is: `/lookout/{cluster}/{id}`, percent-encoded.
pub(super) fn source(cluster: &str, id: &str) -> String {
    let mut source = String::from("/lookout");
    for part in [cluster, id] {
        source.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                source.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(source, "%{byte:02X}");
            }
        }
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_uri_reference_whatever_the_names() {
        assert_eq!(source("east-1", "lookout-a.b"), "/lookout/east-1/lookout-a.b");
        assert_eq!(source("Größe 5", "a?b"), "/lookout/Gr%C3%B6%C3%9Fe%205/a%3Fb");
    }

    #[test]
    fn attributes_are_those_of_the_standard() {
        let event = CloudEvent {
            id: "1-1".into(),
            source: "/lookout/c/i".into(),
            kind: "health",
            time: Instant::from_micros(1_732_270_200_123_456),
            subject: None,
        };
        let told = event.attributes();
        let told: Vec<_> =
            told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let time = ("time", "2024-11-22T10:10:00.123Z");
        let all = [
            ("specversion", "1.0"),
            ("id", "1-1"),
            ("source", "/lookout/c/i"),
            ("type", "health"),
            time,
        ];
        assert_eq!(told, all);
        let about = CloudEvent { subject: Some("Billing".into()), ..event };
        assert_eq!(about.attributes().pop(), Some(("subject".into(), "Billing".into())));
    }
}
