//! The observer alone, through what it takes and what it tells: the manual's rules on matching,
//! bounds and time, and random histories that must add up at every step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "observer/bounds.rs"]
mod bounds;
#[path = "observer/calm.rs"]
mod calm;
#[path = "observer/edges.rs"]
mod edges;
#[path = "observer/history.rs"]
mod history;
#[path = "observer/kit.rs"]
mod kit;
#[path = "wire/lcg.rs"]
mod lcg;
#[path = "observer/matching.rs"]
mod matching;
#[path = "observer/nesting.rs"]
mod nesting;
#[path = "observer/services.rs"]
mod services;
#[path = "observer/sharing.rs"]
mod sharing;
#[path = "observer/survey.rs"]
mod survey;
