//! Any bytes as a body that says that it is encoded.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| gateway::fuzzing::decode_encoded_body(bytes));
