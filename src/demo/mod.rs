//! `lookout demo`: an outage to watch, without a server and without a configuration.
//!
//! ```text
//! 20 callers ─► embedded broker ◄─ 5 services        script ─► faults ─► stage
//!                 ▲        │                                              │
//!              relay       └─► listener ─► notices ─► check ◄─────────────┘
//!                 ▲                                     └─► show
//!              lookout
//! ```
//!
//! Everything speaks real MQTT over the loopback. The demo knows lookout from outside only: it
//! starts nothing of it, and reads what it publishes as any subscriber would. The command
//! (`cli/demo.rs`) puts lookout beside the stage.
//!
//! With `--broker` the players are at somebody else's broker, and neither lookout nor listener is
//! there: [`tour`] plays the script and checks nothing.
//!
//! [`careful`] is one caller more, who listens to lookout.
//!
//! [`script`] is the list of faults with what is expected of lookout, [`check`] compares the two
//! and is pure, [`players`] are the services and callers, [`stage`] is what is around them, [`play`]
//! runs a round, [`show`] prints it.

pub mod broker;
pub mod caller;
pub mod careful;
pub mod cast;
pub mod check;
pub mod door;
pub mod notice;
pub mod play;
pub mod players;
pub mod random;
pub mod relay;
pub mod script;
pub mod service;
pub mod settings;
pub mod show;
pub mod stage;
mod table;
pub mod tour;
