//! `lookout advise` as a child process: recordings through the real pipeline, and somebody who answers
//! in lookout's place.

#![cfg(feature = "daemon")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "advise/asking.rs"]
mod asking;
#[path = "advise/recordings.rs"]
mod recordings;
#[allow(dead_code)]
#[path = "scenarios_support/tape.rs"]
mod tape;

use std::process::{Command, Output};

/// The program with these arguments and none of our environment.
fn advise(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    command.env_clear().arg("advise").args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    text(&output.stdout)
}
