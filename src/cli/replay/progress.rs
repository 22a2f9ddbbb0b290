//! A progress line on stderr, if that is a terminal.

use crate::clock::Clock;
use crate::observer::{Instant, Span};
use std::io::IsTerminal;

/// Lines between two looks at the clock.
const EVERY: u64 = 16_384;

/// How many lines were read so far, said once a second.
pub(super) struct Progress {
    clock: Clock,
    shown: bool,
    lines: u64,
    last: Instant,
}

impl Progress {
    /// Nothing was read yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { shown: std::io::stderr().is_terminal(), lines: 0, last: clock.now(), clock }
    }

    /// A line was read.
    pub(super) fn line(&mut self) {
        self.lines += 1;
        if !self.shown || !self.lines.is_multiple_of(EVERY) {
            return;
        }
        let now = self.clock.now();
        if now.since(self.last) >= Span::from_secs(1) {
            self.last = now;
            eprint!("\r{} lines", self.lines);
        }
    }

    /// All were.
    pub(super) fn done(&self) {
        if self.shown {
            eprintln!("\r{} lines, done", self.lines);
        }
    }
}
