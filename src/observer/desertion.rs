//! Whether anybody listens to a service's topic, where the broker tells.
//!
//! A call to a topic without a subscriber cannot be answered, and that is known before any
//! patience runs out. But a service that restarts, or whose connection broke, is away for a
//! moment and no more; so nobody may be found there twice, as far apart as silence must last,
//! without a reply between. Looks that lie too far apart are not one finding: between them it may
//! have been there.

use super::time::{Instant, Span};

/// Two looks further apart than this tell nothing of the time between them: several times the
/// longest that may lie between two looks by setting.
const FURTHEST: Span = Span::from_secs(180);

/// What the broker told of who listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Desertion {
    /// Since when every look found nobody, and when the last of them was.
    nobody: Option<(Instant, Instant)>,
    /// Whether the last look found somebody; `None` before the first.
    somebody: Option<bool>,
}

impl Desertion {
    /// A look that began at `asked` found somebody, or nobody.
    pub fn look(&mut self, asked: Instant, somebody: bool) {
        self.somebody = Some(somebody);
        self.nobody = match self.nobody {
            _ if somebody => None,
            Some((since, last)) if asked.since(last) <= FURTHEST => Some((since, asked.max(last))),
            _ => Some((asked, asked)),
        };
    }

    /// Nothing told so far counts.
    pub const fn forget(&mut self) {
        *self = Self { nobody: None, somebody: None };
    }

    /// Whether nobody was there for at least so long, and no reply was `heard` since.
    pub fn is_certain(&self, heard: Option<Instant>, least: Span) -> bool {
        self.nobody.is_some_and(|(since, last)| {
            last.since(since) >= least && heard.is_none_or(|heard| heard < since)
        })
    }

    /// Whether nobody is there, after that was found once: `None` if there is nothing to go by.
    pub fn lasts(&self, heard: Option<Instant>, found: Instant) -> Option<bool> {
        if heard.is_some_and(|heard| heard >= found) {
            return Some(false);
        }
        self.somebody.map(|somebody| !somebody)
    }
}
