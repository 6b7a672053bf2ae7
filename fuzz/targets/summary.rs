//! Any bytes as the kept summary of a change: decoding never panics, and gives back what it was given.

#![no_main]

use crdt::graph::{Graph, Summary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(summary) = Summary::decode(bytes) {
        assert_eq!(Summary::decode(&summary.encode()).as_ref(), Ok(&summary));
        let _ = Graph::new().insert(&summary);
    }
});
