//! From events to documents: what is published where, and what the broker keeps.
//!
//! Every document is a JSON-RPC 2.0 notification whose method is the event's type, unless it is
//! asked for bare; and it carries CloudEvents attributes for MQTT 5 to show. A name that
//! ends up in a topic is escaped there: an MQTT client that publishes a wildcard is thrown out
//! by its broker, and names come from strangers.

use super::announce;
use super::attack;
use super::cloudevent::{CloudEvent, source};
use super::document::Document;
use super::documents::{
    BadNews, Cascade, CausedBy, Circuit, ComponentError, ComponentRecovered, Components, Details,
    HealthDocument, PairDeaf, Recovered, RemedyAction, ServiceVerdict, Services, Time, rate,
    seconds,
};
use super::measure;
use crate::observer::alert::Alert;
use crate::observer::breaker::State;
use crate::observer::event::{self, ActionNews, CircuitNews, Event, Health, What};
use crate::observer::ground::Cause;
use crate::observer::incident::IncidentId;
use crate::observer::input::Severity;
use crate::observer::measure::Measure;
use crate::observer::settings::PairSettings;
use crate::observer::verdict::{Reason, Verdict};
use crate::observer::{Instant, Span};
use jsonrpsee_types::Notification;
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt::Write;

/// What documents are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// A JSON-RPC 2.0 notification.
    #[default]
    JsonRpc,
    /// Nothing: the document alone.
    Bare,
}

/// Who speaks, and how.
#[derive(Clone, Debug, Default)]
pub struct Voice {
    /// The platform that is observed.
    pub cluster: String,
    /// lookout's id.
    pub id: String,
    /// What documents are wrapped in.
    pub envelope: Envelope,
}

/// Turns events into documents.
#[derive(Clone, Debug)]
pub struct Speaker {
    cluster: String,
    pub(super) id: String,
    source: String,
    envelope: Envelope,
    pairs: Vec<PairSettings>,
    /// Events said so far.
    said: u64,
}

impl Speaker {
    /// A speaker with this voice.
    pub fn new(voice: Voice, pairs: &[PairSettings]) -> Self {
        let Voice { cluster, id, envelope } = voice;
        let source = source(&cluster, &id);
        Self { cluster, id, source, envelope, pairs: pairs.to_vec(), said: 0 }
    }

    /// Whether an observer of this id is itself.
    pub fn is(&self, id: &str) -> bool {
        self.id == id
    }

    /// The pairs that it speaks of.
    pub fn pairs(&self) -> &[PairSettings] {
        &self.pairs
    }

    /// The documents that say an event.
    pub fn say(&mut self, event: &Event, publish: impl FnMut(Document)) {
        self.said += 1;
        self.documents(event, publish);
    }

