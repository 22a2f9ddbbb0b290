//! For other programs: call services over MQTT 5 with JSON-RPC 2.0.
//!
//! A [`Client`] publishes a request on `service/{service}` and waits for the answer with the
//! same id on `session/{session}/response`. Every call ends: with a result, with the service's
//! error, or with one of the reasons in [`CallError`], never later than its time limit.
//!
//! ```no_run
//! # async fn example() -> Result<(), lookout::client::CallError> {
//! use lookout::client::{Client, Options};
//!
//! let client = Client::open(Options::new("127.0.0.1", 1883, "s-481"));
//! let user = client.call("UserManagement", "getUser", &serde_json::json!({"id": "u-12"})).await?;
//! println!("{user}");
//! # Ok(())
//! # }
//! ```
//!
//! - `link` keeps one connection: back-off with jitter, subscriptions renewed on every ConnAck.
//! - `envelope` is the JSON: strict in what it sends, tolerant in what it reads.
//! - `call` joins request and answer.
//!
//! The client opens its connection on the runtime that is current when it is made, and closes it
//! when it is dropped. It does not look at circuits yet: it calls whatever it is told to call.

mod call;
mod envelope;
mod error;
mod link;

pub use call::{Client, Options};
pub use error::{CallError, Fault};
pub use link::{Endpoint, Heard, Link, LinkState, Login, Publisher};
