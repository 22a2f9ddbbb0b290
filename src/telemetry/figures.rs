//! What the corridor hands over to be exported, once a second: figures of the program itself. Those
//! of the services are in the observer's snapshot.

use crate::observer::{Instant, Span};

/// What the session with the broker counts and holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFigures {
    /// Messages received.
    pub received: u64,
    /// Messages dropped because the inbox was full.
    pub inbox_dropped: u64,
    /// Attempts to connect.
    pub attempts: u64,
    /// Times the link came up.
    pub links: u64,
    /// Publications the broker acknowledged, presence included.
    pub published: u64,
    /// Publications the broker refused.
    pub refused: u64,
    /// Documents dropped because the outbox was full.
    pub outbox_dropped: u64,
    /// Documents never sent: no topic for MQTT, or too large for the broker.
    pub unsendable: u64,
    /// Documents that wait to be sent or acknowledged.
    pub outbox: usize,
    /// Whether the link is up.
    pub up: bool,
}

/// Looks for subscribers of services, by what they found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Somebody who may be the service.
    pub somebody: u64,
    /// Nobody.
    pub nobody: u64,
    /// It could not be found out.
    pub unknown: u64,
}

impl Looks {
    /// Counts a look that found somebody, or nobody, or (`None`) nothing out.
    pub const fn count(&mut self, any: Option<bool>) {
        match any {
            Some(true) => self.somebody += 1,
            Some(false) => self.nobody += 1,
            None => self.unknown += 1,
        }
    }
}

/// Everything that is exported, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// When lookout started.
    pub start: Instant,
    /// Messages that wait for the observer.
    pub inbox: usize,
    /// How long the message handled last had waited.
    pub lag: Span,
    /// How long the canary took to be heard back.
    pub canary: Span,
    /// 95th percentile of that over the last five minutes, if it was heard often enough.
    pub canary_p95: Option<Span>,
    /// Songs of the canary that were never heard.
    pub canary_lost: u64,
    /// Looks for subscribers.
    pub looks: Looks,
    /// Restarts of the HTTP server, the session with the broker, and the questions to EMQX.
    pub restarts: [u64; 7],
    /// The session with the broker.
    pub link: LinkFigures,
    /// The pages.
    pub pages: PageFigures,
    /// Those who are told of alerts.
    pub notices: NoticeFigures,
    /// Traces.
    pub traces: TraceFigures,
    /// Alerts that fire, by severity: info, warning, error, critical, emergency.
    pub alerts: [u64; 5],
    /// Alerts and figures that were beyond what is kept of them.
    pub alerts_refused: u64,
}

/// What those who send alerts count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeFigures {
    /// Requests that were taken, by Alertmanagers and by webhooks.
    pub sent: [u64; 2],
    /// Requests that were not.
    pub failed: [u64; 2],
    /// Alerts that wait to be sent for the first time, by receiver of either kind.
    pub waiting: [u64; 2],
    /// Alerts that were dropped unsent, as too many waited.
    pub dropped: [u64; 2],
}

/// What those who send spans of calls count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFigures {
    /// Spans that a collector took.
    pub exported: u64,
    /// Spans that were given up: too many waited, refused, not taken for too long, not sent before the end.
    pub dropped: [u64; 4],
    /// Requests that were not taken.
    pub failed: u64,
    /// Calls that wait to be sent.
    pub waiting: u64,
}

/// What the HTTP server counts of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageFigures {
    /// Who listens to the event stream.
    pub listeners: usize,
    /// Listeners that were cut off because they read too slowly.
    pub dropped: u64,
    /// Reports that were dropped because the server did not keep up.
    pub reports_dropped: u64,
}
