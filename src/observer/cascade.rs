//! Who calls whom, and how many circuits may be opened ahead of a cascade.
//!
//! When a service becomes unavailable, those that depend on it directly will fail next; opening
//! their circuits first keeps their callers from piling up. It must never silence the platform:
//! at most half of the services in use, the origin left out, rounded down.

use super::digest::{Digest, DigestKey, DigestMap, Kind};

/// Configured dependencies, by the service depended upon.
#[derive(Clone, Debug, Default)]
pub struct Dependencies(DigestMap<Vec<Digest>>);

impl Dependencies {
    /// From each service's list of those it calls.
    pub fn new(configured: &[(String, Vec<String>)], key: &DigestKey) -> Self {
        let digest = |name: &String| key.digest(Kind::Service, name.as_bytes());
        let mut dependents: DigestMap<Vec<Digest>> = DigestMap::default();
        for (service, origins) in configured {
            for origin in origins.iter().filter(|origin| *origin != service) {
                let list = dependents.entry(digest(origin)).or_default();
                if !list.contains(&digest(service)) {
                    list.push(digest(service));
                }
            }
        }
        Self(dependents)
    }

    /// The services that call `origin`, in the order they were configured in.
    pub fn dependents(&self, origin: Digest) -> &[Digest] {
        self.0.get(&origin).map_or(&[], Vec::as_slice)
    }
}

/// How many more circuits may be opened ahead: `share` of the `others` in use, rounded down,
/// less those that already are.
pub fn room(others: usize, share: f64, already: usize) -> usize {
    ((others as f64 * share) as usize).saturating_sub(already)
}
