//! `/api/v1/runbook`: what to do about a service, a component or an alert, as it stands now.
//!
//! A service's runbook follows from how it reads: unavailable or degraded, else an open circuit. Where
//! a component explains its trouble it is the component's, since nothing else helps before that is
//! mended. Of a service that is well it is that of its latest incident, for whoever comes a
//! minute late; there is none if it had none and nobody wrote one for it. A component's follows
//! from its kind, found ill or not.

use crate::observer::component::Standing;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::state::State;
use crate::observer::verdict::Verdict;
use crate::runbook::{Book, Filled, Subject};
use crate::view::View;
use crate::wire::correlation_id;

const COMPONENT: &str = "LookoutComponentUnhealthy";

/// What a runbook is wanted for.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Wanted<'a> {
    /// Whatever has this name: a service, a component, an alert or a runbook.
    About(&'a str),
    Service(&'a str),
    Component(&'a str),
    Alert(&'a str),
}

/// The runbook that is wanted, filled in; `None` if there is none.
pub(in super::super) fn runbook(
    view: &View,
    book: &Book,
    cluster: &str,
    wanted: Wanted<'_>,
) -> Option<Filled> {
    let guide = Guide { view, book, cluster };
    match wanted {
        Wanted::Service(name) => guide.service(view.service(name)?),
        Wanted::Component(name) => guide.component(guide.standing(name)?, None),
        Wanted::Alert(name) => guide.alert(name),
        Wanted::About(name) => match (view.service(name), guide.standing(name)) {
            (Some(service), _) => guide.service(service),
            (None, Some(component)) => guide.component(component, None),
            (None, None) => guide.alert(name),
        },
    }
}

struct Guide<'a> {
    view: &'a View,
    book: &'a Book,
    cluster: &'a str,
}

impl<'a> Guide<'a> {
    fn standing(&self, name: &str) -> Option<&'a Standing> {
        self.view.turn().snapshot.components.iter().find(|component| &*component.name == name)
    }

    fn service(&self, service: &ServiceFigures) -> Option<Filled> {
        let blamed = service.blamed.as_ref().and_then(|(component, _)| self.standing(component));
        if let Some(component) = blamed {
            return self.component(component, Some(&service.name));
        }
        let past = || {
            let incidents = self.view.incidents().latest();
            let mut lines = incidents.flat_map(|past| past.lines.iter().map(|(_, line)| line));
            lines.find(|line| *line.subject == *service.name)
        };
        let circuit = service.breaker.cause.map(|cause| cause.name());
        let reason = service.reason.as_ref().map(|reason| reason.name());
        let (event, reason) = match (service.verdict, service.circuit) {
            (Some(Verdict::Unavailable), _) => ("service_unavailable", reason),
            (Some(Verdict::Degraded), _) => ("service_degraded", reason),
            (_, Some(State::Open | State::HalfOpen | State::ForcedOpen)) => {
                ("circuit_breaker", circuit)
            }
            _ => (past().map_or("", |line| line.kind), None),
        };
        let (alert, severity) = match event {
            "service_unavailable" => ("LookoutServiceUnavailable", "critical"),
            "service_degraded" => ("LookoutServiceDegraded", "warning"),
            "circuit_breaker" => ("LookoutCircuitOpen", "warning"),
            _ => ("", ""),
        };
        let incident = service.incident.map(|(id, _)| correlation_id(id));
        let incident = incident.or_else(|| past().map(|line| correlation_id(line.incident)));
        let subject = Subject {
            alert,
            event,
            reason,
            severity,
            service: Some(&service.name),
            topic: Some(&service.topic),
            incident: incident.as_deref(),
            ..self.subject()
        };
        self.fill(&subject)
    }

    fn component(&self, component: &Standing, service: Option<&str>) -> Option<Filled> {
        let finding = component.finding.as_ref().map(|(finding, _)| finding);
        let incident = finding.map(|finding| correlation_id(finding.incident));
        let subject = Subject {
            alert: COMPONENT,
            event: "infrastructure_error",
            reason: finding.and_then(|finding| finding.impact.as_deref()),
            severity: finding.map_or("", |finding| finding.severity.name()),
            component: Some(&component.name),
            kind: Some(&component.kind),
            service,
            incident: incident.as_deref(),
            ..self.subject()
        };
        self.fill(&subject)
    }

    fn alert(&self, name: &str) -> Option<Filled> {
        let subject = Subject { alert: name, ..self.subject() };
        match self.book.get(name) {
            Some(runbook) => Some(self.book.fill(runbook, &subject)),
            None => self.fill(&subject),
        }
    }

    fn subject(&self) -> Subject<'a> {
        Subject { cluster: self.cluster, ..Subject::default() }
    }

    /// The one that fits; the general one only where something is wrong that is known.
    fn fill(&self, subject: &Subject<'_>) -> Option<Filled> {
        let found = self.book.find(subject)?;
        let is_meant = !subject.event.is_empty() || !found.is_general();
        is_meant.then(|| self.book.fill(found, subject))
    }
}
