//! A history decoded from bytes, through the observer: everything adds up, nothing is stuck.
#![no_main]

#[path = "../checks/mod.rs"]
// Each target runs one of the checks.
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::observer::check(data));
