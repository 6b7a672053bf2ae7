//! Entrances for fuzzers: bytes from outside must never panic, nor take memory beyond a multiple of their own length.

use std::num::NonZeroU32;

use crate::disk::SimDisk;
use crate::entry::GroupId;
use crate::format::frame::{self, FrameHeader};
use crate::format::header::{self, SegmentHeader};
use crate::format::record::{Kind, Record};
use crate::format::{BLOCK, align};
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
    fuzz_recover(&segment_of(frames));
}

/// The same with records whose checksums are right, in frames that are a chain: what is judged then is what they say.
///
/// Each record is told in eight bytes (kind, group, index, term, two bytes for the lengths that it claims and has, whether
/// a frame ends behind it, its filler).
pub fn fuzz_records(told: &[u8]) {
    let (mut frames, mut body, mut previous) = (Vec::new(), Vec::new(), HEADER.seed());
    for told in told.as_chunks::<8>().0 {
        put_record(told, &mut body);
        if told[6] % 2 == 0 {
            previous = put_frame(previous, &body, &mut frames);
            body.clear();
        }
    }
    if !body.is_empty() {
        put_frame(previous, &body, &mut frames);
    }
    fuzz_frames(&frames);
}

/// The capacity is the least; a longer file has a header of its own.
const HEADER: SegmentHeader = SegmentHeader { sequence: 1, folder: [0; 16], salt: 0, capacity: BLOCK };

fn segment_of(frames: &[u8]) -> Vec<u8> {
    let capacity = align(frames.len() as u64, BLOCK) + BLOCK;
    let mut bytes = vec![0; capacity as usize];
    bytes[..header::BYTES].copy_from_slice(&SegmentHeader { capacity, ..HEADER }.encode());
    bytes[BLOCK as usize..][..frames.len()].copy_from_slice(frames);
    bytes
}

fn put_record(&[kind, group, index, term, claimed, length, _, filler]: &[u8; 8], out: &mut Vec<u8>) {
    let start = out.len();
    let payload = vec![filler; length.into()];
    let group = GroupId(group.into());
    let record =
        Record { kind: Kind::Entry, group, index: index.into(), term: term.into(), payload: &payload };
    record.encode(HEADER.seed(), out);
    // Kinds that do not exist, and now and then a length that is not its own.
    out[start + 12] = kind % 10;
    if claimed >= 0xf0 {
        out[start + 4] = claimed;
    }
    let check = crc32c::crc32c_append(HEADER.seed(), &out[start + 4..]);
    out[start..start + 4].copy_from_slice(&check.to_le_bytes());
}

/// Gives the check that the next frame carries on from.
fn put_frame(previous: u32, body: &[u8], out: &mut Vec<u8>) -> u32 {
    let header = FrameHeader::for_body(HEADER.seed(), previous, body);
    out.extend(header.encode());
    out.extend(body);
    out.resize(align(out.len() as u64, frame::ALIGNMENT) as usize, 0);
    header.check
}
