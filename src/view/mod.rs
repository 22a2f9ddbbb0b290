//! What operators see: the last snapshot, what led to it, and how lookout itself is.
//!
//! The observer knows the present and its rolling windows. A page wants a little more: the last ten
//! minutes of each service, the story of each incident, the events that a reader missed. That is kept
//! here, fed once a second with a [`Turn`] and with each event as it is said. Advice on the last day is
//! kept here as well; what it is, its own room knows. Nothing here
//! decides anything about a service; it knows no socket, no HTTP and no clock.
//!
//! All is bounded: services by the observer's own bound, the rest by what each file says.

pub mod feed;
pub mod health;
pub mod history;
pub mod incidents;
pub mod measures;
pub mod story;

use crate::advice::{Advice, Advisor};
use crate::alert::Board;
use crate::observer::event::Event;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::{Instant, Snapshot, Span};
use crate::telemetry::Figures;
use crate::wire::Document;
use feed::Feed;
use history::History;
use incidents::Incidents;
use measures::Measures;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything at one moment, once a second.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What the observer knows.
    pub snapshot: Snapshot,
    /// lookout's own figures.
    pub figures: Figures,
    /// What people are told.
    pub board: Arc<Board>,
    /// Why there is no link, if there is none and that is known.
    pub problem: Option<String>,
    /// How long no message was heard, while there is a link.
    pub quiet_for: Span,
    /// How long its canary was not heard, while there is a link.
    pub deaf_for: Span,
}

/// What operators see.
#[derive(Debug)]
pub struct View {
    turn: Arc<Turn>,
    histories: BTreeMap<Arc<str>, History>,
    incidents: Incidents,
    measures: Measures,
    feed: Feed,
    advisor: Advisor,
    /// Whether the first turn came.
    begun: bool,
    stopping: bool,
    /// When the link was first up.
    ready_since: Option<Instant>,
    watch: health::Watch,
}

impl View {
    /// A view of what begins now.
    pub fn new(start: Instant) -> Self {
        let mut turn = Turn::default();
        turn.snapshot.at = start;
        turn.figures.start = start;
        Self {
            turn: Arc::new(turn),
            histories: BTreeMap::new(),
            incidents: Incidents::default(),
            measures: Measures::default(),
            feed: Feed::new(start),
            advisor: Advisor::default(),
            begun: false,
            stopping: false,
            ready_since: None,
            watch: health::Watch::default(),
        }
    }

    /// Takes what a second brought.
    pub fn take(&mut self, turn: Arc<Turn>) {
        let snapshot = &turn.snapshot;
        for service in &snapshot.services {
            if !self.histories.contains_key(&service.name) {
                self.histories.insert(service.name.clone(), History::new(snapshot.at));
            }
            if let Some(history) = self.histories.get_mut(&service.name) {
                history.take(snapshot.at, service);
            }
        }
        if self.histories.len() > snapshot.services.len() {
            let known = |name: &Arc<str>| position(&snapshot.services, name).is_some();
            self.histories.retain(|name, _| known(name));
        }
        self.incidents.take(snapshot);
        self.measures.take(snapshot);
        self.watch.take(snapshot.at, &turn.figures);
        self.advisor.look(snapshot);
        if turn.figures.link.up {
            self.ready_since.get_or_insert(snapshot.at);
        }
        self.begun = true;
        self.turn = turn;
    }

    /// Takes what was said, and the documents that say it. Returns the new entries of the feed.
    pub fn hear(&mut self, event: &Event, documents: &[Document]) -> Vec<Arc<feed::Entry>> {
        self.incidents.hear(event);
        self.measures.hear(event);
        documents.iter().filter_map(|document| self.feed.add(document)).collect()
    }

    /// lookout was asked to end.
    pub const fn stop(&mut self) {
        self.stopping = true;
    }

    /// The last turn.
    pub const fn turn(&self) -> &Arc<Turn> {
        &self.turn
    }

    /// A service as of the last turn.
    pub fn service(&self, name: &str) -> Option<&ServiceFigures> {
        let services = &self.turn.snapshot.services;
        services.get(position(services, name)?)
    }

    /// The last ten minutes of a service.
    pub fn history(&self, name: &str) -> Option<&History> {
        self.histories.get(name)
    }

    /// Incidents, open and past.
    pub const fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// What is done about attacks, and what was done lately.
    pub const fn measures(&self) -> &Measures {
        &self.measures
    }

    /// What the last day says about services.
    pub const fn advice(&self) -> &Arc<Advice> {
        self.advisor.advice()
    }

    /// What was said lately.
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }
}

/// Where a service stands among those in order of their names.
fn position(services: &[ServiceFigures], name: &str) -> Option<usize> {
    services.binary_search_by(|service| (*service.name).cmp(name)).ok()
}
