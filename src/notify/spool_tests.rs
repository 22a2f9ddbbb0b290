//! What one Alertmanager is sent, second by second, under a made-up clock.

use super::*;
use crate::notify::sample::{self, at};

fn alert(service: &str, starts: u64, ends: Option<u64>) -> Arc<Alert> {
    let alert = sample::alert("A", service, Severity::Error);
    Arc::new(Alert { starts: at(starts), ends: ends.map(at), ..(*alert).clone() })
}

/// An Alertmanager that is there or not, and what it took: when, whom, whether it fires, its end.
struct Instance {
    spool: Spool,
    here: bool,
    took: Vec<(u64, String, bool, u64)>,
}

impl Instance {
    fn new() -> Self {
        Self { spool: Spool::new(Span::from_secs(60)), here: true, took: Vec::new() }
    }

    /// Lets a second pass.
    fn second(&mut self, second: u64, board: &Board) {
        let now = at(second);
        self.spool.take(now, board);
        loop {
            let due = self.spool.due(now);
            if due.is_empty() {
                return;
            }
            assert!(due.len() <= BATCH);
            if !self.here {
                self.spool.failed(now);
                continue;
            }
            for sending in &due {
                let service = sending.alert.key.service().unwrap_or_else(|| panic!("a service"));
                let ends = sending.ends.since(at(0)).micros() / 1_000_000;
                self.took.push((second, service.to_string(), sending.fires, ends));
            }
            self.spool.taken(now, &due);
        }
    }

    fn took_of(&self, service: &str) -> Vec<(u64, bool, u64)> {
        let of = self.took.iter().filter(|(_, of, ..)| of == service);
        of.map(|(at, _, fires, ends)| (*at, *fires, *ends)).collect()
    }
}

fn board(firing: &[&Arc<Alert>], ended: &[&Arc<Alert>]) -> Board {
    let all = |these: &[&Arc<Alert>]| these.iter().map(|it| Arc::clone(it)).collect();
    Board { firing: all(firing), ended: all(ended), signals: Vec::new() }
}

#[test]
fn firing_is_sent_each_minute_four_ahead_and_its_end_for_fifteen() {
    let (mut instance, orders) = (Instance::new(), alert("Orders", 0, None));
    for second in 0..=150 {
        instance.second(second, &board(&[&orders], &[]));
    }
    assert_eq!(instance.took_of("Orders"), [(0, true, 240), (60, true, 300), (120, true, 360)]);
    let ended = alert("Orders", 0, Some(150));
    for second in 151..=2_000 {
        instance.second(second, &board(&[], &[&ended]));
    }
    let ends = instance.took_of("Orders").split_off(3);
    let expected: Vec<_> = (0..15).map(|minute| (151 + minute * 60, false, 150)).collect();
    assert_eq!(ends, expected);
    assert!(instance.spool.entries.is_empty());
}

#[test]
fn ten_minutes_away_lose_nothing() {
    let mut instance = Instance::new();
    let before = alert("Before", 0, None);
    instance.second(0, &board(&[&before], &[]));
    instance.here = false;
    let lasting = alert("Lasting", 100, None);
    for second in 1..=600 {
        let passing = alert("Passing", 200, (second >= 230).then_some(230));
        let ended = alert("Before", 0, Some(50));
        let mut now = board(&[], &[]);
        if second < 50 {
            now.firing.push(before.clone())
        } else {
            now.ended.push(ended)
        }
        if second >= 100 {
            now.firing.push(lasting.clone());
        }
        match second {
            200..230 => now.firing.push(passing),
            230.. => now.ended.push(passing),
            _ => {}
        }
        instance.second(second, &now);
    }
    assert_eq!((instance.took.len(), instance.spool.waiting()), (1, 3));
    instance.here = true;
    let ended = [alert("Before", 0, Some(50)), alert("Passing", 200, Some(230))];
    let now = board(&[&lasting], &[&ended[0], &ended[1]]);
    for second in 601..=740 {
        instance.second(second, &now);
    }
    // Within half a minute all are heard of; a minute later that two of them are over.
    for (service, end) in [("Before", 50), ("Passing", 230)] {
        let took = instance.took_of(service);
        let took: Vec<_> = took.into_iter().filter(|(at, ..)| *at > 600).collect();
        assert!(took[0].0 <= 631 && took[0].1, "{service}: {took:?}");
        assert_eq!(took[1], (took[0].0 + 60, false, end), "{service}");
    }
    assert!(instance.took_of("Lasting")[0].0 <= 631);
    assert_eq!((instance.spool.waiting(), instance.spool.dropped), (0, 0));
}

#[test]
fn another_severity_is_another_alert_and_ends_the_first() {
    let mut instance = Instance::new();
    let error = alert("Orders", 0, None);
    let critical = Arc::new(Alert { severity: Severity::Critical, ..(*error).clone() });
    instance.second(0, &board(&[&error], &[]));
    instance.second(5, &board(&[&critical], &[]));
    assert_eq!(
        instance.took_of("Orders"),
        [(0, true, 240), (5, false, 5), (5, true, 245)],
        "error fires, error is over, critical fires"
    );
}

#[test]
fn what_changes_while_it_is_sent_is_sent_again() {
    let mut spool = Spool::new(Span::from_secs(60));
    let (first, second) = (alert("Orders", 0, None), alert("Orders", 0, None));
    spool.take(at(0), &board(&[&first], &[]));
    let due = spool.due(at(0));
    spool.take(at(1), &board(&[&second], &[]));
    spool.taken(at(1), &due);
    assert_eq!(spool.due(at(1)).len(), 1);
}

#[test]
fn a_storm_has_bounds_and_what_is_over_gives_way_first() {
    let mut spool = Spool::new(Span::from_secs(60));
    let all = |range: std::ops::Range<usize>, ends| -> Vec<Arc<Alert>> {
        range.map(|index| alert(&format!("S{index}"), 0, ends)).collect()
    };
    let ended = all(0..5_000, Some(1));
    let firing = all(5_000..MOST + 3_000, None);
    spool.take(at(2), &Board { firing, ended, signals: Vec::new() });
    assert_eq!(spool.entries.len(), MOST);
    assert_eq!(spool.dropped, 3_000);
    let ends = spool.entries.values().filter(|entry| entry.ends.is_some()).count();
    assert_eq!(ends, 2_000);
}
