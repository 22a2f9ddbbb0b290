//! The only `now()` of the program.
//!
//! The observer's time is the monotonic clock, anchored at the wall clock when the program
//! started: a step of the wall clock moves no deadline. A test holds that no other file asks
//! for the time.

use crate::observer::{Instant, Span};
use std::time::{SystemTime, UNIX_EPOCH};

/// A monotonic clock that counts from the wall-clock time at which it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall_micros: u64,
    start: std::time::Instant,
}

impl Clock {
    /// A clock anchored at this moment.
    #[allow(clippy::disallowed_methods)] // This is the one place that asks.
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall_micros: micros(wall), start: std::time::Instant::now() }
    }

    /// This moment.
    #[allow(clippy::disallowed_methods)] // This is the one place that asks.
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.wall_micros.saturating_add(micros(self.start.elapsed())))
    }
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// One that runs.
    #[allow(clippy::disallowed_methods)] // This is the one place that asks.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long it has run.
    #[allow(clippy::disallowed_methods)] // This is the one place that asks.
    pub fn elapsed(&self) -> Span {
        Span::from_micros(micros(self.0.elapsed()))
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
