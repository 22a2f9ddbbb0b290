//! An attack, told as one thing however many signs there are of it.

use super::alert::Severity;
use super::incident::IncidentId;
use super::time::Instant;
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
    /// A service denies far more than it does usually.
    Denials,
    /// Somebody else publishes where lookout speaks.
    Impostor,
    /// The broker bans a client that comes and goes all the time.
    Flapping,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
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
        Self::Denials,
        Self::Impostor,
        Self::Flapping,
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
            Self::Denials => "denials",
            Self::Impostor => "impostor",
            Self::Flapping => "flapping",
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
            | Self::SuccessAfterFailures
            | Self::Impostor => Severity::Critical,
            Self::Escalation | Self::Exfiltration | Self::Spoofing => Severity::Error,
            Self::UnusualVolume | Self::UnusualServices | Self::Denials | Self::Flapping => {
                Severity::Warning
            }
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
    pub id: IncidentId,
    /// What kind.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: State,
    /// When that was said last.
    pub said: Instant,
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

/// What the security watch counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Signs taken, in the order of [`SIGNS`].
    pub signs: [u64; SIGNS.len()],
    /// Attacks found, in the order of [`Kind::ALL`]; one that turns into another kind counts for both.
    pub found: [u64; Kind::ALL.len()],
    /// Attacks that were only counted, as too many were open.
    pub beyond: u64,
    /// Users, addresses and sessions that are remembered.
    pub remembered: u64,
    /// Those that were forgotten for others.
    pub forgotten: u64,
}

/// What is told to the security watch.
pub const SIGNS: [&str; 7] = ["login", "right", "call", "answer", "stray", "foreign", "ban"];

/// What can be done about an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Response {
    /// Keep an address out for an hour.
    BlockIp,
    /// Lock a user's account.
    LockUser,
    /// Suspend a user for a day, so that somebody looks at it.
    SuspendUser,
    /// Let a user make few calls for half an hour.
    RateLimitUser,
    /// Tell the user.
    NotifyUser,
    /// Tell those who answer for security.
    NotifySecurityTeam,
    /// Look closer for a while.
    IncreaseMonitoring,
    /// Record what the session does from here.
    PreserveEvidence,
}

impl Response {
    /// Its name on the wire and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BlockIp => "block_ip",
            Self::LockUser => "lock_user",
            Self::SuspendUser => "suspend_user",
            Self::RateLimitUser => "rate_limit_user",
            Self::NotifyUser => "notify_user",
            Self::NotifySecurityTeam => "notify_security_team",
            Self::IncreaseMonitoring => "increase_monitoring",
            Self::PreserveEvidence => "preserve_evidence",
        }
    }

    /// The response of a name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|response| response.name() == name)
    }

    /// Whether somebody is kept from something by it.
    pub const fn is_against_somebody(self) -> bool {
        matches!(self, Self::BlockIp | Self::LockUser | Self::SuspendUser | Self::RateLimitUser)
    }

    /// It in words: `block ip`.
    pub fn words(self) -> String {
        self.name().replace('_', " ")
    }

    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::BlockIp,
        Self::LockUser,
        Self::SuspendUser,
        Self::RateLimitUser,
        Self::NotifyUser,
        Self::NotifySecurityTeam,
        Self::IncreaseMonitoring,
        Self::PreserveEvidence,
    ];
}

impl Kind {
    /// What is recommended, the first thing first. A user whose password is being sprayed is not locked
    /// out: that would do the attacker's work.
    pub const fn responses(self) -> &'static [Response] {
        use Response as R;
        match self {
            Self::BruteForce => &[R::BlockIp, R::LockUser, R::NotifySecurityTeam],
            Self::CredentialStuffing => &[R::BlockIp, R::NotifySecurityTeam],
            Self::PasswordSpraying => {
                &[R::NotifyUser, R::IncreaseMonitoring, R::NotifySecurityTeam]
            }
            Self::SuccessAfterFailures => {
                &[R::SuspendUser, R::NotifyUser, R::PreserveEvidence, R::NotifySecurityTeam]
            }
            Self::UnusualVolume => &[R::RateLimitUser, R::IncreaseMonitoring],
            Self::UnusualServices => &[R::IncreaseMonitoring, R::NotifySecurityTeam],
            Self::UnusualHours => &[R::IncreaseMonitoring],
            Self::Escalation => &[R::SuspendUser, R::PreserveEvidence, R::NotifySecurityTeam],
            Self::Exfiltration => &[R::RateLimitUser, R::PreserveEvidence, R::NotifySecurityTeam],
            Self::Spoofing => &[R::PreserveEvidence, R::NotifySecurityTeam],
            Self::Denials | Self::Impostor | Self::Flapping => &[R::NotifySecurityTeam],
        }
    }

    /// The kind in words: `brute force`.
    pub fn words(self) -> String {
        self.name().replace('_', " ")
    }
}

impl State {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Ended => "ended",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Opened, Self::Escalated, Self::Ended];
}

impl Party {
    /// The first thing that is known, in the order user, address, client, session, service.
    pub fn name(&self) -> Option<&str> {
        let Self { user, address, client, session, service } = self;
        [user, address, client, session, service].into_iter().flatten().next().map(|it| &**it)
    }
}

impl Incident {
    /// Whom it is about, in words: `ana from 192.0.2.7`, or as much of it as is known.
    pub fn about(&self) -> String {
        let parties = [&self.target, &self.source];
        let first = |of: fn(&Party) -> &Option<Arc<str>>| {
            parties.into_iter().find_map(|it| of(it).as_deref())
        };
        match (first(|it| &it.user), first(|it| &it.address)) {
            (Some(user), Some(address)) => format!("{user} from {address}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => {
                let other = parties.into_iter().find_map(Party::name);
                other.unwrap_or("somebody unknown").to_owned()
            }
        }
    }
}
