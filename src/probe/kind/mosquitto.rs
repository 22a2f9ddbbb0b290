//! Mosquitto, by what it says of itself under `$SYS`, which lookout's own session reads.
//!
//! `uptime` is the beat: it is published in every interval (`sys_interval`, 10 s by default), while
//! other values are only when they change, and versions before 2.0.18 forget those that did not
//! change for a minute. So a value that is absent is the last one known, never zero; only a beat that
//! stops is a finding. Totals count since the broker's start; what they grew by between two looks is
//! what is judged, and one that went back is a new start.

use super::Probe;
use crate::observer::{Instant, Span};
use crate::probe::ears::Heard;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

/// A beat that did not come for three of its intervals is missing, and before two were heard, for a
/// minute.
const BEATS: u64 = 3;
const PATIENCE: Span = Span::from_secs(60);

/// Figures that are shown, by their topic.
const SHOWN: [(&str, &str); 11] = [
    ("clients/connected", "clientsConnected"),
    ("clients/disconnected", "clientsDisconnected"),
    ("clients/maximum", "clientsMaximum"),
    ("subscriptions/count", "subscriptions"),
    ("load/publish/dropped/1min", "droppedPerMinute"),
    ("load/messages/received/1min", "receivedPerMinute"),
    ("load/messages/sent/1min", "sentPerMinute"),
    ("load/sockets/1min", "connectionsPerMinute"),
    ("store/messages/count", "storedMessages"),
    ("store/messages/bytes", "storedBytes"),
    ("heap/current", "heapBytes"),
];

/// Mosquitto.
pub(super) struct Mosquitto {
    heard: watch::Receiver<Heard>,
    /// Messages dropped, and seconds of uptime, as of the last look.
    before: Option<(f64, f64)>,
}

impl Mosquitto {
    /// The one that lookout is connected to.
    pub(super) fn new(heard: watch::Receiver<Heard>) -> Self {
        Self { heard, before: None }
    }

    fn judge(&mut self, heard: &Heard) -> Found {
        let Some(since) = heard.linked else {
            let problem = heard.problem.as_deref().unwrap_or("no reason known yet");
            return Found::only(
                Trouble::down("no_messages", format!("no link to the broker: {problem}"))
                    .advice("Check that it runs: systemctl status mosquitto"),
            );
        };
        let mut found = Found::new();
        if let Some((version, _)) = heard.told.get("version") {
            found.detail("version", version.as_str());
        }
        let figure = |topic: &str| figure(heard, topic);
        for (topic, name) in SHOWN {
            if let Some(value) = figure(topic) {
                found.detail(name, value);
            }
        }
        let beat = heard.told.get("uptime").map(|(_, at)| *at);
        if let Some(trouble) = silence(heard, since, beat) {
            found.trouble(trouble);
            return found;
        }
        let Some(uptime) = figure("uptime") else { return found };
        found.detail("uptimeSeconds", uptime);
        // One that was never told of is zero: it is told as soon as it is not.
        let dropped = figure("publish/messages/dropped").unwrap_or(0.0);
        found.detail("dropped", dropped);
        let before = self.before.replace((dropped, uptime));
        if let Some((known, _)) = before.filter(|(known, up)| uptime >= *up && dropped > *known) {
            let lost = dropped - known;
            found.detail("newlyDropped", lost);
            let message =
                format!("{lost} messages were dropped, as clients are away or too slow for them");
            found.trouble(Trouble::warning("messages_are_lost", message).counted().advice(
                "Find the client: log_type all, or clients/disconnected; then give it more \
                 (max_queued_messages, max_inflight_messages) or end its session",
            ));
        }
        found
    }
}

