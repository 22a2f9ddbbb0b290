//! Every bound the observer keeps, its default and its reason.
//!
//! Whoever can publish can try to fill our memory; each table therefore ends somewhere, and
//! reaching the end is counted and shown, never an error.

use super::time::Span;

/// Bounds on memory and cardinality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls waited for at once; beyond, the oldest becomes void. Default 1 000 000: 30 s of
    /// patience at 33 000 calls/s, in some 100 MB.
    pub open_calls: u32,
    /// Settled calls remembered to recognise late and duplicate replies. Default 500 000.
    pub settled_calls: u32,
    /// How long they are remembered. Default 5 min.
    pub settled_for: Span,
    /// Replies held for a call that may still come. Default 100 000.
    pub held_replies: u32,
    /// How long they are held. Default 2 s.
    pub held_for: Span,
    /// Services with figures of their own; the rest are counted under `_other`. Default 10 000.
    pub services: u32,
    /// Methods of one service with figures of their own; the rest under `_other`. Default 100.
    pub methods: u32,
    /// Methods of all services together. Default 100 000, as each costs a window.
    pub methods_total: u32,
    /// Bytes of a service's or method's name; longer ones go under `_other`. Default 256.
    pub name_bytes: u32,
    /// Activity channels and security kinds counted apart. Default 1 000.
    pub channels: u32,
    /// Components that can be reported on. Default 1 000.
    pub components: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_calls: 1_000_000,
            settled_calls: 500_000,
            settled_for: Span::from_secs(300),
            held_replies: 100_000,
            held_for: Span::from_secs(2),
            services: 10_000,
            methods: 100,
            methods_total: 100_000,
            name_bytes: 256,
            channels: 1_000,
            components: 1_000,
        }
    }
}
