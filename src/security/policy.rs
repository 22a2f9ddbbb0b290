//! What counts as an attack: thresholds, windows and what becomes of alarms.

use super::incident::Kind;
use crate::observer::Span;
use crate::observer::alert::Severity;

/// All that can be set of the watch. Defaults are those of `behaviour.md` 9 where it has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether there is a watch.
    pub enabled: bool,
    /// How long failed attempts are remembered. Default 15 min.
    pub window: Span,
    /// Failed logins of one user, or from one address, that are an attack. Default 5.
    pub failures: u32,
    /// Different users that one address fails for. Default 10.
    pub users: u32,
    /// Different addresses that fail for one user. Default 10.
    pub addresses: u32,
    /// Calls of a user in an hour, as a multiple of what is usual for it at that hour. Default 3.
    pub volume: f64,
    /// Calls of a user in an hour below which nothing is unusual. Default 300.
    pub volume_floor: u32,
    /// Services that a user never called before, in an hour. Default 3.
    pub services: u32,
    /// How long a user is learned before its hours and services can be unusual. Default 3 days.
    pub learn: Span,
    /// Denials of a user, within the window, after which a grant is suspicious. Default 3.
    pub denials: u32,
    /// Denials of a service within a window below which nothing is unusual. Default 20.
    pub service_denials: u32,
    /// Bytes of answers to a user in an hour, as a multiple of what is usual for it. Default 5.
    pub bytes: f64,
    /// Bytes of answers in an hour below which nothing is unusual. Default 20 MiB.
    pub bytes_floor: u64,
    /// Stray replies to one session within the window. Default 10.
    pub strays: u32,
    /// How long an incident stays open after its last sign, and how long nothing is said of it beside
    /// that it got worse. Default 15 min.
    pub calm: Span,
    /// Users, addresses and sessions that are remembered; of each kind so many. Default 100 000.
    pub remembered: usize,
    /// Incidents that may be open at once. Default 1 000.
    pub incidents: usize,
    /// Detectors that are off.
    pub off: Vec<Kind>,
    /// Severities other than the usual ones.
    pub severities: Vec<(Kind, Severity)>,
    /// An incident that goes on for so long is escalated by one severity. Default 30 min.
    pub escalate: Span,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            enabled: false,
            window: Span::from_secs(15 * 60),
            failures: 5,
            users: 10,
            addresses: 10,
            volume: 3.0,
            volume_floor: 300,
            services: 3,
            learn: Span::from_secs(3 * 24 * 60 * 60),
            denials: 3,
            service_denials: 20,
            bytes: 5.0,
            bytes_floor: 20 << 20,
            strays: 10,
            calm: Span::from_secs(15 * 60),
            remembered: 100_000,
            incidents: 1_000,
            off: Vec::new(),
            severities: Vec::new(),
            escalate: Span::from_secs(30 * 60),
        }
    }
}

impl Policy {
    /// Whether a detector is on.
    pub fn has(&self, kind: Kind) -> bool {
        self.enabled && !self.off.contains(&kind)
    }

    /// The same for who is looked at closely: half of each threshold is enough, though never one sign alone.
    pub fn closer(&self) -> Self {
        let half = |count: u32| (count / 2).max(2);
        let near = |factor: f64| f64::midpoint(factor, 1.0);
        Self {
            failures: half(self.failures),
            users: half(self.users),
            addresses: half(self.addresses),
            volume: near(self.volume),
            volume_floor: self.volume_floor.div_ceil(2),
            services: half(self.services),
            denials: half(self.denials),
            service_denials: half(self.service_denials),
            bytes: near(self.bytes),
            bytes_floor: self.bytes_floor.div_ceil(2),
            strays: half(self.strays),
            ..self.clone()
        }
    }

    /// How bad an attack of a kind is.
    pub fn severity(&self, kind: Kind) -> Severity {
        let set = self.severities.iter().find(|(of, _)| *of == kind);
        set.map_or(kind.severity(), |(_, severity)| *severity)
    }
}
