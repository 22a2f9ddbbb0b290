//! The promises that are watched, by name, so that a test can plant a violation of each.

use std::fmt;

/// What was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// Every document is a notification of its type, of this cluster and moment.
    Envelope,
    /// Nothing is published but on the topics of the manual; above all no direct answer.
    Topic,
    /// What stands is retained, what is said once is not.
    Retain,
    /// Documents are in the order of their times.
    Order,
    /// Circuits move along the arrows of the manual, and at their time.
    Transition,
    /// One correlation id per incident, and never again.
    Incident,
    /// A change is said once.
    Once,
    /// What lasts is said again each 5 min, numbered, and not while nobody calls.
    Repeat,
    /// In doubt nobody is blamed.
    Doubt,
    /// Standing documents say what was said last; unknown in doubt and when idle.
    Standing,
    /// The summary is the sum of the snapshot, in time.
    Health,
    /// At most half of the others are opened ahead, in the origin's incident.
    Cascade,
    /// Components are found ill and well in turns.
    Component,
    /// A deaf pair is reported once, and its services are not blamed.
    Deaf,
    /// Calls are the sum of their outcomes.
    Conservation,
    /// A service is the sum of its methods.
    Methods,
    /// All open calls are some service's.
    OpenCalls,
    /// No table grows beyond its bound.
    Bounds,
    /// Everything heard is counted once; what is held is within its bound.
    Counted,
    /// Each call is told once as a trace, if calls are traced.
    Traced,
    /// A deadline that was handled is over.
    Deadline,
    /// A healthy service is never blamed.
    Healthy,
    /// An outage is found in time.
    Outage,
    /// And so is its end.
    Recovery,
}

impl Rule {
    pub(crate) const ALL: [Self; 24] = [
        Self::Envelope,
        Self::Topic,
        Self::Retain,
        Self::Order,
        Self::Transition,
        Self::Incident,
        Self::Once,
        Self::Repeat,
        Self::Doubt,
        Self::Standing,
        Self::Health,
        Self::Cascade,
        Self::Component,
        Self::Deaf,
        Self::Conservation,
        Self::Methods,
        Self::OpenCalls,
        Self::Bounds,
        Self::Counted,
        Self::Traced,
        Self::Deadline,
        Self::Healthy,
        Self::Outage,
        Self::Recovery,
    ];
}

/// A promise that was broken, and how.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}

/// Where broken promises are written down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(pub(crate) Vec<Broken>);

impl Book {
    pub(crate) fn note(&mut self, rule: Rule, what: impl Into<String>) {
        self.0.push(Broken { rule, what: what.into() });
    }

    pub(crate) fn hold(&mut self, holds: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !holds {
            self.note(rule, what());
        }
    }
}
