//! What lookout published, read by whoever watches it: how things stand, and what happened.
//!
//! Both envelopes are read. Anybody on the broker may publish on these topics: whatever does not read
//! as expected is left out, and texts are bounded by whoever keeps them.

use super::line;
use crate::observer::Instant;
use serde::Deserialize;

/// Bytes of a document; larger ones are not lookout's.
const MAX: usize = 1 << 16;

/// What a document says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The platform as it stands.
    Health(Health),
    /// A service as it stands.
    Verdict(Verdict),
    /// A circuit as it stands.
    Circuit(Circuit),
    /// A service is no longer known.
    Gone(String),
    /// Whether an observer is there.
    Observer(String, bool),
    /// Something happened.
    Happened(Happening),
}

/// The platform as it stands.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// healthy, degraded or unhealthy.
    pub status: String,
    /// How many services read how.
    pub services: Services,
    /// How many components are how.
    #[serde(default)]
    pub components: Components,
    /// Circuits that are not closed.
    #[serde(default)]
    pub open_circuits: u32,
    /// Incidents under way.
    #[serde(default)]
    pub open_incidents: u32,
    /// Whether lookout doubts its own ears.
    #[serde(default)]
    pub in_doubt: bool,
    /// When it was said, as RFC 3339.
    #[serde(default)]
    pub timestamp: String,
}

/// Services by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Services {
    /// See the names.
    pub healthy: u32,
    /// See the names.
    pub degraded: u32,
    /// See the names.
    pub unavailable: u32,
    /// See the names.
    pub unknown: u32,
}

/// Components that are not well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Components {
    /// Those that work, but.
    pub degraded: u32,
    /// Those that do not.
    pub unhealthy: u32,
}

/// A service as it stands.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Its name.
    pub service: String,
    /// healthy, degraded, unavailable or unknown.
    pub verdict: String,
    /// Why, if it is bad.
    pub reason: Option<String>,
    /// Since when, as RFC 3339.
    pub since: String,
    /// What its circuit tells callers.
    #[serde(default)]
    pub circuit: String,
    /// Share of calls that were answered.
    pub response_rate: Option<f64>,
    /// Share of calls that failed or were not answered.
    pub failure_rate: Option<f64>,
    /// 95th percentile of reply times in milliseconds.
    pub p95_ms: Option<f64>,
    /// The incident under way.
    pub correlation_id: Option<String>,
}

/// A circuit as it stands.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Circuit {
    /// Whose.
    pub service: String,
    /// What it tells callers.
    pub state: String,
    /// When an open one will be half-open, as RFC 3339.
    pub retry_after: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happening {
    /// Its type, such as `service_unavailable`.
    pub kind: String,
    /// Whom it is about.
    pub subject: String,
    /// Whether it was an emergency.
    pub emergency: bool,
    /// The circuit's new state, if it is about one.
    pub state: String,
    /// The line that says it.
    pub line: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wrapped<T> {
    JsonRpc { params: T },
    Bare(T),
}

impl<T> Wrapped<T> {
    fn open(self) -> T {
        match self {
            Self::JsonRpc { params } | Self::Bare(params) => params,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Facts {
    r#type: String,
    service: String,
    component: String,
    pair: String,
    origin_service: String,
    state: String,
    /// Of an alert.
    status: String,
}

#[derive(Deserialize)]
struct Presence {
    online: bool,
}

/// The filters under which there is everything to know of a cluster: what happens, and what stands.
pub fn filters(cluster: &str) -> (Vec<String>, Vec<String>) {
    let below = |rest: &&str| format!("system/{cluster}/{rest}");
    let happens = ["errors", "emergency", "actions"].iter().map(below).collect();
    // The level above is in it: what happens to circuits.
    let stands = ["services/#", "circuit-breaker/#", "health", "observer/+"];
    (happens, stands.iter().map(below).collect())
}

/// Reads a document of a cluster; `None` if it is none.
pub fn read(cluster: &str, topic: &str, payload: &[u8]) -> Option<Said> {
    let below = topic.strip_prefix("system/")?.strip_prefix(cluster)?.strip_prefix('/')?;
    let payload = std::str::from_utf8(payload).ok().filter(|text| text.len() <= MAX)?;
    let (kind, rest) = below.split_once('/').unwrap_or((below, ""));
    match (kind, rest) {
        ("health", "") => Some(Said::Health(document(payload)?)),
        ("services" | "circuit-breaker", name) if payload.is_empty() && !name.is_empty() => {
            Some(Said::Gone(unescaped(name)))
        }
        ("services", _) => Some(Said::Verdict(document(payload)?)),
        ("circuit-breaker", name) if !name.is_empty() => Some(Said::Circuit(document(payload)?)),
        ("observer", id) if !id.contains('/') => {
            let online = serde_json::from_str::<Presence>(payload).ok()?.online;
            Some(Said::Observer(id.to_owned(), online))
        }
        ("errors" | "emergency" | "circuit-breaker" | "actions", "") => {
            let Facts { r#type, service, component, pair, origin_service, state, status } =
                document(payload)?;
            let names = [service, component, pair, origin_service];
            let subject = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
            let emergency = kind == "emergency" && status != "resolved";
            let line = line::line(kind, payload);
            Some(Said::Happened(Happening { kind: r#type, subject, emergency, state, line }))
        }
        _ => None,
    }
}

fn document<T: for<'de> Deserialize<'de>>(payload: &str) -> Option<T> {
    serde_json::from_str::<Wrapped<T>>(payload).ok().map(Wrapped::open)
}

/// A name as it was before it became part of a topic.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(b'%');
                rest = &after[1..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The moment that RFC 3339 names.
pub fn moment(text: &str) -> Option<Instant> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok().map(Instant::from_micros)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_in_both_envelopes_and_nothing_else_is() {
        let verdict = r#"{"service":"A","verdict":"degraded","since":"2026-01-15T10:30:00.000Z","circuit":"open"}"#;
        let wrapped =
            format!(r#"{{"jsonrpc":"2.0","method":"service_verdict","params":{verdict}}}"#);
        for payload in [verdict, &wrapped] {
            let Some(Said::Verdict(said)) = read("c", "system/c/services/A", payload.as_bytes())
            else {
                unreachable!("{payload}");
            };
            assert_eq!(
                (said.service.as_str(), said.verdict.as_str(), said.circuit.as_str()),
                ("A", "degraded", "open")
            );
        }
        for (topic, payload, wanted) in [
            ("system/c/services/a%2Fb%25", "", Some(Said::Gone("a/b%".to_owned()))),
            (
                "system/c/observer/x",
                r#"{"online":false,"timestamp":1}"#,
                Some(Said::Observer("x".to_owned(), false)),
            ),
            ("system/c/observer/x/canary", r#"{"online":true}"#, None),
            ("system/d/observer/x", r#"{"online":true}"#, None),
            ("system/c/health", "{}", None),
            ("system/c/health", "[", None),
            ("system/c/errors", "7", None),
            ("system/c/other", "{}", None),
            ("service/A", "{}", None),
        ] {
            assert_eq!(read("c", topic, payload.as_bytes()), wanted, "{topic} {payload}");
        }
        let long = format!(r#"{{"online":true,"x":"{}"}}"#, "x".repeat(MAX));
        assert_eq!(read("c", "system/c/observer/x", long.as_bytes()), None);
        assert_eq!(read("c", "system/c/health", b"\xff"), None);
    }
}
