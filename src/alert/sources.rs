//! What is wrong by what the observer says itself: verdicts, circuits, components, pairs, the whole.
//!
//! The observer has its own patience with all of these, so most are told at once. What a service's
//! alert is about does not end while nobody calls it: a verdict that reads unknown keeps an alert as
//! long as its incident lasts, and begins none.

use super::condition::{Condition, Source};
use crate::observer::alert::{Key, Severity};
use crate::observer::attack::Incident;
use crate::observer::breaker::{Cause, State};
use crate::observer::component::{Condition as Health, Standing};
use crate::observer::snapshot::ServiceFigures;
use crate::observer::verdict::Verdict;
use crate::observer::{Instant, Snapshot, Span};
use crate::wire::line::tame;
use std::sync::Arc;

/// The names of the alerts that are made here, each with what it means.
pub const NAMES: [(&str, &str); 10] = [
    (UNAVAILABLE, "A service does not answer."),
    (DEGRADED, "A service answers, but slowly, too seldom, or with failures of its own."),
    (CIRCUIT, "Callers are told not to call the service."),
    (UNHEALTHY, "A component fails its checks: severity as of its finding, error or critical."),
    (IMPAIRED, "A component works, but not as it should: info or warning."),
    (MOST, "More than half of the services do not answer, two at least."),
    (GROUND, "A critical component is down and a service does not answer at the same time."),
    (DEAF, "lookout hears the calls of a pair and none of its replies."),
    (ATTACK, "The security watch sees what looks like an attack."),
    (
        WATCHDOG,
        "Always fires, to Alertmanager alone: its absence tells that no alert would get through.",
    ),
];

/// A service does not answer.
pub(super) const UNAVAILABLE: &str = "LookoutServiceUnavailable";
pub(super) const DEGRADED: &str = "LookoutServiceDegraded";
const CIRCUIT: &str = "LookoutCircuitOpen";
const UNHEALTHY: &str = "LookoutComponentUnhealthy";
const IMPAIRED: &str = "LookoutComponentImpaired";
/// Most services do not answer.
pub(super) const MOST: &str = "LookoutMostServicesUnavailable";
/// A critical component and a service at once.
pub(super) const GROUND: &str = "LookoutGroundLost";
const DEAF: &str = "LookoutPairDeaf";
const ATTACK: &str = "LookoutAttack";
/// That alerts get through.
pub(super) const WATCHDOG: &str = "LookoutWatchdog";
/// That another alert is explained: it silences it in Alertmanager, and nobody is told.
pub(super) const EXPLAINED: &str = "LookoutExplained";

/// Changes of verdict that are worth telling the less urgent ones last so long.
const SETTLED: Span = Span::from_secs(120);
/// So long a circuit has to be open.
const OPEN: Span = Span::from_secs(60);

/// Everything that is wrong; `pairs` are the names of the traffic pairs.
pub(super) fn conditions(
    snapshot: &Snapshot,
    pairs: &[Arc<str>],
    clear_for: Span,
    found: &mut Vec<Condition>,
) {
    let finder = Finder { now: snapshot.at, clear_for };
    for service in &snapshot.services {
        finder.service(service, found);
    }
    for component in &snapshot.components {
        finder.component(component, found);
    }
    finder.platform(snapshot, found);
    for attack in &snapshot.attacks {
        finder.attack(attack, found);
    }
    for pair in &snapshot.deaf {
        let name = pairs.get(pair.index()).cloned().unwrap_or_default();
        let shown = tame(&name);
        found.push(Condition {
            summary: format!("lookout hears no reply of the pair {shown}"),
            description: "Its calls are heard, and none of its replies: its reply template or lookout's rights are \
                          wrong. It gives no verdicts until that is mended."
                .to_owned(),
            event: "pair_deaf",
            reason: Some("pair_deaf".into()),
            ..finder.condition(DEAF, Severity::Warning, Source::Ground).about("pair", &name)
        });
    }
}

struct Finder {
    now: Instant,
    clear_for: Span,
}

impl Finder {
    fn condition(&self, name: &str, severity: Severity, source: Source) -> Condition {
        Condition {
            key: Key::new(name),
            severity,
            source,
            since: self.now,
            lasting: Span::ZERO,
            clear_for: self.clear_for,
            only_keeps: false,
            yields: false,
            summary: String::new(),
            description: String::new(),
            event: "",
            reason: None,
            value: None,
            incident: None,
            explained: None,
        }
    }

    fn attack(&self, attack: &Incident, found: &mut Vec<Condition>) {
        let (kind, about) = (attack.kind.words(), tame(&attack.about()));
        let evidence = attack.evidence.last().map(|it| tame(&it.what)).unwrap_or_default();
        let advice: Vec<_> = attack.kind.responses().iter().map(|it| it.name()).collect();
        // The watch waits itself until an attack is over.
        let condition = self.condition(ATTACK, attack.severity, Source::Ground);
        found.push(Condition {
            summary: format!("{kind}: {about}"),
            description: format!(
                "{} where the threshold is {}; signs since it was found: {}. The last: {evidence}. Recommended: {}.",
                attack.measured.round(),
                attack.threshold.round(),
                attack.signs,
                advice.join(", ")
            ),
            event: "security_alert",
            reason: Some(attack.kind.name().into()),
            value: Some(attack.measured),
            incident: Some(attack.id),
            since: attack.since,
            clear_for: Span::ZERO,
            ..condition
                .about("attack", &attack.kind.name().into())
                .about("subject", &attack.about().into())
        });
    }

