//! lookout's own canary: whether what is published comes back, and how soon.
//!
//! This is what callers feel of the broker: a message there and back, through whatever network and
//! queues there are. While there is no link it is down.

use super::Probe;
use crate::observer::Span;
use crate::probe::ears::Heard;
use crate::probe::found::{Found, Trouble};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

/// A canary that was not heard for so long is lost; it sings every few seconds.
const LOST: Span = Span::from_secs(30);

/// Round trips that a percentile needs.
const NEEDED: usize = 5;

/// The canary.
pub(super) struct Loopback {
    heard: watch::Receiver<Heard>,
    slow: Span,
}

impl Loopback {
    /// What is heard of the canary, and the 95th percentile of its way that is too long.
    pub(super) fn new(heard: watch::Receiver<Heard>, slow: Span) -> Self {
        Self { heard, slow }
    }

    fn judge(&self, heard: &Heard) -> Found {
        if heard.linked.is_none() {
            let problem = heard.problem.as_deref().unwrap_or("no reason known yet");
            return Found::only(
                Trouble::down("no_messages", format!("no link to the broker: {problem}"))
                    .advice("Check that the broker runs and lets lookout in"),
            );
        }
        let mut found = Found::new();
        let mut songs: Vec<_> = heard.songs.iter().copied().collect();
        songs.sort_unstable();
        let rank = (songs.len() * 95).div_ceil(100).saturating_sub(1);
        let p95 = songs.get(rank).copied().filter(|_| songs.len() >= NEEDED);
        if let Some(last) = heard.songs.back() {
            found.detail("lastMs", last.as_millis_f64());
        }
        if let Some(p95) = p95 {
            found.detail("p95Ms", p95.as_millis_f64());
        }
        if heard.silent_for > LOST {
            let message = format!("lookout did not hear its own canary for {}", heard.silent_for);
            found.trouble(Trouble::down("messages_are_lost", message).advice(
                "Check that the broker lets lookout write and read `system/{cluster}/observer/{id}/canary`, and its \
                 queues",
            ));
        } else if let Some(p95) = p95.filter(|p95| *p95 > self.slow) {
            let message = format!(
                "5 % of the last {} messages took more than {p95} through the broker (limit {})",
                songs.len(),
                self.slow
            );
            found.trouble(
                Trouble::warning("message_delays", message)
                    .advice("Look at the load of the broker and at the network on the way to it"),
            );
        }
        found
    }
}

impl Probe for Loopback {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        let heard = self.heard.borrow().clone();
        Box::pin(async move { self.judge(&heard) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Instant;
    use crate::observer::input::Severity;

    #[test]
    fn what_is_heard_of_the_canary_is_how_the_broker_is() {
        let slow = Span::from_millis(100);
        for (linked, silent, songs, severity, part) in [
            (false, 0, &[][..], Some(Severity::Critical), "no link to the broker: refused"),
            (true, 5, &[], None, ""),
            (true, 31, &[1, 1, 1, 1, 1], Some(Severity::Critical), "own canary for 31s"),
            (true, 1, &[500, 500, 500, 500], None, ""),
            (true, 1, &[5, 5, 5, 5, 100], None, ""),
            (true, 1, &[5, 5, 5, 5, 101], Some(Severity::Warning), "more than 101ms"),
        ] {
            let heard = Heard {
                linked: linked.then(Instant::default),
                problem: Some("refused".to_owned()),
                silent_for: Span::from_secs(silent),
                songs: songs.iter().copied().map(Span::from_millis).collect(),
                ..Heard::default()
            };
            let probe = Loopback::new(watch::channel(Heard::default()).1, slow);
            let found = probe.judge(&heard);
            assert_eq!(found.severity(), severity, "{found:?}");
            assert!(found.message().contains(part), "{found:?}");
        }
    }
}
