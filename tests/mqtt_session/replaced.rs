//! A session that ends without a word, as by a panic, and the one that takes its place.

use crate::BOTH;
use crate::mosquitto::Mosquitto;
use crate::session::{Peer, event, plan, soon};
use lookout::clock::Clock;
use lookout::mqtt::{Arrival, Inbox, open};
use lookout::observer::input::Link;

const TOPIC: &str = "system/test/errors";

/// The next change of the link.
async fn change(inbox: &mut Inbox) -> Link {
    let mut arrivals = Vec::new();
    loop {
        soon("change of the link", inbox.recv_many(&mut arrivals, 1)).await;
        if let Some(Arrival::Link(_, link)) = arrivals.pop() {
            return link;
        }
    }
}

#[tokio::test]
async fn what_a_lost_session_had_to_say_its_successor_says() {
    for protocol in BOTH {
        let broker = Mosquitto::start();
        let mut peer = Peer::connect(broker.port(), "peer", TOPIC, false).await;
        let plan = plan(broker.port(), protocol, &["service/+"]);
        let (session, mut inbox, handle) = open(plan, Clock::start());
        let spare = session.clone();
        let running = tokio::spawn(session.run());
        assert_eq!(change(&mut inbox).await, Link::Up);
        handle.publish(event(TOPIC, "before"));
        assert_eq!(peer.see().await.1, "before");

        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        // Nobody knows yet.
        assert_eq!(handle.status().borrow().link, Link::Up);
        spare.failed("the session failed");
        let status = handle.status().borrow().clone();
        assert_eq!(
            (status.link, status.problem.as_deref()),
            (Link::Down, Some("the session failed"))
        );
        assert_eq!(change(&mut inbox).await, Link::Down);
        handle.publish(event(TOPIC, "between"));
        // A second failure is no second loss of the link, and does not make the first one younger.
        spare.failed("again");
        let again = handle.status().borrow().clone();
        assert_eq!((again.since, again.problem.as_deref()), (status.since, Some("again")));

        let successor = tokio::spawn(spare.run());
        assert_eq!(change(&mut inbox).await, Link::Up);
        let mut seen = peer.see().await.1;
        if seen == "before" {
            // Its acknowledgement may have been lost with the first session.
            seen = peer.see().await.1;
        }
        assert_eq!(seen, "between");
        handle.publish(event(TOPIC, "after"));
        assert_eq!(peer.see().await.1, "after");
        handle.stop();
        soon("end of the session", successor).await.unwrap();
        assert_eq!(handle.figures().outbox, 0);
    }
}
