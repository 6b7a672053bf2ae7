//! Any bytes as what another process of the cluster sends: requests, answers, sessions and frames are read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    rpc::transport::fuzzing::decode_words(bytes);
    rpc::transport::fuzzing::decode_messages(bytes);
});
