//! Any bytes as one chunk, with a valid envelope put around them: admission judges them without panicking and
//! within its limits, and what it takes, Automerge applies, saves and loads.
//!
//! The first byte is the type of the chunk; the rest is its body. A document is split and its changes are
//! tried; nothing of the document itself reaches Automerge.

#![no_main]

use crdt::admit::{Limits, forge};
use crdt::graph::{Graph, Summary};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { inflated_bytes: 1 << 20, orphans: 64 };

fuzz_target!(init: fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    let Some((chunk_type, body)) = bytes.split_first() else { return };
    let chunk = forge::envelope(chunk_type % 4, body);
    let Ok(admission) = Graph::new().admit(&chunk, &LIMITS) else { return };
    let mut graph = Graph::new();
    for change in &admission.changes {
        assert!(graph.insert(&change.summary).expect("what was admitted fits"));
        let kept = Summary::decode(&change.summary.encode()).expect("what was encoded decodes");
        assert_eq!(kept, change.summary);
    }
    let chunks: Vec<_> = admission.changes.iter().map(|change| &change.chunk).collect();
    fuzz::assert_sound(&chunks);
});
