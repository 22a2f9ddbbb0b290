//! The manual's chapters on matching, verdicts and circuits, edge by edge, to the microsecond.
//!
//! Every expectation comes from the rules alone; where a test departs from the letter of the
//! manual, it says by which rule.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "behaviour/answering.rs"]
mod answering;
#[path = "behaviour/bounds.rs"]
mod bounds;
#[path = "behaviour/cascades.rs"]
mod cascades;
#[path = "behaviour/circuits.rs"]
mod circuits;
#[path = "behaviour/doubt.rs"]
mod doubt;
#[path = "behaviour/failing.rs"]
mod failing;
#[path = "behaviour/failures.rs"]
mod failures;
#[path = "behaviour/flapping.rs"]
mod flapping;
#[path = "behaviour/ground.rs"]
mod ground;
#[path = "behaviour/incidents.rs"]
mod incidents;
#[path = "observer/kit.rs"]
mod kit;
#[path = "behaviour/matching.rs"]
mod matching;
#[path = "behaviour/patience.rs"]
mod patience;
#[path = "behaviour/play.rs"]
mod play;
#[path = "behaviour/replicas.rs"]
mod replicas;
#[path = "behaviour/restoring.rs"]
mod restoring;
#[path = "behaviour/silent.rs"]
mod silent;
#[path = "behaviour/slowness.rs"]
mod slowness;
#[path = "behaviour/subscribers.rs"]
mod subscribers;