/// Whether it says nothing of itself any more.
fn silence(heard: &Heard, since: Instant, beat: Option<Instant>) -> Option<Trouble> {
    let usual = heard.beat.map_or(PATIENCE, |beat| Span::from_micros(beat.micros() * BEATS));
    let patience = usual.max(PATIENCE);
    let quiet = heard.now.since(beat.map_or(since, |beat| beat.max(since)));
    if quiet <= patience {
        return None;
    }
    Some(match beat {
        Some(_) => {
            Trouble::error("unknown", format!("$SYS/broker/uptime was not heard for {quiet}"))
                .advice("Check whether the broker hangs")
        }
        None => Trouble::warning("unknown", "the broker says nothing of itself on $SYS/broker")
            .advice("Let lookout's user read $SYS/broker/#, and check sys_interval"),
    })
}

/// A value as a number; `uptime` is followed by its unit.
fn figure(heard: &Heard, topic: &str) -> Option<f64> {
    let (text, _) = heard.told.get(topic)?;
    let number: f64 = text.split_whitespace().next()?.parse().ok()?;
    number.is_finite().then_some(number)
}

impl Probe for Mosquitto {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        let heard = self.heard.borrow().clone();
        Box::pin(async move { self.judge(&heard) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::input::Severity;
    use crate::probe::ears::Ears;

    struct Broker {
        ears: Ears,
        probe: Mosquitto,
    }

    fn at(secs: u64) -> Instant {
        Instant::from_micros(secs * 1_000_000)
    }

    impl Broker {
        fn new() -> Self {
            let (ears, heard) = Ears::new();
            Self { ears, probe: Mosquitto::new(heard) }
        }

        /// It says this, and is looked at a second later.
        fn says(&mut self, secs: u64, told: &[(&str, &str)]) -> Found {
            for (topic, value) in told {
                let topic = format!("$SYS/broker/{topic}");
                assert!(self.ears.hear(at(secs), topic.as_bytes(), value.as_bytes()), "{topic}");
            }
            self.ears.turn(at(secs + 1), Some(at(0)), None, Span::ZERO);
            let heard = self.probe.heard.borrow().clone();
            self.probe.judge(&heard)
        }
    }

    #[test]
    fn what_is_absent_is_not_zero_and_what_went_back_is_a_new_start() {
        let mut broker = Broker::new();
        for (secs, told, lost) in [
            (10, &[("uptime", "10 seconds"), ("publish/messages/dropped", "5")][..], None),
            (40, &[("uptime", "40 seconds")], None),
            (70, &[("uptime", "70 seconds"), ("publish/messages/dropped", "30")], Some(25.0)),
            (100, &[("uptime", "100 seconds")], None),
            // It was started anew, and dropped two since.
            (130, &[("uptime", "7 seconds"), ("publish/messages/dropped", "2")], None),
            (160, &[("uptime", "37 seconds"), ("publish/messages/dropped", "3")], Some(1.0)),
        ] {
            let found = broker.says(secs, told);
            let newly = found.fact("newlyDropped").and_then(serde_json::Value::as_f64);
            assert_eq!(newly, lost, "at {secs} s: {found:?}");
            assert_eq!(found.severity(), lost.map(|_| Severity::Warning));
        }
    }

    #[test]
    fn a_beat_that_stops_is_a_finding_and_garbage_is_none() {
        let mut broker = Broker::new();
        let found = broker.says(59, &[("version", "mosquitto version 2.0.11")]);
        assert!(found.is_well(), "{found:?}");
        let found = broker.says(60, &[("clients/connected", "NaN"), ("heap/current", "")]);
        assert_eq!(found.severity(), Some(Severity::Warning));
        assert!(found.message().contains("says nothing of itself"), "{found:?}");
        assert!(broker.says(61, &[("uptime", "61 seconds")]).is_well());
        assert!(broker.says(91, &[("uptime", "91 seconds")]).is_well());
        // Three beats are 90 s.
        assert!(broker.says(180, &[]).is_well());
        let found = broker.says(181, &[]);
        assert_eq!(found.severity(), Some(Severity::Error), "{found:?}");
        assert!(broker.says(182, &[("uptime", "x")]).is_well());
        assert!(!broker.ears.hear(at(1), b"$SYS/broker/other", b"1"));
        assert!(!broker.ears.hear(at(1), b"service/A", b"1"));
    }
}
