//! Any text as what a request says outside of its body: the query, a precondition, a wish, the id in the path; and as
//! origins in a setting.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    gateway::fuzzing::decode_query(text);
    gateway::fuzzing::decode_tags(text);
    gateway::fuzzing::decode_accept(text);
    gateway::fuzzing::decode_wishes(text);
    gateway::fuzzing::decode_origins(text);
    gateway::fuzzing::decode_document(text);
});
