//! The client in TypeScript: its types against the schemas, its parts under a made-up clock, and the
//! whole against a real Mosquitto and this lookout, in Node and in Chromium.
//!
//! What is looked for is in `clients/typescript/test`; `scripts/typescript` brings what it needs.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_client_in_typescript_lives_with_failure() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/typescript");
    assert!(package.join("node_modules").exists(), "run scripts/typescript first");
    let output = Command::new("npm")
        .args(["test", "--silent"])
        .current_dir(package)
        .env("LOOKOUT", env!("CARGO_BIN_EXE_lookout"))
        .stdin(Stdio::null())
        .output()
        .expect("npm");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    // Tests that nobody found would pass as well.
    let passed = said
        .lines()
        .find_map(|line| line.trim_start_matches(['#', 'ℹ', ' ']).strip_prefix("pass "));
    let passed: usize = passed.and_then(|count| count.parse().ok()).expect("a count of tests");
    assert!(passed > 100, "only {passed} tests were run: {said}");
    // As the one with the real lookout would be, if it did not find it.
    assert!(said.contains("skipped 0"), "{said}");
}
