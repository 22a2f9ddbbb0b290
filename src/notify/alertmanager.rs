//! Alerts as Alertmanager's API v2 takes them.
//!
//! Labels say which alert it is and never change while it fires; everything that does is an annotation.
//! What strangers named is shown without what cannot be seen, and cut.

use super::door::{Refusal, post};
use super::spool::{Sending, Spool};
use super::{Sender, Tally, until};
use crate::alert::Board;
use crate::config::{Alertmanager, Links};
use crate::observer::alert::Alert;
use crate::post::Way;
use crate::wire::line::tame;
use crate::wire::{Time, correlation_id};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

const PATH: &str = "/api/v2/alerts";
/// Characters of an annotation: what a phone shows, and more.
const LONGEST: usize = 1_500;

/// One instance.
pub(super) struct Worker {
    way: Way,
    spool: Spool,
    sender: Sender,
}

/// An alert on its way.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: Time,
    ends_at: Time,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl Worker {
    pub(super) fn new(receiver: Alertmanager, sender: Sender) -> anyhow::Result<Self> {
        let Alertmanager { door, resend_every } = receiver;
        Ok(Self { way: Way::new(door)?, spool: Spool::new(resend_every), sender })
    }

    /// Tells this instance until nobody says what.
    pub(super) async fn run(
        mut self,
        at: usize,
        mut board: watch::Receiver<Arc<Board>>,
        tallies: Arc<[Tally; 2]>,
    ) {
        let [tally, _] = &*tallies;
        let clock = self.sender.clock;
        loop {
            let known = board.borrow_and_update().clone();
            self.spool.take(clock.now(), &known);
            loop {
                let due = self.spool.due(clock.now());
                if due.is_empty() {
                    break;
                }
                self.send(&due, tally).await;
            }
            tally.waits(at, self.spool.waiting());
            tally.dropped.fetch_add(std::mem::take(&mut self.spool.dropped), Ordering::Relaxed);
            tokio::select! {
                changed = board.changed() => if changed.is_err() { return },
                () = until(clock, self.spool.poll_timeout(clock.now())) => {}
            }
        }
    }

    async fn send(&mut self, due: &[Sending], tally: &Tally) {
        let posted: Vec<_> = due.iter().map(|it| posted(it, &self.sender)).collect();
        let body = serde_json::to_string(&posted).unwrap_or_default();
        let json = ("content-type", "application/json".to_owned());
        let done = post(&self.way, PATH, &[json], body).await;
        let now = self.sender.clock.now();
        match &done {
            Ok(()) => {
                if self.spool.is_failing() {
                    tracing::info!("the Alertmanager at {} takes alerts again", self.way.host());
                }
                tally.sent.fetch_add(1, Ordering::Relaxed);
                self.spool.taken(now, due);
            }
            Err(refusal) => {
                tally.failed.fetch_add(1, Ordering::Relaxed);
                if !self.spool.is_failing() {
                    tracing::warn!(
                        "the Alertmanager at {} takes no alerts: {}; they are kept for it",
                        self.way.host(),
                        refusal.text()
                    );
                }
                // Those of the request that are good were taken; the others are told again in time.
                if matches!(refusal, Refusal::Never(_)) {
                    self.spool.taken(now, due);
                }
                self.spool.failed(now);
            }
        }
    }
}

fn posted(sending: &Sending, sender: &Sender) -> Posted {
    let alert = &*sending.alert;
    Posted {
        labels: labels(alert, sender),
        annotations: annotations(alert, &sender.links, sending.fires),
        starts_at: Time(alert.starts),
        ends_at: Time(sending.ends.max(alert.starts)),
        generator_url: page(alert, &sender.links),
    }
}

fn labels(alert: &Alert, sender: &Sender) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<_, _> = sender.links.labels.iter().cloned().collect();
    labels.extend(alert.key.labels.iter().map(|(name, value)| ((*name).to_owned(), tame(value))));
    labels.insert("alertname".to_owned(), alert.key.name.to_string());
    labels.insert("severity".to_owned(), alert.severity.name().to_owned());
    labels.insert("cluster".to_owned(), sender.cluster.clone());
    labels
}

