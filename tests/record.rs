//! `lookout record` from end to end: a real Mosquitto, the real program, and replays of its files.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "record/endings.rs"]
mod endings;
#[path = "record/faithful.rs"]
mod faithful;
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
#[path = "support/schemas.rs"]
mod schemas;
