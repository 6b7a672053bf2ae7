//! Any bytes as each record of the local store, and as heads: reading never panics, and what is taken is the
//! same once it is written again.

#![no_main]

use fuzz::records::{Compacted, Head, Lookup, Receipt, VersionRecord, join_heads, split_heads};
use libfuzzer_sys::fuzz_target;
use std::fmt::Debug;

fuzz_target!(|bytes: &[u8]| {
    read::<Head>(bytes);
    read::<VersionRecord>(bytes);
    read::<Compacted>(bytes);
    read::<Receipt>(bytes);
    if let Ok(heads) = split_heads(bytes) {
        assert_eq!(join_heads(&heads), bytes);
    }
});

fn read<T: Lookup + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(record) = T::from_record(bytes) {
        assert_eq!(T::from_record(&record.to_record()), Ok(record));
    }
}
