//! What all requests share, and how the corridor reaches it.
//!
//! The server has a thread of its own, so that no page, however large, keeps a message waiting. The
//! corridor leaves its reports at the [`Desk`] and never waits; a clerk on the server's thread takes
//! them into the view. What an operator wants changed goes the other way, as an [`Order`].

use super::rows::Rows;
use crate::clock::Clock;
use crate::config::{Links, Token};
use crate::observer::Event;
use crate::observer::breaker::Mode;
use crate::observer::event::What;
use crate::observer::measure::{Measure, MeasureId};
use crate::observer::snapshot::CircuitFigures;
use crate::runbook::Book;
use crate::telemetry::PageFigures;
use crate::view::feed::Entry;
use crate::view::{Turn, View};
use crate::wire::Document;
use axum::body::Bytes;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Events that may wait for the clerk.
const EVENTS: usize = 4_096;
/// Orders that may wait for the corridor.
const ORDERS: usize = 16;
/// Frames that a listener may be behind.
pub(super) const FRAMES: usize = 512;

/// What the server is to know.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may change something.
    pub tokens: Vec<Token>,
    /// The platform that is observed.
    pub cluster: String,
    /// lookout's id.
    pub id: String,
    /// Names of the traffic pairs.
    pub pairs: Vec<String>,
    /// What to do about alerts.
    pub runbooks: Book,
    /// Where people look further.
    pub links: Links,
}

/// What an operator wants.
#[derive(Debug)]
pub enum Order {
    /// A circuit is to behave in another way.
    Circuit {
        /// Whose.
        service: String,
        /// How.
        mode: Mode,
        /// How it stands then; `None` if nobody knows the service.
        done: oneshot::Sender<Option<CircuitFigures>>,
    },
    /// What is done about an attack is to be undone.
    Undo {
        /// Which measure.
        id: MeasureId,
        /// How it stands then; `None` if no such measure is in force.
        done: oneshot::Sender<Option<Measure>>,
    },
}

/// An event and its documents.
pub(super) type Said = (Event, Vec<Document>);

/// The corridor's end: it leaves reports here.
#[derive(Debug)]
pub struct Desk {
    turns: watch::Sender<Option<Arc<Turn>>>,
    events: mpsc::Sender<Said>,
    dropped: Arc<AtomicU64>,
}

impl Desk {
    /// Leaves what a second brought.
    pub fn turn(&self, turn: Turn) {
        self.turns.send_replace(Some(Arc::new(turn)));
    }

    /// Leaves what was said; how things stand is in the turns.
    pub fn said(&self, event: &Event, documents: &[Document]) {
        let stands = matches!(
            event.what,
            What::Reading(_) | What::Health(_) | What::Gone(_) | What::DirectAnswer(_)
        );
        if !stands && self.events.try_send((event.clone(), documents.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The other end, with what was left.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) turns: watch::Receiver<Option<Arc<Turn>>>,
    pub(super) events: mpsc::Receiver<Said>,
}

/// What goes to those who listen.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// Something happened.
    Event(Arc<Entry>, Bytes),
    /// How the platform stands.
    Overview(Bytes),
    /// Services that changed.
    Services(Bytes),
}

/// A page as last written, if it was, and of which turn.
type Written = Option<(Arc<Turn>, Bytes)>;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    view: Mutex<View>,
    rows: Mutex<Rows>,
    pub(super) frames: broadcast::Sender<Frame>,
    orders: mpsc::Sender<Order>,
    reports_dropped: Arc<AtomicU64>,
    pub(super) listeners: AtomicUsize,
    pub(super) listeners_dropped: AtomicU64,
    /// The pages for Prometheus, as text and as OpenMetrics.
    pub(super) metrics: [Mutex<Written>; 2],
}

impl Shared {
    /// What is shared, with both ends for the corridor and the clerk's.
    pub(super) fn new(plan: Plan, clock: Clock) -> (Arc<Self>, Desk, mpsc::Receiver<Order>, Inbox) {
        let (turns, of_turns) = watch::channel(None);
        let (events, of_events) = mpsc::channel(EVENTS);
        let (orders, of_orders) = mpsc::channel(ORDERS);
        let dropped = Arc::new(AtomicU64::new(0));
        let shared = Self {
            plan,
            clock,
            view: Mutex::new(View::new(clock.now())),
            rows: Mutex::default(),
            frames: broadcast::Sender::new(FRAMES),
            orders,
            reports_dropped: dropped.clone(),
            listeners: AtomicUsize::new(0),
            listeners_dropped: AtomicU64::new(0),
            metrics: Default::default(),
        };
        let inbox = Inbox { turns: of_turns, events: of_events };
        (Arc::new(shared), Desk { turns, events, dropped }, of_orders, inbox)
    }

    /// The view. All who ask are on one thread, so nobody waits for it.
    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an order to the corridor; `None` if it takes none.
    pub(super) async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Option<T> {
        let (done, answer) = oneshot::channel();
        self.orders.try_send(order(done)).ok()?;
        answer.await.ok()
    }

    /// What the server counts of itself.
    pub(super) fn figures(&self) -> PageFigures {
        PageFigures {
            listeners: self.listeners.load(Ordering::Relaxed),
            dropped: self.listeners_dropped.load(Ordering::Relaxed),
            reports_dropped: self.reports_dropped.load(Ordering::Relaxed),
        }
    }
}
