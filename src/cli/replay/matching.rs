//! Which alarms of two replays of the same traffic are the same.
//!
//! Two alarms of the same kind, subject and reason are the same if they overlap, or begin within
//! [`TOLERANCE`] of each other: a threshold that is crossed a little later is no other alarm. Each
//! has at most one partner; those that overlap are matched before those that are only near. What
//! has no partner was added by the other configuration, or spared by it.
//!
//! Where either replay kept only its first alarms, only what began before the first that was left
//! out is compared.

use super::alarms::{Alarm, Alarms};
use crate::observer::{Instant, Span};
use std::collections::BTreeMap;

/// Alarms that begin within so much of each other are the same even if they do not overlap: twice
/// the 30 s for which a call waits by default, so that an alarm which one configuration gives at
/// the first sign, and the other after the same calls ran out of patience, is one.
pub(super) const TOLERANCE: Span = Span::from_secs(60);

/// An alarm that both have, but not at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// As it is under the first configuration.
    pub(super) base: Alarm,
    /// As it is under the other.
    pub(super) other: Alarm,
}

/// In which alarms two replays differ; each list in order of beginning, kind, subject, reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Alarms that only the other configuration gives.
    pub(super) added: Vec<Alarm>,
    /// Alarms that only the first one gives.
    pub(super) spared: Vec<Alarm>,
    /// Alarms that begin or end at other times.
    pub(super) moved: Vec<Moved>,
    /// Alarms that are the same to the microsecond.
    pub(super) same: usize,
    /// Only what began before was compared; `None` if all was.
    pub(super) until: Option<Instant>,
}

/// Compares the alarms of two replays.
pub(super) fn compare(base: &Alarms, other: &Alarms) -> Differences {
    let until = [base.kept_until(), other.kept_until()].into_iter().flatten().min();
    let mut differences = Differences { until, ..Differences::default() };
    // By what they are about; each list is in the order in which its alarms began.
    let mut by_key: BTreeMap<_, [Vec<&Alarm>; 2]> = BTreeMap::new();
    for (side, alarms) in [base, other].into_iter().enumerate() {
        for alarm in alarms.kept() {
            if until.is_none_or(|until| alarm.begin < until) {
                by_key.entry(&alarm.key).or_default()[side].push(alarm);
            }
        }
    }
    for [base, other] in by_key.into_values() {
        let (sure, base, other) = pair(&base, &other, overlap);
        let (near, spared, added) = pair(&base, &other, begin_together);
        for (base, other) in sure.into_iter().chain(near) {
            if base == other {
                differences.same += 1;
            } else {
                let (base, other) = (base.clone(), other.clone());
                differences.moved.push(Moved { base, other });
            }
        }
        differences.spared.extend(spared.into_iter().cloned());
        differences.added.extend(added.into_iter().cloned());
    }
    let order = |alarm: &Alarm| (alarm.begin, alarm.key.clone());
    differences.added.sort_by_cached_key(order);
    differences.spared.sort_by_cached_key(order);
    differences.moved.sort_by_cached_key(|moved| order(&moved.base));
    differences
}

/// The pairs of two lists, and what is left of each.
type Paired<'a> = (Vec<(&'a Alarm, &'a Alarm)>, Vec<&'a Alarm>, Vec<&'a Alarm>);

