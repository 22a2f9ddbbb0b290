//! The cases that the best-known circuit breakers test, held by ours.
//!
//! Each case is a row under the id it has in the list of cases: the settings it names, what
//! happens when, and every transition that follows, word for word. Rows about the plain machine
//! drive `Breaker` itself (`known`, `others`), those about replies, sessions and links drive the reader and
//! the observer from bytes (`ours`), and what cannot be said in a row is said by hand (`hand`).
//! Where ours judges differently from the suite a case comes from, a comment says what
//! corresponds to what. No case may be dropped: the last test knows all ids.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "breaker/cascades.rs"]
mod cascades;
#[path = "breaker/hand.rs"]
mod hand;
#[path = "breaker/known.rs"]
mod known;
#[path = "breaker/line.rs"]
mod line;
#[path = "breaker/machine.rs"]
mod machine;
#[path = "breaker/others.rs"]
mod others;
#[path = "breaker/ours.rs"]
mod ours;
#[path = "breaker/rows.rs"]
mod rows;

use std::collections::BTreeSet;

/// The ids of the list of cases.
const KNOWN: &str = "\
    R1 R2 R3 R4 R6 R7 R8 R9 R10 R11 R12 R13 P15 P16 P18 P20 H21 H22 H23 \
    E25 E28 E30 E31 E32 E34 F35 F37 L39 L40 L41 L42 L43";
/// Our own, which have no number.
const OURS: &[&str] = &[
    "duplicate reply",
    "reply before call",
    "reply from another session",
    "id reused after wrap",
    "batch with mixed results",
    "reconnect in the middle of calls",
    "clock jumps",
    "late reply while open",
    "late reply while half-open",
    "late reply while closed",
    "trials made before the transition",
    "dependency opening above its cap",
    "origin recovers while a dependent fails",
];

/// A case that a row cannot say: its id, what it holds, and how.
type Case = (&'static str, &'static str, fn());

#[track_caller]
fn hold(rows: &[machine::Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(machine::Row::wrong).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_machine_does_as_the_rows_say() {
    hold(known::ROWS);
    hold(others::ROWS);
}

#[test]
fn the_windows_are_as_long_as_they_are_set() {
    hold(known::WINDOWS);
}

#[test]
fn the_cases_by_hand_hold() {
    let mut wrong = Vec::new();
    for (id, what, case) in cases() {
        if std::panic::catch_unwind(case).is_err() {
            wrong.push(format!("{id}: {what}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases() -> impl Iterator<Item = Case> {
    [hand::CASES, ours::CASES, cascades::CASES].into_iter().flatten().copied()
}

#[test]
fn no_case_is_missing_and_none_is_made_up() {
    let rows = known::ROWS.iter().chain(known::WINDOWS).chain(others::ROWS);
    let told: BTreeSet<&str> = rows.map(|row| row.id).chain(cases().map(|(id, ..)| id)).collect();
    let all: BTreeSet<&str> = KNOWN.split_whitespace().chain(OURS.iter().copied()).collect();
    assert_eq!(all.difference(&told).collect::<Vec<_>>(), [&""; 0], "missing");
    assert_eq!(told.difference(&all).collect::<Vec<_>>(), [&""; 0], "made up");
}
