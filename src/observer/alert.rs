//! The words for alerts: what is told to people, how bad it is, and what they need to act.
//!
//! The observer itself raises none; whoever does says them as events, in these words.

use super::incident::IncidentId;
use super::input;
use super::time::{Instant, Span};
use super::trace::TraceId;
use std::sync::Arc;

/// How bad it is, and thereby who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    Warning,
    /// Worth a look now.
    Error,
    /// Somebody has to act now.
    Critical,
    /// Everybody has to know.
    Emergency,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 5] =
        [Self::Info, Self::Warning, Self::Error, Self::Critical, Self::Emergency];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Emergency => "emergency",
        }
    }

    /// The severity of a name on the wire.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl From<input::Severity> for Severity {
    fn from(severity: input::Severity) -> Self {
        match severity {
            input::Severity::Info => Self::Info,
            input::Severity::Warning => Self::Warning,
            input::Severity::Error => Self::Error,
            input::Severity::Critical => Self::Critical,
        }
    }
}

/// What tells one alert from another: its name and its labels, in order of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The alert's name.
    pub name: Arc<str>,
    /// What it is about: `service`, or `component` and `kind`, or whatever tells the figures of a
    /// rule apart.
    pub labels: Vec<(&'static str, Arc<str>)>,
}

impl Key {
    /// An alert about everything.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), labels: Vec::new() }
    }

    /// The same with one more label.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: Arc<str>) -> Self {
        self.labels.push((label, value));
        self.labels.sort_unstable();
        self
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&Arc<str>> {
        self.labels.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The service that it is about.
    pub fn service(&self) -> Option<&Arc<str>> {
        self.label("service")
    }

    /// The component that it is about.
    pub fn component(&self) -> Option<&Arc<str>> {
        self.label("component")
    }

    /// Whom it is about, for people: the first of its labels that names somebody.
    pub fn subject(&self) -> Option<&Arc<str>> {
        self.service().or_else(|| self.component()).or_else(|| self.label("pair"))
    }
}

/// An alert, as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Which.
    pub key: Key,
    /// How bad.
    pub severity: Severity,
    /// When its cause began.
    pub starts: Instant,
    /// When it was over; `None` while it fires.
    pub ends: Option<Instant>,
    /// In a line.
    pub summary: String,
    /// In a few sentences.
    pub description: String,
    /// The event that stands behind it, as on the wire.
    pub event: &'static str,
    /// The reason that the event gives.
    pub reason: Option<Arc<str>>,
    /// The figure of a rule, when the alert was last told.
    pub value: Option<f64>,
    /// What else people need.
    pub context: Context,
    /// What says what to do, if there is something.
    pub runbook: Option<Runbook>,
    /// How often it was told before.
    pub repeat: u32,
    /// The incident that it belongs to, or an id of its own.
    pub incident: IncidentId,
    /// What explains it, so that it need not be told by itself: a component that is down.
    pub explained: Option<Arc<str>>,
    /// A trace in which the trouble of its service is told, when the alert was last told.
    pub trace: Option<TraceId>,
}

impl Alert {
    /// Whether it is not over.
    pub const fn fires(&self) -> bool {
        self.ends.is_none()
    }

    /// How long it has lasted, or lasted.
    pub fn lasted(&self, now: Instant) -> Span {
        self.ends.unwrap_or(now).since(self.starts)
    }
}

/// Where it is written what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runbook {
    /// Its name, by which `lookout runbook` prints it.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its first steps: what is done, and the command, filled in.
    pub steps: Vec<(String, Option<String>)>,
}

/// What people need beside the fact, when the alert was last told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// What else happened lately that may belong to it, the latest last.
    pub related: Vec<(Instant, String)>,
    /// How the ground is.
    pub infrastructure: Infrastructure,
    /// Whom it hits.
    pub impact: Impact,
    /// What probably stands behind it, the likeliest first.
    pub causes: Vec<String>,
    /// What may help.
    pub actions: Vec<String>,
}

/// How the ground under the services is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Infrastructure {
    /// Components that are not well, each with what is wrong.
    pub unwell: Vec<(Arc<str>, Arc<str>)>,
    /// Components in all.
    pub components: u32,
    /// Services by reading: healthy, degraded, unavailable, unknown.
    pub services: [u32; 4],
    /// Circuits that are open.
    pub open_circuits: u32,
    /// Whether lookout doubts its own ears.
    pub in_doubt: bool,
}

/// Whom an alert hits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// Services that are concerned, at most ten.
    pub services: Vec<Arc<str>>,
    /// How many there are in all.
    pub services_total: u32,
    /// Their methods, the most called first, at most ten.
    pub methods: Vec<Arc<str>>,
    /// Calls to them a second, over five minutes.
    pub calls_per_second: f64,
    /// Their share of all calls.
    pub calls_share: Option<f64>,
    /// Their callers, roughly.
    pub callers: f64,
}
