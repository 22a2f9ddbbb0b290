//! Groups of alerts as CloudEvents, signed as Standard Webhooks wants it.

use super::alertmanager::runbook_url;
use super::door::{Refusal, post};
use super::groups::{Groups, Notification, Rhythm};
use super::{Sender, Tally, until};
use crate::alert::Board;
use crate::config::{Key, Webhook};
use crate::observer::Instant;
use crate::post::{Way, signed};
use crate::wire::{Notice, notice_json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// One receiver.
pub(super) struct Worker {
    name: String,
    way: Way,
    groups: Groups,
    secret: Option<Key>,
    sender: Sender,
    /// When it began: ids of notifications of two runs differ.
    start: Instant,
}

impl Worker {
    pub(super) fn new(receiver: Webhook, sender: Sender) -> anyhow::Result<Self> {
        let rhythm = Rhythm {
            min_severity: receiver.min_severity,
            wait: receiver.group_wait,
            interval: receiver.group_interval,
            repeat: receiver.repeat_interval,
        };
        Ok(Self {
            name: receiver.name,
            way: Way::new(receiver.door)?,
            groups: Groups::new(rhythm),
            secret: receiver.secret,
            start: sender.clock.now(),
            sender,
        })
    }

    /// Tells this receiver until nobody says what.
    pub(super) async fn run(
        mut self,
        at: usize,
        mut board: watch::Receiver<Arc<Board>>,
        tallies: Arc<[Tally; 2]>,
    ) {
        let [_, tally] = &*tallies;
        let clock = self.sender.clock;
        loop {
            let known = board.borrow_and_update().clone();
            self.groups.take(clock.now(), &known);
            while let Some(due) = self.groups.due(clock.now()) {
                self.send(&due, tally).await;
            }
            tally.waits(at, self.groups.waiting());
            tokio::select! {
                changed = board.changed() => if changed.is_err() { return },
                () = until(clock, self.groups.poll_timeout(clock.now())) => {}
            }
        }
    }

    async fn send(&mut self, due: &Notification, tally: &Tally) {
        let now = self.sender.clock.now();
        let id = format!("{:x}-{}", self.start.micros(), due.number);
        let links = &self.sender.links;
        let runbook = due.alerts.first().and_then(|alert| runbook_url(alert, links));
        let body = notice_json(&Notice {
            cluster: &self.sender.cluster,
            observer: &self.sender.id,
            id: &id,
            at: now,
            severity: due.group.0,
            alert: &due.group.1,
            alerts: &due.alerts,
            runbook_url: runbook.as_deref(),
            page_url: links.page.as_deref(),
        });
        let headers = signed(self.secret.as_ref(), &id, now, &body);
        let done = post(&self.way, "", &headers, body).await;
        let now = self.sender.clock.now();
        let Err(refusal) = done else {
            if self.groups.pause.is_failing() {
                tracing::info!("the webhook {} takes notifications again", self.name);
            }
            tally.sent.fetch_add(1, Ordering::Relaxed);
            self.groups.pause.over();
            self.groups.taken(now, due);
            return;
        };
        tally.failed.fetch_add(1, Ordering::Relaxed);
        if !self.groups.pause.is_failing() {
            tracing::warn!(
                "the webhook {} at {} takes no notification: {}",
                self.name,
                self.way.host(),
                refusal.text()
            );
        }
        if matches!(refusal, Refusal::Never(_)) {
            // It would be refused for ever, and others wait behind it.
            tally.dropped.fetch_add(due.alerts.len() as u64, Ordering::Relaxed);
            self.groups.taken(now, due);
        }
        self.groups.pause.failed(now);
    }
}
