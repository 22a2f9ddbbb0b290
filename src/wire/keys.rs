//! Guards for reading JSON from strangers: nesting is bounded, a key that stands there twice is
//! noticed, and keys are borrowed where they have no escapes.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::Hasher;

/// Whether brackets nest deeper than `limit`; text that is no JSON may be judged either way.
pub(super) fn is_too_deep(text: &str, limit: usize) -> bool {
    let bytes = text.as_bytes();
    // Fewer brackets than the limit cannot nest deeper, and counting them is fast.
    if memchr::memchr2_iter(b'{', b'[', bytes).take(limit + 1).count() <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Notices a key that stands there twice, by hashes: keys can be as long as the payload.
#[derive(Default)]
pub(super) struct Seen {
    few: SmallVec<[u64; 16]>,
    many: BTreeSet<u64>,
}

impl Seen {
    /// Whether this key was seen before.
    pub(super) fn again(&mut self, key: &str) -> bool {
        let mut hasher = siphasher::sip::SipHasher13::new();
        hasher.write(key.as_bytes());
        let hash = hasher.finish();
        if self.few.len() < 16 {
            let again = self.few.contains(&hash);
            self.few.push(hash);
            return again;
        }
        self.few.contains(&hash) || !self.many.insert(hash)
    }
}

/// A key, borrowed if it has no escapes.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
