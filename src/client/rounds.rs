//! Trial calls: a few calls that find out whether a service is back.
//!
//! While a service does not answer, time is cut into rounds, and in each round a few calls go
//! through. All clients together share these few, or a hundred clients would send a hundred times
//! as many. They agree by *claims*: whoever wants to try says so on a topic that all of them hear,
//! and the first few in the order in which the broker delivers them, which is the same for all,
//! have the round. No client needs to know of the others.
//!
//! - A client claims no more often in a round than there are calls to share.
//! - Where claims are not possible, each client lets its own few through. So does one that joins in
//!   the middle of a round, as claims are not kept for it: if it waited for the next one, a service
//!   that is called by short-lived programs alone would never be tried.
//! - A broker that is a cluster may deliver two claims in different orders to different clients;
//!   then one call more goes through.

/// Rounds of one service that are remembered. Claims may be heard before the document that
/// begins their round, and clocks differ a little about when the next one begins.
const ROUNDS: usize = 4;

/// Longest name of a round, in bytes.
const LONGEST: usize = 96;

/// What is known of the last rounds of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds(Vec<Round>);

#[derive(Clone, Debug, Default)]
struct Round {
    name: String,
    /// Claims that were heard, of all clients.
    heard: u32,
    /// Claims that this client made or would have made.
    asked: u32,
}

impl Rounds {
    fn round(&mut self, name: &str) -> &mut Round {
        let at = self.0.iter().position(|round| round.name == name).unwrap_or_else(|| {
            if self.0.len() >= ROUNDS {
                self.0.remove(0);
            }
            self.0.push(Round { name: name.to_owned(), ..Round::default() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Whether this client may still ask for a call of a round that has `limit` of them. If so,
    /// it is taken to do so.
    pub(super) fn ask(&mut self, name: &str, limit: u32) -> bool {
        let round = self.round(name);
        let free = round.heard < limit && round.asked < limit;
        round.asked += u32::from(free);
        free
    }

    /// A claim was heard; how many there were before it in its round.
    pub(super) fn heard(&mut self, name: &str) -> u32 {
        if name.len() > LONGEST {
            return u32::MAX;
        }
        let round = self.round(name);
        let before = round.heard;
        round.heard = before.saturating_add(1);
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_of_all_have_the_round() {
        let mut rounds = Rounds::default();
        assert!(rounds.ask("a/0", 3) && rounds.ask("a/0", 3));
        let order: Vec<_> = (0..3).map(|_| rounds.heard("a/0")).collect();
        assert_eq!(order, [0, 1, 2]);
        assert!(!rounds.ask("a/0", 3), "all are taken, by whomever");
        assert!(rounds.ask("a/1", 3), "the next round is a new one");
    }

    #[test]
    fn a_client_asks_no_more_often_than_there_are_calls() {
        let mut rounds = Rounds::default();
        let asked = (0..10).filter(|_| rounds.ask("a/0", 3)).count();
        assert_eq!(asked, 3);
    }

    #[test]
    fn memory_is_bounded() {
        let mut rounds = Rounds::default();
        for number in 0..100 {
            rounds.heard(&format!("a/{number}"));
        }
        assert_eq!(rounds.0.len(), ROUNDS);
        assert_eq!(rounds.heard(&"x".repeat(LONGEST + 1)), u32::MAX);
        assert_eq!(rounds.0.len(), ROUNDS);
    }
}
