//! What the outbox keeps, in which order, and what it lets go.

use super::*;
use crate::observer::Instant;

fn outlet(limit: usize) -> Outlet {
    Outlet::new(limit, Arc::new(Counters::default()))
}

fn event(name: &str) -> Document {
    Document {
        at: Instant::default(),
        topic: format!("system/c/{name}"),
        retain: false,
        critical: false,
        payload: Some("{}".into()),
        correlation: None,
        event: None,
    }
}

fn critical(name: &str) -> Document {
    Document { critical: true, ..event(name) }
}

fn retained(name: &str, payload: &str) -> Document {
    Document { retain: true, payload: Some(payload.into()), ..event(name) }
}

/// Everything that would be sent now, as `name` or `name=payload`.
fn drain(outlet: &Outlet) -> Vec<String> {
    std::iter::from_fn(|| outlet.next(usize::MAX, None))
        .map(|document| {
            let name = document.topic.trim_start_matches("system/c/").to_owned();
            let payload = document.payload.unwrap_or_default();
            if document.retain { format!("{name}={payload}") } else { name }
        })
        .collect()
}

fn dropped(outlet: &Outlet) -> u64 {
    outlet.counters.outbox_dropped.load(Ordering::Relaxed)
}

#[test]
fn documents_leave_in_order() {
    let outlet = outlet(10);
    for document in [event("a"), retained("r", "1"), critical("b"), event("c")] {
        outlet.push(document);
    }
    assert_eq!(outlet.waiting(), 4);
    assert_eq!(drain(&outlet), ["a", "r=1", "b", "c"]);
    assert_eq!(outlet.waiting(), 4, "sent is not acknowledged");
}

#[test]
fn the_oldest_event_that_is_not_critical_goes_first() {
    let outlet = outlet(3);
    for document in [critical("k1"), event("a"), event("b"), event("c"), critical("k2")] {
        outlet.push(document);
    }
    assert_eq!(dropped(&outlet), 2);
    assert_eq!(drain(&outlet), ["k1", "c", "k2"]);
}

#[test]
fn among_critical_events_an_ordinary_one_finds_no_room() {
    let outlet = outlet(2);
    for document in [critical("k1"), critical("k2"), event("a"), critical("k3")] {
        outlet.push(document);
    }
    assert_eq!(dropped(&outlet), 2);
    assert_eq!(drain(&outlet), ["k2", "k3"]);
}

#[test]
fn retained_documents_coalesce_and_displace_nothing() {
    let outlet = outlet(2);
    outlet.push(event("a"));
    for round in ["1", "2", "3"] {
        outlet.push(retained("r", round));
        outlet.push(retained("s", round));
    }
    outlet.push(event("b"));
    assert_eq!(dropped(&outlet), 0);
    assert_eq!(drain(&outlet), ["a", "r=3", "s=3", "b"]);
}

#[test]
fn an_empty_payload_clears_and_coalesces_like_any_other() {
    let outlet = outlet(2);
    outlet.push(retained("r", "1"));
    outlet.push(Document { payload: None, ..retained("r", "") });
    assert_eq!(drain(&outlet), ["r="]);
}

#[test]
fn what_was_not_acknowledged_returns_to_its_place() {
    let outlet = outlet(10);
    for name in ["a", "b", "c"] {
        outlet.push(event(name));
    }
    outlet.presence_taken();
    assert_eq!(drain(&outlet), ["a", "b", "c"]);
    for packet in 1..=4 {
        outlet.identified(packet);
    }
    // Packet 1 is the presence; 3 is `b`.
    outlet.acknowledged(3, None);
    outlet.push(event("d"));
    outlet.link_lost();
    assert_eq!(outlet.waiting(), 3);
    assert_eq!(drain(&outlet), ["a", "c", "d"]);
    assert_eq!(outlet.counters.published.load(Ordering::Relaxed), 1);
}

#[test]
fn an_older_state_does_not_come_back_over_a_newer_one() {
    let outlet = outlet(10);
    outlet.push(retained("r", "old"));
    assert_eq!(drain(&outlet), ["r=old"]);
    outlet.push(retained("r", "new"));
    outlet.link_lost();
    assert_eq!(drain(&outlet), ["r=new"]);
}

#[test]
fn the_window_bounds_what_is_on_its_way() {
    let outlet = outlet(10);
    for name in ["a", "b", "c"] {
        outlet.push(event(name));
    }
    assert!(outlet.next(2, None).is_some());
    assert!(outlet.next(2, None).is_some());
    assert!(outlet.next(2, None).is_none());
    outlet.identified(1);
    outlet.acknowledged(1, Some("not authorized"));
    assert_eq!(outlet.counters.refused.load(Ordering::Relaxed), 1);
    assert!(outlet.next(2, None).is_some(), "an answer makes room, whatever it says");
}

#[test]
fn what_the_library_does_not_take_keeps_its_place() {
    let outlet = outlet(10);
    outlet.push(event("a"));
    outlet.push(event("b"));
    assert!(outlet.next(9, None).is_some());
    outlet.not_taken();
    assert_eq!(drain(&outlet), ["a", "b"]);
}

#[test]
fn what_cannot_be_published_is_counted_and_gone() {
    let outlet = outlet(10);
    let long = "x".repeat(MAX_TOPIC + 1);
    for topic in ["", "a/+/b", "a/#", "a\0b", long.as_str()] {
        outlet.push(Document { topic: topic.into(), ..event("") });
    }
    outlet.push(Document { payload: Some("x".repeat(100)), ..event("large") });
    outlet.push(event("small"));
    assert_eq!(outlet.waiting(), 2);
    let next = outlet.next(9, Some(100)).map(|document| document.topic);
    assert_eq!(next.as_deref(), Some("system/c/small"));
    assert_eq!(outlet.counters.unsendable.load(Ordering::Relaxed), 6);
}

#[test]
fn done_means_acknowledged() {
    let outlet = outlet(10);
    assert!(outlet.is_done());
    outlet.push(event("a"));
    drain(&outlet);
    assert!(!outlet.is_done());
    outlet.identified(9);
    outlet.acknowledged(8, None);
    assert!(!outlet.is_done(), "another packet");
    outlet.acknowledged(9, None);
    assert!(outlet.is_done());
}
