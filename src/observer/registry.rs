//! The table of services, bounded against those who make names up.
//!
//! Names are first come, first served; beyond the bound a service is counted under `_other`.
//! A service that is answered while among the others has proved that it exists, and takes the
//! place of one that never was; a service that ever answered is never displaced.

use super::call::PairId;
use super::digest::{Digest, DigestKey, Kind};
use super::front::Front;
use super::input::Name;
use super::limits::Limits;
use super::service::OTHER;
use super::time::{Instant, Span};
use hashbrown::HashTable;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Proven names that are remembered while they wait for their next call.
const PROVEN: usize = 10_000;

/// How many services are looked at when one must give way: a flood of names must not buy a walk
/// through the whole table with each of them.
const LOOKED_AT: u32 = 64;
/// A service that nobody called for so long may give way to one that is answered.
const FORGOTTEN_AFTER: Span = Span::from_secs(24 * 3600);

/// All services; the first is `_other`.
#[derive(Debug)]
pub struct Registry {
    services: Vec<Front>,
    /// Places in `services` by digest.
    index: HashTable<u32>,
    proven: BTreeSet<u64>,
    proven_order: VecDeque<u64>,
    /// The service looked at last when one had to give way.
    hand: u32,
    /// Methods that may still be added, over all services.
    method_room: u32,
    limits: Limits,
}

/// Index of `_other`.
pub const OTHER_INDEX: u32 = 0;

impl Registry {
    /// A table with nothing but `_other` in it.
    pub fn new(limits: Limits, key: &DigestKey, now: Instant) -> Self {
        let other = Name { text: OTHER, digest: key.digest(Kind::Service, OTHER.as_bytes()) };
        let mut index = HashTable::new();
        index.insert_unique(other.digest.hash(), OTHER_INDEX, |_| other.digest.hash());
        let mut others = Front::new(other, 0, PairId::default(), "", now);
        let method = Name { text: OTHER, digest: key.digest(Kind::Method, OTHER.as_bytes()) };
        others.method(None, &limits, &mut 0, method, now);
        Self {
            services: vec![others],
            index,
            proven: BTreeSet::new(),
            proven_order: VecDeque::new(),
            hand: 0,
            method_room: limits.methods_total,
            limits,
        }
    }

    /// The service at an index; an index that is out of range means `_other`. All that was noted
    /// of it is reckoned, and its next reply will be looked at, whatever is done with it.
    pub fn get(&mut self, index: u32) -> &mut Front {
        let service = self.noted(index);
        service.reckon();
        service.calm.disturb();
        service
    }

    /// The same, for what is noted and not judged: nothing is reckoned, and it stays calm.
    #[inline]
    pub fn noted(&mut self, index: u32) -> &mut Front {
        self.noted_with_room(index).0
    }

    /// The same, and how many methods may still be added.
    pub fn noted_with_room(&mut self, index: u32) -> (&mut Front, &mut u32) {
        let index = if (index as usize) < self.services.len() { index } else { OTHER_INDEX };
        (&mut self.services[index as usize], &mut self.method_room)
    }

    /// The index of a service if it is still the tenant it was.
    pub fn tenant(&self, index: u32, generation: u32) -> u32 {
        let same = |service: &Front| service.generation == generation;
        if self.services.get(index as usize).is_some_and(same) { index } else { OTHER_INDEX }
    }

    /// Every service, `_other` first.
    pub fn all(&self) -> &[Front] {
        &self.services
    }

    /// Every service, `_other` first, to bring up to date what was noted.
    pub(super) fn all_mut(&mut self) -> &mut [Front] {
        &mut self.services
    }

    /// The indexes of all services but `_other`.
    pub fn indexes(&self) -> std::ops::Range<u32> {
        // Bounded by a setting of 32 bits.
        1..self.services.len() as u32
    }

    /// The index of a known service.
    #[inline]
    pub fn find(&self, digest: Digest) -> Option<u32> {
        let same = |at: &u32| self.services.get(*at as usize).is_some_and(|it| it.digest == digest);
        self.index.find(digest.hash(), same).copied()
    }

    /// The digest a service is found by.
    pub fn digest(&self, index: u32) -> Option<Digest> {
        self.services.get(index as usize).map(|service| service.digest)
    }

