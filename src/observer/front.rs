//! The front of a service: what each message meets, apart from all else that is known of it.
//!
//! With ten thousand services, waiting for memory is most of what a message costs. So what a
//! message of a calm service reads and writes is in a few lines next to each other, and the fronts
//! of all services are next to each other in one list; what follows from the messages is reckoned
//! later, many at a time (see `reckoning`), and lies behind the front. Whoever asks for
//! more than is here gets the [`Service`] by dereference.

use super::call::PairId;
use super::calm::Calm;
use super::digest::Digest;
use super::evidence::Silence;
use super::input::Name;
use super::limits::Limits;
use super::notes::Notes;
use super::pace::Learned;
use super::service::{Method, Service};
use super::silence::{Length, Watch};
use super::time::Instant;
use smallvec::SmallVec;
use std::ops::{Deref, DerefMut};

/// The front of a service; see the module.
#[derive(Clone, Debug)]
#[repr(C, align(128))]
pub struct Front {
    /// The digest of its name, by which it is found.
    pub digest: Digest,
    /// When it was last called.
    pub called: Instant,
    /// When a reply of it was last heard, late ones included; the beginning of time if never.
    pub(super) last_heard: Instant,
    /// Whether its next good reply needs to be looked at.
    pub calm: Calm,
    /// All that is known of it as of the last [`Front::reckon`].
    pub(super) service: Box<Service>,
    /// What was noted since, unless the service has it.
    pub(super) notes: Notes,
    /// Its patience as last learned.
    pub(super) learned: Learned,
    /// Which tenant of its index it is.
    pub generation: u32,
    /// Whether it is looked at each second.
    pub watched: bool,
    /// Whether it is in the queue of those that may become idle.
    pub awaits_idle: bool,
    /// The calls that wait since the last reply.
    pub watch: Watch,
    /// Halves of the digests of its methods' names: enough to tell a hundred apart.
    digests: SmallVec<[u64; 12]>,
}

const _: () = assert!(size_of::<Front>() == 256, "what a message meets is in four cache lines");

impl Deref for Front {
    type Target = Service;
    fn deref(&self) -> &Service {
        &self.service
    }
}

impl DerefMut for Front {
    fn deref_mut(&mut self) -> &mut Service {
        &mut self.service
    }
}

impl Front {
    /// A service first met now.
    pub fn new(name: Name<'_>, generation: u32, pair: PairId, topic: &str, now: Instant) -> Self {
        Self {
            digest: name.digest,
            called: now,
            last_heard: Instant::default(),
            calm: Calm::default(),
            service: Box::new(Service::new(name.text, pair, topic, now)),
            watch: Watch::default(),
            learned: Learned::default(),
            generation,
            watched: false,
            awaits_idle: false,
            notes: Notes::default(),
            digests: SmallVec::new(),
        }
    }

    /// The index of a method, which may be that of `_other`. `room` says whether one more
    /// method fits into the bound over all services; it is lowered if one is added.
    #[inline]
    pub fn method(
        &mut self,
        name: Option<Name<'_>>,
        limits: &Limits,
        room: &mut u32,
        other: Name<'_>,
        now: Instant,
    ) -> u16 {
        let name =
            name.filter(|name| name.text.len() <= limits.name_bytes as usize).unwrap_or(other);
        match self.known_method(name) {
            Some(at) => at,
            None => self.new_method(name, limits, room, other, now),
        }
    }

    #[inline]
    fn known_method(&self, name: Name<'_>) -> Option<u16> {
        let half = name.digest.half();
        // At most `methods` + 1, and that bound is far below 65 536.
        self.digests.iter().position(|digest| *digest == half).map(|at| at as u16)
    }

    #[cold]
    fn new_method(
        &mut self,
        name: Name<'_>,
        limits: &Limits,
        room: &mut u32,
        other: Name<'_>,
        now: Instant,
    ) -> u16 {
        let mut name = name;
        if name.digest != other.digest {
            let others = other.digest.half();
            let mine = self.digests.iter().filter(|digest| **digest != others).count();
            if mine < limits.methods as usize && *room > 0 {
                *room -= 1;
            } else if let Some(at) = self.known_method(other) {
                return at;
            } else {
                name = other;
            }
        }
        self.service.add_method(Method::new(name.text), now);
        self.digests.push(name.digest.half());
        // As above.
        (self.digests.len() - 1) as u16
    }

    /// When a reply of it was last heard, late ones included.
    pub fn heard(&self) -> Option<Instant> {
        (self.last_heard > Instant::default()).then_some(self.last_heard)
    }

    /// How silent it is, by the rule of its circuit; nothing could be heard before `blind_until`.
    pub fn silence(&self, now: Instant, blind_until: Option<Instant>) -> Silence {
        Silence {
            heard: self.heard().max(blind_until),
            witnessed: self.watch.is_witnessed(now, Length::Circuit),
        }
    }
}
