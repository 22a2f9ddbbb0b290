//! The security watch: attacks with known beginnings are found and told as one thing each, and normal use is
//! not taken for one.
//!
//! `attacks` has a scenario for each detector, at its threshold and just below; `week` simulates a week of
//! five thousand users with attacks planted into it; `flood` tries a million made-up names;
//! `pipeline` has messages in and documents out.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "security/attacks.rs"]
mod attacks;
#[path = "security/flood.rs"]
mod flood;
#[path = "security/kit.rs"]
mod kit;
#[path = "security/pipeline.rs"]
mod pipeline;
#[path = "security/responses.rs"]
mod responses;
#[path = "security/week.rs"]
mod week;