    /// The name of a service.
    pub fn name(&self, index: u32) -> Arc<str> {
        self.services.get(index as usize).map_or_else(|| OTHER.into(), |it| it.name.clone())
    }

    /// Has the service at an index found by its digest.
    fn enter(&mut self, index: u32) {
        let hash = |at: &u32| self.services.get(*at as usize).map_or(0, |it| it.digest.hash());
        self.index.insert_unique(hash(&index), index, hash);
    }

    /// The index for a name that is not known, and the service that had to go for it.
    pub fn admit(
        &mut self,
        name: Name<'_>,
        pair: PairId,
        topic: &str,
        now: Instant,
    ) -> (u32, Admission) {
        if name.text.len() > self.limits.name_bytes as usize {
            return (OTHER_INDEX, Admission::Other);
        }
        if self.services.len() <= self.limits.services as usize {
            let index = self.services.len() as u32;
            self.services.push(Front::new(name, 0, pair, topic, now));
            self.enter(index);
            return (index, Admission::New);
        }
        if !self.proven.remove(&name.digest.half()) {
            return (OTHER_INDEX, Admission::Other);
        }
        let Some(index) = self.displaceable(now) else {
            return (OTHER_INDEX, Admission::Other);
        };
        let gone = self.replace(index, name, pair, topic, now);
        (index, Admission::Displaced(gone))
    }

    /// A call counted under `_other` was answered: its name is admitted at its next call.
    pub fn prove(&mut self, alias: u64) {
        if self.proven.insert(alias) {
            self.proven_order.push_back(alias);
            // Names that were admitted meanwhile are in the order still, and fall out of it.
            if self.proven_order.len() > PROVEN
                && let Some(oldest) = self.proven_order.pop_front()
            {
                self.proven.remove(&oldest);
            }
        }
    }

    /// The longest unused of the next few services that may give way to one that exists: those
    /// that never answered, and those that nobody called for a day.
    fn displaceable(&mut self, now: Instant) -> Option<u32> {
        let count = self.services.len() as u32;
        let mut found: Option<u32> = None;
        for _ in 0..LOOKED_AT.min(count) {
            self.hand = if self.hand + 1 < count { self.hand + 1 } else { 1 };
            let Some(service) = self.services.get(self.hand as usize) else { continue };
            let gone = now.since(service.called) > FORGOTTEN_AFTER;
            let better =
                found.is_none_or(|best| service.called < self.services[best as usize].called);
            if better && (gone || !service.totals.ever_answered()) {
                found = Some(self.hand);
            }
        }
        found
    }

    fn replace(
        &mut self,
        index: u32,
        name: Name<'_>,
        pair: PairId,
        topic: &str,
        now: Instant,
    ) -> Gone {
        let generation = self.services[index as usize].generation.wrapping_add(1);
        let mut new = Front::new(name, generation, pair, topic, now);
        self.services[index as usize].seal();
        // The lists of those that are looked at know the place, not who has it.
        let before = &self.services[index as usize];
        (new.watched, new.awaits_idle) = (before.watched, before.awaits_idle);
        let old = std::mem::replace(&mut self.services[index as usize], new);
        let digest = old.digest;
        if let Ok(entry) = self.index.find_entry(digest.hash(), |at| *at == index) {
            entry.remove();
        }
        self.enter(index);
        self.method_room +=
            old.methods.iter().filter(|method| &*method.name != OTHER).count() as u32;
        // Its counts are kept; its reply times, if it ever had some, are a day old.
        let others = &mut self.services[OTHER_INDEX as usize];
        others.totals.add(&old.totals);
        if let Some(method) = others.methods.first_mut() {
            method.totals.add(&old.totals);
        }
        Gone { name: old.name.clone(), digest, waited: old.waits_for.is_some() }
    }
}

/// How a name got its place.
#[derive(Debug)]
pub enum Admission {
    /// It got none: it is among the others.
    Other,
    /// It got a free one.
    New,
    /// It took the place of a service that never answered.
    Displaced(Gone),
}

/// A service that is no longer known.
#[derive(Debug)]
pub struct Gone {
    /// Its name.
    pub name: Arc<str>,
    /// The digest it was found by.
    pub digest: Digest,
    /// Whether its circuit waited for another service.
    pub waited: bool,
}
