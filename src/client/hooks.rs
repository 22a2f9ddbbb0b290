//! What a program brings along: answers of earlier calls, and what to do without any.

use serde_json::value::RawValue;

/// A call as a cache knows it.
#[derive(Clone, Copy, Debug)]
pub struct CallKey<'a> {
    /// The service.
    pub service: &'a str,
    /// The method.
    pub method: &'a str,
    /// The parameters, as they are sent.
    pub params: &'a RawValue,
}

/// Answers of earlier calls, of those that are marked idempotent: their results are put in, and
/// asked for when the service cannot be reached. How many are kept, and for how long, is the cache's own affair.
pub trait Cache: Send + Sync {
    /// The result of an earlier call, if there is one that is good enough.
    fn get(&self, key: CallKey<'_>) -> Option<Box<RawValue>>;

    /// A call succeeded.
    fn put(&self, key: CallKey<'_>, result: &RawValue);
}

/// Where a value is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The service answered.
    Service,
    /// An earlier answer, as there is no new one.
    Cache,
    /// What the caller has instead.
    Fallback,
}

/// A value, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// Where it is from.
    pub origin: Origin,
}
