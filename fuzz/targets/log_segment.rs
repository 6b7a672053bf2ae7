//! Any bytes as a segment of the shared log, as the frames of one whose header is good, and as records whose checksums are.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    wal::fuzzing::fuzz_recover(bytes);
    wal::fuzzing::fuzz_frames(bytes);
    wal::fuzzing::fuzz_records(bytes);
});
