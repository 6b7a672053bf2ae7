//! Any bytes as a sealed payload and as a wrapped key: neither opens, and neither panics.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| vault::fuzzing::open_anything(bytes));
