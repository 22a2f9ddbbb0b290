//! Counts of calls over a span, and the rates that follow from them.

use super::chunk::{Entry, Kind};

/// Counts over a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls made.
    pub calls: u64,
    /// Settled with a result.
    pub ok: u64,
    /// Settled with an error of the caller's doing.
    pub rejected: u64,
    /// Settled with an error of the service's doing.
    pub failed: u64,
    /// Settled without a reply.
    pub unanswered: u64,
    /// Replies that came too late.
    pub late: u64,
}

impl Counts {
    /// Calls that count: all but void ones.
    pub const fn settled(&self) -> u64 {
        self.answered() + self.unanswered
    }

    /// Calls that got a reply in time.
    pub const fn answered(&self) -> u64 {
        self.ok + self.rejected + self.failed
    }

    /// Replied / settled; absent if nothing settled.
    pub fn response_rate(&self) -> Option<f64> {
        ratio(self.answered(), self.settled())
    }

    /// (Rejected + failed + unanswered) / settled; absent if nothing settled.
    pub fn error_rate(&self) -> Option<f64> {
        ratio(self.rejected + self.failed + self.unanswered, self.settled())
    }

    /// (Failed + unanswered) / settled; absent if nothing settled.
    pub fn failure_rate(&self) -> Option<f64> {
        ratio(self.failed + self.unanswered, self.settled())
    }

    /// Adds another's counts.
    pub const fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.ok += other.ok;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.late += other.late;
    }

    /// Counts an entry of the log.
    pub(super) fn count(&mut self, entry: &Entry) {
        let count = u64::from(entry.count);
        *match entry.kind {
            Kind::Call => &mut self.calls,
            Kind::Ok => &mut self.ok,
            Kind::Rejected => &mut self.rejected,
            Kind::Failed => &mut self.failed,
            Kind::Unanswered => &mut self.unanswered,
            Kind::Late => &mut self.late,
        } += count;
        if entry.called {
            self.calls += count;
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
