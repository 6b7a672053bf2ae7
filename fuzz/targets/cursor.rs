//! Any text as the cursor of a list or the token of a feed: reading never panics, and what is taken reads the same once it is
//! written again.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    gateway::fuzzing::decode_cursor(text);
    gateway::fuzzing::decode_feed_token(text);
});
