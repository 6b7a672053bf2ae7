//! Building the bytes of one write: the block that is partly on disk already, one frame, and zeros.
//!
//! Where the next frame will start is known as soon as this one is sealed, before any byte of either is written: frames
//! are built while the ones before are on their way to the disk.
//!
//! Invariants: `bytes` begins at a block's start; a frame is whole blocks on disk, and at least sixteen zero bytes follow
//! it unless the segment ends; the bytes before the frame are written again as the frame before left them.

use crate::format::frame::{self, FrameHeader};
use crate::format::record::Record;
use crate::format::{BLOCK, align};
use crate::options::FRAME_BYTES;
use crate::scan::Position;

/// A frame in the making.
pub(crate) struct FrameBuilder {
    seed: u32,
    capacity: u64,
    /// Where this frame starts, behind the frame before.
    position: Position,
    /// Where `bytes` starts in the segment.
    base: u64,
    bytes: Vec<u8>,
    /// The checksum of the records so far.
    body_crc: u32,
}

/// A frame that is ready to be written.
pub(crate) struct Write {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

impl FrameBuilder {
    /// Goes on at `position` of a segment. `before` is what stands in that block before it.
    pub(crate) fn new(seed: u32, capacity: u64, position: Position, before: &[u8]) -> Self {
        let base = block_of(position);
        let mut builder = Self { seed, capacity, position, base, bytes: Vec::new(), body_crc: seed };
        builder.bytes.extend_from_slice(before);
        builder.begin();
        builder
    }

    /// Goes on at the front of another segment, with the memory of this one. The frame is empty.
    pub(crate) fn enter(&mut self, seed: u32, capacity: u64) {
        debug_assert!(self.is_empty());
        self.seed = seed;
        self.capacity = capacity;
        self.position = Position { offset: BLOCK, check: seed };
        self.base = BLOCK;
        self.bytes.clear();
        self.begin();
    }

    fn begin(&mut self) {
        debug_assert_eq!(self.base + self.bytes.len() as u64, self.position.offset);
        self.bytes.extend_from_slice(&[0; frame::HEADER_BYTES]);
        self.body_crc = self.seed;
    }

    /// Where this frame starts, or where the last one ended.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next_offset() == self.position.offset + frame::HEADER_BYTES as u64
    }

    /// Where the next record will start in the segment.
    fn next_offset(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Whether the segment has room for a record of this length, and the frame is not too long already.
    pub(crate) fn fits(&self, record_bytes: usize) -> bool {
        let end = self.next_offset() + record_bytes as u64;
        end <= self.capacity && (self.is_empty() || end - self.position.offset <= FRAME_BYTES)
    }

    /// Adds a record that fits. Returns where it starts.
    pub(crate) fn add(&mut self, record: &Record<'_>) -> u64 {
        let (offset, start) = (self.next_offset(), self.bytes.len());
        record.encode(self.seed, &mut self.bytes);
        self.body_crc = crc32c::crc32c_append(self.body_crc, &self.bytes[start..]);
        offset
    }

    /// Ends the frame, fills in its header and pads it. The next one begins in `memory`.
    pub(crate) fn seal(&mut self, mut memory: Vec<u8>) -> Write {
        let start = (self.position.offset - self.base) as usize;
        let body = start + frame::HEADER_BYTES;
        let header = FrameHeader::new(self.seed, self.position.check, self.bytes.len() - body, self.body_crc);
        self.bytes[start..body].copy_from_slice(&header.encode());
        let end = align(self.next_offset(), frame::ALIGNMENT);
        let padded = align(end + frame::HEADER_BYTES as u64, BLOCK).min(self.capacity);
        self.bytes.resize((padded - self.base) as usize, 0);

        self.position = Position { offset: end, check: header.check };
        let block = block_of(self.position);
        memory.clear();
        memory.extend_from_slice(&self.bytes[(block - self.base) as usize..(end - self.base) as usize]);
        let offset = std::mem::replace(&mut self.base, block);
        let bytes = std::mem::replace(&mut self.bytes, memory);
        self.begin();
        Write { offset, bytes }
    }
}

/// The start of the block in which a position is.
fn block_of(position: Position) -> u64 {
    position.offset / BLOCK * BLOCK
}
