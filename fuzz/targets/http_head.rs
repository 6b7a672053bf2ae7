//! Any text as what a request says outside of its body: the query, a precondition, the id in the path.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    gateway::fuzzing::decode_query(text);
    gateway::fuzzing::decode_tags(text);
    gateway::fuzzing::decode_accept(text);
    gateway::fuzzing::decode_document(text);
});
