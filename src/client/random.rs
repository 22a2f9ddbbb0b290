//! Numbers that differ between clients: ids, waits and claims.
//!
//! They spread load and tell clients apart; nothing secret depends on them. The seed is the one
//! that the standard library takes from the system for its hash maps.

use siphasher::sip::SipHasher13;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of numbers that many tasks share.
#[derive(Debug)]
pub(super) struct Random {
    key: u64,
    count: AtomicU64,
}

impl Random {
    /// Numbers that no other client has.
    #[allow(clippy::disallowed_methods)] // A difference is what is wanted here.
    pub(super) fn new() -> Self {
        Self::from_seed(RandomState::new().hash_one(0_u8))
    }

    /// The same numbers for the same seed.
    pub(super) const fn from_seed(key: u64) -> Self {
        Self { key, count: AtomicU64::new(0) }
    }

    /// The next number.
    pub(super) fn number(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        SipHasher13::new_with_keys(self.key, count).hash(&[])
    }

    /// The next number from 0 to 1, 1 left out.
    pub(super) fn unit(&self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
