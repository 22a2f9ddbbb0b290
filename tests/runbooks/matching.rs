//! Which runbook is found.

use crate::kit::file;
use lookout::runbook::{Book, EVENTS, SEVERITIES, Subject};

/// Everything that can be said.
const SUBJECT: Subject<'static> = Subject {
    alert: "A",
    event: "service_degraded",
    reason: Some("r"),
    component: Some("c"),
    kind: Some("redis"),
    severity: "error",
    service: Some("S1"),
    cluster: "",
    topic: None,
    incident: None,
};

fn found(matches: &[&str], subject: &Subject<'_>) -> String {
    let files = matches.iter().enumerate().map(|(at, wanted)| {
        let front = if wanted.is_empty() { String::new() } else { format!("match: {wanted}\n") };
        (format!("n{at}.md"), file(&front, "### 1. Do\n"))
    });
    let general = ("general.md".to_owned(), file("", "### 1. Do\n"));
    let book = Book::default().with(files.chain([general]).collect()).unwrap();
    book.find(subject).unwrap().name().to_owned()
}

#[test]
fn the_most_specific_wins() {
    // The criteria of several runbooks, and which is found.
    for (matches, wanted) in [
        (&["{severity: error}", "{event: service_degraded}"][..], "n1"),
        (&["{event: service_degraded}", "{kind: redis}"], "n1"),
        (&["{kind: redis}", "{reason: r}"], "n1"),
        (&["{reason: r}", "{component: c}"], "n1"),
        (&["{component: c}", "{service: S1}"], "n1"),
        (&["{service: S1}", "{alert: A}"], "n1"),
        // One counts more than all after it.
        (
            &["{service: S1, component: c, reason: r, kind: redis, severity: error}", "{alert: A}"],
            "n1",
        ),
        (
            &[
                "{reason: r, kind: redis, event: service_degraded, severity: error}",
                "{service: S1}",
            ],
            "n1",
        ),
        // More is more.
        (&["{reason: r}", "{reason: r, severity: error}"], "n1"),
        (&["{reason: r, severity: error}", "{reason: r}"], "n0"),
        // All that are named must match.
        (&["{reason: r}", "{reason: r, severity: info}"], "n0"),
        (&["{alert: B}", "{service: S2}", "{severity: error}"], "n2"),
        // Lists, and any end.
        (&["{service: [S2, S1]}"], "n0"),
        (&["{service: S*}"], "n0"),
        (&["{service: T*}"], "general"),
        (&["{event: service_*}"], "n0"),
        // The same weight: the first by name.
        (&["{reason: r}", "{reason: [r, q]}"], "n0"),
        // One without criteria is found by its name alone.
        (&[""], "general"),
        (&[], "general"),
    ] {
        assert_eq!(found(matches, &SUBJECT), wanted, "{matches:?}");
    }
    // What is not known matches nothing.
    let nothing = Subject::default();
    for wanted in ["{service: S*}", "{severity: info}", "{alert: A}"] {
        assert_eq!(found(&[wanted], &nothing), "general", "{wanted}");
    }
    for event in EVENTS {
        let subject = Subject { event, ..nothing };
        assert_eq!(found(&[&format!("{{event: {event}}}")], &subject), "n0");
    }
    for severity in SEVERITIES {
        let subject = Subject { severity, ..nothing };
        assert_eq!(found(&[&format!("{{severity: {severity}}}")], &subject), "n0");
    }
}

#[test]
fn an_operators_own_goes_before_a_shipped_one_of_its_weight() {
    let subject = Subject {
        event: "service_unavailable",
        reason: Some("no_subscriber"),
        service: Some("S1"),
        ..Subject::default()
    };
    let with = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(name, front)| {
            ((*name).to_owned(), file(&format!("match: {front}\n"), "### 1. Mine\n"))
        });
        Book::shipped().with(files.collect()).unwrap()
    };
    let name = |book: &Book| book.find(&subject).unwrap().name().to_owned();
    assert_eq!(name(&with(&[])), "no-subscriber");
    assert_eq!(name(&with(&[("zz.md", "{reason: no_subscriber}")])), "zz");
    assert_eq!(name(&with(&[("zz.md", "{event: service_unavailable}")])), "no-subscriber");
    assert_eq!(name(&with(&[("zz.md", "{service: S1}")])), "zz");
    // One of the same name takes the place of it, whatever it is for.
    let book = with(&[("no-subscriber.md", "{service: Other}")]);
    assert!(!book.get("no-subscriber").unwrap().is_shipped());
    assert_eq!(name(&book), "LookoutServiceUnavailable");
}

#[test]
fn where_nothing_fits_it_is_the_one_called_as_the_alert() {
    let book = Book::shipped();
    for (alert, wanted) in [
        ("LookoutServiceUnavailable", "LookoutServiceUnavailable"),
        ("LookoutDown", "LookoutDown"),
        ("disk full; rm -rf /", "general"),
        ("", "general"),
    ] {
        let found = book.find(&Subject { alert, ..Subject::default() });
        assert_eq!(found.unwrap().name(), wanted);
    }
    let none = Book::default();
    assert_eq!(none.find(&SUBJECT), None);
}
