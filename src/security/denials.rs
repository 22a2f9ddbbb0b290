//! Denials that climb at a service: somebody, or several together, look for a right that they do not have.
//!
//! Denials are counted in windows, by documents of rights and by calls that are refused for want of one. What is
//! usual is the most of a window, which fades by a fifth with each window that does not reach it; Poisson noise
//! of five standard deviations is allowed on top. A service that is not known for a day has no usual yet: there
//! it takes five times the floor.

use super::book::Finding;
use super::incident::{Kind, Party};
use super::policy::Policy;
use super::table::Table;
use crate::observer::digest::Digest;
use crate::observer::{Instant, Span};
use smallvec::smallvec;
use std::sync::Arc;

/// How long a service is learned.
const LEARN: Span = Span::from_secs(24 * 3_600);
/// How many times the floor it takes until then.
const UNKNOWN: f64 = 5.0;
/// How many times the usual is climbing.
const CLIMBING: f64 = 3.0;
/// Standard deviations that are noise.
const NOISE: f64 = 5.0;
/// What is left of what is usual after a window that did not reach it.
const FADES: f64 = 0.8;

#[derive(Debug, Default)]
struct Service {
    since: Option<Instant>,
    /// The number of the window that is counted.
    window: u64,
    count: u32,
    first: Instant,
    usual: f64,
}

/// The detector.
#[derive(Debug)]
pub(super) struct Denials {
    services: Table<Service>,
}

impl Denials {
    pub(super) fn new(policy: &Policy) -> Self {
        Self { services: Table::new(policy.remembered, policy.window) }
    }

    /// How many services are remembered, and how many were forgotten for others.
    pub(super) fn remembered(&self) -> (usize, u64) {
        (self.services.len(), self.services.forgotten())
    }

    /// Somebody was denied something of a service.
    pub(super) fn denied(
        &mut self,
        now: Instant,
        (digest, name): (Digest, impl FnOnce() -> Arc<str>),
        user: impl FnOnce() -> Option<Arc<str>>,
        policy: &Policy,
    ) -> Option<Finding> {
        let service = self.services.see(now, digest);
        let since = *service.since.get_or_insert(now);
        let window = now.micros() / policy.window.micros().max(1);
        if window != service.window {
            let missed = i32::try_from(window - service.window - 1).unwrap_or(i32::MAX);
            let faded = service.usual * FADES;
            service.usual = f64::from(service.count).max(faded) * FADES.powi(missed);
            (service.window, service.count, service.first) = (window, 0, now);
        }
        service.count += 1;
        let (floor, usual) = (f64::from(policy.service_denials), service.usual);
        let threshold = if now.since(since) < LEARN {
            UNKNOWN * floor
        } else {
            (CLIMBING * usual + NOISE * usual.sqrt()).max(floor)
        };
        let count = f64::from(service.count);
        // Once when it passes, and then for each further floor.
        let passes =
            count - 1.0 < threshold || service.count.is_multiple_of(policy.service_denials);
        if count < threshold || !passes {
            return None;
        }
        let (name, first) = (name(), service.first);
        let last = user().map_or_else(String::new, |user| format!(", the last of them {user}"));
        let many = service.count;
        Some(Finding {
            kind: Kind::Denials,
            keys: smallvec![digest],
            source: Party::default(),
            what: format!("{name} denied something {many} times in this window{last}").into(),
            target: Party { service: Some(name), ..Party::default() },
            since: first,
            measured: count,
            threshold,
        })
    }
}
