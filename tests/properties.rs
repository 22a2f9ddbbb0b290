//! Random tests against models that are too simple to be wrong.
//!
//! Windows, evidence, histograms and the circuit are each compared with a plain list that is
//! searched from end to end. The models know the manual, not the code. All randomness is seeded,
//! so a failure names its seed and repeats itself; a library for shrinking would find shorter
//! stories, but the histories here are short enough to read and need no further crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "properties/circuit.rs"]
mod circuit;
#[path = "properties/evidence.rs"]
mod evidence;
#[path = "properties/histograms.rs"]
mod histograms;
#[path = "wire/lcg.rs"]
mod lcg;
#[path = "properties/model.rs"]
mod model;
#[path = "properties/windows.rs"]
mod windows;
