//! `lookout record` from end to end: a real Mosquitto, the real program, and replays of its files.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "record/endings.rs"]
mod endings;
#[path = "record/faithful.rs"]
mod faithful;
#[path = "support/fake_broker.rs"]
mod fake_broker;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;
#[path = "record/recorder.rs"]
mod recorder;
#[path = "record/rival.rs"]
mod rival;
#[path = "support/schemas.rs"]
mod schemas;
