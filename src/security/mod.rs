//! The security watch: hears attacks in what passes by, and says so with evidence.
//!
//! Pure, as the observer is: it takes signs with their time, keeps bounded memory of users, addresses
//! and sessions, and gives incidents. Several signs of one attack are one incident. Off by default.

mod book;
mod closer;
mod denials;
mod foreign;
mod logins;
pub mod policy;
pub mod responder;
pub mod responses;
mod rights;
mod run;
mod sessions;
pub mod sign;
pub mod spared;
mod table;
mod usage;
pub mod watch;
mod words;

pub use crate::observer::attack as incident;
