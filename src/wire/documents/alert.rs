//! What people are told.

#[cfg(feature = "schema")]
use super::promise_nothing;
use super::{Time, rate};
#[cfg(feature = "schema")]
use crate::observer::alert::Severity;
use crate::observer::alert::{self, Impact, Infrastructure};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `alert`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(extend("required" = ["type", "clusterId", "alert", "timestamp", "correlationId"])))]
pub(in crate::wire) struct AlertDocument<'a> {
    /// What happened.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) r#type: &'static str,
    /// The cluster that lookout observes; it names `system/{cluster}/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) cluster_id: &'a str,
    /// The alert's name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) alert: &'a str,
    /// Whether it fires or is over.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = ["firing", "resolved"])))]
    pub(in crate::wire) status: &'static str,
    /// How bad it is.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Severity::ALL.map(Severity::name))))]
    pub(in crate::wire) severity: &'static str,
    /// The service that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) service: Option<&'a str>,
    /// The component that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) component: Option<&'a str>,
    /// What tells it from other alerts of its name, service and component included.
    pub(in crate::wire) labels: BTreeMap<&'static str, &'a str>,
    /// What is wrong, in a line. Characters of names that would not be seen are shown as numbers.
    pub(in crate::wire) summary: &'a str,
    /// What is wrong, in a few sentences.
    pub(in crate::wire) description: &'a str,
    /// The event that stands behind it, as on `errors`; `rule` for a figure.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(in crate::wire) event: &'static str,
    /// The reason that the event gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) reason: Option<&'a str>,
    /// The figure of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) value: Option<f64>,
    /// When its cause began.
    pub(in crate::wire) starts_at: Time,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) ends_at: Option<Time>,
    /// Whom it hits.
    pub(in crate::wire) impact: ImpactShape<'a>,
    /// How the ground under the services is.
    pub(in crate::wire) infrastructure: InfrastructureShape<'a>,
    /// What else happened in the last quarter of an hour that may belong to it, the latest last.
    pub(in crate::wire) related: Vec<Related<'a>>,
    /// What probably stands behind it, the likeliest first.
    pub(in crate::wire) likely_causes: &'a [String],
    /// What may help.
    pub(in crate::wire) suggested_actions: &'a [String],
    /// Where it is written what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) runbook: Option<RunbookShape<'a>>,
    /// What explains it, if that is known: it need not be told by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) explained_by: Option<&'a str>,
    /// A trace in which the trouble of its service is told: 32 hexadecimal digits, as in `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    pub(in crate::wire) trace_id: Option<String>,
    /// How often it was said before while it lasts.
    pub(in crate::wire) repeat: u32,
    /// When it happened.
    pub(in crate::wire) timestamp: Time,
    /// The incident: the same in every document about it, from the first sign to recovery.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) correlation_id: String,
}

/// Whom an alert hits.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline, transform = promise_nothing))]
pub(in crate::wire) struct ImpactShape<'a> {
    /// Services that are concerned, at most ten.
    services: &'a [Arc<str>],
    /// How many there are.
    services_total: u32,
    /// Their methods, the most called first, at most ten.
    methods: &'a [Arc<str>],
    /// Calls to them a second, over five minutes.
    calls_per_second: f64,
    /// Their share of all calls, from 0 to 1; absent if there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls_share: Option<f64>,
    /// Their callers, estimated.
    callers: u64,
}

/// How the ground under the services is.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline, transform = promise_nothing))]
pub(in crate::wire) struct InfrastructureShape<'a> {
    /// Components that are not well, at most ten.
    unwell: Vec<Unwell<'a>>,
    /// Components that are looked at.
    components: u32,
    /// Services that are unavailable.
    unavailable_services: u32,
    /// Services that are degraded.
    degraded_services: u32,
    /// Services in all.
    services: u32,
    /// Circuits that are open.
    open_circuits: u32,
    /// Whether lookout doubts its own ears.
    in_doubt: bool,
}

/// A component that is not well.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
struct Unwell<'a> {
    /// Which.
    component: &'a str,
    /// What its check found.
    message: &'a str,
}

