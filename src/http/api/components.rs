//! `/api/v1/components`: the ground under the services.

use super::time;
use crate::observer::component::{Condition, Standing};
use crate::view::View;
use crate::wire::correlation_id;
use schemars::JsonSchema;
use serde::Serialize;

/// All components.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Components {
    /// Of when this is.
    at: String,
    /// In order of their names.
    components: Vec<Component>,
}

/// One component.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Component {
    /// Its name.
    name: String,
    /// What kind of component.
    kind: String,
    /// healthy, degraded or unhealthy.
    condition: &'static str,
    /// What is wrong with it, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Finding>,
}

/// What is wrong with a component.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Finding {
    /// info, warning, error or critical.
    severity: &'static str,
    /// What was found.
    message: String,
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
        components: snapshot.components.iter().map(component).collect(),
    }
}

fn component(standing: &Standing) -> Component {
    let finding = standing.finding.as_ref().map(|(finding, since)| Finding {
        severity: finding.severity.name(),
        message: finding.message.to_string(),
        since: time(*since),
        incident: correlation_id(finding.incident),
    });
    Component {
        name: standing.name.to_string(),
        kind: standing.kind.to_string(),
        condition: match standing.condition {
            Condition::Healthy => "healthy",
            Condition::Degraded => "degraded",
            Condition::Unhealthy => "unhealthy",
        },
        finding,
    }
}
