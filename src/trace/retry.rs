//! When to send something again that was not taken: pure.
//!
//! Waits double from one to thirty seconds and are spread over a half of their length, so that many
//! lookouts do not come back at the same moment. What a collector asks for with `Retry-After` is kept to,
//! up to a minute: a stranger must not put lookout to sleep for good.

use crate::observer::trace::mixed;
use crate::observer::{Instant, Span};
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest wait.
const LONGEST: u64 = 30_000_000;
/// The longest that is waited because a collector asks for it.
const ASKED: Span = Span::from_secs(60);

/// Waits that double.
#[derive(Debug)]
pub(super) struct Backoff {
    tries: u32,
    seed: u64,
}

impl Backoff {
    /// Those of one request; `seed` is another one for each.
    pub(super) const fn new(seed: u64) -> Self {
        Self { tries: 0, seed }
    }

    /// How long to wait now; `asked` is what the collector wants.
    pub(super) fn next(&mut self, asked: Option<Span>) -> Span {
        self.tries += 1;
        let longest = (1_000_000 << self.tries.min(5)).min(LONGEST);
        let half = longest / 2;
        let spread = mixed(self.seed.wrapping_add(self.tries.into())) % (half + 1);
        let wait = Span::from_micros(half + spread);
        asked.map_or(wait, |asked| wait.max(asked.min(ASKED)))
    }
}

/// The wait that `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(text: &str, now: Instant) -> Option<Span> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Span::from_secs(seconds.into()));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    let at = u64::try_from(at.as_microsecond()).ok()?;
    Some(Instant::from_micros(at).since(now))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_a_second_to_half_a_minute_and_are_spread() {
        let mut firsts = std::collections::BTreeSet::new();
        for seed in 0..1_000 {
            let mut backoff = Backoff::new(seed);
            let waits: Vec<_> = (0..40).map(|_| backoff.next(None).as_secs_f64()).collect();
            for (at, wait) in waits.iter().enumerate() {
                let longest = [2.0, 4.0, 8.0, 16.0].get(at).copied().unwrap_or(30.0);
                assert!((longest / 2.0..=longest).contains(wait), "{seed}: {waits:?}");
            }
            firsts.insert(backoff.next(None));
        }
        assert!(firsts.len() > 990, "{} waits of 1000 requests", firsts.len());
    }

    #[test]
    fn a_collector_may_ask_for_up_to_a_minute() {
        let mut backoff = Backoff::new(1);
        assert_eq!(backoff.next(Some(Span::from_secs(7))), Span::from_secs(7));
        assert_eq!(backoff.next(Some(Span::from_secs(86_400))), Span::from_secs(60));
        assert!(backoff.next(Some(Span::ZERO)) >= Span::from_secs(4), "not sooner than we would");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Instant::from_micros(1_796_083_200_000_000); // 2026-12-01T00:00:00Z
        for (text, wait) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Tue, 01 Dec 2026 00:00:30 GMT", Some(30)),
            ("Mon, 30 Nov 2026 00:00:30 GMT", Some(0)),
            ("-1", None),
            ("99999999999999999999", None),
            ("soon", None),
            ("", None),
            ("Fri, 01 Jan 1960 00:00:00 GMT", None),
        ] {
            assert_eq!(retry_after(text, now), wait.map(Span::from_secs), "{text:?}");
        }
    }
}
