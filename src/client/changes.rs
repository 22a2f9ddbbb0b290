//! What changes on the platform, as a stream: for user interfaces and for logs.
//!
//! A listener that is too slow misses the oldest changes and is told how many; how things stand
//! can always be asked again.

use super::error::Source;
use super::link::LinkState;
use super::view::ServiceState;
use crate::observer::breaker::State;
use tokio::sync::broadcast;

/// Changes that wait for a listener.
pub(super) const WAITING: usize = 1_024;

/// Something changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The link to the broker.
    Link(LinkState),
    /// Whether a lookout is there.
    Lookout(bool),
    /// The verdict on a service.
    Service(Box<ServiceState>),
    /// The circuit of a service.
    Circuit {
        /// The service.
        service: String,
        /// Its new state.
        state: State,
        /// Why, in lookout's word.
        reason: String,
        /// Whose circuit it is: lookout's or this client's own.
        source: Source,
    },
    /// A component is in trouble, still or anew.
    Component(Component),
    /// A component is well again; its name.
    ComponentRecovered(String),
    /// What lookout says to everyone at once.
    Emergency {
        /// The component or service it is about.
        subject: String,
        /// What happened.
        message: String,
    },
    /// So many changes came too fast for this listener.
    Missed(u64),
}

/// A component in trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it is, such as `postgresql`.
    pub kind: String,
    /// How bad it is: info, warning, error or critical.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// Services that suffer from it, as far as lookout knows.
    pub affected: Vec<String>,
}

/// A stream of changes.
#[derive(Debug)]
pub struct Changes(pub(super) broadcast::Receiver<Change>);

impl Changes {
    /// The next change; `None` when the platform was closed.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Change::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
