//! Evidence with marks and cuts against a plain list: what came after a mark, to the call.

use crate::lcg::Lcg;
use lookout::observer::call::Outcome;
use lookout::observer::evidence::{Evidence, Mark, Settled, Tally};
use lookout::observer::{Instant, Span};

const HOUR: Span = Span::from_secs(3600);

/// A reply time beside the settled calls.
enum Entry {
    Call(Settled),
    Reply(Instant, Span),
}

/// The only place that knows how evidence is called.
#[derive(Default)]
struct Kept(Evidence);

impl Kept {
    fn add(&mut self, entry: &Entry) {
        match entry {
            Entry::Call(call) => self.0.record(*call),
            Entry::Reply(at, time) => self.0.reply(*at, *time),
        }
    }

    fn sum(&self, now: Instant, secs: u32, mark: Mark) -> Sum {
        told(&self.0.sum(now, secs, mark))
    }

    fn sum_of_last(&self, now: Instant, count: u32, mark: Mark) -> Option<Sum> {
        self.0.sum_of_last(now, count, mark).as_ref().map(told)
    }
}

/// Settled, failed, unanswered, slow, replies and their mean, how long failures were made over,
/// and the failures that last 6 s.
type Sum = (u32, u32, u32, u32, u32, Option<Span>, Span, u32);

fn told(tally: &Tally) -> Sum {
    let (mean, over) = (tally.mean(1), tally.failures_made().over());
    let lasting = tally.lasting_failures(Span::from_secs(6));
    let (failed, unanswered) = (tally.failed, tally.unanswered);
    (tally.settled, failed, unanswered, tally.slow, tally.replies.0, mean, over, lasting)
}

fn naive<'a>(entries: impl Iterator<Item = &'a Entry>) -> Sum {
    let (mut calls, mut times) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Call(call) => calls.push(*call),
            Entry::Reply(_, time) => times.push(time.micros()),
        }
    }
    let over = |wanted: &[Outcome]| {
        let made = || calls.iter().filter(|call| wanted.contains(&call.outcome)).map(|c| c.made);
        made().max().map_or(Span::ZERO, |last| last.since(made().min().unwrap()))
    };
    let count = |wanted| calls.iter().filter(|call| call.outcome == wanted).count() as u32;
    let (failed, unanswered) = (count(Outcome::Failed), count(Outcome::Unanswered));
    let lasts = over(&[Outcome::Unanswered]) >= Span::from_secs(6);
    let slow = calls.iter().filter(|call| call.slow).count() as u32;
    let mean = times.iter().sum::<u64>().checked_div(times.len() as u64).map(Span::from_micros);
    let all = over(&[Outcome::Failed, Outcome::Unanswered]);
    let lasting = failed + if lasts { unanswered } else { 0 };
    (calls.len() as u32, failed, unanswered, slow, times.len() as u32, mean, all, lasting)
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
    let mut cleared = 0;
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
            0 | 1 => marks.push((kept.0.mark(), entries.len())),
            2 => kept.0.roll(now),
            3 if random.below(4) == 0 => {
                kept.0.clear();
                cleared = entries.len();
            }
            4..7 => {
                let time = Span::from_micros(random.below(9_000_000));
                entries.push(Entry::Reply(now, time));
                kept.add(entries.last().unwrap());
            }
            _ => {
                let outcomes =
                    [Outcome::Ok, Outcome::Rejected, Outcome::Failed, Outcome::Unanswered];
                let made = now - Span::from_micros(random.below(9_000_000));
                let outcome = outcomes[random.below(4) as usize];
                let slow = random.below(5) == 0;
                entries.push(Entry::Call(Settled { made, at: now, outcome, slow }));
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
    let at = |entry: &Entry| match entry {
        Entry::Call(call) => call.at,
        Entry::Reply(at, _) => *at,
    };
    for secs in [10, 120, 300] {
        let within = entries.iter().filter(|entry| at(entry).second() + secs > now.second());
        assert_eq!(kept.sum(now, secs, mark), naive(within), "seed {seed}, {secs} s");
    }
    // The last calls one by one, as many as are kept, none older than an hour.
    let last = || {
        let calls = entries.iter().rev().filter(|entry| matches!(entry, Entry::Call(_)));
        calls.take(20).filter(|entry| now.since(at(entry)) <= HOUR)
    };
    for count in [1, 3, 10, 20] {
        let enough = last().count() >= count as usize;
        let wanted = enough.then(|| naive(last().take(count as usize)));
        assert_eq!(kept.sum_of_last(now, count, mark), wanted, "seed {seed}, last {count}");
    }
    let unanswered =
        |entry: &&Entry| matches!(entry, Entry::Call(c) if c.outcome == Outcome::Unanswered);
    let row = last().take_while(unanswered).count() as u32;
    assert_eq!(kept.0.unanswered_in_a_row(now, mark), row, "seed {seed}");
}
