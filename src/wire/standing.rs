//! Retained documents of an earlier run, read back: how services and circuits stood.
//!
//! They are lookout's own, and yet only bytes from the broker: whatever does not read as expected
//! is left out. Both envelopes are read, as the setting may have changed. A verdict does not name
//! its call topic; it follows from the first pair whose calls name their service in one level.

use super::template::is_topic;
use crate::observer::breaker::{Cause, State};
use crate::observer::call::PairId;
use crate::observer::incident::IncidentId;
use crate::observer::input::{Standing, StandingCircuit};
use crate::observer::settings::PairSettings;
use crate::observer::verdict::Verdict;
use crate::observer::{Input, Instant};
use serde::Deserialize;
use std::borrow::Cow;

/// Bytes of a document; larger ones are not lookout's.
pub(super) const MAX: usize = 1 << 16;

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    params: Kept<'a>,
}

/// The members of both kinds of documents that are taken up.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    verdict: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    since: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    open_count: Option<u32>,
    #[serde(borrow)]
    retry_after: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
}

/// The filters under which a cluster's standing documents are found.
pub fn filters(cluster: &str) -> [String; 2] {
    ["services", "circuit-breaker"].map(|kind| format!("system/{cluster}/{kind}/#"))
}

/// Reads a retained document and hands it on, if it says how something stood.
pub fn read(
    payload: &[u8],
    pairs: &[PairSettings],
    name: impl Fn(&str) -> crate::observer::digest::Digest,
    take: impl FnOnce(Input<'_>),
) {
    let Some(kept) = parse(payload) else { return };
    let verdict = kept.verdict.as_deref().and_then(Verdict::read);
    let state = kept.state.as_deref().and_then(State::read);
    let verdict = verdict.filter(|_| kept.r#type == "service_verdict");
    let state = state.filter(|_| kept.r#type == "circuit_breaker");
    let reason = verdict.filter(|verdict| verdict.is_bad()).and(kept.reason.as_deref());
    // A bad verdict has a reason; one that has none is not ours.
    let verdict = verdict.filter(|verdict| !verdict.is_bad() || reason.is_some());
    if kept.service.is_empty() || (verdict.is_none() && state.is_none()) {
        return;
    }
    let Some((pair, topic)) = place(pairs, &kept.service, kept.topic.as_deref()) else { return };
    let Some(stamp) = moment(&kept.timestamp) else { return };
    let digest = name(&kept.service);
    take(Input::Standing(Standing {
        service: crate::observer::input::Name { text: &kept.service, digest },
        pair,
        topic: &topic,
        verdict: verdict.map(|verdict| {
            (verdict, reason, kept.since.as_deref().and_then(moment).unwrap_or(stamp))
        }),
        circuit: state.map(|state| StandingCircuit {
            state,
            cause: kept.reason.as_deref().and_then(Cause::read),
            since: stamp,
            retry_after: kept.retry_after.as_deref().and_then(moment),
            open_count: kept.open_count.unwrap_or(1),
        }),
        incident: kept.correlation_id.as_deref().and_then(incident),
    }));
}

fn parse(payload: &[u8]) -> Option<Kept<'_>> {
    if payload.len() > MAX {
        return None;
    }
    let wrapped = serde_json::from_slice::<Wrapped<'_>>(payload).map(|it| it.params);
    wrapped.or_else(|_| serde_json::from_slice(payload)).ok()
}

/// The pair of a service, and its call topic.
fn place(pairs: &[PairSettings], service: &str, topic: Option<&str>) -> Option<(PairId, String)> {
    let calls = (0..).zip(pairs).map(|(at, pair)| (PairId(at), pair.call.as_str()));
    match topic {
        Some(topic) => {
            let mut calls = calls;
            calls.find(|(_, call)| fits(call, topic)).map(|(pair, _)| (pair, topic.to_owned()))
        }
        None => {
            let is_name = |level: &str| matches!(level, "{service}" | "{service...}");
            let named = calls.clone().find(|(_, call)| call.split('/').any(is_name));
            // Where no topic names the service, it can only be known whose it is if there is one pair.
            let single = calls.clone().next().filter(|_| pairs.len() == 1);
            let (pair, call) = named.or(single)?;
            let level = |level| match level {
                level if is_name(level) => service,
                level if level.contains('{') => "+",
                level => level,
            };
            let topic = call.split('/').map(level).collect::<Vec<_>>().join("/");
            is_topic(service).then_some((pair, topic))
        }
    }
}

/// Whether a call topic may be of a template.
fn fits(call: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    for wanted in call.split('/') {
        if wanted.ends_with("...}") {
            return levels.next().is_some();
        }
        match levels.next() {
            Some(level) if wanted.contains('{') || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

pub(super) fn moment(text: &str) -> Option<Instant> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok().map(Instant::from_micros)
}

/// The number of `incident-…`.
pub(super) fn incident(id: &str) -> Option<IncidentId> {
    u64::from_str_radix(id.strip_prefix("incident-")?, 16).ok().map(IncidentId)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::observer::digest::{DigestKey, Kind};

    fn pairs() -> Vec<PairSettings> {
        let call = |call: &str| PairSettings { call: call.into(), ..PairSettings::default() };
        ["rpc/{driver}/{method...}", "v1/{site}/service/{service}"].map(call).into()
    }

    fn told(payload: &str) -> Option<String> {
        told_of(&pairs(), payload)
    }

    fn told_of(pairs: &[PairSettings], payload: &str) -> Option<String> {
        let mut told = None;
        let name = |name: &str| DigestKey::new(1, 2).digest(Kind::Service, name.as_bytes());
        read(payload.as_bytes(), pairs, name, |input| {
            let Input::Standing(it) = input else { return };
            let verdict = it.verdict.map(|(v, r, at)| (v.name(), r, at.micros() / 1_000_000));
            let circuit = it.circuit.map(|circuit| {
                let until = circuit.retry_after.map(|at| at.micros() / 1_000_000);
                (circuit.state.name(), circuit.cause.map(Cause::name), until, circuit.open_count)
            });
            let incident = it.incident.map(|id| id.0);
            told = Some(format!(
                "{} {} {} {verdict:?} {circuit:?} {incident:?}",
                it.service.text, it.pair.0, it.topic
            ));
        });
        told
    }

    #[test]
    fn what_stood_is_read_and_nothing_else() {
        let time = r#""timestamp":"1970-01-01T00:10:00.000Z""#;
        for (payload, expected) in [
            (
                r#"{"jsonrpc":"2.0","method":"service_verdict","params":{"type":"service_verdict","service":"A","verdict":"unavailable","reason":"not_responding","since":"1970-01-01T00:09:00Z","circuit":"open","correlationId":"incident-0000000000000a",TIME}}"#,
                Some(
                    r#"A 1 v1/+/service/A Some(("unavailable", Some("not_responding"), 540)) None Some(10)"#,
                ),
            ),
            (
                r#"{"type":"service_verdict","service":"A","verdict":"healthy",TIME}"#,
                Some(r#"A 1 v1/+/service/A Some(("healthy", None, 600)) None None"#),
            ),
            (
                r#"{"type":"circuit_breaker","service":"d/B","topic":"rpc/d/B","state":"open","reason":"failure_rate","retryAfter":"1970-01-01T00:11:00Z","openCount":3,TIME}"#,
                Some(
                    r#"d/B 0 rpc/d/B None Some(("open", Some("failure_rate"), Some(660), 3)) None"#,
                ),
            ),
            (
                r#"{"type":"circuit_breaker","service":"B","topic":"other/B","state":"open",TIME}"#,
                None,
            ),
            (r#"{"type":"service_verdict","service":"A","verdict":"unavailable",TIME}"#, None),
            (r#"{"type":"service_verdict","service":"A","verdict":"sleepy",TIME}"#, None),
            (r#"{"type":"service_verdict","service":"a+b","verdict":"healthy",TIME}"#, None),
            (r#"{"type":"service_verdict","service":"","verdict":"healthy",TIME}"#, None),
            (r#"{"type":"health","service":"A","verdict":"healthy",TIME}"#, None),
            (r#"{"type":"service_verdict","service":"A","verdict":"healthy"}"#, None),
            ("", None),
            ("[1]", None),
        ] {
            let payload = payload.replace("TIME", time);
            assert_eq!(told(&payload).as_deref(), expected, "{payload}");
        }
    }
    #[test]
    fn a_service_that_no_topic_names_is_of_the_only_pair() {
        let payload = r#"{"type":"service_verdict","service":"d/B","verdict":"healthy","timestamp":"1970-01-01T00:10:00Z"}"#;
        let call = |call: &str| PairSettings { call: call.into(), ..PairSettings::default() };
        for (calls, wanted) in [
            (&["bus/{client}/{service...}"][..], Some("d/B 0 bus/+/d/B")),
            (&["x/{driver}/{unit}/go"], Some("d/B 0 x/+/+/go")),
            (&["x/{driver}", "y/{driver}"], None),
            (&["x/{driver}", "y/{service...}"], Some("d/B 1 y/d/B")),
        ] {
            let pairs: Vec<_> = calls.iter().map(|it| call(it)).collect();
            let told = told_of(&pairs, payload);
            let wanted = wanted.map(|it| format!(r#"{it} Some(("healthy", None, 600)) None None"#));
            assert_eq!(told, wanted, "{calls:?}");
        }
    }
}
