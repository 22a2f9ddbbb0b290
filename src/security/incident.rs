//! An attack, told as one thing however many signs there are of it.

use crate::observer::Instant;
use crate::observer::alert::Severity;
use std::sync::Arc;

/// What kind of attack, by the detector that found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Many failed logins of one user, or from one address.
    BruteForce,
    /// One address fails for many users.
    CredentialStuffing,
    /// Many addresses fail for one user.
    PasswordSpraying,
    /// A login succeeds after a run of failures.
    SuccessAfterFailures,
    /// A user makes far more calls than it does at such an hour.
    UnusualVolume,
    /// A user calls several services that it never called before.
    UnusualServices,
    /// A user is at work at an hour at which it never was.
    UnusualHours,
    /// A user is denied again and again, and then is not.
    Escalation,
    /// A user gets far more data than it does usually.
    Exfiltration,
    /// Replies come to a session that made no such calls.
    Spoofing,
    /// Somebody else publishes where only lookouts do.
    Impersonation,
    /// The broker itself banned a client or saw it flap.
    BrokerSign,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BruteForce,
        Self::CredentialStuffing,
        Self::PasswordSpraying,
        Self::SuccessAfterFailures,
        Self::UnusualVolume,
        Self::UnusualServices,
        Self::UnusualHours,
        Self::Escalation,
        Self::Exfiltration,
        Self::Spoofing,
        Self::Impersonation,
        Self::BrokerSign,
    ];

    /// Its name on the wire and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BruteForce => "brute_force",
            Self::CredentialStuffing => "credential_stuffing",
            Self::PasswordSpraying => "password_spraying",
            Self::SuccessAfterFailures => "success_after_failures",
            Self::UnusualVolume => "unusual_volume",
            Self::UnusualServices => "unusual_services",
            Self::UnusualHours => "unusual_hours",
            Self::Escalation => "escalation",
            Self::Exfiltration => "exfiltration",
            Self::Spoofing => "spoofing",
            Self::Impersonation => "impersonation",
            Self::BrokerSign => "broker_sign",
        }
    }

    /// The kind of a name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How bad it is, unless set otherwise.
    pub const fn severity(self) -> Severity {
        match self {
            Self::BruteForce
            | Self::CredentialStuffing
            | Self::PasswordSpraying
            | Self::SuccessAfterFailures => Severity::Critical,
            Self::Escalation | Self::Exfiltration | Self::Spoofing | Self::Impersonation => {
                Severity::Error
            }
            Self::UnusualVolume | Self::UnusualServices | Self::BrokerSign => Severity::Warning,
            Self::UnusualHours => Severity::Info,
        }
    }
}

/// Who attacks, or is attacked, as far as it is known. Texts are cut at 256 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The user.
    pub user: Option<Arc<str>>,
    /// The address.
    pub address: Option<Arc<str>>,
    /// The MQTT client id.
    pub client: Option<Arc<str>>,
    /// The session.
    pub session: Option<Arc<str>>,
    /// The service.
    pub service: Option<Arc<str>>,
}

/// Something that happened in an incident; in our words, with texts of strangers cut and tamed where
/// they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Arc<str>,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was found.
    Opened,
    /// It is worse than was said.
    Escalated,
    /// No sign of it for long enough.
    Ended,
}

/// An attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// What it is known by: the same in all documents about it.
    pub id: Arc<str>,
    /// What kind.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: State,
    /// Who attacks.
    pub source: Party,
    /// Who is attacked.
    pub target: Party,
    /// The first sign.
    pub since: Instant,
    /// The last one.
    pub last: Instant,
    /// Signs.
    pub signs: u64,
    /// What was measured, and the threshold that it passed.
    pub measured: f64,
    /// See `measured`.
    pub threshold: f64,
    /// The first and the last things that happened, in order; at most 32.
    pub evidence: Vec<Evidence>,
}
