//! A hundred thousand hostile messages through the real pipeline, with good traffic between.
//!
//! `storm` makes them from a seed; here is what must hold whatever they are: no panic, exact
//! figures for the good service, everything counted, everything bounded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "hostile/floods.rs"]
mod floods;
#[path = "hostile/kit.rs"]
mod kit;
#[path = "wire/lcg.rs"]
mod lcg;
#[path = "hostile/storm.rs"]
mod storm;