    fn documents(&self, event: &Event, mut publish: impl FnMut(Document)) {
        let at = event.at;
        match &event.what {
            What::Bad(news) => publish(self.bad_news(at, news)),
            What::Recovered(recovery) => publish(self.recovered(at, recovery)),
            What::Circuit(news) => self.circuit(at, news, publish),
            What::CascadePrevented { origin, affected, incident } => {
                let document = Cascade {
                    r#type: "cascading_failure_prevented",
                    cluster_id: &self.cluster,
                    origin_service: origin,
                    affected_services: affected,
                    action: "circuits_opened_preemptively",
                    timestamp: Time(at),
                    correlation_id: correlation_id(*incident),
                };
                publish(self.document(at, "errors", document.r#type, Some(origin), &document));
            }
            What::PairDeaf { pair, calls, topics, incident } => {
                let unknown = PairSettings::default();
                let pair = self.pairs.get(pair.index()).unwrap_or(&unknown);
                let document = PairDeaf {
                    r#type: "pair_deaf",
                    cluster_id: &self.cluster,
                    pair: &pair.name,
                    call_template: &pair.call,
                    reply_template: &pair.reply,
                    calls: *calls,
                    unmatched_topics: topics,
                    repeat: 0,
                    timestamp: Time(at),
                    correlation_id: correlation_id(*incident),
                };
                let about = Some(&*pair.name);
                publish(self.document(at, "errors", document.r#type, about, &document));
            }
            What::ComponentError(finding) => self.component_error(at, finding, publish),
            What::ComponentRecovered { component, outage, incident } => {
                let document = ComponentRecovered {
                    r#type: "infrastructure_recovered",
                    cluster_id: &self.cluster,
                    component,
                    outage_seconds: seconds(*outage),
                    timestamp: Time(at),
                    correlation_id: correlation_id(*incident),
                };
                publish(self.document(at, "errors", document.r#type, Some(component), &document));
            }
            What::Reading(reading) => publish(self.reading(at, reading)),
            What::Health(health) => publish(self.health(at, health)),
            What::DirectAnswer(answer) => publish(self.direct_answer(at, answer)),
            What::Action(news) => publish(self.action(at, news)),
            What::Alert(alert) => self.alert(at, alert, publish),
            What::Attack(found) => {
                let document = attack::shape(&self.cluster, at, found);
                let about = Some(document.attack);
                publish(self.document(at, "security", document.r#type, about, &document));
            }
            What::Measure(measure) => self.measure(measure, publish),
            What::Gone(service) => {
                for topic in ["services", "circuit-breaker"] {
                    publish(Document {
                        at,
                        topic: self.topic(&format!("{topic}/{}", escaped(service))),
                        retain: true,
                        critical: false,
                        payload: None,
                        correlation: None,
                        event: None,
                    });
                }
            }
        }
    }

    fn bad_news(&self, at: Instant, news: &event::BadNews) -> Document {
        let unavailable = news.verdict == Verdict::Unavailable;
        let replicas = news.replicas.as_ref();
        let document = BadNews {
            r#type: if unavailable { "service_unavailable" } else { "service_degraded" },
            cluster_id: &self.cluster,
            service: &news.service,
            reason: news.reason.name(),
            details: Details {
                running_pods: replicas.map(|replicas| replicas.running),
                ready_pods: replicas.map(|replicas| replicas.ready),
                total_pods: replicas.map(|replicas| replicas.total),
                last_successful_response: news.last_result.map(Time),
                error_rate: news.error_rate.map(rate),
                response_rate: news.response_rate.map(rate),
                recent_calls: news.recent_calls,
                recent_responses: news.recent_responses,
                restarts: replicas.map(|replicas| replicas.restarts),
                failure_reason: replicas.and_then(|replicas| replicas.cause.as_deref()),
                trace_id: news.trace.map(|trace| trace.to_string()),
            },
            estimated_recovery: unavailable.then(|| estimate(news.estimate)),
            affected_operations: &news.operations,
            impact: match (unavailable, news.large) {
                (true, true) => "high",
                (true, false) | (false, true) => "medium",
                (false, false) => "low",
            },
            caused_by: news.cause.as_ref().map(caused_by),
            repeat: news.repeat,
            timestamp: Time(at),
            correlation_id: correlation_id(news.incident),
        };
        self.document(at, "errors", document.r#type, Some(&news.service), &document)
    }

    fn recovered(&self, at: Instant, recovery: &event::Recovery) -> Document {
        let document = Recovered {
            r#type: "service_recovered",
            cluster_id: &self.cluster,
            service: &recovery.service,
            previous: recovery.previous.name(),
            outage_seconds: seconds(recovery.outage),
            unanswered_calls: recovery.unanswered,
            timestamp: Time(at),
            correlation_id: correlation_id(recovery.incident),
        };
        self.document(at, "errors", document.r#type, Some(&recovery.service), &document)
    }

    /// A transition is said once to everyone, and stands for those who join late.
    fn circuit(&self, at: Instant, news: &CircuitNews, mut publish: impl FnMut(Document)) {
        let moved = &news.transition;
        let counted = moved.requests > 0;
        let half_open = moved.to == State::HalfOpen;
        let opening = matches!(moved.to, State::Open | State::HalfOpen);
        let document = Circuit {
            r#type: "circuit_breaker",
            cluster_id: &self.cluster,
            topic: &news.topic,
            service: &news.service,
            state: moved.to.name(),
            previous: moved.from.name(),
            reason: moved.cause.name(),
            failure_rate: counted
                .then(|| rate(f64::from(moved.failures) / f64::from(moved.requests))),
            requests: counted.then_some(moved.requests),
            failures: counted.then_some(moved.failures),
            trial_calls: half_open.then_some(news.trial_calls),
            open_count: opening.then_some(moved.open_count),
            retry_after: moved.retry_after.map(Time),
            open_seconds: moved.open_for.map(seconds),
            timestamp: Time(at),
            correlation_id: correlation_id(news.incident),
        };
        let about = Some(&*news.service);
        publish(self.document(at, "circuit-breaker", document.r#type, about, &document));
        let topic = format!("circuit-breaker/{}", escaped(&news.service));
        let standing = self.document(at, &topic, document.r#type, about, &document);
        publish(Document { retain: true, ..standing });
    }

    /// A critical finding goes to the emergency topic too.
    fn component_error(
        &self,
        at: Instant,
        finding: &crate::observer::component::Finding,
        mut publish: impl FnMut(Document),
    ) {
        let critical = finding.severity == Severity::Critical;
        let details = finding.details.as_deref();
        let document = ComponentError {
            r#type: "infrastructure_error",
            cluster_id: &self.cluster,
            component: &finding.component,
            kind: &finding.kind,
            severity: finding.severity.name(),
            message: &finding.message,
            impact: finding.impact.as_deref(),
            // Details come from probes or files; what is no JSON is left out.
            details: details.and_then(|text| serde_json::from_str::<&RawValue>(text).ok()),
            recommendations: &finding.advice,
            affected_services: &finding.affected,
            estimated_resolution: estimate(finding.estimate),
            repeat: finding.repeat,
            timestamp: Time(at),
            correlation_id: correlation_id(finding.incident),
            escalation_required: finding.escalate,
        };
        let about = Some(&*finding.component);
        publish(self.document(at, "errors", document.r#type, about, &document));
        if critical {
            let emergency = self.document(at, "emergency", document.r#type, about, &document);
            publish(Document { critical: true, ..emergency });
        }
    }

    fn action(&self, at: Instant, news: &ActionNews) -> Document {
        let document = RemedyAction {
            r#type: "remedy_action",
            cluster_id: &self.cluster,
            service: &news.service,
            action: "restart",
            state: news.step.name(),
            attempt: news.attempt,
            attempts: news.attempts,
            dry_run: news.dry_run,
            message: news.message.as_deref(),
            timestamp: Time(at),
            correlation_id: correlation_id(news.incident),
        };
        self.document(at, "actions", document.r#type, Some(&news.service), &document)
    }

    /// What is in force stands for those who join late, the next run of lookout among them.
    fn measure(&self, measure: &Measure, mut publish: impl FnMut(Document)) {
        let at = measure.said;
        let document = measure::shape((&self.cluster, &self.id), measure);
        let about = document.target.name();
        publish(self.document(at, "actions", document.r#type, about, &document));
        if measure.dry_run || measure.until.is_none() {
            return;
        }
        let topic = format!("actions/{}", document.action_id);
        let standing = self.document(at, &topic, document.r#type, about, &document);
        let gone = !measure.stage.is_in_force();
        let payload = standing.payload.filter(|_| !gone);
        let event = standing.event.filter(|_| !gone);
        publish(Document { retain: true, payload, event, ..standing });
    }

    fn alert(&self, at: Instant, alert: &Alert, mut publish: impl FnMut(Document)) {
        let document = announce::shape(&self.cluster, at, alert);
        let about = alert.key.subject().map(|it| &**it);
        let said = self.document(at, "alerts", document.r#type, about, &document);
        let critical = announce::is_for_all(alert);
        publish(Document { critical, ..said });
        if critical {
            let emergency = self.document(at, "emergency", document.r#type, about, &document);
            publish(Document { critical, ..emergency });
        }
    }

    fn reading(&self, at: Instant, reading: &event::Reading) -> Document {
        let document = ServiceVerdict {
            r#type: "service_verdict",
            cluster_id: &self.cluster,
            service: &reading.service,
            verdict: reading.verdict.name(),
            reason: reading.reason.as_ref().map(Reason::name),
            since: Time(reading.since),
            circuit: reading.circuit.name(),
            response_rate: reading.response_rate.map(rate),
            failure_rate: reading.failure_rate.map(rate),
            p95_ms: reading.p95.map(Span::as_millis_f64),
            caused_by: reading.cause.as_ref().map(caused_by),
            timestamp: Time(at),
            correlation_id: reading.incident.map(correlation_id),
        };
        let topic = format!("services/{}", escaped(&reading.service));
        let about = Some(&*reading.service);
        Document { retain: true, ..self.document(at, &topic, document.r#type, about, &document) }
    }

    fn health(&self, at: Instant, health: &Health) -> Document {
        let [healthy, degraded, unavailable, unknown] = health.services;
        let [well, impaired, unhealthy, starting] = health.components;
        let document = HealthDocument {
            r#type: "health",
            cluster_id: &self.cluster,
            status: status(health),
            services: Services { healthy, degraded, unavailable, unknown },
            open_circuits: health.open_circuits,
            components: Components { healthy: well, degraded: impaired, unhealthy, starting },
            open_incidents: health.open_incidents,
            in_doubt: health.in_doubt,
            timestamp: Time(at),
        };
        Document { retain: true, ..self.document(at, "health", document.r#type, None, &document) }
    }

    fn document(
        &self,
        at: Instant,
        topic: &str,
        kind: &'static str,
        about: Option<&str>,
        params: &impl Serialize,
    ) -> Document {
        let payload = match self.envelope {
            Envelope::JsonRpc => json(&Notification::new(kind.into(), params)),
            Envelope::Bare => json(params),
        };
        let event = CloudEvent {
            // The count starts anew with the program, the time does not.
            id: format!("{:x}-{:x}", at.micros(), self.said),
            source: self.source.clone(),
            kind,
            time: at,
            subject: about.map(str::to_owned),
        };
        Document {
            at,
            topic: self.topic(topic),
            retain: false,
            critical: false,
            payload: Some(payload),
            correlation: None,
            event: Some(Box::new(event)),
        }
    }

    fn topic(&self, rest: &str) -> String {
        format!("system/{}/{rest}", self.cluster)
    }
}

fn caused_by((component, incident): &Cause) -> CausedBy<'_> {
    CausedBy { component, correlation_id: correlation_id(*incident) }
}

/// Nothing in a document can fail to be written: no maps, no non-string keys.
pub(super) fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// The platform as a whole: unhealthy if a component's finding is critical or most services
/// are unavailable, degraded if anything at all is wrong.
pub fn status(health: &Health) -> &'static str {
    let [healthy, degraded, unavailable, unknown] = health.services;
    let services = healthy + degraded + unavailable + unknown;
    let wrong = degraded + unavailable + health.open_circuits;
    if health.critical || unavailable * 2 > services {
        "unhealthy"
    } else if wrong > 0 || health.components[1] + health.components[2] > 0 {
        "degraded"
    } else {
        "healthy"
    }
}

/// The `correlationId` of an incident.
pub fn correlation_id(incident: IncidentId) -> String {
    format!("incident-{:014x}", incident.0)
}

/// `2-5 minutes`, or `unknown`.
pub fn estimate(estimate: Option<(Span, Span)>) -> String {
    let Some((low, high)) = estimate else {
        return "unknown".into();
    };
    let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
    let (unit, size) = if high < 120.0 { ("seconds", 1.0) } else { ("minutes", 60.0) };
    let (low, high) = ((low / size).floor(), (high / size).ceil());
    if low == high { format!("{high} {unit}") } else { format!("{low}-{high} {unit}") }
}

/// A name as part of a topic: wildcards, `%` and control characters are percent-encoded.
fn escaped(name: &str) -> String {
    let mut topic = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '+' | '#' | '%') || c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(topic, "%{byte:02X}");
            }
        } else {
            topic.push(c);
        }
    }
    topic
}
