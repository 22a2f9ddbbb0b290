//! `lookout watch`: what a terminal shows of a platform, from what lookout publishes about it.
//!
//! [`state`] takes documents and keys, [`draw`] puts the state on a screen. Both are pure: the shell in
//! `cli` has the connection, the clock and the terminal. All that is kept is bounded, and texts come
//! from strangers, so none reaches the terminal as it is.

pub mod draw;
pub mod state;

pub use state::{Key, State};
