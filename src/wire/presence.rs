//! What an observer says of itself: that it is there, and the song of its canary.
//!
//! Both are without an envelope and count time in milliseconds: the presence is also the will, which
//! the broker publishes word for word, and a song is read by lookout alone.

use crate::observer::Instant;
use serde::Serialize;

/// Whether an observer is there.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// Whether it is.
    online: bool,
    /// When it said so, in milliseconds since the Unix epoch.
    timestamp: u64,
}

impl Presence {
    /// Said at `now`.
    pub const fn new(online: bool, now: Instant) -> Self {
        Self { online, timestamp: now.micros() / 1_000 }
    }

    /// Its JSON.
    pub fn json(&self) -> String {
        super::speak::json(self)
    }
}

/// Whether an observer says that it is there; `None` if it is no presence.
pub fn reads_online(payload: &[u8]) -> Option<bool> {
    #[derive(serde::Deserialize)]
    struct Read {
        online: bool,
    }
    let short = payload.len() <= 1_024;
    let read = short.then(|| serde_json::from_slice::<Read>(payload).ok()).flatten();
    read.map(|it| it.online)
}

/// A song of the canary.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Song<'a> {
    /// The run that sings: 64 bits by chance, in hexadecimal digits.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{16}$")))]
    run: &'a str,
    /// Its number; each run counts on by one, so that a gap shows what the broker dropped.
    number: u64,
    /// When it was sung, in milliseconds since the Unix epoch.
    timestamp: u64,
}

impl<'a> Song<'a> {
    /// The song of this number, sung at `now`.
    pub const fn new(run: &'a str, number: u64, now: Instant) -> Self {
        Self { run, number, timestamp: now.micros() / 1_000 }
    }

    /// Its JSON; `number` comes right after `run`, which is how lookout knows its own.
    pub fn json(&self) -> String {
        super::speak::json(self)
    }
}
