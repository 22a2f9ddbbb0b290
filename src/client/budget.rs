//! How often calls may be made again.
//!
//! Retries help against a lost message and hurt a service that is overloaded: with three attempts
//! each, a service that fails gets three times its load. So all calls of a client pay into one
//! budget, a tenth of a retry each, and a retry takes a whole one out. The idea is the retry
//! budget of Finagle and linkerd; the spread of the waits is the "full jitter" of the AWS
//! Architecture Blog (Brooker, 2015).

use super::options::Retry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Parts of one retry.
const WHOLE: u64 = 1_000;

/// What is left for retries.
#[derive(Debug)]
pub(super) struct Budget {
    parts: AtomicU64,
    per_call: u64,
    most: u64,
}

impl Budget {
    pub(super) fn new(retry: &Retry) -> Self {
        let most = u64::from(retry.saved) * WHOLE;
        // A cast of a float stays within its bounds.
        let per_call = (retry.per_call.clamp(0.0, 10.0) * WHOLE as f64) as u64;
        Self { parts: AtomicU64::new(most), per_call, most }
    }

    /// A call is made.
    pub(super) fn pay(&self) {
        // Nearly always it is full.
        if self.parts.load(Ordering::Relaxed) < self.most {
            let add = |parts: u64| Some((parts + self.per_call).min(self.most));
            let _ = self.parts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }

    /// Takes a retry out, if there is one.
    pub(super) fn take(&self) -> bool {
        let less = |parts: u64| parts.checked_sub(WHOLE);
        self.parts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// How long to wait before the attempt after `attempt`, which counts from 1. What the service
/// asked for is kept, and the spread comes on top.
pub(super) fn wait(retry: &Retry, attempt: u32, asked: Option<Duration>, spread: f64) -> Duration {
    let whole = retry.first.saturating_mul(1 << (attempt - 1).min(16)).min(retry.most);
    asked.unwrap_or_default().saturating_add(whole.mul_f64(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_tenth_of_calls_after_the_first_few() {
        let budget = Budget::new(&Retry::default());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10);
        (0..95).for_each(|_| budget.pay());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 9);
        (0..10_000).for_each(|_| budget.pay());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10, "no more is saved up");
    }

    #[test]
    fn waits_double_within_bounds_and_are_spread_over_their_length() {
        let retry = Retry::default();
        let waits = [1, 2, 3, 40].map(|attempt| wait(&retry, attempt, None, 1.0).as_millis());
        assert_eq!(waits, [100, 200, 400, 5_000]);
        assert_eq!(wait(&retry, 1, None, 0.0), Duration::ZERO);
        let asked = Some(Duration::from_secs(2));
        assert_eq!(wait(&retry, 1, asked, 0.5), Duration::from_millis(2_050));
    }
}
