//! Probes: they ask others what only those know, and report; they judge nothing.
//!
//! So far there is one, which asks EMQX who listens to the topic of a service that lets calls wait
//! ([`Listeners`]). A probe that gets no answer reports nothing, and says so in the log. [`page`]
//! asks lookout itself, for `lookout health`.

mod emqx;
mod filters;
mod health;
mod listeners;

pub use health::{Page, page};
pub use listeners::{Listeners, Look, Results, Waiting};
