//! Bytes from outside: any may come, none may panic. Longer runs use the same entrances.

use proptest::prelude::*;

use super::*;
use crate::fuzzing::{fuzz_frames, fuzz_records, fuzz_recover};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..20_000)) {
        fuzz_recover(&bytes);
        fuzz_frames(&bytes);
        fuzz_records(&bytes[..bytes.len() % 512]);
    }

    #[test]
    fn a_damaged_log_is_judged(changes in proptest::collection::vec((0usize..16 << 10, any::<u8>()), 1..20)) {
        let disk = SimDisk::new();
        let (wal, _) = open(&disk);
        append(&wal, GroupId(1), entries(1..=5, 500));
        wal.close();
        let mut bytes = disk.bytes("00000001.wal").unwrap();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        fuzz_recover(&bytes);
    }
}
