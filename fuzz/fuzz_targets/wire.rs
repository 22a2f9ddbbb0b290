//! Bytes from strangers into inputs: the reader and the traffic files.
#![no_main]

#[path = "../checks/mod.rs"]
// Each target runs one of the checks.
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::wire::check(data));