    fn service(&self, service: &ServiceFigures, found: &mut Vec<Condition>) {
        let name = tame(&service.name);
        let of = |alert, severity| Condition {
            incident: service.incident.map(|(id, _)| id),
            explained: service.blamed.as_ref().map(|(component, _)| component.clone()),
            reason: service.reason.as_ref().map(|reason| reason.name().into()),
            ..self.condition(alert, severity, Source::Service).about("service", &service.name)
        };
        match service.verdict {
            Some(Verdict::Unavailable) => found.push(Condition {
                since: service.since,
                summary: format!("{name} is unavailable"),
                description: answers(service),
                event: "service_unavailable",
                ..of(UNAVAILABLE, Severity::Critical)
            }),
            Some(Verdict::Degraded) => found.push(Condition {
                since: service.since,
                lasting: SETTLED,
                summary: format!("{name} is degraded"),
                description: answers(service),
                event: "service_degraded",
                ..of(DEGRADED, Severity::Warning)
            }),
            // Nobody calls it, or nobody can tell.
            Some(Verdict::Unknown) if service.incident.is_some() => {
                for (alert, severity, event) in [
                    (UNAVAILABLE, Severity::Critical, "service_unavailable"),
                    (DEGRADED, Severity::Warning, "service_degraded"),
                ] {
                    found.push(Condition { only_keeps: true, event, ..of(alert, severity) });
                }
            }
            _ => {}
        }
        self.circuit(service, of(CIRCUIT, Severity::Warning), found);
    }

    /// A circuit that is open for another's sake, or because an operator wants it, is no news.
    fn circuit(&self, service: &ServiceFigures, of: Condition, found: &mut Vec<Condition>) {
        let breaker = &service.breaker;
        let ahead = matches!(breaker.cause, Some(Cause::DependencyUnavailable | Cause::Manual));
        if !matches!(service.circuit, Some(State::Open | State::HalfOpen)) || ahead {
            return;
        }
        found.push(Condition {
            since: breaker.since.unwrap_or(self.now),
            lasting: OPEN,
            // A trial that is under way ends nothing, and begins nothing.
            only_keeps: service.circuit == Some(State::HalfOpen),
            summary: format!("The circuit of {} is open", tame(&service.name)),
            description: "Callers are told not to call it; lookout lets a few calls through to see whether it is back."
                .to_owned(),
            event: "circuit_breaker",
            reason: breaker.cause.map(|cause| cause.name().into()),
            ..of
        });
    }

    fn component(&self, component: &Standing, found: &mut Vec<Condition>) {
        let Some((finding, since)) = &component.finding else { return };
        if component.condition == Health::Healthy {
            return;
        }
        let severity = Severity::from(finding.severity);
        let name = if severity < Severity::Error { IMPAIRED } else { UNHEALTHY };
        let condition = self.condition(name, severity, Source::Ground);
        let mut description = tame(&finding.message);
        if !finding.affected.is_empty() {
            let affected: Vec<_> = finding.affected.iter().take(10).map(|it| tame(it)).collect();
            description += &format!(" It explains the trouble of {}.", affected.join(", "));
        }
        found.push(Condition {
            since: *since,
            // It has thresholds of its own.
            clear_for: Span::ZERO,
            summary: format!(
                "{} ({}) {}",
                tame(&component.name),
                tame(&component.kind),
                if finding.down { "is down" } else { "is not well" }
            ),
            description,
            event: "infrastructure_error",
            incident: Some(finding.incident),
            ..condition.about("component", &component.name).about("kind", &component.kind)
        });
    }

    /// What everybody has to know.
    fn platform(&self, snapshot: &Snapshot, found: &mut Vec<Condition>) {
        let [_, _, unavailable, _] = snapshot.health.services;
        let all: u32 = snapshot.health.services.iter().sum();
        if unavailable >= 2 && u64::from(unavailable) * 2 > u64::from(all) {
            found.push(Condition {
                summary: format!("{unavailable} of {all} services are unavailable"),
                description:
                    "Look for what they have in common: the broker, a database, the network."
                        .to_owned(),
                event: "service_unavailable",
                ..self.condition(MOST, Severity::Emergency, Source::Service)
            });
        }
        let critical = snapshot.components.iter().filter(|it| {
            let finding = it.finding.as_ref().filter(|_| it.condition == Health::Unhealthy);
            finding
                .is_some_and(|(finding, _)| Severity::from(finding.severity) >= Severity::Critical)
        });
        for component in critical.filter(|_| unavailable > 0) {
            let name = tame(&component.name);
            found.push(Condition {
                summary: format!("{name} is down, and services do not answer"),
                description: format!(
                    "The component {name} is in a critical state, and {unavailable} of {all} services are unavailable."
                ),
                event: "infrastructure_error",
                incident: component.finding.as_ref().map(|(finding, _)| finding.incident),
                ..self
                    .condition(GROUND, Severity::Emergency, Source::Service)
                    .about("component", &component.name)
            });
        }
    }
}

impl Condition {
    fn about(mut self, label: &'static str, value: &Arc<str>) -> Self {
        self.key = self.key.with(label, value.clone());
        self
    }
}

/// How a service answers, for people.
fn answers(service: &ServiceFigures) -> String {
    let recent = &service.figures.recent;
    let reason = service.reason.as_ref().map_or("unknown", |reason| reason.name());
    let mut text = format!(
        "{}: {} of {} calls of the last 5 min were answered, {} of them with a failure of its own",
        tame(&reason.replace('_', " ")),
        recent.answered(),
        recent.settled(),
        recent.failed,
    );
    if let Some(p95) = service.figures.latency.p95 {
        text += &format!("; one reply in twenty took more than {p95}");
    }
    text + "."
}
