//! What may be done about an attack: by a table, for how long, how often, by whom, and to whom never.

use super::incident::{Kind, Response};
use super::spared::Spared;
use crate::observer::Span;
use crate::observer::measure::Means;

/// All that can be set of measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Responses {
    /// Whether measures are decided at all. Default no.
    pub enabled: bool,
    /// Whether they are only said. Default yes.
    pub dry_run: bool,
    /// What is done about a kind of attack, where it is not what is recommended.
    pub table: Vec<(Kind, Vec<Response>)>,
    /// How long an address is kept out. Default 1 h.
    pub block_for: Span,
    /// How long a user is locked out. Default 1 h.
    pub lock_for: Span,
    /// How long a user is suspended. Default 24 h.
    pub suspend_for: Span,
    /// How long a user may make few calls. Default 30 min.
    pub rate_limit_for: Span,
    /// How long a party is looked at closely. Default 1 h.
    pub monitor_for: Span,
    /// How long a session is recorded. Default 30 min.
    pub record_for: Span,
    /// Measures of each kind within an hour. Default 20.
    pub per_hour: u32,
    /// Who is never acted against.
    pub spared: Spared,
    /// What EMQX does.
    pub emqx: Vec<Response>,
    /// What programs of the operator's do.
    pub webhook: Vec<Response>,
    /// Whether there is a place for recordings.
    pub records: bool,
}

impl Default for Responses {
    fn default() -> Self {
        Self {
            enabled: false,
            dry_run: true,
            table: Vec::new(),
            block_for: Span::from_secs(3_600),
            lock_for: Span::from_secs(3_600),
            suspend_for: Span::from_secs(24 * 3_600),
            rate_limit_for: Span::from_secs(30 * 60),
            monitor_for: Span::from_secs(3_600),
            record_for: Span::from_secs(30 * 60),
            per_hour: 20,
            spared: Spared::default(),
            emqx: Vec::new(),
            webhook: Vec::new(),
            records: false,
        }
    }
}

impl Responses {
    /// What is to be done about an attack of a kind.
    pub fn to(&self, kind: Kind) -> &[Response] {
        let set = self.table.iter().find(|(of, _)| *of == kind);
        set.map_or(kind.responses(), |(_, responses)| responses)
    }

    /// How long it is in force; `None` if there is nothing to undo.
    pub const fn lasts(&self, response: Response) -> Option<Span> {
        match response {
            Response::BlockIp => Some(self.block_for),
            Response::LockUser => Some(self.lock_for),
            Response::SuspendUser => Some(self.suspend_for),
            Response::RateLimitUser => Some(self.rate_limit_for),
            Response::IncreaseMonitoring => Some(self.monitor_for),
            Response::PreserveEvidence => Some(self.record_for),
            Response::NotifyUser | Response::NotifySecurityTeam => None,
        }
    }

    /// Who does it.
    pub fn means(&self, response: Response) -> Means {
        Means {
            emqx: self.emqx.contains(&response),
            webhook: self.webhook.contains(&response),
            own: match response {
                Response::IncreaseMonitoring => true,
                Response::PreserveEvidence => self.records,
                _ => false,
            },
        }
    }
}

/// What EMQX can do.
pub const OF_EMQX: [Response; 3] = [Response::BlockIp, Response::LockUser, Response::SuspendUser];
