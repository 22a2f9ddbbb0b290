//! Whether another client lays claim to the same identifier, again and again.
//!
//! A broker lets one client in with an identifier and throws out the one that was there. Two that
//! both come back do so without an end, and each is deaf half of the time; so one gives up.
//!
//! - Once is no claim: that is also what a restart looks like, when the new one was faster.
//! - Only the broker's word makes a session give up. MQTT 5 has a reason for it, which not every
//!   broker gives: Mosquitto 2.0.11 does not. Without it a connection just closes, as in many other
//!   troubles: then nothing is concluded, and the log says what to look at.

use super::failure::Failure;
use crate::observer::{Instant, Span};

/// Thrown out twice within this time, there is a rival who comes back.
const AGAIN: Span = Span::from_secs(60);

/// What the end of a link says about rivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rival {
    /// Nothing.
    None,
    /// The connection was closed again so soon that there may be one.
    Possible,
    /// There is one who comes back.
    Certain,
}

/// When the link ended last in either way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rivals {
    taken_over: Option<Instant>,
    closed: Option<Instant>,
}

impl Rivals {
    /// The link was lost at `now`: whether it makes no sense to come back. If there may be a
    /// rival, the log says so.
    pub(super) fn lost(&mut self, now: Instant, failure: &Failure) -> bool {
        let rival = self.judge(now, failure);
        if rival == Rival::Possible {
            tracing::warn!(
                "closed again within a minute: does another client have the same `id` or \
                 `broker.client_id`? Each would end the other's connection"
            );
        }
        rival == Rival::Certain
    }

    fn judge(&mut self, now: Instant, failure: &Failure) -> Rival {
        let (last, rival) = match failure {
            Failure::TakenOver => (&mut self.taken_over, Rival::Certain),
            Failure::Closed(_) => (&mut self.closed, Rival::Possible),
            _ => return Rival::None,
        };
        let again = last.replace(now).is_some_and(|last| now.since(last) <= AGAIN);
        if again { rival } else { Rival::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_within_a_minute_is_a_rival_and_once_in_a_while_is_not() {
        let closed = Failure::Closed("closed".to_owned());
        for (failure, rival) in [
            (Failure::TakenOver, Rival::Certain),
            (closed, Rival::Possible),
            (Failure::Timeout("no answer"), Rival::None),
        ] {
            let mut rivals = Rivals::default();
            for (secs, again) in [(5, false), (66, false), (126, true), (130, true), (200, false)] {
                let now = Instant::default() + Span::from_secs(secs);
                let expected = if again { rival } else { Rival::None };
                assert_eq!(rivals.judge(now, &failure), expected, "{failure} at {secs} s");
            }
        }
    }

    #[test]
    fn a_connection_that_closed_does_not_make_a_restart_a_rival() {
        let mut rivals = Rivals::default();
        let now = Instant::default();
        assert_eq!(rivals.judge(now, &Failure::Closed("closed".to_owned())), Rival::None);
        assert_eq!(rivals.judge(now, &Failure::TakenOver), Rival::None);
    }
}
