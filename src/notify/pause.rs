//! How long to wait after somebody did not take what was sent.

use crate::observer::{Instant, Span};

/// The first wait, and the longest.
const FIRST: Span = Span::from_secs(1);
const LONGEST: Span = Span::from_secs(30);

/// A wait that doubles.
#[derive(Debug)]
pub(super) struct Pause {
    length: Span,
    until: Option<Instant>,
}

impl Pause {
    /// None.
    pub(super) const fn new() -> Self {
        Self { length: Span::ZERO, until: None }
    }

    /// It failed: when the next attempt may be made.
    pub(super) fn failed(&mut self, now: Instant) {
        self.length = Span::from_micros(self.length.micros() * 2).max(FIRST).min(LONGEST);
        self.until = Some(now + self.length);
    }

    /// It went well.
    pub(super) const fn over(&mut self) {
        self.length = Span::ZERO;
        self.until = None;
    }

    /// Until when nothing may be sent, if that is so.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }

    /// Whether the last attempt failed.
    pub(super) const fn is_failing(&self) -> bool {
        self.until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let (mut pause, now) = (Pause::new(), Instant::from_micros(5));
        let mut waits = Vec::new();
        for _ in 0..7 {
            pause.failed(now);
            waits.push(pause.until(now).map_or(Span::ZERO, |until| until.since(now)).as_secs_f64());
        }
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        pause.over();
        assert!(pause.until(now).is_none() && !pause.is_failing());
    }
}
