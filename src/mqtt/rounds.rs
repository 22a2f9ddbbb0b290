//! Which of the broker's addresses is tried next, and whether to wait before.
//!
//! A broker with several addresses is mostly a cluster, of which one part went away: the next
//! address is tried at once. When each had its turn it is the broker or the network that is away,
//! and waiting begins. A link that comes up does not start a new round; it has to last, as for
//! the waits themselves, or a broker that accepts and throws out would be asked without a pause.

/// A walk over the addresses, round after round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    count: usize,
    at: usize,
    /// Attempts that ended since the round began.
    ended: usize,
}

impl Rounds {
    /// Rounds over so many addresses; none counts as one.
    pub(super) fn new(count: usize) -> Self {
        Self { count: count.max(1), at: 0, ended: 0 }
    }

    /// The place of the address whose turn it is.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Tells that an attempt failed or its link was lost; true if the round is over, so that it
    /// is time to wait.
    pub(super) fn ended(&mut self) -> bool {
        self.at = (self.at + 1) % self.count;
        self.ended += 1;
        let over = self.ended >= self.count;
        if over {
            self.ended = 0;
        }
        over
    }

    /// Tells that the link lasted: its end begins a round.
    pub(super) fn link_lasted(&mut self) {
        self.ended = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_turn_before_the_wait() {
        let mut rounds = Rounds::new(3);
        let mut seen = Vec::new();
        for _ in 0..7 {
            let at = rounds.at();
            seen.push((at, rounds.ended()));
        }
        let round = [(0, false), (1, false), (2, true)];
        assert_eq!(seen, [&round[..], &round[..], &round[..1]].concat());
    }

    #[test]
    fn one_address_always_waits() {
        for count in [0, 1] {
            let mut rounds = Rounds::new(count);
            assert!(rounds.ended() && rounds.ended());
            assert_eq!(rounds.at(), 0);
        }
    }

    #[test]
    fn the_end_of_a_lasting_link_begins_a_round_at_the_next_address() {
        let mut rounds = Rounds::new(2);
        assert!(!rounds.ended());
        rounds.link_lasted();
        assert!(!rounds.ended(), "the other one is tried at once");
        assert_eq!(rounds.at(), 0);
        assert!(rounds.ended());
    }
}
