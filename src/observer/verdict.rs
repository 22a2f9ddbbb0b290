//! The words of a verdict: what is said of a service, why, and what its platform says.

use std::sync::Arc;

/// What is said of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Too little is known, or lookout doubts itself.
    #[default]
    Unknown,
    /// Nothing speaks against it.
    Healthy,
    /// It answers, but not as it should.
    Degraded,
    /// It does not answer.
    Unavailable,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Healthy, Self::Degraded, Self::Unavailable];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
        }
    }

    /// The verdict of a name on the wire.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// Whether it is bad news.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Degraded | Self::Unavailable)
    }
}

/// Why a verdict is not healthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Silent, and its replicas are fine or unknown.
    NotResponding,
    /// Nobody but onlookers subscribes to its topic.
    NoSubscriber,
    /// No replica runs.
    NoRunningPods,
    /// No replica is ready.
    PodsNotReady,
    /// No replica runs or is ready, and the platform says why.
    Cause(Arc<str>),
    /// Replies come, but slowly or too late.
    SlowResponses,
    /// Too few calls are answered.
    PoorResponseRate,
    /// Fewer than half of the replicas are ready.
    ReplicasNotReady,
    /// Too many calls fail.
    HighFailureRate,
    /// The verdict changes too often to be told each time.
    Flapping,
}

impl Reason {
    /// Those for which a service is unavailable, beside what its platform names.
    pub const UNAVAILABLE: [Self; 4] =
        [Self::NotResponding, Self::NoSubscriber, Self::NoRunningPods, Self::PodsNotReady];
    /// Those for which it is degraded.
    pub const DEGRADED: [Self; 5] = [
        Self::SlowResponses,
        Self::PoorResponseRate,
        Self::ReplicasNotReady,
        Self::HighFailureRate,
        Self::Flapping,
    ];

    /// The reason of a name on the wire; any other name is a cause that the platform gave.
    pub fn read(name: &str) -> Self {
        let mut all = Self::UNAVAILABLE.into_iter().chain(Self::DEGRADED);
        let known = all.find(|reason| reason.name() == name);
        known.unwrap_or_else(|| Self::Cause(name.into()))
    }

    /// Its name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::NotResponding => "not_responding",
            Self::NoSubscriber => "no_subscriber",
            Self::NoRunningPods => "no_running_pods",
            Self::PodsNotReady => "pods_not_ready",
            Self::Cause(cause) => cause,
            Self::SlowResponses => "slow_responses",
            Self::PoorResponseRate => "poor_response_rate",
            Self::ReplicasNotReady => "replicas_not_ready",
            Self::HighFailureRate => "high_failure_rate",
            Self::Flapping => "flapping",
        }
    }
}

/// What the platform last said of a service's replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// Replicas that run.
    pub running: u32,
    /// Replicas that are ready.
    pub ready: u32,
    /// Replicas that should be there.
    pub total: u32,
    /// How often those that are there were started anew.
    pub restarts: u32,
    /// Why the last one failed.
    pub cause: Option<Arc<str>>,
}

impl ReplicaState {
    /// Whether fewer than half are ready.
    pub fn is_short(&self) -> bool {
        // In 64 bits, as the numbers are whatever the platform says.
        u64::from(self.ready) * 2 < u64::from(self.total)
    }
}
