//! The judge.
pub mod breaker;
pub mod call;
pub mod digest;
pub mod input;
pub mod limits;
pub mod settings;
pub mod time;
pub use input::Input;
pub use settings::Settings;
pub use time::{Instant, Span};
