//! A measure as a document: on `actions`, as it stands for those who join late, and for who does it.
//!
//! What is in force stands retained, and is read back when lookout starts, so that it is undone by the next
//! run. Whatever does not read as expected is left out: anybody whom the broker lets publish there wrote it.

use super::attack::party;
use super::cloudevent::source;
use super::documents::{ActionRequest, PartyDocument, SecurityAction, Time};
use super::speak::{correlation_id, json};
use super::standing::{MAX, incident, moment};
use crate::observer::Instant;
use crate::observer::attack::{Kind, Party, Response};
use crate::observer::measure::{Means, Measure, MeasureId, Stage};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// The name of a measure: `action-…`.
pub fn action_id(id: MeasureId) -> String {
    format!("action-{:014x}", id.0)
}

/// The measure of such a name.
pub fn read_action_id(text: &str) -> Option<MeasureId> {
    number(text.strip_prefix("action-")?).map(MeasureId)
}

fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(text, 16).ok().filter(|_| plain)
}

/// What is said of a measure.
pub(super) fn shape<'a>(
    (cluster, observer): (&'a str, &'a str),
    measure: &'a Measure,
) -> SecurityAction<'a> {
    SecurityAction {
        r#type: "security_action",
        cluster_id: cluster,
        observer,
        action_id: action_id(measure.id),
        action: measure.response.name(),
        state: measure.stage.name(),
        target: party(&measure.on),
        attack: measure.attack.name(),
        by: measure.means.names().collect(),
        dry_run: measure.dry_run,
        since: Time(measure.began),
        until: measure.until.map(Time),
        message: measure.message.as_deref(),
        timestamp: Time(measure.said),
        correlation_id: correlation_id(measure.incident),
    }
}

/// What is sent to who does it, or undoes it, as JSON: by which observer of which cluster, under which id.
pub fn action_request(who: (&str, &str), id: &str, at: Instant, measure: &Measure) -> String {
    json(&ActionRequest {
        specversion: "1.0",
        id,
        source: source(who.0, who.1),
        r#type: "security_action_request",
        time: Time(at),
        subject: measure.response.name(),
        datacontenttype: "application/json",
        data: shape(who, measure),
    })
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    params: Kept<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    observer: Cow<'a, str>,
    #[serde(borrow)]
    action_id: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow)]
    target: KeptParty<'a>,
    #[serde(borrow)]
    attack: Cow<'a, str>,
    #[serde(borrow)]
    by: Vec<Cow<'a, str>>,
    dry_run: bool,
    #[serde(borrow)]
    since: Cow<'a, str>,
    #[serde(borrow)]
    until: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    correlation_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct KeptParty<'a> {
    #[serde(borrow)]
    user: Option<Cow<'a, str>>,
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    service: Option<Cow<'a, str>>,
}

/// Reads a document back, and who says it; `None` if it is none of a measure.
pub fn read(payload: &[u8]) -> Option<(String, Measure)> {
    if payload.len() > MAX {
        return None;
    }
    let wrapped = serde_json::from_slice::<Wrapped<'_>>(payload).map(|it| it.params);
    let kept = wrapped.or_else(|_| serde_json::from_slice(payload)).ok()?;
    if kept.r#type != "security_action" {
        return None;
    }
    let text = |text: Option<Cow<'_, str>>| text.map(|it| Arc::<str>::from(&*it));
    let KeptParty { user, address, client, session, service } = kept.target;
    let [user, address, client, session, service] =
        [user, address, client, session, service].map(text);
    let measure = Measure {
        id: read_action_id(&kept.action_id)?,
        incident: incident(&kept.correlation_id)?,
        attack: Kind::read(&kept.attack)?,
        response: Response::read(&kept.action)?,
        on: Party { user, address, client, session, service },
        stage: Stage::read(&kept.state)?,
        dry_run: kept.dry_run,
        means: Means::read(kept.by.iter().map(|it| &**it)),
        began: moment(&kept.since)?,
        until: match kept.until {
            Some(until) => Some(moment(&until)?),
            None => None,
        },
        said: moment(&kept.timestamp)?,
        message: text(kept.message),
    };
    Some((kept.observer.into_owned(), measure))
}

impl PartyDocument<'_> {
    /// The first thing that is known of it.
    pub(super) fn name(&self) -> Option<&str> {
        let Self { user, address, client, session, service } = *self;
        user.or(address).or(client).or(session).or(service)
    }
}
