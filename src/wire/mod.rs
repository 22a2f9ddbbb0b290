//! Bytes to inputs, events to bytes: the only room that knows the shapes of lookout's JSON.

pub mod document;
pub mod message;
pub mod traffic;

pub use document::Document;
pub use message::{Message, Properties};
pub use traffic::{Mistake, PairSpec, Traffic, TrafficSpec};
