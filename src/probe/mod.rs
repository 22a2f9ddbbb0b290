//! Probes: they ask others what only those know, and report; they judge nothing.
//!
//! So far there is one, which asks EMQX who listens to the topic of a service that lets calls wait
//! ([`Listeners`]). A probe that gets no answer reports nothing, and says so in the log.

mod emqx;
mod filters;
mod listeners;

pub use listeners::{Listeners, Look, Results, Waiting};
