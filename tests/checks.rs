//! What each kind of check finds: against real servers where they can run here, else against
//! stand-ins that speak the real protocol.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/api.rs"]
mod api;
#[path = "support/authority.rs"]
mod authority;
#[path = "checks/docker.rs"]
mod docker;
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
#[path = "checks/kubernetes.rs"]
mod kubernetes;
#[path = "checks/mongodb.rs"]
mod mongodb;
#[path = "checks/mongodb_answers.rs"]
mod mongodb_answers;
#[path = "support/mongodb_standin.rs"]
mod mongodb_standin;
#[path = "support/mosquitto.rs"]
mod mosquitto;
#[path = "support/postgresql.rs"]
mod postgresql;
#[path = "checks/postgresql.rs"]
mod postgresql_checks;
#[path = "support/redis.rs"]
mod redis;
#[path = "checks/redis.rs"]
mod redis_checks;
#[path = "support/scram.rs"]
mod scram;
