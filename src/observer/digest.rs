//! Keyed 128-bit digests that stand for topics, ids and names.
//!
//! Ids and topics can be a megabyte long and come from strangers. The observer keeps a digest
//! instead: fixed size, compared in one instruction, and, because the key is secret, nobody can
//! craft two inputs that share one. SipHash-1-3 with 128-bit output; chance collisions need
//! 2^64 inputs.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{BuildHasherDefault, Hasher};

/// The digest of some bytes under a [`DigestKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(u128);

impl Digest {
    /// Half of it, where half is enough.
    pub const fn half(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The other half, by which tables find it.
    pub const fn hash(self) -> u64 {
        self.0 as u64
    }

    /// The digest that stands for two others in this order.
    pub const fn with(self, other: Self) -> Self {
        // Both parts are outputs of a keyed function, so a sum with one part rotated is as
        // hard to collide as the parts are.
        Self(self.0.wrapping_add(other.0.rotate_left(61)))
    }
}

impl std::hash::Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 as u64);
    }
}

/// What kind of thing was digested; equal bytes of different kinds differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A service's name.
    Service,
    /// A method's name.
    Method,
    /// A topic.
    Topic,
    /// An id that is a string.
    StringId,
    /// An id that is an integer.
    IntegerId,
    /// An id that is bytes: Correlation Data, or a part of a topic.
    BytesId,
    /// A pair together with the values its two templates agree on.
    Agreement,
    /// A caller: its session, client, user or inbox.
    Caller,
    /// A correlation id that several calls share.
    Correlation,
    /// A trace id (W3C Trace Context).
    Trace,
    /// Which service a reply is from.
    Responder,
    /// A fixed word that sets keys apart.
    Mark,
    /// A user.
    User,
    /// A network address.
    Address,
    /// An MQTT client id.
    Client,
    /// A session.
    Session,
    /// A right that somebody asks for.
    Right,
}

/// The secret under which digests are made.
#[derive(Clone, Copy, Debug)]
pub struct DigestKey(u64, u64);

impl DigestKey {
    /// A key from two numbers; take them from the system's random source where strangers can
    /// publish, and fixed where the same input must give the same digests.
    pub const fn new(first: u64, second: u64) -> Self {
        Self(first, second)
    }

    /// The digest of `bytes`.
    pub fn digest(&self, kind: Kind, bytes: &[u8]) -> Digest {
        let mut hasher = SipHasher13::new_with_keys(self.0 ^ kind as u64, self.1);
        hasher.write(bytes);
        Digest(hasher.finish128().as_u128())
    }
}

/// Hashes a [`Digest`] by taking half of it: it is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A map keyed by digests.
pub type DigestMap<V> = std::collections::HashMap<Digest, V, BuildHasherDefault<Taken>>;
