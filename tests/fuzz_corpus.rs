//! Replays the corpus of the fuzz targets (see `fuzz/`) through the same checks, on any
//! toolchain: what once led somewhere new must go on holding.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    // What every input grows from is checked with them.
    check(&[]);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 20, "only {} files in {}", files.len(), corpus.display());
    let mut broken = Vec::new();
    for file in files {
        let data = std::fs::read(&file).unwrap();
        if std::panic::catch_unwind(|| check(&data)).is_err() {
            broken.push(file.display().to_string());
        }
    }
    assert!(broken.is_empty(), "broken by:\n{}", broken.join("\n"));
}

#[test]
fn bytes_from_strangers_are_read_within_bounds() {
    replay("wire", checks::wire::check);
}

#[test]
fn histories_from_strangers_add_up() {
    replay("observer", checks::observer::check);
}