/// Where the live page tells of it.
fn page(alert: &Alert, links: &Links) -> Option<String> {
    let page = links.page.as_ref()?;
    let Some(service) = alert.key.service() else { return Some(format!("{page}/")) };
    let mut url = url::Url::parse(&format!("{page}/")).ok()?;
    let encoded: String = url::form_urlencoded::byte_serialize(service.as_bytes()).collect();
    url.set_fragment(Some(&format!("/service/{}", encoded.replace('+', "%20"))));
    Some(url.to_string())
}

/// Where it is written what to do.
pub(super) fn runbook_url(alert: &Alert, links: &Links) -> Option<String> {
    let name = &alert.runbook.as_ref()?.name;
    Some(match (&links.runbooks, &links.page) {
        (Some(base), _) => format!("{base}/{name}.md"),
        (None, Some(page)) => format!("{page}/api/v1/runbook?about={name}"),
        (None, None) => format!("runbooks/{name}.md"),
    })
}

fn annotations(alert: &Alert, links: &Links, fires: bool) -> BTreeMap<&'static str, String> {
    let context = &alert.context;
    let impact = &context.impact;
    let mut all = BTreeMap::new();
    let mut put = |name, text: String| {
        if !text.is_empty() {
            all.insert(name, cut(text));
        }
    };
    put("summary", alert.summary.clone());
    put("description", alert.description.clone());
    if fires && let Some(ends) = alert.ends {
        put("over_since", Time(ends).to_string());
    }
    put("reason", alert.reason.as_deref().map_or_else(String::new, tame));
    put("incident", correlation_id(alert.incident));
    if impact.services_total > 0 {
        let names =
            |names: &[Arc<str>]| names.iter().map(|name| tame(name)).collect::<Vec<_>>().join(", ");
        let share = impact
            .calls_share
            .map_or_else(String::new, |share| format!(", {:.1} % of all", share * 100.0));
        let mut text = format!(
            "{:.2} calls/s{share}, of about {:.0} callers",
            impact.calls_per_second, impact.callers
        );
        if !impact.methods.is_empty() {
            text += &format!("; methods: {}", names(&impact.methods));
        }
        if alert.key.service().is_none() {
            text += &format!("; {} services: {}", impact.services_total, names(&impact.services));
        }
        put("impact", text);
    }
    let ground = &context.infrastructure;
    let unwell = ground.unwell.iter();
    let unwell: Vec<_> =
        unwell.map(|(name, message)| format!("{}: {}", tame(name), tame(message))).collect();
    let [_, degraded, unavailable, _] = ground.services;
    put(
        "infrastructure",
        format!(
            "{unavailable} services unavailable, {degraded} degraded, {} circuits open; {}",
            ground.open_circuits,
            match (ground.components, unwell.is_empty()) {
                (0, _) => "no component is looked at".to_owned(),
                (_, true) => "all components are well".to_owned(),
                (_, false) => unwell.join("; "),
            }
        ),
    );
    put("likely_cause", context.causes.join("; "));
    put("suggested_actions", context.actions.join("; "));
    let related = context.related.iter().map(|(at, text)| format!("{} {text}", Time(*at)));
    put("related_events", related.collect::<Vec<_>>().join("\n"));
    if let Some(runbook) = &alert.runbook {
        let steps = runbook.steps.iter().enumerate();
        let steps = steps.map(|(at, (title, command))| match command {
            Some(command) => format!("{}. {title}\n   {command}", at + 1),
            None => format!("{}. {title}", at + 1),
        });
        put("runbook", steps.collect::<Vec<_>>().join("\n"));
    }
    put("runbook_url", runbook_url(alert, links).unwrap_or_default());
    put("trace", alert.trace.map_or_else(String::new, |trace| trace.to_string()));
    // Half an address leads nowhere, so it is not cut.
    all.extend(alert.trace.and_then(|trace| Some(("trace_url", links.trace(trace)?))));
    all
}

/// A text of at most [`LONGEST`] characters.
fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
