//! Which runbook goes with an alert, and its first steps.

use super::Librarian;
use crate::observer::alert::{Alert, Runbook};
use crate::runbook::{Book, Subject};
use crate::wire::correlation_id;

/// Steps that an alert carries; the runbook has all of them.
const STEPS: usize = 5;

/// Finds runbooks in a book, for the alerts of a cluster.
pub fn librarian(book: Book, cluster: String) -> Librarian {
    Box::new(move |alert: &Alert, topic| {
        let incident = correlation_id(alert.incident);
        let subject = Subject {
            alert: &alert.key.name,
            event: alert.event,
            reason: alert.reason.as_deref(),
            component: alert.key.component().map(|it| &**it),
            kind: alert.key.component().and(alert.key.label("kind")).map(|it| &**it),
            severity: alert.severity.name(),
            service: alert.key.service().map(|it| &**it),
            cluster: &cluster,
            topic,
            incident: Some(&incident),
        };
        let filled = book.filled(&subject)?;
        let steps = filled.steps.into_iter().take(STEPS).map(|step| (step.title, step.command));
        Some(Runbook { name: filled.name, title: filled.title, steps: steps.collect() })
    })
}
