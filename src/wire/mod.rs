//! Bytes to inputs, events to bytes: the only room that knows the shapes of lookout's JSON.

pub mod about;
pub mod capture;
pub mod cloudevent;
pub mod comparison;
pub mod composition;
pub mod dialect;
pub mod document;
pub mod encoding;
pub mod envelope;
pub mod filter;
pub mod glob;
pub mod heard;
pub mod line;
pub mod message;
pub mod number;
pub mod outcome;
pub mod pair;
pub mod presence;
pub mod read;
pub mod recording;
pub mod redact;
#[cfg(feature = "schema")]
pub mod schema;
pub mod source;
pub mod speak;
pub mod standing;
pub mod summary;
pub mod template;
pub mod traffic;
pub mod who;

mod announce;
mod answer;
mod attack;
mod body;
#[cfg(feature = "schema")]
mod calling;
mod calls;
mod documents;
mod error;
mod keys;
mod marks;
pub mod measure;
mod replies;
pub mod security;
mod trace;

pub use announce::{Notice, notice_json};
pub use cloudevent::CloudEvent;
pub use document::Document;
pub use documents::Time;
pub use measure::{action_id, action_request, read_action_id};
pub use message::{Message, Properties, Recorded, UserProperty};
pub use pair::{PairSpec, ReplySpec};
pub use read::Reader;
pub use redact::Redactor;
pub use speak::{Envelope, Speaker, Voice, correlation_id, estimate, status};
pub use traffic::{Mistake, Traffic, TrafficSpec};
