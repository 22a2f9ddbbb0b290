//! The words of a circuit: how it behaves, what it tells callers, why it moved.

use super::time::{Instant, Span};

/// How a circuit behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By the rules.
    #[default]
    Automatic,
    /// Open until told otherwise.
    ForcedOpen,
    /// Closed until told otherwise; nothing is counted.
    Disabled,
    /// Closed; a trip is reported once, not enforced.
    ObserveOnly,
}

/// What a circuit tells callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Call.
    #[default]
    Closed,
    /// Do not call.
    Open,
    /// Call carefully; the calls are a trial.
    HalfOpen,
    /// Do not call until an operator says otherwise.
    ForcedOpen,
    /// Call; nothing is judged.
    Disabled,
    /// Call; the circuit would be open.
    ObserveOnly,
}

impl State {
    /// All of them, each at its own number.
    pub const ALL: [Self; 6] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::Disabled,
        Self::ObserveOnly,
    ];

    /// The state of a name on the wire.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::ObserveOnly => "observe_only",
        }
    }
}

/// Why a circuit moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Too many calls in a row are unanswered.
    ConsecutiveUnanswered,
    /// The failure rate reached its threshold.
    FailureRate,
    /// The rate of slow calls reached its threshold.
    SlowCallRate,
    /// A service it depends on is unavailable.
    DependencyUnavailable,
    /// The service it depends on is back.
    DependencyRecovered,
    /// Its open time is over.
    OpenTimeout,
    /// The trial went well.
    TrialSucceeded,
    /// The trial failed.
    TrialFailed,
    /// An operator said so.
    Manual,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ConsecutiveUnanswered,
        Self::FailureRate,
        Self::SlowCallRate,
        Self::DependencyUnavailable,
        Self::DependencyRecovered,
        Self::OpenTimeout,
        Self::TrialSucceeded,
        Self::TrialFailed,
        Self::Manual,
    ];

    /// The cause of a name on the wire.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConsecutiveUnanswered => "consecutive_unanswered",
            Self::FailureRate => "failure_rate",
            Self::SlowCallRate => "slow_call_rate",
            Self::DependencyUnavailable => "dependency_unavailable",
            Self::DependencyRecovered => "dependency_recovered",
            Self::OpenTimeout => "open_timeout",
            Self::TrialSucceeded => "trial_succeeded",
            Self::TrialFailed => "trial_failed",
            Self::Manual => "manual",
        }
    }
}

/// A circuit moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// Where from.
    pub from: State,
    /// Where to.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// Settled calls and failures behind a rate or a trial.
    pub requests: u32,
    /// See `requests`.
    pub failures: u32,
    /// Openings in a row without a closing between.
    pub open_count: u32,
    /// When an open circuit will be half-open, if that is known.
    pub retry_after: Option<Instant>,
    /// How long it was not closed, when it closes.
    pub open_for: Option<Span>,
}
