//! What the watch is told: who did what, as far as messages say it.
//!
//! Texts come from strangers. They are borrowed here, digested once by whoever read them, and cut where
//! they are kept.

pub use crate::observer::deeds::Deed;
use crate::observer::digest::Digest;
use crate::observer::input::Name;
pub use crate::observer::input::Who;

/// Something that was tried, and whether it was granted.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// By whom.
    pub who: Who<'a>,
    /// Whether it was granted.
    pub granted: bool,
    /// Why not, or how, in the words of whoever says so.
    pub reason: Option<&'a str>,
    /// The service that was asked, where one was.
    pub service: Option<Name<'a>>,
    /// The right that was asked for.
    pub right: Option<Name<'a>>,
}

/// A call that was heard.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// By whom.
    pub who: Who<'a>,
    /// Which service was called.
    pub service: Name<'a>,
}

/// Something was published where lookout speaks, and lookout did not say it.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    /// Whose place it is: the same for all of one lookout.
    pub of: Digest,
    /// The topic.
    pub topic: &'a str,
    /// What kind of document it says it is.
    pub kind: Option<&'a str>,
}

/// The broker bans somebody by itself.
#[derive(Clone, Copy, Debug)]
pub struct Banned<'a> {
    /// Whom.
    pub who: Who<'a>,
    /// Why, in the broker's words.
    pub reason: &'a str,
}

/// One thing that the watch is told.
#[derive(Clone, Debug)]
pub enum Sign<'a> {
    /// Somebody tried to log in.
    Login(Attempt<'a>),
    /// Somebody asked for a right.
    Access(Attempt<'a>),
    /// A call was heard.
    Made(Made<'a>),
    /// A call ended.
    Ended(Deed),
    /// A reply came for a session that had made no such call, or one that was answered already.
    Stray(Name<'a>),
    /// Somebody else published where lookout speaks.
    Foreign(Foreign<'a>),
    /// The broker bans somebody by itself.
    Banned(Banned<'a>),
    /// lookout may not hear everything from here on, or does again: what is counted by the hour is no example for others, and
    /// replies may come to calls that it did not hear.
    Doubt(bool),
}

impl Sign<'_> {
    /// Whether it is of this user, address or session.
    pub(super) fn is_of(&self, party: Digest) -> bool {
        let is = |name: Option<Name<'_>>| name.is_some_and(|name| name.digest == party);
        match self {
            Self::Login(Attempt { who, .. })
            | Self::Access(Attempt { who, .. })
            | Self::Made(Made { who, .. }) => is(who.user) || is(who.address),
            Self::Ended(deed) => deed.user == party,
            Self::Stray(session) => is(Some(*session)),
            Self::Foreign(_) | Self::Banned(_) | Self::Doubt(_) => false,
        }
    }
}
