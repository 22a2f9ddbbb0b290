//! Where and how lookout says that it is there.
//!
//! The retained document on `system/{cluster}/observer/{id}` is the one of lookout's documents
//! without an envelope: it is also the will, which the broker publishes word for word.

use crate::observer::Instant;
use crate::wire::presence::Presence;

/// The topic of an observer's presence.
pub(super) fn topic(cluster: &str, id: &str) -> String {
    format!("system/{cluster}/observer/{id}")
}

/// What is said there; the time stamp counts milliseconds since the Unix epoch.
pub(super) fn payload(online: bool, now: Instant) -> String {
    Presence::new(online, now).json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_reads_as_promised() {
        assert_eq!(topic("east", "lookout-a"), "system/east/observer/lookout-a");
        let now = Instant::from_micros(1_732_270_200_123_456);
        assert_eq!(payload(true, now), r#"{"online":true,"timestamp":1732270200123}"#);
        assert_eq!(payload(false, now), r#"{"online":false,"timestamp":1732270200123}"#);
    }
}
