//! The decoders that are not public otherwise, for fuzzers: each takes anything and never panics.

use crate::node::cursor::Cursor;

/// Reads the cursor of a list: what is taken reads the same once it is written again.
pub fn read_cursor(text: &str) {
    if let Some(cursor) = Cursor::from_text(text) {
        let written = cursor.to_text().expect("a cursor that was read names a shard");
        assert_eq!(Cursor::from_text(&written).as_ref(), Some(&cursor), "{text}");
    }
}
