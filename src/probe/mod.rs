//! Probes: they ask others what only those know, and report; they judge nothing.
//!
//! Components are looked at by a probe of their kind ([`kind`]), which says what it found
//! ([`Found`]). EMQX is asked who listens to the topic of a service that lets calls wait
//! ([`Listeners`]), and whom it banned by itself ([`Bans`]). A question that gets no answer is a finding on the component, and never one on a
//! service. The platform that runs the services is watched for their replicas ([`Watcher`]). [`page`] asks lookout itself, for `lookout health`.

mod banned;
mod checks;
mod ears;
mod found;
mod health;
pub mod kind;
mod listeners;
mod replicas;

pub use banned::{Banned, Bans, NewBans};
pub use checks::{Checked, Checks, look};
pub use ears::{Ears, Heard};
pub use found::{Found, Trouble};
pub use health::{Page, page, page_up_to};
pub use listeners::{Listeners, Look, Results, Waiting};
pub use replicas::{Cause, Counts, Replicated, Watcher, reach};
