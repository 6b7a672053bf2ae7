//! Any bytes as a message of the sync protocol: judged without a panic, and what is read, Automerge reads the same.

#![no_main]

use crdt::sync::{Limits, oracle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = oracle::read(bytes, &Limits::default());
});
