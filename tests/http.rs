//! lookout over HTTP: a real Mosquitto, a service and its caller, `lookout run` as a child process,
//! and somebody who asks for everything there is, rightly and wrongly.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "http/circuits.rs"]
mod circuits;
#[path = "http/document.rs"]
mod document;
#[path = "http/events.rs"]
mod events;
#[path = "http/health.rs"]
mod health;
#[path = "http/kit.rs"]
mod kit;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;
#[path = "http/runbook.rs"]
mod runbook;
#[path = "http/wrong.rs"]
mod wrong;
