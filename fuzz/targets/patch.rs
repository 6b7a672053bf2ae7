//! A content, and behind the first NUL any bytes as a patch in each of its forms: what is one is applied or refused, at a
//! bounded cost.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let split = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (content, patch) = bytes.split_at(split);
    if let Ok(content) = str::from_utf8(content) {
        gateway::fuzzing::decode_patch(content, patch.get(1..).unwrap_or_default());
    }
});
