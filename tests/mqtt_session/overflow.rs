//! More is to be said than the outbox holds, while the broker is away.
//!
//! The reader is remembered by the broker, so that it misses nothing of what is said first after
//! its return; what it reads last was said last, so nothing else came in between.

use crate::BOTH;
use crate::mosquitto::{Mosquitto, Setup};
use crate::session::{Peer, Running, event, plan};
use lookout::mqtt::Plan;
use lookout::wire::Document;

const TOPIC: &str = "system/test/errors";

/// Events that the outbox holds, and that are to be said.
const ROOM: u64 = 10;
const SAID: u64 = 100;

#[tokio::test]
async fn the_critical_and_the_newest_of_too_many_events_arrive_in_order() {
    let some: (fn(u64) -> bool, Vec<u64>) =
        (|number| number % 25 == 0, [0, 25, 50, 75].into_iter().chain(94..100).collect());
    let many: (fn(u64) -> bool, Vec<u64>) = (|number| number < 15, (5..15).collect());
    let none: (fn(u64) -> bool, Vec<u64>) = (|_| false, (90..100).collect());
    let setup = Setup { persistent: true, ..Setup::default() };
    for protocol in BOTH {
        for (critical, kept) in [&some, &many, &none] {
            let mut broker = Mosquitto::with(&setup);
            let peer = Peer::connect(broker.port(), "peer", TOPIC, true).await;
            let outbox = ROOM as usize;
            let plan = Plan { outbox, ..plan(broker.port(), protocol, &["service/+"]) };
            let running = Running::start(plan);
            running.wait_up().await;
            drop(peer);
            broker.stop();
            running.wait_down().await;
            for number in 0..SAID {
                let news = event(TOPIC, &number.to_string());
                running.handle.publish(Document { critical: critical(number), ..news });
            }
            let figures = running.handle.figures();
            assert_eq!((figures.outbox, figures.outbox_dropped), (outbox, SAID - ROOM));

            broker.restart();
            running.wait_figures("empty outbox", |figures| figures.outbox == 0).await;
            running.handle.publish(event(TOPIC, "last"));
            let mut peer = Peer::connect(broker.port(), "peer", TOPIC, true).await;
            for number in kept {
                assert_eq!(peer.see().await.1, number.to_string(), "{protocol:?}");
            }
            assert_eq!(peer.see().await.1, "last", "{protocol:?}");
            assert_eq!(running.handle.figures().outbox_dropped, SAID - ROOM);
            running.stop().await;
        }
    }
}
