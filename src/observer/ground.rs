//! What the ground under the services means for them: components that do not work explain services
//! that do not answer.
//!
//! Services are often silent before the third check of their database has failed. So a finding joins
//! the earliest incident of a service it explains that began shortly before its checks began to
//! fail; and a service that comes into trouble while the finding stands joins the finding's. Both
//! then have one `correlationId`. Services that had an incident of their own by then keep its id, and
//! name the component as their cause.

use super::Observer;
use super::component::{Finding, Said};
use super::event::What;
use super::incident::IncidentId;
use super::input::{Replicas, Report};
use super::judging::MAX_CAUSE;
use super::registry::OTHER_INDEX;
use super::time::{Instant, Span};
use super::verdict::{ReplicaState, Verdict};
use std::sync::Arc;

/// An incident that began so long before a component's checks failed may still come from it: checks
/// are half a minute apart, and one may take ten seconds.
const BEFORE: Span = Span::from_secs(60);

/// Services that a finding names; those it explains beyond are not named.
const NAMED: usize = 100;

/// A component that explains a service's trouble, and its incident.
pub type Cause = (Arc<str>, IncidentId);

impl Observer {
    pub(super) fn note_component(&mut self, now: Instant, report: &Report<'_>) {
        self.unwell = true;
        let policy = &self.settings.component;
        let max = self.settings.limits.components;
        if let Some(said) = self.components.report(now, report, policy, max, &mut self.ids) {
            self.say_component(now, said);
            self.tell_consequences(now, report.name);
        }
    }

    pub(super) fn say_component(&mut self, now: Instant, said: Said) {
        let what = match said {
            Said::Error(finding) => What::ComponentError(self.linked(finding)),
            Said::Recovered(component, incident, outage) => {
                What::ComponentRecovered { component, outage, incident }
            }
        };
        self.say(now, what);
    }

    /// A finding with the services that it explains, in one incident with the first of them.
    fn linked(&mut self, mut finding: Finding) -> Finding {
        let mut first = None;
        let mut affected = Vec::new();
        for index in self.registry.indexes() {
            let service = self.registry.noted(index);
            let Some(incident) = service.incident.filter(|_| index != OTHER_INDEX) else {
                continue;
            };
            let (name, bad) = (&service.name, service.standing.verdict() != Verdict::Healthy);
            let began = self.components.explains(&finding.component, name);
            if !bad || began.is_none_or(|began| incident.since + BEFORE < began) {
                continue;
            }
            affected.push(name.clone());
            if first.is_none_or(|(since, _)| incident.since < since) {
                first = Some((incident.since, incident.id));
            }
        }
        affected.sort_unstable();
        affected.truncate(NAMED);
        finding.affected = affected;
        let earlier = first.map(|(_, id)| id);
        if let Some(incident) = self.components.link(&finding.component, earlier) {
            finding.incident = incident;
        }
        finding
    }

    /// Services that a component explains, or explained until now, read differently.
    fn tell_consequences(&mut self, now: Instant, component: &str) {
        for index in self.registry.indexes() {
            let service = self.registry.noted(index);
            let told = service.cause.as_ref().is_some_and(|(name, _)| **name == *component);
            if told || (service.incident.is_some() && self.components.explains_any()) {
                self.refresh(now, index);
            }
        }
    }

    /// The component that explains the trouble of a service, if one does.
    pub(super) fn cause(&mut self, index: u32) -> Option<Cause> {
        if !self.components.explains_any() || index == OTHER_INDEX {
            return None;
        }
        let service = self.registry.noted(index);
        let since = service.incident.map(|incident| incident.since + BEFORE);
        self.components.cause(&service.name, since)
    }

    pub(super) fn note_replicas(&mut self, now: Instant, replicas: &Replicas<'_>) {
        // Replicas of a service that is never called say nothing about calls.
        let Some(index) = self.registry.find(replicas.service.digest) else {
            return;
        };
        let told = ReplicaState {
            running: replicas.running,
            ready: replicas.ready,
            total: replicas.total,
            restarts: replicas.restarts,
            cause: replicas.cause.map(|cause| super::component::cut(cause, MAX_CAUSE).into()),
        };
        let service = self.registry.get(index);
        // They are told again and again, for those whose first call came after.
        if service.replicas.as_ref() == Some(&told) {
            return;
        }
        service.replicas = Some(told);
        self.watch(index);
        self.review(now, index);
    }
}
