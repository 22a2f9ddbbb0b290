//! `/api/v1/components`: the ground under the services.

use super::{millis, share, time};
use crate::observer::component::{self, Standing};
use crate::observer::{Instant, Span};
use crate::view::View;
use crate::wire::{correlation_id, estimate};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// All components.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Components {
    /// Of when this is.
    at: String,
    /// How all of them are, from 0 to 1; critical ones weigh double. Absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// In order of their names.
    components: Vec<Component>,
}

/// One component.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Component {
    /// Its name.
    name: String,
    /// What kind of component.
    kind: String,
    /// Whether the platform cannot do without it.
    critical: bool,
    /// healthy, degraded, unhealthy, or starting as long as no check has ended.
    condition: &'static str,
    /// From 0 to 1: half how it is, half how many of its last hundred checks passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// Checks that `successRate` rests on, at most the last hundred.
    checks: u32,
    /// Share of those that passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f64>,
    /// When the last check ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<f64>,
    /// 95th percentile of how long they took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_p95_ms: Option<f64>,
    /// What is wrong with it, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Finding>,
}

/// What is wrong with a component.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Finding {
    /// info, warning, error or critical.
    severity: &'static str,
    /// What was found.
    message: String,
    /// What follows from it, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    impact: Option<String>,
    /// What it rests on; its members depend on the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
    /// What to do.
    recommendations: Vec<String>,
    /// Services whose trouble it explained when it was last said.
    affected_services: Vec<String>,
    /// How long such failures took before, for people to read.
    estimated_resolution: String,
    /// Since when.
    since: String,
    /// The incident.
    incident: String,
}

/// All components as of the last turn.
pub(in super::super) fn components(view: &View) -> Components {
    let snapshot = &view.turn().snapshot;
    Components {
        at: time(snapshot.at),
        score: snapshot.score.map(share),
        components: snapshot.components.iter().map(component).collect(),
    }
}

fn component(standing: &Standing) -> Component {
    let took = |span: Option<Span>| span.map(millis);
    Component {
        name: standing.name.to_string(),
        kind: standing.kind.to_string(),
        critical: standing.critical,
        condition: standing.condition.name(),
        score: standing.score.map(share),
        checks: standing.checks,
        success_rate: standing.success_rate.map(share),
        checked_at: standing.checked.map(time),
        took_ms: took(standing.took),
        took_p95_ms: took(standing.took_p95),
        finding: standing.finding.as_ref().map(finding),
    }
}

fn finding((finding, since): &(component::Finding, Instant)) -> Finding {
    let texts = |all: &[std::sync::Arc<str>]| all.iter().map(ToString::to_string).collect();
    Finding {
        severity: finding.severity.name(),
        message: finding.message.to_string(),
        impact: finding.impact.as_ref().map(ToString::to_string),
        details: finding.details.as_ref().and_then(|text| serde_json::from_str(text).ok()),
        recommendations: texts(&finding.advice),
        affected_services: texts(&finding.affected),
        estimated_resolution: estimate(finding.estimate),
        since: time(*since),
        incident: correlation_id(finding.incident),
    }
}
