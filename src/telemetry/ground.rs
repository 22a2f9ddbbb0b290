//! What is known of the ground under the services, as metrics: components and replicas.

use super::exposition::{Escaped, Metric, Page, gauge};
use super::observed::each_service;
use crate::observer::component::{Condition, Standing};
use crate::observer::{Snapshot, Span};

pub(super) static COMPONENT: Metric = gauge(
    "lookout_component_condition",
    &["component", "kind"],
    "1 while a component is healthy, 0.5 while degraded, 0 while unhealthy; absent before its first check.",
);
pub(super) static COMPONENT_SCORE: Metric = gauge(
    "lookout_component_score",
    &["component", "kind"],
    "How a component is, from 0 to 1: half how it is now, half how many of its last hundred checks passed.",
);
pub(super) static COMPONENT_SUCCESS: Metric = gauge(
    "lookout_component_check_success_ratio",
    &["component", "kind"],
    "Share of a component's last hundred checks that passed.",
);
pub(super) static COMPONENT_TOOK: Metric = gauge(
    "lookout_component_check_seconds",
    &["component", "kind"],
    "How long the last check of a component took.",
);
pub(super) static SCORE: Metric = gauge(
    "lookout_components_score",
    &[],
    "How all components are, from 0 to 1; critical ones weigh double. Absent without any.",
);
pub(super) static RESTARTS: Metric = gauge(
    "lookout_service_replica_restarts",
    &["service"],
    "How often the replicas that are there were started anew, as the platform tells.",
);
/// Writes all of it.
pub(super) fn write(page: &mut Page, snapshot: &Snapshot) {
    write_components(page, snapshot);
    write_replicas(page, snapshot);
}

/// A figure of a component, if it has one.
type Figure = fn(&Standing) -> Option<f64>;

fn write_components(page: &mut Page, snapshot: &Snapshot) {
    let condition = |it: &Standing| match it.condition {
        Condition::Healthy => Some(1.0),
        Condition::Degraded => Some(0.5),
        Condition::Unhealthy => Some(0.0),
        Condition::Starting => None,
    };
    let figures: [(&'static Metric, Figure); 4] = [
        (&COMPONENT, condition),
        (&COMPONENT_SCORE, |it| it.score),
        (&COMPONENT_SUCCESS, |it| it.success_rate),
        (&COMPONENT_TOOK, |it| it.took.map(Span::as_secs_f64)),
    ];
    for (metric, figure) in figures {
        let mut family = page.family(metric);
        for component in &snapshot.components {
            let (mut name, mut kind) = (String::new(), String::new());
            let labels = [
                Escaped::new(&component.name, &mut name),
                Escaped::new(&component.kind, &mut kind),
            ];
            family.known(&labels, figure(component));
        }
    }
    page.family(&SCORE).known(&[], snapshot.score);
}

fn write_replicas(page: &mut Page, snapshot: &Snapshot) {
    let mut family = page.family(&RESTARTS);
    each_service(snapshot, |name, service| {
        family.known(&[name], service.replicas.as_ref().map(|it| f64::from(it.restarts)));
    });
}
