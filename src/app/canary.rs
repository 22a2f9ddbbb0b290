//! Whether the canary is heard: songs sent, songs heard back, and what follows.
//!
//! A song that is not heard before the next one is due is missing; one that is heard after a
//! later one, or whose number leaves a gap, shows that the broker drops what is meant for us.
//! Either is a reason for doubt until a song is heard again, in time and in its turn. Numbers in,
//! findings out; the corridor passes them on. While the link is down nothing is sung, and a
//! standstill of the process excuses the songs that were on their way.

use crate::observer::input::Link;
use crate::observer::{Instant, Span};
use std::collections::VecDeque;

/// What the percentile of round trips is taken over: the last so long, the fewest and the most songs.
const RECENT: (Span, usize, usize) = (Span::from_secs(300), 10, 300);

/// What changed with the canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is not heard as it should be.
    Lost,
    /// It is heard again.
    Heard,
}

/// The state of the canary.
#[derive(Debug)]
pub(super) struct Canary {
    every: Span,
    /// When the next song is due; `None` while there is no link.
    due: Option<Instant>,
    next: u64,
    /// Songs on their way, with when they were sent.
    sent: VecDeque<(u64, Instant)>,
    /// When it was last heard, or could first have been.
    last: Instant,
    in_doubt: bool,
    lost: u64,
    round_trip: Span,
    /// When songs were heard, and how long they took.
    recent: VecDeque<(Instant, Span)>,
}

impl Canary {
    /// A canary that sings every so often as soon as there is a link.
    pub(super) fn new(every: Span, now: Instant) -> Self {
        Self {
            every,
            due: None,
            next: 0,
            sent: VecDeque::new(),
            last: now,
            in_doubt: false,
            lost: 0,
            round_trip: Span::ZERO,
            recent: VecDeque::new(),
        }
    }

    /// The link changed.
    pub(super) fn link(&mut self, now: Instant, link: Link) -> Option<Change> {
        self.due = (link == Link::Up).then_some(now);
        self.excuse(now)
    }

    /// What is on its way may never come, and that is nobody's fault.
    pub(super) fn excuse(&mut self, now: Instant) -> Option<Change> {
        self.sent.clear();
        self.last = now;
        // The link and the standstill are reasons for doubt of their own.
        std::mem::take(&mut self.in_doubt).then_some(Change::Heard)
    }

    /// Time passes: the number of the song to sing now, and what changed.
    pub(super) fn turn(&mut self, now: Instant) -> (Option<u64>, Option<Change>) {
        let Some(due) = self.due.filter(|due| *due <= now) else {
            return (None, self.miss(now));
        };
        let change = self.miss(now);
        let number = self.next;
        self.next += 1;
        self.sent.push_back((number, now));
        // After a delay the rhythm starts anew; it does not catch up.
        self.due =
            Some(if now.since(due) < self.every { due + self.every } else { now + self.every });
        (Some(number), change)
    }

    fn miss(&mut self, now: Instant) -> Option<Change> {
        let late = self.sent.front().is_some_and(|(_, at)| now.since(*at) >= self.every);
        (late && !std::mem::replace(&mut self.in_doubt, true)).then_some(Change::Lost)
    }

    /// A song arrived.
    pub(super) fn hear(&mut self, at: Instant, number: u64) -> Option<Change> {
        let place = self.sent.iter().position(|(sent, _)| *sent == number)?;
        let gone = self.sent.drain(..=place).next_back();
        self.lost += place as u64;
        let took = gone.map_or(Span::ZERO, |(_, sent)| at.since(sent));
        (self.round_trip, self.last) = (took, self.last.max(at));
        if self.recent.len() == RECENT.2 {
            self.recent.pop_front();
        }
        self.recent.push_back((at, took));
        let good = place == 0 && took < self.every;
        match (good, self.in_doubt) {
            (false, false) => {
                self.in_doubt = true;
                Some(Change::Lost)
            }
            (true, true) => {
                self.in_doubt = false;
                Some(Change::Heard)
            }
            _ => None,
        }
    }

    /// For how long it has not been heard while there was a link.
    pub(super) fn silent_for(&self, now: Instant) -> Span {
        if self.due.is_some() { now.since(self.last) } else { Span::ZERO }
    }

    /// Songs that were surely lost.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// How long the last song was on its way.
    pub(super) const fn round_trip(&self) -> Span {
        self.round_trip
    }