/// Pairs alarms about the same thing in order of time. Within a list they follow one another, so
/// of two that do not belong together the one that begins first belongs to nobody later.
fn pair<'a>(
    base: &[&'a Alarm],
    other: &[&'a Alarm],
    belong: fn(&Alarm, &Alarm) -> bool,
) -> Paired<'a> {
    let (mut pairs, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
    let (mut base, mut other) = (base.iter().copied().peekable(), other.iter().copied().peekable());
    while let (Some(one), Some(two)) = (base.peek().copied(), other.peek().copied()) {
        if belong(one, two) {
            pairs.push((one, two));
            base.next();
            other.next();
        } else if one.begin <= two.begin {
            left.push(one);
            base.next();
        } else {
            right.push(two);
            other.next();
        }
    }
    left.extend(base);
    right.extend(other);
    (pairs, left, right)
}

/// Whether two alarms were on at the same moment; one that is not over lasts for ever.
fn overlap(one: &Alarm, two: &Alarm) -> bool {
    let begins_in = |late: &Alarm, early: &Alarm| early.end.is_none_or(|end| late.begin <= end);
    if one.begin <= two.begin { begins_in(two, one) } else { begins_in(one, two) }
}

fn begin_together(one: &Alarm, two: &Alarm) -> bool {
    apart(one.begin, two.begin) <= TOLERANCE
}

/// The time between two moments, whichever comes first.
pub(super) fn apart(one: Instant, two: Instant) -> Span {
    one.since(two).max(two.since(one))
}

#[cfg(test)]
mod tests {
    use super::super::alarms::Key;
    use super::*;

    /// Alarms of service `A`: seconds of begin and end, 0 for none.
    fn alarms(spans: &[(u64, u64)]) -> Vec<Alarm> {
        let at = |second| Instant::from_micros(second * 1_000_000);
        let key = |subject: &str| Key {
            kind: "service_degraded",
            subject: subject.to_owned(),
            reason: "slow_responses".to_owned(),
        };
        let alarm = |(begin, end): &(u64, u64)| Alarm {
            key: key("A"),
            begin: at(*begin),
            end: (*end > 0).then(|| at(*end)),
        };
        spans.iter().map(alarm).collect()
    }

    type Found<'a> = (&'a [u64], &'a [u64], &'a [(u64, u64)], usize);

    /// Holds differences, as seconds of beginnings, to what is wanted: added, spared, moved from and
    /// to; and how many are the same.
    #[track_caller]
    fn check(name: &str, base: Vec<Alarm>, other: Vec<Alarm>, wanted: Found<'_>) {
        let [base, other] = [base, other].map(Alarms::of);
        let differences = compare(&base, &other);
        let second = |alarm: &Alarm| alarm.begin.micros() / 1_000_000;
        let seconds = |alarms: &[Alarm]| alarms.iter().map(second).collect::<Vec<_>>();
        let moved = differences.moved.iter().map(|it| (second(&it.base), second(&it.other)));
        let (added, spared, moved) =
            (seconds(&differences.added), seconds(&differences.spared), moved.collect::<Vec<_>>());
        assert_eq!((&*added, &*spared, &*moved, differences.same), wanted, "{name}");
    }

    #[test]
    fn alarms_are_matched_by_what_they_are_about_and_when() {
        type Spans<'a> = &'a [(u64, u64)];
        let cases: &[(&str, Spans<'_>, Spans<'_>, Found<'_>)] = &[
            ("nothing", &[], &[], (&[], &[], &[], 0)),
            ("the same", &[(1, 2), (5, 0)], &[(1, 2), (5, 0)], (&[], &[], &[], 2)),
            ("added and spared", &[(1, 2)], &[(500, 600)], (&[500], &[1], &[], 0)),
            ("later and longer", &[(100, 200)], &[(150, 900)], (&[], &[], &[(100, 150)], 0)),
            ("one has no end", &[(100, 200)], &[(100, 0)], (&[], &[], &[(100, 100)], 0)),
            ("they touch", &[(100, 200)], &[(200, 300)], (&[], &[], &[(100, 200)], 0)),
            ("near", &[(100, 110)], &[(160, 170)], (&[], &[], &[(100, 160)], 0)),
            ("not near", &[(100, 110)], &[(161, 170)], (&[161], &[100], &[], 0)),
            ("one became two", &[(1, 900)], &[(1, 100), (200, 900)], (&[200], &[], &[(1, 1)], 0)),
            ("two became one", &[(1, 99), (200, 900)], &[(1, 900)], (&[], &[200], &[(1, 1)], 0)),
            (
                "what overlaps comes before what is near",
                &[(1, 5), (20, 300)],
                &[(21, 300)],
                (&[], &[1], &[(20, 21)], 0),
            ),
            (
                "the second partner is free when the first is gone",
                &[(1, 10), (15, 25)],
                &[(5, 20), (22, 30)],
                (&[], &[], &[(1, 5), (15, 22)], 0),
            ),
        ];
        for (name, base, other, wanted) in cases {
            check(name, alarms(base), alarms(other), *wanted);
        }
    }

    #[test]
    fn no_alarm_is_lost_or_counted_twice_whatever_there_is() {
        // Spans that follow one another, as those of one service do, from a seed.
        let mut random = 1_u64;
        let mut next = |most: u64| {
            random = random.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            (random >> 33) % most
        };
        let mut moved = 0;
        for round in 0..2_000 {
            let mut side = || {
                let mut at = 1;
                let mut spans = Vec::new();
                for _ in 0..next(8) {
                    let begin = at + next(200);
                    at = begin + 1 + next(200);
                    spans.push((begin, at));
                    at += 1;
                }
                if let Some((_, end)) = spans.last_mut().filter(|_| next(2) == 0) {
                    *end = 0;
                }
                spans
            };
            let [one, two] = [side(), side()].map(|spans| Alarms::of(alarms(&spans)));
            let (there, back) = (compare(&one, &two), compare(&two, &one));
            let both = there.moved.len() + there.same;
            assert_eq!(there.spared.len() + both, one.kept().len(), "round {round}");
            assert_eq!(there.added.len() + both, two.kept().len(), "round {round}");
            assert_eq!(there.added, back.spared, "round {round}");
            assert_eq!(there.spared, back.added, "round {round}");
            assert_eq!(compare(&one, &one).same, one.kept().len(), "round {round}");
            // Nothing is left on both sides that could have been a pair.
            for alarm in &there.added {
                let near = |it: &Alarm| overlap(it, alarm) || begin_together(it, alarm);
                assert!(!there.spared.iter().any(near), "round {round}: {alarm:?}");
            }
            moved += there.moved.len();
        }
        assert!(moved > 2_000, "{moved} pairs are too few to show anything");
    }

    #[test]
    fn another_reason_is_another_alarm() {
        let base = alarms(&[(1, 9)]);
        let mut other = base.clone();
        other[0].key.reason = "poor_response_rate".to_owned();
        check("another reason", base, other, (&[1], &[1], &[], 0));
    }

    #[test]
    fn only_what_both_kept_is_compared() {
        let base = Alarms::of(alarms(&[(1, 2), (500, 501)]));
        let other = Alarms::of(alarms(&[(1, 2)])).cut_at(Instant::from_micros(400_000_000));
        let differences = compare(&base, &other);
        assert_eq!((differences.same, differences.spared.len()), (1, 0));
        assert_eq!(differences.until, Some(Instant::from_micros(400_000_000)));
    }
}
