//! Bytes to inputs, events to bytes: the only room that knows the shapes of lookout's JSON.

pub mod capture;
pub mod cloudevent;
pub mod document;
pub mod envelope;
pub mod filter;
pub mod message;
pub mod number;
pub mod read;
pub mod recording;
pub mod redact;
pub mod speak;
pub mod standing;
pub mod template;
pub mod traffic;

mod answer;
mod calls;
mod documents;
mod keys;
mod replies;

pub use cloudevent::CloudEvent;
pub use document::Document;
pub use message::{Message, Properties, UserProperty};
pub use read::Reader;
pub use redact::Redactor;
pub use speak::{Envelope, Speaker, Voice};
pub use traffic::{Mistake, PairSpec, Traffic, TrafficSpec};
