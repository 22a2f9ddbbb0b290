//! Evidence with marks and cuts against a plain list: what came after a mark, to the call.

use crate::lcg::Lcg;
use lookout::observer::call::Outcome;
use lookout::observer::evidence::{Evidence, Mark, Settled, Tally, Which};
use lookout::observer::{Instant, Span};

const HOUR: Span = Span::from_secs(3600);

/// A settled call, or a late reply beside it, and how many cuts were before it.
struct Entry {
    cuts: usize,
    what: What,
}

enum What {
    Call(Settled),
    Late(Instant),
}

impl Entry {
    const fn at(&self) -> Instant {
        match &self.what {
            What::Call(call) => call.at,
            What::Late(at) => *at,
        }
    }
}

/// The only place that knows how evidence is called.
#[derive(Default)]
struct Kept(Evidence);

const SILENCE: Span = Span::from_secs(6);
const SECOND: Span = Span::from_secs(1);

impl Kept {
    fn add(&mut self, entry: &Entry) {
        match &entry.what {
            What::Call(call) => self.0.record(*call),
            What::Late(at) => self.0.late(*at),
        }
    }

    fn sum(&self, now: Instant, secs: u64, mark: Mark) -> Sum {
        let stretch = self.0.over(now, Span::from_secs(secs), mark);
        let lasts = self.0.lasts(&stretch, Which::All, SILENCE);
        (stretch.tally, lasts, self.0.lasting_failures(&stretch, SILENCE))
    }
}

/// The counts, whether the failures were made over 6 s, and the failures that last 6 s.
type Sum = (Tally, bool, u32);

/// `exact`: failures are known one by one, and not by the second they settled in.
fn naive<'a>(entries: impl Iterator<Item = &'a Entry>, exact: bool) -> Sum {
    let (mut calls, mut late) = (Vec::new(), 0);
    for entry in entries {
        match &entry.what {
            What::Call(call) => calls.push((*call, entry.cuts)),
            What::Late(_) => late += 1,
        }
    }
    let lasts = |wanted: &[Outcome]| {
        let calls: Vec<_> =
            calls.iter().filter(|(call, _)| wanted.contains(&call.outcome)).copied().collect();
        lasts(&calls, exact)
    };
    let count = |wanted| calls.iter().filter(|(call, _)| call.outcome == wanted).count() as u32;
    let (failed, unanswered) = (count(Outcome::Failed), count(Outcome::Unanswered));
    let slow = calls.iter().filter(|(call, _)| call.slow).count() as u32;
    let lasting = failed + if lasts(&[Outcome::Unanswered]) { unanswered } else { 0 };
    let tally = Tally { settled: calls.len() as u32, failed, unanswered, slow, late };
    (tally, lasts(&[Outcome::Failed, Outcome::Unanswered]), lasting)
}

/// Whether two of these failures, and a tenth of them, lie outside any stretch of 6 s. Those
/// that settled in the same way within a second, between the same cuts, are known in groups of
/// those that were made near to each other; a group lies in a stretch as a whole or not.
fn lasts(calls: &[(Settled, usize)], exact: bool) -> bool {
    let mut groups: Vec<Vec<(Settled, usize)>> = Vec::new();
    for entry in calls {
        let (call, cuts) = entry;
        let together = |group: &&mut Vec<(Settled, usize)>| {
            let (of, at) = &group[0];
            let cell = (of.at.second(), at, of.outcome);
            !exact && cell == (call.at.second(), cuts, call.outcome)
        };
        let mut cell: Vec<_> = groups.iter_mut().filter(together).collect();
        let full = cell.len() == 3;
        cell.sort_by_key(|group| gap(group, call));
        match cell.into_iter().next().filter(|group| full || gap(group, call) <= SECOND) {
            Some(group) => group.push(*entry),
            None => groups.push(vec![*entry]),
        }
    }
    let first = |group: &[(Settled, usize)]| group.iter().map(|(call, _)| call.made).min().unwrap();
    let outside = |from: Instant| {
        let within = |call: &Settled| call.made >= from && call.made < from + SILENCE;
        let apart = groups.iter().filter(|group| !group.iter().all(|(call, _)| within(call)));
        apart.map(Vec::len).sum::<usize>()
    };
    let fewest = groups.iter().map(|group| outside(first(group))).min();
    fewest.is_some_and(|fewest| fewest >= (calls.len() / 10).max(2))
}

