//! The front of a service: what each message meets, apart from all else that is known of it.
//!
//! With ten thousand services, waiting for memory is most of what a message costs. So what a
//! message of a calm service reads and writes is in a few lines next to each other, and the fronts
//! of all services are next to each other in one list; what follows from the messages is reckoned
//! later, many at a time (see `reckoning`), and lies behind the front. Whoever asks for
//! more than is here gets the [`Service`] by dereference.

use super::call::PairId;
use super::calm::{Calm, Run};
use super::digest::Digest;
use super::evidence::Silence;
use super::input::Name;
use super::limits::Limits;
use super::notes::Notes;
use super::pace::Learned;
use super::service::{Method, Service};
use super::silence::{Length, Lengths, Watch, Witnesses};
use super::time::{Instant, Span};
use smallvec::SmallVec;
use std::ops::{Deref, DerefMut};

/// The front of a service; see the module.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Front {
    // The first line: what a reply meets, and a call.
    /// What was noted since the last [`Front::reckon`], unless the service has it.
    pub(super) notes: Notes,
    /// The calls that wait since the last reply.
    pub watch: Watch,
    /// Whether its next good reply needs to be looked at.
    pub calm: Calm,
    /// Which tenant of its index it is.
    pub generation: u32,
    /// Whether it is looked at each second.
    pub watched: bool,
    /// Whether it is in the queue of those that may become idle.
    pub awaits_idle: bool,
    // The second line, and a third one if it has more than two methods: what a call meets.
    /// The digest of its name, by which it is found.
    pub digest: Digest,
    /// When it was last called.
    pub called: Instant,
    /// Its patience as last learned.
    pub(super) learned: Learned,
    /// Halves of the digests of its methods' names: enough to tell a hundred apart.
    digests: SmallVec<[u64; 12]>,
    // The last line is hardly ever met; the eleventh method and the twelfth are there too.
    /// All that is known of it as of the last [`Front::reckon`].
    pub(super) service: Box<Service>,
    /// The good replies in a row.
    pub(super) run: Run,
    /// Calls of `watch` that tell of a silence.
    pub(super) witnesses: Witnesses,
}

const _: () = {
    assert!(std::mem::offset_of!(Front, digest) == 64, "a reply meets one cache line");
    assert!(size_of::<Front>() == 256, "all of it is in four");
};

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
            notes: Notes::default(),
            watch: Watch::default(),
            calm: Calm::default(),
            generation,
            watched: false,
            awaits_idle: false,
            digest: name.digest,
            called: now,
            learned: Learned::default(),
            digests: SmallVec::new(),
            service: Box::new(Service::new(name.text, pair, topic, now)),
            run: Run::default(),
            witnesses: Witnesses::default(),
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

    /// A call is made now, whose reply is waited for so long; see [`Watch::call`].
    #[inline]
    pub fn wait(&mut self, now: Instant, patience: Span, lengths: &Lengths) -> Option<Instant> {
        self.watch.call(now, patience, lengths, &mut self.witnesses)
    }

    /// A reply was heard, or nothing could be heard until now.
    #[inline]
    pub fn wait_no_more(&mut self) {
        self.watch.end(&mut self.witnesses);
    }

    /// How silent it is, by the rule of its circuit; nothing could be heard before `blind_until`.
    pub fn silence(&self, now: Instant, blind_until: Option<Instant>) -> Silence {
        Silence {
            heard: self.heard().max(blind_until),
            witnessed: self.witnesses.are_believed(now, Length::Circuit),
        }
    }
}
