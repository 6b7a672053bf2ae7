//! Any bytes as the body of each request that has one.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| gateway::fuzzing::decode_body(bytes));
