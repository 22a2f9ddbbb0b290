//! The client and the service helper against a real Mosquitto, over MQTT 5 and 3.1.1: every way in
//! which a call can end, and what a caller does with the state of the platform; with a lookout
//! that is played by the test, and with the real one.

#![cfg(feature = "client")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "client/advice.rs"]
mod advice;
#[cfg(feature = "client-tls")]
#[path = "support/authority.rs"]
mod authority;
#[path = "client/cable.rs"]
mod cable;
#[path = "client/calls.rs"]
mod calls;
#[cfg(feature = "daemon")]
#[path = "support/fake_broker.rs"]
mod fake_broker;
#[path = "client/kit.rs"]
mod kit;
#[allow(dead_code)]
#[path = "e2e/line.rs"]
mod line;
#[cfg(feature = "daemon")]
#[path = "client/lookout.rs"]
mod lookout_itself;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[cfg(feature = "daemon")]
#[allow(dead_code)]
#[path = "e2e/program.rs"]
mod program;
#[path = "client/python.rs"]
mod python;
#[cfg(feature = "daemon")]
#[path = "client/refused.rs"]
mod refused;
#[path = "client/retries.rs"]
mod retries;
#[path = "client/service.rs"]
mod service;
#[path = "client/settings.rs"]
mod settings;
#[cfg(feature = "client-tls")]
#[path = "client/tls.rs"]
mod tls;
