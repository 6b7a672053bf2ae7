//! Entrances for fuzzers: bytes from outside must never panic, nor take memory beyond a multiple of their own length.

use std::num::NonZeroU32;

use crate::disk::SimDisk;
use crate::format::header;
use crate::inspect;
use crate::replay::Replay;
use crate::segment::{self, Segment};
use crate::survey;

/// Reads a segment file of arbitrary bytes, through header, frames, records and replay.
pub fn fuzz_recover(bytes: &[u8]) {
    let disk = SimDisk::new();
    disk.put(&segment::name(1), bytes.to_vec());
    if let Ok(segment) = Segment::open(&disk, &segment::name(1)) {
        let mut replay = Replay::default();
        // What it finds is of no interest here, only that it comes back.
        let _ =
            survey::read_segment(&segment, |offset, record| replay.apply(NonZeroU32::MIN, offset, record));
        let _ = replay.damaged_groups();
    }
    let _ = inspect::verify_on(&disk);
}

/// The same with a header that checks, so that a fuzzer gets to the frames without guessing a checksum.
pub fn fuzz_frames(frames: &[u8]) {
    let capacity = crate::format::align(frames.len() as u64, 4096) + 4096;
    let header = header::SegmentHeader { sequence: 1, folder: [0; 16], salt: 0, capacity };
    let mut bytes = vec![0; capacity as usize];
    bytes[..header::BYTES].copy_from_slice(&header.encode());
    bytes[4096..4096 + frames.len()].copy_from_slice(frames);
    fuzz_recover(&bytes);
}
