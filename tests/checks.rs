//! What each kind of check finds: against real servers where they can run here, else against
//! stand-ins that speak the real protocol.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "checks/emqx.rs"]
mod emqx;
#[path = "checks/emqx_answers.rs"]
mod emqx_answers;
#[path = "support/emqx_cluster.rs"]
mod emqx_cluster;
#[path = "checks/here.rs"]
mod here;
#[path = "checks/kit.rs"]
mod kit;
