//! Advice: made-up days of services, and recordings through the real pipeline.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "advice/bounds.rs"]
mod bounds;
#[path = "advice/made_up.rs"]
mod made_up;
#[path = "advice/rules.rs"]
mod rules;
