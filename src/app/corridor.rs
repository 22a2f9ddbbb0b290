//! What the loop does at each of its turns.
//!
//! Time for the pipeline is the arrival stamp of what is heard, and never runs backwards. While
//! messages wait, deadlines are judged at their stamps only: a reply that arrived in time is in
//! time, however late it is read. When nothing waits, the clock itself moves them.

use super::ears::Ears;
use crate::clock::Clock;
use crate::config::Config;
use crate::mqtt::{Arrival, Handle, Status};
use crate::observer::digest::DigestKey;
use crate::observer::input::{Doubt, Link};
use crate::observer::{Input, Instant, Snapshot, Span};
use crate::pipeline::Pipeline;
use crate::telemetry::{Exporter, Figures};
use crate::wire::Document;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// Without a link for this long there is no hope that waiting helps; whoever runs lookout can
/// start it anew, and sees that it ended.
const HOPELESS: Span = Span::from_secs(600);

/// The shortest rest: timers of the runtime are no finer.
const SHORTEST_REST: Span = Span::from_millis(1);

/// The pipeline with everything around it.
pub(super) struct Corridor<S> {
    clock: Clock,
    start: Instant,
    /// The pipeline's time.
    now: Instant,
    ears: Ears,
    pipeline: Pipeline,
    handle: Handle,
    status: watch::Receiver<Status>,
    exporter: Exporter,
    /// Outbox drops that were logged.
    outbox_dropped: u64,
    /// Malformed messages that were logged.
    malformed: u64,
    said: S,
}

impl<S: FnMut(&Document)> Corridor<S> {
    /// A corridor with a pipeline that does not hear yet.
    pub(super) fn new(
        config: Config,
        key: DigestKey,
        clock: Clock,
        handle: Handle,
        exporter: Exporter,
        said: S,
    ) -> Self {
        let start = clock.now();
        let voice = config.voice();
        let Config { traffic, settings, .. } = config;
        let ears = Ears::new(start, settings.doubt.pause);
        let mut pipeline = Pipeline::new(voice, traffic, settings, key, start);
        pipeline.tell(start, Input::Link(Link::Down));
        let status = handle.status();
        Self {
            clock,
            start,
            now: start,
            ears,
            pipeline,
            handle,
            status,
            exporter,
            outbox_dropped: 0,
            malformed: 0,
            said,
        }
    }

    /// The loop turns: did the process stand still?
    pub(super) fn turn(&mut self) {
        let now = self.clock.now();
        if let Some(since) = self.ears.turn(now) {
            tracing::warn!("stood still for {}", now.since(since));
            self.now = self.now.max(now);
            self.pipeline.tell(self.now, Input::Paused(since));
            self.speak();
        }
    }

    /// Hears what arrived.
    pub(super) fn hear(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        let mut first = true;
        for arrival in arrivals {
            if std::mem::take(&mut first) {
                self.look_at_inbox(self.clock.now().since(arrival.at()));
            }
            self.now = self.now.max(arrival.at());
            match arrival {
                Arrival::Link(_, link) => self.pipeline.tell(self.now, Input::Link(link)),
                Arrival::Message(heard) => match heard.as_message() {
                    Some(message) => self.pipeline.hear(self.now, &message),
                    // No template can match it.
                    None => self.pipeline.tell(self.now, Input::Ignored),
                },
            }
            self.speak();
        }
    }

    /// Nothing waits: time is what the clock says.
    pub(super) fn idle(&mut self) {
        self.look_at_inbox(Span::ZERO);
        self.now = self.now.max(self.clock.now());
        self.pipeline.advance(self.now);
        self.speak();
    }

    /// How long nothing needs to be done, if nothing arrives.
    pub(super) fn rest(&mut self) -> Duration {
        let rest = self.pipeline.poll_timeout().since(self.clock.now());
        Duration::from_micros(rest.max(SHORTEST_REST).micros())
    }

    /// Exports all figures; `waiting` messages are in the inbox.
    ///
    /// # Errors
    ///
    /// If there is no hope for the link.
    pub(super) fn export(&mut self, waiting: usize) -> anyhow::Result<()> {
        let link = self.handle.figures();
        if link.outbox_dropped > self.outbox_dropped {
            tracing::warn!(
                "the outbox is full: {} documents dropped",
                link.outbox_dropped - self.outbox_dropped
            );
            self.outbox_dropped = link.outbox_dropped;
        }
        let snapshot = self.pipeline.snapshot(self.now);
        self.log_malformed(&snapshot);
        self.exporter.export(&Figures { start: self.start, inbox: waiting, link }, &snapshot);
        match hopeless(&self.status.borrow(), self.clock.now()) {
            None => Ok(()),
            Some(reason) => Err(anyhow::anyhow!(reason)),
        }
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

    fn look_at_inbox(&mut self, lag: Span) {
        let dropped = self.handle.figures().inbox_dropped;
        let Some(on) = self.ears.inbox(self.clock.now(), lag, dropped) else { return };
        if on {
            tracing::warn!(
                "messages arrive faster than they are handled: {lag} behind, {dropped} dropped \
                 since the start; nobody is blamed until this is over"
            );
        } else {
            tracing::info!("messages are handled as they arrive again");
        }
        self.pipeline.tell(self.now, Input::Doubt(Doubt::Inbox, on));
    }

    fn speak(&mut self) {
        while let Some(document) = self.pipeline.poll_document() {
            (self.said)(&document);
            self.handle.publish(document);
        }
    }
}

/// Why it makes no sense to go on, if it does not.
fn hopeless(status: &Status, now: Instant) -> Option<String> {
    let down = status.link == Link::Down && now.since(status.since) > HOPELESS;
    down.then(|| {
        let problem = status.problem.as_deref().unwrap_or("no reason known");
        format!("no link to the broker for {HOPELESS}: {problem}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_stays_down_is_hopeless_with_its_reason() {
        let since = Instant::from_micros(7);
        let problem = Some("connection refused".to_owned());
        let mut status = Status { link: Link::Down, since, problem };
        assert_eq!(hopeless(&status, since + HOPELESS), None);
        let later = since + HOPELESS + Span::TICK;
        let reason = hopeless(&status, later).unwrap_or_default();
        assert_eq!(reason, "no link to the broker for 600s: connection refused");
        status.link = Link::Up;
        assert_eq!(hopeless(&status, later), None);
    }
}
