//! lookout: an observer for request/reply over MQTT.
//!
//! ```text
//! broker ─► mqtt::inlet ─► wire ─┐                    ┌─► wire ─► mqtt::outlet ─► broker
//! files  ─► cli::replay ─► wire ─┤                    │
//! probes ────────────────────────┼─► Input ─ observer ┼─► Event ─► documents
//! deadlines (one timer) ─────────┘                    └─► Snapshot ─► metrics
//! ```
//!
//! The rooms in reading order: [`observer`] judges and is pure, [`security`] is so too, [`wire`] turns
//! bytes into their inputs and what they say into bytes. Everything else is a thin shell around these. Who may
//! import whom is written down, and held, in `tests/house.rs`.

pub mod observer;
pub mod security;
pub mod wire;

#[cfg(any(feature = "daemon", feature = "client"))]
pub mod clock;

#[cfg(feature = "daemon")]
pub mod advice;
#[cfg(feature = "daemon")]
pub mod alert;
#[cfg(feature = "daemon")]
pub mod app;
#[cfg(feature = "daemon")]
pub mod cli;
#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod discover;
#[cfg(feature = "daemon")]
pub mod http;
#[cfg(feature = "daemon")]
pub mod logs;
#[cfg(feature = "daemon")]
pub mod mqtt;
#[cfg(feature = "daemon")]
pub mod notify;
#[cfg(feature = "daemon")]
pub mod pipeline;
#[cfg(feature = "daemon")]
pub mod platform;
#[cfg(feature = "daemon")]
mod post;
#[cfg(feature = "daemon")]
pub mod probe;
#[cfg(feature = "daemon")]
pub mod remedy;
#[cfg(feature = "daemon")]
pub mod runbook;
#[cfg(feature = "daemon")]
pub mod schema;
#[cfg(feature = "daemon")]
pub mod telemetry;
#[cfg(feature = "daemon")]
pub mod trace;
#[cfg(feature = "daemon")]
pub mod view;
#[cfg(feature = "daemon")]
pub mod watch;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "demo")]
pub mod demo;
