//! Time as the observer knows it: numbers handed in, never asked for.
//!
//! An [`Instant`] is a count of microseconds since the Unix epoch on the caller's clock. The
//! caller promises only that it does not run backwards; a replayed file is one such clock, the
//! process's monotonic clock anchored at its start is another. A [`Span`] is a length of time.
//! All arithmetic saturates: a hostile time stamp bends, it does not panic.

use std::fmt;
use std::ops::{Add, Sub};

/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// A point in time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The point `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch: the bucket a moment falls into.
    pub const fn second(self) -> u32 {
        // Seconds fit 32 bits until 2106; later moments share the last bucket.
        let second = self.0 / SECOND;
        if second > u32::MAX as u64 { u32::MAX } else { second as u32 }
    }

    /// The first moment of the next whole second.
    pub const fn next_second(self) -> Self {
        Self((self.0 / SECOND).saturating_add(1).saturating_mul(SECOND))
    }

    /// The time that passed since `earlier`; zero if `earlier` lies ahead.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The smallest step of the observer's clock, 1 µs.
    pub const TICK: Self = Self(1);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(SECOND))
    }

    /// Its length in microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Its length in whole seconds, rounded down.
    pub const fn whole_secs(self) -> u32 {
        let secs = self.0 / SECOND;
        if secs > u32::MAX as u64 { u32::MAX } else { secs as u32 }
    }

    /// Its length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Its length in milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// This span `factor` times over.
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// This span scaled by a factor that is not negative; what is not a number counts as zero.
    pub fn scaled(self, factor: f64) -> Self {
        // A float-to-integer cast saturates, so an overflow ends at the longest span.
        Self((self.0 as f64 * factor) as u64)
    }
}

impl fmt::Display for Span {
    /// `90s`, `1.5s` or `20ms`, as durations are written in the settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 != 0 && self.0 < SECOND {
            write!(f, "{}ms", self.as_millis_f64())
        } else {
            write!(f, "{}s", self.as_secs_f64())
        }
    }
}
