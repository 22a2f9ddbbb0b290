//! What the canary sings, and how it is told from another's.
//!
//! lookout publishes a number on a topic of its own and hears it back: proof that its ears work,
//! and, as the numbers are consecutive, of what the broker dropped on the way. It is sent with
//! QoS 0 and beside the outbox, like the traffic that it stands for. Whoever can publish could
//! sing along, so each run has a tag that nobody can foresee.

use super::backoff::random;
use crate::observer::Instant;
use crate::wire::presence::Song;

/// The canary of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Where it sings.
    pub topic: String,
    /// The tag of this run.
    run: String,
    /// What each of its songs begins with.
    begin: String,
}

impl Canary {
    /// The canary of an observer.
    pub fn new(cluster: &str, id: &str) -> Self {
        let topic = format!("system/{cluster}/observer/{id}/canary");
        let run = format!("{:016x}", random());
        let begin = format!(r#"{{"run":"{run}","number":"#);
        Self { topic, run, begin }
    }

    /// The song of this number; the time stamp counts milliseconds since the Unix epoch.
    pub(super) fn song(&self, number: u64, now: Instant) -> String {
        Song::new(&self.run, number, now).json()
    }

    /// The number of a song of this run.
    pub(super) fn number(&self, topic: &[u8], payload: &[u8]) -> Option<u64> {
        if topic != self.topic.as_bytes() {
            return None;
        }
        let rest = payload.strip_prefix(self.begin.as_bytes())?;
        let digits = rest.split(|byte| *byte == b',').next()?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_songs_of_this_run_are_heard() {
        let (mine, other) = (Canary::new("east", "a"), Canary::new("east", "a"));
        let now = Instant::from_micros(1_732_270_200_123_456);
        let song = mine.song(7, now);
        assert!(song.ends_with(r#","number":7,"timestamp":1732270200123}"#), "{song}");
        let topic = b"system/east/observer/a/canary";
        assert_eq!(mine.number(topic, song.as_bytes()), Some(7));
        assert_eq!(mine.number(b"system/east/observer/a", song.as_bytes()), None);
        for payload in [other.song(7, now), String::new(), format!("{}-1,", mine.begin)] {
            assert_eq!(mine.number(topic, payload.as_bytes()), None, "{payload}");
        }
    }
}
