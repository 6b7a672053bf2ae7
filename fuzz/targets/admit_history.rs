//! Histories of three writers, mostly sound and now and then hostile, steered by the bytes: whatever is
//! admitted of them, Automerge applies, saves and loads.

#![no_main]

use crdt::admit::forge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    fuzz::assert_sound(&forge::play(bytes));
});
