//! How it stands with the collector and the queue: what is logged of it, and when who waits need not wait any longer.
//!
//! A change is logged at once, and then none for a while: a collector that takes a request and not the next, as
//! those with a limit on rates do, would else fill the log. What was not said is said by what happens next. For the
//! same reason waits are not cut short all the time.

use super::queue::{Loss, Queue};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two lines, and between two times that waits are cut short; and how long nothing was dropped when that is
/// over.
const REST: Duration = Duration::from_secs(10);

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It takes spans.
    Good,
    /// It takes none for now.
    Away,
    /// It refused a request, with this status.
    Refuses(u16),
    /// It refused some spans of a request.
    RefusesSome,
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Record {
    /// As it was logged last.
    said: Standing,
    said_at: Option<Instant>,
    /// A request waits to be tried again, or did since waits were cut short.
    waits: bool,
    cut_at: Option<Instant>,
}

impl Record {
    /// That of a collector that nothing was heard of.
    pub(super) const fn new() -> Self {
        Self { said: Standing::Good, said_at: None, waits: false, cut_at: None }
    }

    /// Notes how it stands; gives whether that is to be logged.
    pub(super) fn says(&mut self, standing: Standing) -> bool {
        self.waits |= standing == Standing::Away;
        let news = self.said != standing && rested(&mut self.said_at);
        if news {
            self.said = standing;
        }
        news
    }

    /// A request got through; gives whether others that wait are to try at once.
    pub(super) fn cuts(&mut self) -> bool {
        let cut = self.waits && rested(&mut self.cut_at);
        self.waits &= !cut;
        cut
    }
}

/// More calls than there is room for, said once when it begins and once when it is over.
#[derive(Debug, Default)]
pub(super) struct Flood {
    dropped: u64,
    /// What was dropped before it began, and when something was last.
    under_way: Option<(u64, Instant)>,
}

impl Flood {
    /// Looks after it, now and then.
    pub(super) fn look(&mut self, queue: &Queue) {
        let dropped = queue.tally().dropped[Loss::QueueFull as usize].load(Ordering::Relaxed);
        let before = std::mem::replace(&mut self.dropped, dropped);
        let now = now();
        match &mut self.under_way {
            None if dropped > before => {
                tracing::warn!("more spans than the collector takes: some are dropped");
                self.under_way = Some((before, now));
            }
            Some((_, last)) if dropped > before => *last = now,
            Some((since, last)) if now - *last >= REST => {
                tracing::warn!("{} spans were dropped, as too many waited", dropped - *since);
                self.under_way = None;
            }
            _ => {}
        }
    }
}

/// Whether it was long enough ago; then it is now.
fn rested(at: &mut Option<Instant>) -> bool {
    let now = now();
    let rested = at.is_none_or(|at| now - at >= REST);
    if rested {
        *at = Some(now);
    }
    rested
}

/// A rest of no length ends now: the runtime's own clock, which a test can move.
fn now() -> Instant {
    sleep(Duration::ZERO).deadline()
}
