//! For other programs: call services over MQTT with JSON-RPC 2.0, and be called, with the state of
//! the platform in mind.
//!
//! A [`Platform`] publishes a request on `service/{service}` and waits for the answer with the
//! same id on `session/{session}/response`. Beside that it listens to lookout: it does not call a
//! service that is known not to answer, and says when to come back instead. Every call ends: with
//! a result, with the service's error, or with one of the other reasons in [`CallError`], never
//! later than its deadline.
//!
//! ```no_run
//! # async fn example() -> Result<(), lookout::client::CallError> {
//! use lookout::client::{CallError, Options, Platform};
//! use serde_json::{Value, json};
//!
//! let platform = Platform::connect(Options::new("127.0.0.1", 1883, "s-481"))?;
//! match platform.call::<Value>("UserManagement", "getUser", &json!({"id": "u-12"})).await {
//!     Ok(user) => println!("{user}"),
//!     Err(CallError::Unavailable(away) | CallError::CircuitOpen(away)) => println!("{away}"),
//!     Err(other) => return Err(other),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - `link` keeps one connection over `protocol`, MQTT 5 or 3.1.1: back-off with jitter,
//!   subscriptions renewed on every connection, nothing sent twice.
//! - `envelope` and `fault` are the JSON of calls: strict in what is sent, tolerant in what is read.
//! - `pending` joins request and answer; `request` is the way of one call.
//! - `document` reads what lookout says, `state` keeps it, `view` shows it, `standing` decides by it, pure; `own` is
//!   the caller's own circuit for when no lookout is there; `rounds` and `trials` share the few
//!   trial calls between all clients.
//! - `strategy` and `changes` are for user interfaces.
//! - `service` is the other end: a service that answers.
//! - `tls`, with the feature `client-tls`, is the way to brokers that ask for it.
//!
//! Everything starts on the runtime that is current when it is made, and ends when it is dropped.

/// The programs in `docs/CLIENTS.md`, which are run with the tests.
#[cfg(all(doctest, feature = "demo"))]
#[doc = include_str!("../../docs/CLIENTS.md")]
pub struct Programs;

mod budget;
mod changes;
mod document;
mod envelope;
mod error;
mod fault;
mod hooks;
mod link;
mod options;
mod own;
mod pending;
mod platform;
mod protocol;
mod random;
mod request;
mod rounds;
mod service;
mod standing;
mod state;
mod strategy;
#[cfg(feature = "client-tls")]
mod tls;
mod trace;
mod trials;
mod view;

pub use crate::observer::breaker::State as CircuitState;
pub use crate::observer::verdict::Verdict;
pub use changes::{Change, Changes, Component};
pub use error::{Away, CallError, Source};
pub use fault::{Fault, FieldError, Resource};
pub use hooks::{Answer, Cache, CallKey, Origin};
pub use link::{Filters, Heard, Link, LinkState, Publisher};
pub use options::{Delivery, Endpoint, Login, Options, Protocol, Retry};
pub use platform::Platform;
pub use protocol::Message;
pub use request::Request;
pub use service::{Call, Refusal, Service, ServiceBuilder};
pub use strategy::Strategy;
#[cfg(feature = "client-tls")]
pub use tls::Tls;
pub use view::ServiceState;
