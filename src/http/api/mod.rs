//! The JSON of `/api/v1/`: shapes of answers, and how each is filled from the view.
//!
//! Members are named as in the documents that lookout publishes. What is not known is left out. Shares
//! are rounded to four decimals, times to what a reader can tell apart.

pub(super) mod actions;
pub(super) mod advice;
pub(super) mod alerts;
mod attack;
pub(super) mod circuits;
pub(super) mod components;
pub(super) mod incidents;
pub(super) mod overview;
pub(super) mod runbook;
pub(super) mod service;
pub(super) mod services;

use crate::observer::{Instant, Span};
use crate::wire::Time;

/// A moment as RFC 3339.
pub(super) fn time(at: Instant) -> String {
    Time(at).to_string()
}

/// A share, rounded to four decimals.
pub(super) fn share(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

/// A rate, rounded to three digits and at least to hundredths.
pub(super) fn rate(rate: f64) -> f64 {
    let scale = match rate {
        ..1.0 => 1e3,
        ..100.0 => 1e2,
        _ => 1.0,
    };
    (rate * scale).round() / scale
}

/// A span in milliseconds, rounded to three digits and at most to microseconds.
pub(super) fn millis(span: Span) -> f64 {
    let millis = span.as_millis_f64();
    let scale = match millis {
        ..1.0 => 1e3,
        ..10.0 => 1e2,
        ..100.0 => 1e1,
        _ => 1.0,
    };
    (millis * scale).round() / scale
}

/// A part of a whole; absent if there is no whole.
pub(super) fn part(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| share(part as f64 / whole as f64))
}
