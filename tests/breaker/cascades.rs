//! Our own cases of circuits in concert: how many open ahead of a cascade, and what becomes of
//! those that have failures of their own when the origin is back.

use crate::Case;
use crate::line::Line;
use lookout::observer::event::What;

pub(crate) const CASES: &[Case] = &[
    ("dependency opening above its cap", "half of the others, rounded down", above_the_cap),
    ("dependency opening above its cap", "a share of nothing opens nothing", a_share_of_nothing),
    ("origin recovers while a dependent fails", "its trial decides, not the origin", own_failures),
    ("origin recovers while a dependent fails", "one open by itself is left alone", own_opening),
];

/// A line on which everyone of `dependents` calls `O`.
fn platform(dependents: &[&str], share: f64) -> Line {
    Line::with(|settings| {
        settings.cascade.share = share;
        settings.dependencies =
            dependents.iter().map(|name| ((*name).into(), vec!["O".into()])).collect();
        // The origin's own circuit is not what this is about.
        settings.circuit.consecutive = 0;
    })
}

/// `O` falls silent: calls from `from` on are unanswered, and that after 6 s is the witness.
fn silence(line: &mut Line, from: u64) {
    line.settle(from, "O", "UUUUUUU");
    line.until(from + 10_000);
}

fn opened_ahead(line: &Line) -> Vec<String> {
    let told = line.told();
    let ahead = told.iter().filter(|told| told.contains("closed>open dependency_unavailable"));
    ahead.map(|told| told[..1].to_owned()).collect()
}

fn above_the_cap() {
    let mut line = platform(&["A", "B", "C", "D"], 0.5);
    for (from, service) in [(0, "O"), (100, "A"), (200, "B"), (300, "C"), (400, "D"), (500, "E")] {
        line.settle(from, service, "SSSSS");
    }
    silence(&mut line, 6_000);
    // Five others: two, in the order of the configuration, and one event says so.
    assert_eq!(opened_ahead(&line), ["A", "B"]);
    let prevented: Vec<_> = line
        .events
        .iter()
        .filter_map(|event| match &event.what {
            What::CascadePrevented { origin, affected, .. } => Some((&**origin, affected.len())),
            _ => None,
        })
        .collect();
    assert_eq!(prevented, [("O", 2)]);
    // They wait for the origin, however long; all go half-open with its first good minute.
    line.until(600_000);
    assert_eq!(line.told().len(), 2, "{:?}", line.told());
    line.settle(600_000, "O", "SSSSSSSSSSSSSSSSSSSS");
    let told = line.told();
    let half = |told: &&String| told.contains("open>half_open dependency_recovered 0/0 #1");
    assert_eq!(told.iter().filter(half).count(), 2, "{told:?}");
}

fn a_share_of_nothing() {
    let mut line = platform(&["A"], 0.0);
    line.settle(0, "O", "SSSSS");
    line.settle(100, "A", "SSSSS");
    silence(&mut line, 6_000);
    assert_eq!(line.told(), [""; 0]);
    // Half of one other is none.
    let mut line = platform(&["A"], 0.5);
    line.settle(0, "O", "SSSSS");
    line.settle(100, "A", "SSSSS");
    silence(&mut line, 6_000);
    assert_eq!(line.told(), [""; 0]);
    assert!(!line.events.iter().any(|event| matches!(event.what, What::CascadePrevented { .. })));
}

fn own_failures() {
    let mut line = platform(&["A"], 0.5);
    for (from, service) in [(0, "O"), (100, "A"), (200, "B")] {
        line.settle(from, service, "SSSSS");
    }
    silence(&mut line, 6_000);
    assert_eq!(opened_ahead(&line), ["A"]);
    // It fails while it waits: that changes nothing, and neither does its own open time.
    line.settle(20_000, "A", "FFFFFFFFFFFF");
    line.until(100_000);
    assert_eq!(line.told().len(), 1, "{:?}", line.told());
    line.settle(100_000, "O", "SSSSSSSSSSSSSSSSSSSS");
    assert_eq!(line.told().len(), 2, "{:?}", line.told());
    // Its own trial fails: from here on it waits for its own time, doubled once.
    line.settle(130_000, "A", "FF");
    line.until(191_002);
    let told = line.told();
    assert_eq!(told[2], "A 131.001s half_open>open trial_failed 2/2 #2 wait 60s");
    assert_eq!(told[3], "A 191.001s open>half_open open_timeout 0/0 #2");
}

fn own_opening() {
    let mut line = platform(&["A"], 0.5);
    for (from, service) in [(0, "O"), (100, "A"), (200, "B")] {
        line.settle(from, service, "SSSSS");
    }
    // It opens by its own failures shortly before the origin falls silent.
    line.settle(5_100, "A", "FFFFF");
    let own = "A 9.101s closed>open failure_rate 5/10 #1 wait 30s";
    assert_eq!(line.told(), [own]);
    silence(&mut line, 10_000);
    assert_eq!(opened_ahead(&line), [""; 0]);
    // The origin is back before its time is over: it waits on.
    line.settle(21_000, "O", "SSSSSSSSSSSSSSS");
    assert_eq!(line.told(), [own]);
    line.until(40_000);
    assert_eq!(line.told()[1..], ["A 39.101s open>half_open open_timeout 0/0 #1"]);
}
