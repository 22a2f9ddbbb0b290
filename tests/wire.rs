//! The wire against the manual: messages in, inputs out, as tables.
//!
//! `calls` and `replies` hold what is read, `malformed` what is not, `matching` which reply
//! belongs to which call, `templates` the matcher against a naive one, `strict` the envelope
//! against `jsonrpsee-types`, `samples` the public samples.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "wire/arrays.rs"]
mod arrays;
#[path = "wire/calls.rs"]
mod calls;
#[path = "wire/dialects.rs"]
mod dialects;
#[path = "wire/kit.rs"]
mod kit;
#[path = "wire/lcg.rs"]
mod lcg;
#[path = "wire/malformed.rs"]
mod malformed;
#[path = "wire/matching.rs"]
mod matching;
#[path = "wire/parts.rs"]
mod parts;
#[path = "wire/replies.rs"]
mod replies;
#[path = "wire/samples.rs"]
mod samples;
#[path = "wire/security.rs"]
mod security;
#[path = "wire/strict.rs"]
mod strict;
#[path = "wire/templates.rs"]
mod templates;