/// Something that happened lately.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub(in crate::wire) struct Related<'a> {
    /// When.
    pub(in crate::wire) at: Time,
    /// What.
    pub(in crate::wire) text: &'a str,
}

/// Where it is written what to do.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline))]
pub(in crate::wire) struct RunbookShape<'a> {
    /// Its name: `lookout runbook NAME` prints it.
    name: &'a str,
    /// Its title.
    title: &'a str,
    /// Its first steps.
    steps: Vec<StepShape<'a>>,
}

/// A step of a runbook.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
struct StepShape<'a> {
    /// What is done.
    title: &'a str,
    /// The command, filled in; what strangers named stands in it as one quoted word.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
}

impl<'a> From<&'a Impact> for ImpactShape<'a> {
    fn from(impact: &'a Impact) -> Self {
        Self {
            services: &impact.services,
            services_total: impact.services_total,
            methods: &impact.methods,
            calls_per_second: rate(impact.calls_per_second),
            calls_share: impact.calls_share.map(rate),
            callers: impact.callers.max(0.0).round() as u64,
        }
    }
}

impl<'a> From<&'a Infrastructure> for InfrastructureShape<'a> {
    fn from(ground: &'a Infrastructure) -> Self {
        let [_, degraded, unavailable, _] = ground.services;
        let unwell = ground.unwell.iter();
        Self {
            unwell: unwell.map(|(component, message)| Unwell { component, message }).collect(),
            components: ground.components,
            unavailable_services: unavailable,
            degraded_services: degraded,
            services: ground.services.iter().sum(),
            open_circuits: ground.open_circuits,
            in_doubt: ground.in_doubt,
        }
    }
}

impl<'a> From<&'a alert::Runbook> for RunbookShape<'a> {
    fn from(runbook: &'a alert::Runbook) -> Self {
        let steps = runbook.steps.iter();
        Self {
            name: &runbook.name,
            title: &runbook.title,
            steps: steps
                .map(|(title, command)| StepShape { title, command: command.as_deref() })
                .collect(),
        }
    }
}

/// A group of alerts, for whoever is told over HTTP: a CloudEvent.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(in crate::wire) struct NoticeDocument<'a> {
    /// The version of CloudEvents.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub(in crate::wire) specversion: &'static str,
    /// The same for each attempt to send it, and for nothing else.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) id: &'a str,
    /// Who tells it: `/lookout/{cluster}/{id}`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(in crate::wire) source: String,
    /// What it is.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "alert_notification")))]
    pub(in crate::wire) r#type: &'static str,
    /// When it was sent.
    pub(in crate::wire) time: Time,
    /// The name of the alerts.
    pub(in crate::wire) subject: &'a str,
    /// What `data` is.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "application/json")))]
    pub(in crate::wire) datacontenttype: &'static str,
    /// The group.
    pub(in crate::wire) data: NoticeData<'a>,
}

/// A group of alerts of one name and severity.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", schemars(inline))]
pub(in crate::wire) struct NoticeData<'a> {
    /// The cluster that lookout observes.
    pub(in crate::wire) cluster_id: &'a str,
    /// The name of all of them.
    pub(in crate::wire) alert: &'a str,
    /// The severity of all of them.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = Severity::ALL.map(Severity::name))))]
    pub(in crate::wire) severity: &'static str,
    /// `firing` as long as one of them fires.
    #[cfg_attr(feature = "schema", schemars(with = "str", extend("enum" = ["firing", "resolved"])))]
    pub(in crate::wire) status: &'static str,
    /// Those that fire.
    pub(in crate::wire) firing: usize,
    /// Those that are over since the last notification.
    pub(in crate::wire) resolved: usize,
    /// Those that are not among `alerts`, as there are more than fifty.
    pub(in crate::wire) left_out: usize,
    /// Where it is written what to do about the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) runbook_url: Option<&'a str>,
    /// Where lookout's live page is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) page_url: Option<&'a str>,
    /// The first fifty, those that fire before those that are over; each as on `alerts`.
    pub(in crate::wire) alerts: Vec<AlertDocument<'a>>,
}
