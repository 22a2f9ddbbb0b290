//! Everything the observer can say, each with its reason.
//!
//! Events are facts with names and numbers; `wire` turns them into documents. What is said
//! once (verdicts, transitions, findings) and what stands (readings, circuits, health) are
//! events alike, and `wire` knows which of them the broker keeps.

use super::alert::Alert;
use super::answering::Why;
use super::attack;
use super::breaker::{State, Transition};
use super::call::PairId;
use super::component::Finding;
use super::ground::Cause;
use super::incident::IncidentId;
use super::measure::Measure;
use super::time::{Instant, Span};
use super::trace::TraceId;
use super::verdict::{Reason, ReplicaState, Verdict};
use std::sync::Arc;

/// Something the observer says, and when it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A service is degraded or unavailable, newly or still.
    Bad(Box<BadNews>),
    /// A service is healthy again.
    Recovered(Recovery),
    /// A circuit moved.
    Circuit(CircuitNews),
    /// Circuits were opened ahead of a cascade.
    CascadePrevented {
        /// Who is unavailable.
        origin: Arc<str>,
        /// Whose circuits were opened.
        affected: Vec<Arc<str>>,
        /// The origin's incident.
        incident: IncidentId,
    },
    /// A pair's replies are never heard.
    PairDeaf {
        /// The pair.
        pair: PairId,
        /// Its unanswered calls.
        calls: u32,
        /// Topics of replies that belong to no call.
        topics: Vec<String>,
        /// The incident.
        incident: IncidentId,
    },
    /// A component fails, newly or still.
    ComponentError(Finding),
    /// A component is well again.
    ComponentRecovered {
        /// Its name.
        component: Arc<str>,
        /// How long it failed.
        outage: Span,
        /// The incident.
        incident: IncidentId,
    },
    /// How a service stands now.
    Reading(Reading),
    /// The summary of everything.
    Health(Health),
    /// A service is no longer known; what stands of it is void.
    Gone(Arc<str>),
    /// A caller is answered in place of its service.
    DirectAnswer(Box<DirectAnswer>),
    /// Something is done, or was, about a service that is unavailable.
    Action(ActionNews),
    /// People are told, newly, again, or that it is over. The observer itself raises no alert.
    Alert(Arc<Alert>),
    /// An attack was found, is worse, or is over. The observer itself finds none.
    Attack(Arc<attack::Incident>),
    /// Something is done about an attack, or was. The observer itself does nothing.
    Measure(Arc<Measure>),
}

/// A step of what is done about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is to be restarted now.
    Started,
    /// The platform restarts it.
    Done,
    /// The platform does not.
    Refused,
    /// It is healthy again.
    Recovered,
    /// It did not help, and nothing more is done.
    Failed,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Started, Self::Done, Self::Refused, Self::Recovered, Self::Failed];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
        }
    }
}

/// Something is done about a service that is unavailable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionNews {
    /// Who.
    pub service: Arc<str>,
    /// How far it is.
    pub step: Step,
    /// Which attempt.
    pub attempt: u32,
    /// How many there will be at most.
    pub attempts: u32,
    /// Whether it is only said.
    pub dry_run: bool,
    /// What the platform says of it.
    pub message: Option<Arc<str>>,
    /// The service's incident.
    pub incident: IncidentId,
}

/// An answer in place of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectAnswer {
    /// Where it goes.
    pub topic: Box<str>,
    /// The id of the call in its body, as it is written in JSON.
    pub id: Option<Box<str>>,
    /// The Correlation Data of the call.
    pub correlation: Option<Box<[u8]>>,
    /// The business operation that the call names: its `correlationId`.
    pub operation: Option<Box<str>>,
    /// The service that was called.
    pub service: Arc<str>,
    /// Why it does not answer itself.
    pub why: Why,
    /// From the lengths of its past outages.
    pub estimate: Option<(Span, Span)>,
    /// When its circuit will be half-open, if that is known.
    pub retry_after: Option<Instant>,
}

/// A service is degraded or unavailable.
#[derive(Clone, Debug, PartialEq)]
pub struct BadNews {
    /// Who.
    pub service: Arc<str>,
    /// How.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What the platform says of its replicas.
    pub replicas: Option<ReplicaState>,
    /// When the last result was heard.
    pub last_result: Option<Instant>,
    /// Settled calls of the last 2 min.
    pub recent_calls: u64,
    /// Answered ones of these.
    pub recent_responses: u64,
    /// Error rate over the last 2 min.
    pub error_rate: Option<f64>,
    /// Response rate over the last 2 min.
    pub response_rate: Option<f64>,
    /// From the lengths of its past outages.
    pub estimate: Option<(Span, Span)>,
    /// Methods seen in the last day, in order of their names.
    pub operations: Vec<Arc<str>>,
    /// Share of all calls of the last 5 min that went to it.
    pub calls_share: f64,
    /// Share of all callers of the last 5 to 10 min that called it, estimated.
    pub callers_share: f64,
    /// Whether either share is large.
    pub large: bool,
    /// How often it was said before.
    pub repeat: u32,
    /// The incident.
    pub incident: IncidentId,
    /// The component that explains it, with its incident.
    pub cause: Option<Cause>,
    /// A trace in which one of its failures is told.
    pub trace: Option<TraceId>,
}

/// A service is healthy again.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovery {
    /// Who.
    pub service: Arc<str>,
    /// From what.
    pub previous: Verdict,
    /// How long it lasted.
    pub outage: Span,
    /// Calls that went unanswered in the incident.
    pub unanswered: u64,
    /// The incident.
    pub incident: IncidentId,
}

/// A circuit moved.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitNews {
    /// Whose circuit.
    pub service: Arc<str>,
    /// Its call topic.
    pub topic: Arc<str>,
    /// From where to where, and why.
    pub transition: Transition,
    /// Settled calls that close it when half-open.
    pub trial_calls: u32,
    /// The incident.
    pub incident: IncidentId,
}

/// How a service stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Who.
    pub service: Arc<str>,
    /// The verdict as it reads; unknown while in doubt or idle.
    pub verdict: Verdict,
    /// Why, if it is bad.
    pub reason: Option<Reason>,
    /// Since when it reads so.
    pub since: Instant,
    /// Its circuit.
    pub circuit: State,
    /// Response rate over 5 min.
    pub response_rate: Option<f64>,
    /// Failure rate over 5 min.
    pub failure_rate: Option<f64>,
    /// 95th percentile of reply times over 5 min.
    pub p95: Option<Span>,
    /// The incident, while one lasts.
    pub incident: Option<IncidentId>,
    /// The component that explains it, with its incident.
    pub cause: Option<Cause>,
}

/// The summary of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Services by reading: healthy, degraded, unavailable, unknown.
    pub services: [u32; 4],
    /// Circuits that are open, half-open or forced open.
    pub open_circuits: u32,
    /// Components by condition: healthy, degraded, unhealthy, starting.
    pub components: [u32; 4],
    /// Whether a component's finding is critical.
    pub critical: bool,
    /// Incidents under way.
    pub open_incidents: u32,
    /// Whether lookout doubts itself.
    pub in_doubt: bool,
}