/// How far from the calls of a group another one was made.
fn gap(group: &[(Settled, usize)], call: &Settled) -> Span {
    let made = || group.iter().map(|(call, _)| call.made);
    let (first, last) = (made().min().unwrap(), made().max().unwrap());
    first.since(call.made).max(call.made.since(last))
}

#[test]
fn sums_agree_with_a_plain_list_from_every_mark_on() {
    for seed in 0..12 {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut random = Lcg::new(seed);
    let mut kept = Kept::default();
    let mut entries: Vec<Entry> = Vec::new();
    // Each mark with the number of entries that came before it.
    let mut marks = vec![(Mark::default(), 0)];
    let (mut cleared, mut cuts) = (0, 0);
    let mut now = Instant::from_micros(1_700_000_000_000_000);
    for _ in 0..400 {
        let gap = match random.below(60) {
            0 => 290_000_000 + random.below(4_000_000_000),
            1 => random.below(300_000_000),
            2..30 => random.below(2_000_000),
            30..40 => 0,
            _ => random.below(100_000),
        };
        now = now + Span::from_micros(gap);
        match random.below(20) {
            0 | 1 => {
                kept.0.roll(now);
                marks.push((kept.0.mark(), entries.len()));
                cuts += 1;
            }
            2 => kept.0.roll(now),
            3 if random.below(4) == 0 => {
                kept.0.clear();
                cleared = entries.len();
            }
            4..7 => {
                entries.push(Entry { cuts, what: What::Late(now) });
                kept.add(entries.last().unwrap());
            }
            _ => {
                let outcomes =
                    [Outcome::Ok, Outcome::Rejected, Outcome::Failed, Outcome::Unanswered];
                let made = now - Span::from_micros(random.below(9_000_000));
                let outcome = outcomes[random.below(4) as usize];
                let slow = random.below(5) == 0;
                let call = Settled { made, at: now, outcome, slow };
                entries.push(Entry { cuts, what: What::Call(call) });
                kept.add(entries.last().unwrap());
            }
        }
        let recent = marks.len().saturating_sub(4);
        for (mark, before) in marks[..1].iter().chain(&marks[recent..]) {
            compare(seed, &kept, &entries[cleared.max(*before)..], now, *mark);
        }
    }
}

fn compare(seed: u64, kept: &Kept, entries: &[Entry], now: Instant, mark: Mark) {
    for secs in [10_u32, 120, 300] {
        let within = entries.iter().filter(|entry| entry.at().second() + secs > now.second());
        let wanted = naive(within, false);
        assert_eq!(kept.sum(now, u64::from(secs), mark), wanted, "seed {seed}, {secs} s");
    }
    // The last calls one by one, as many as are kept; in a rate, none older than an hour.
    let kept_one_by_one =
        || entries.iter().rev().filter(|entry| matches!(entry.what, What::Call(_))).take(20);
    let last = || kept_one_by_one().filter(|entry| now.since(entry.at()) <= HOUR);
    for count in [1, 3, 10, 20] {
        let enough = last().count() >= count as usize;
        let wanted = enough.then(|| naive(last().take(count as usize), true));
        let wanted = wanted.map(|(tally, _, lasting)| (tally, lasting));
        let told = kept.0.of_last(now, count, mark, SILENCE);
        assert_eq!(told, wanted, "seed {seed}, last {count}");
    }
    let unanswered =
        |entry: &&Entry| matches!(entry.what, What::Call(c) if c.outcome == Outcome::Unanswered);
    let row = kept_one_by_one().take_while(unanswered).count() as u32;
    assert_eq!(kept.0.unanswered_in_a_row(mark), row, "seed {seed}");
}