    /// The 95th percentile (nearest rank) of how long songs took in the last five minutes, if enough were
    /// heard.
    pub(super) fn p95(&self, now: Instant) -> Option<Span> {
        let (span, fewest, _) = RECENT;
        let recent = self.recent.iter().filter(|(at, _)| now.since(*at) <= span);
        let mut took: Vec<_> = recent.map(|(_, took)| *took).collect();
        took.sort_unstable();
        let rank = (took.len() * 95).div_ceil(100);
        took.get(rank.checked_sub(1)?).copied().filter(|_| took.len() >= fewest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::default() + Span::from_millis(millis)
    }

    /// A canary that sang its first song at 0.
    fn singing() -> Canary {
        let mut canary = Canary::new(Span::from_secs(5), at(0));
        assert_eq!(canary.turn(at(0)), (None, None), "there is no link");
        assert_eq!(canary.link(at(0), Link::Up), None);
        assert_eq!(canary.turn(at(0)), (Some(0), None));
        canary
    }

    #[test]
    fn a_song_that_is_heard_in_time_is_fine() {
        let mut canary = singing();
        assert_eq!(canary.turn(at(4_999)), (None, None));
        assert_eq!(canary.hear(at(4_999), 0), None);
        assert_eq!(canary.turn(at(5_001)), (Some(1), None), "in its rhythm");
        assert_eq!(canary.turn(at(9_999)), (None, None));
        assert_eq!(canary.hear(at(9_999), 1), None);
        assert_eq!(canary.turn(at(10_000)), (Some(2), None));
        assert_eq!((canary.lost(), canary.round_trip()), (0, Span::from_millis(4_998)));
        assert_eq!(canary.hear(at(10_001), 2), None);
        assert_eq!(canary.hear(at(10_002), 2), None, "a copy of it says nothing");
    }

    #[test]
    fn a_missing_song_is_a_doubt_until_one_is_heard_in_its_turn() {
        let mut canary = singing();
        assert_eq!(canary.turn(at(5_000)), (Some(1), Some(Change::Lost)));
        assert_eq!(canary.hear(at(5_010), 1), None, "it shows a gap");
        assert_eq!(canary.lost(), 1);
        assert_eq!(canary.turn(at(10_000)), (Some(2), None));
        assert_eq!(canary.hear(at(10_010), 2), Some(Change::Heard));
        assert_eq!(canary.silent_for(at(10_500)), Span::from_millis(490));
    }

    #[test]
    fn a_gap_is_seen_before_the_song_is_due() {
        let mut canary = singing();
        canary.hear(at(10), 0);
        canary.turn(at(5_000));
        canary.due = Some(at(5_500));
        assert_eq!(canary.turn(at(5_500)).0, Some(2));
        assert_eq!(canary.hear(at(5_510), 2), Some(Change::Lost));
    }

    #[test]
    fn what_a_link_or_a_standstill_took_is_excused() {
        for link in [true, false] {
            let mut canary = singing();
            assert_eq!(canary.turn(at(5_000)).1, Some(Change::Lost));
            if link {
                assert_eq!(canary.link(at(6_000), Link::Down), Some(Change::Heard));
                assert_eq!(canary.turn(at(60_000)), (None, None));
                assert_eq!(canary.silent_for(at(60_000)), Span::ZERO);
                assert_eq!(canary.link(at(60_000), Link::Up), None);
            } else {
                assert_eq!(canary.excuse(at(60_000)), Some(Change::Heard));
            }
            let (number, change) = canary.turn(at(60_000));
            assert!(number.is_some() && change.is_none());
            assert_eq!(canary.hear(at(60_010), number.unwrap_or_default()), None);
            assert_eq!(canary.hear(at(60_020), 0), None, "an excused one comes after all");
            assert_eq!(canary.turn(at(64_000)), (None, None), "the rhythm starts anew");
        }
    }

    #[test]
    fn the_percentile_is_that_of_the_last_five_minutes() {
        let mut canary = singing();
        canary.hear(at(900), 0);
        for number in 1..=20_u64 {
            assert_eq!(canary.p95(at(number * 5_000)).is_some(), number >= 10, "{number}");
            assert_eq!(canary.turn(at(number * 5_000)).0, Some(number));
            canary.hear(at(number * 5_000 + number), number);
        }
        assert_eq!(canary.p95(at(101_000)), Some(Span::from_millis(20)), "the 20th of 21");
        assert_eq!(canary.p95(at(301_000)), Some(Span::from_millis(19)), "the first song is past");
        assert_eq!(canary.p95(at(380_000)), None, "too few are left");
    }
}
