//! What is done once a second: figures for the pages and for Prometheus, alerts for those who are told, and
//! a look at whether there is still hope for the link.

use super::Corridor;
use crate::alert::Board;
use crate::app::supervise::Restarts;
use crate::observer::alert::Severity;
use crate::observer::input::Link;
use crate::observer::snapshot::ServiceFigures;
use crate::observer::{Instant, Snapshot, Span};
use crate::probe::Waiting;
use crate::telemetry::{Figures, PageFigures};
use crate::trace::Tracer;
use crate::view::Turn;
use crate::wire::Document;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A service that leaves calls without a reply for so long is asked about.
const WAITS: Span = Span::from_secs(1);

/// One that nobody called for so long is no longer asked about.
const STILL_CALLED: Span = Span::from_secs(60);

impl<S: FnMut(&Document)> Corridor<S> {
    /// Exports all figures; `waiting` messages are in the inbox. Returns the services that let
    /// calls wait.
    ///
    /// # Errors
    ///
    /// If there is no hope for the link.
    pub(in crate::app) fn export(&mut self, waiting: usize) -> anyhow::Result<Vec<Waiting>> {
        let link = self.handle.figures();
        if link.outbox_dropped > self.outbox_dropped {
            tracing::warn!(
                "the outbox is full: {} documents dropped",
                link.outbox_dropped - self.outbox_dropped
            );
            self.outbox_dropped = link.outbox_dropped;
        }
        let figures = Figures {
            start: self.start,
            inbox: waiting,
            lag: std::mem::take(&mut self.lag),
            canary: self.canary.round_trip(),
            canary_p95: self.canary.p95(self.clock.now()),
            canary_lost: self.canary.lost(),
            looks: self.looks,
            restarts: self.restarts.each_ref().map(Restarts::count),
            link,
            pages: PageFigures::default(),
            notices: self.notices.figures(),
            traces: self.tracer.as_ref().map(Tracer::figures).unwrap_or_default(),
            alerts: by_severity(&self.board),
            alerts_refused: self.pipeline.alerts_refused(),
        };
        let snapshot = self.pipeline.turn(self.now, &mut self.survey, Some(&figures));
        self.log_malformed(&snapshot);
        if !self.restored && !snapshot.health.in_doubt {
            // What is kept comes with the link; that was a while ago.
            self.restored = true;
            self.handle.is_restored();
        }
        self.speak();
        if let Some(board) = self.pipeline.poll_board() {
            self.board = Arc::new(board);
            self.notices.tell(self.board.clone());
        }
        let waiting = waits(&snapshot);
        let now = self.clock.now();
        let deaf_for = self.canary.silent_for(now);
        let problem = self.status.borrow().problem.clone();
        self.tell_checks(now, deaf_for);
        let lost = self.hope.lost(now, &self.status.borrow(), deaf_for);
        let lost = lost.or_else(|| self.critical.take());
        if let Some(desk) = &self.desk {
            let quiet_for = self.hope.quiet_for(now);
            let board = self.board.clone();
            desk.turn(Turn { snapshot, figures, board, problem, quiet_for, deaf_for });
        }
        lost.map_or(Ok(waiting), |reason| Err(anyhow::anyhow!(reason)))
    }

    fn tell_checks(&self, now: Instant, deaf_for: Span) {
        let Some(senses) = &self.senses else { return };
        let status = self.status.borrow();
        let linked = (status.link == Link::Up).then_some(status.since);
        senses.turn(now, linked, status.problem.as_deref(), deaf_for);
    }

    /// Says what could not be read; called once a second, so a flood of it is one line.
    fn log_malformed(&mut self, snapshot: &Snapshot) {
        let total = snapshot.malformed.iter().map(|(.., count)| count).sum();
        if total == self.malformed {
            return;
        }
        let mut kinds = BTreeMap::<_, u64>::new();
        for (_, _, kind, count) in &snapshot.malformed {
            *kinds.entry(kind.name()).or_default() += count;
        }
        let kinds: Vec<_> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let new = total - self.malformed;
        tracing::warn!("{new} messages could not be read; since the start: {}", kinds.join(", "));
        self.malformed = total;
    }
}

/// How many alerts fire of each severity.
fn by_severity(board: &Board) -> [u64; Severity::ALL.len()] {
    Severity::ALL.map(|severity| {
        board.firing.iter().filter(|alert| alert.severity == severity).count() as u64
    })
}

/// The services that leave calls without a reply, unless lookout doubts itself.
fn waits(snapshot: &Snapshot) -> Vec<Waiting> {
    let now = snapshot.at;
    let waits = |it: &&ServiceFigures| {
        it.verdict.is_some()
            && it.waits_since.is_some_and(|since| now.since(since) >= WAITS)
            && now.since(it.called) <= STILL_CALLED
    };
    let waiting = snapshot.services.iter().filter(|_| !snapshot.health.in_doubt).filter(waits);
    waiting.map(|it| Waiting { service: it.name.clone(), topic: it.topic.clone() }).collect()
}
