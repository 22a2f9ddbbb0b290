//! What must hold for any bytes at all; shared by the fuzz targets and by the test that replays
//! the corpus.

mod bytes;
mod history;
pub(crate) mod observer;
mod promises;
mod settings;
pub(crate) mod wire;

use lookout::observer::digest::DigestKey;

/// Fixed, so that equal bytes mean the same everywhere.
const KEY: DigestKey = DigestKey::new(3, 5);
