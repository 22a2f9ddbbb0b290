//! Runbooks: how they are read and refused, which one is found, that no name does harm in one, and
//! what lookout ships.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "runbooks/chance.rs"]
mod chance;
#[path = "runbooks/kit.rs"]
mod kit;
#[path = "runbooks/matching.rs"]
mod matching;
#[path = "runbooks/mistakes.rs"]
mod mistakes;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "runbooks/names.rs"]
mod names;
#[path = "support/postgresql.rs"]
mod postgresql;
#[path = "runbooks/program.rs"]
mod program;
#[path = "support/redis.rs"]
mod redis;
#[path = "runbooks/servers.rs"]
mod servers;
#[path = "runbooks/shipped.rs"]
mod shipped;
