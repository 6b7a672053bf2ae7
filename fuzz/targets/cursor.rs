//! Any text as the cursor of a list: reading never panics, and what is taken reads the same once it is written again.

#![no_main]

use fuzz::cursor::Cursor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(cursor) = Cursor::from_text(text) {
        let written = cursor.to_text().expect("a cursor that was read names a shard");
        assert_eq!(Cursor::from_text(&written), Some(cursor));
    }
});
